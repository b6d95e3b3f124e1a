"""Taking part in a strand, and the support that is given within it (domain.md; decisions 10, 29, 32)."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.model.days import ONE_DAY
from tests.model.moves import Move, guard
from tests.model.programme import TAKEN, UNSEEN, Actor, Programme, Said, Thing, meets, require

HOLDING_A_PLACE = ("selected", "active", "completed")
UNDER_WAY = ("selected", "active")
ENDED = ("rejected", "withdrawn", "completed", "terminated")

Stages = dict[str, tuple[date | None, date | None, date | None]]
"""By code: planned, started, done."""


class Enrolment(Thing):
    kind = "enrolment"

    def __init__(self, p: Programme, organisation: str, scope: str | None, declared: bool) -> None:
        super().__init__(organisation)
        self.scope = scope
        self.declared = declared
        self.state = "draft"
        self.stages: Stages = dict.fromkeys(p.project.stages, (None, None, None))
        self.moved_on: date | None = None
        self.signed_on: date | None = None
        self.agreement: str | None = None
        self._tell(p.today)

    @classmethod
    def opened(cls, p: Programme, actor: Actor, said: Said) -> Enrolment:
        p.known(actor, said["organisation_id"])
        declared_on = said.get("declared_on")
        require(declared_on is None or declared_on <= p.today)
        new = cls(p, said["organisation_id"], said["scope"]["unit"], declared_on is not None)
        new.alone(p)
        return new

    def alone(self, p: Programme) -> None:
        """One enrolment of an organisation is open in a strand for one scope."""
        others = (one for one in p.of(Enrolment) if one is not self and one.state not in ENDED)
        require(all((one.organisation, one.scope) != (self.organisation, self.scope) for one in others), TAKEN)

    def stands(self, on: date) -> Any:
        told = self.then(on)
        return told and told[0]

    def shows(self, p: Programme, on: date) -> dict[str, Any] | None:
        return None if self.then(on) is None else {"state": self.stands(on), "flags": self.flags(p, on)}

    def flags(self, p: Programme, on: date) -> list[str]:
        state, stages = self.then(on)
        if state not in UNDER_WAY:
            return []
        planned = [planned for planned, _, done in stages.values() if planned and not done]
        late = ["stage_overdue"] if any(day < on for day in planned) else []
        outlives = on > p.project.ends_on or any(day > p.project.ends_on for day in planned)
        return late + ["outlives_project"] * outlives

    def days(self, p: Programme) -> list[date]:
        planned = [day for stage in self.stages.values() for day in stage if day]
        known = [day for day in (self.moved_on, self.signed_on) if day]
        return [p.project.starts_on, p.project.ends_on, p.project.ends_on + ONE_DAY, *planned, *known]

    def moved(self, p: Programme, actor: Actor, move: Move, said: Said) -> None:
        if not move.listed:
            getattr(self, f"_{move.name}")(p, said)
            return
        if move.name == "sign_agreement":
            require(p.project.starts_on <= said["signed_on"] <= min(p.project.ends_on, p.today))
            require(said.get("effective_on", date.max) >= said["signed_on"])
        day = said.get("effective_on")
        if day is not None:
            known = [known for known in (self.moved_on, self.signed_on) if known]
            require(max(known, default=date.min) <= day <= p.today)
        if move.name == "sign_agreement":
            require(all(one.agreement != said["agreement_number"] for one in p.of(Enrolment)), TAKEN)
            self.signed_on, self.agreement = said["signed_on"], said["agreement_number"]
        day = day or p.today
        self.moved_on = max(self.moved_on or day, day)
        self.state = move.to or self.state
        self._tell(day)

    def _revise(self, p: Programme, said: Said) -> None:
        require(said["declared_on"] is None or said["declared_on"] <= p.today)
        self.declared = said["declared_on"] is not None
        self._tell(p.today)

    def _stage(self, p: Programme, said: Said) -> None:
        planned, started, done = (said.get(name) for name in ("planned_on", "started_on", "done_on"))
        require(started is None or started <= p.today)
        require(done is None or (started or date.min) <= done <= p.today)
        self.stages = {**self.stages, said["code"]: (planned, started, done)}
        self._tell(p.today)

    def _tell(self, day: date) -> None:
        self.told.append((day, (self.state, self.stages)))


def places_taken(p: Programme) -> int:
    return sum(one.state in HOLDING_A_PLACE for one in p.of(Enrolment))


@guard
def project_open(p: Programme, one: Enrolment, actor: Actor, said: Said) -> str | None:
    return None if p.project.starts_on <= p.today <= p.project.ends_on else "project_not_open"


@guard
def declaration_complete(p: Programme, one: Enrolment, actor: Actor, said: Said) -> str | None:
    return None if one.declared else "declaration_missing"


@guard
def scope_named(p: Programme, one: Enrolment, actor: Actor, said: Said) -> str | None:
    return None if one.scope else "scope_missing"


@guard
def strand_capacity_left(p: Programme, one: Enrolment, actor: Actor, said: Said) -> str | None:
    return None if places_taken(p) < p.project.capacity else "strand_full"


@guard
def all_mandatory_stages_done(p: Programme, one: Enrolment, actor: Actor, said: Said) -> str | None:
    return None if all(done for _, _, done in one.stages.values()) else "stages_open"


class SupportActivity(Thing):
    kind = "support_activity"

    def __init__(self, enrolment: Enrolment, held_on: date) -> None:
        super().__init__(enrolment.organisation)
        self.enrolment = enrolment
        self.held_on = held_on
        self.cancelled_on: date | None = None

    @classmethod
    def opened(cls, p: Programme, actor: Actor, said: Said) -> SupportActivity:
        enrolment = said["enrolment"]
        require(p.sees(actor, enrolment), UNSEEN)
        require(enrolment.state in UNDER_WAY, meets("enrolment_not_active"))
        require(p.project.starts_on <= said["held_on"] <= p.project.ends_on)
        if consultant := said.get("consultant"):
            whom = (consultant, enrolment.organisation)
            p.advised_until[whom] = max(p.advised_until.get(whom, date.min), said["held_on"])
        return cls(enrolment, said["held_on"])

    def stands(self, on: date) -> str:
        if self.cancelled_on and on >= self.cancelled_on:
            return "cancelled"
        return "held" if on >= self.held_on else "planned"

    def days(self, p: Programme) -> list[date]:
        return [self.held_on]

    def moved(self, p: Programme, actor: Actor, move: Move, said: Said) -> None:
        self.cancelled_on = p.today


@guard
def enrolment_open(p: Programme, one: SupportActivity, actor: Actor, said: Said) -> str | None:
    return None if one.enrolment.state in UNDER_WAY else "enrolment_not_active"
