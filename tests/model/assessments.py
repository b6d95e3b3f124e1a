"""Judging an organisation's work, what is found not to be met, and how that is answered (domain.md; decisions 11, 14, 26
to 28)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from tests.model.days import ONE_DAY, months_after
from tests.model.moves import Move, guard
from tests.model.programme import (
    FORBIDDEN,
    WRONG_BODY,
    Actor,
    Programme,
    Refused,
    Said,
    Thing,
    Verdict,
    meets,
    require,
)
from tests.model.standards import version_of

OWN_WORK = ("self_assessment", "internal_audit")
AWAITED = ("open", "planned", "reopened")


@dataclass(frozen=True)
class Rating:
    """`version`: how often it was given."""

    value: str
    evidence: bool
    carried: bool = False
    version: int = 1


class Assessment(Thing):
    kind = "assessment"

    def __init__(self, organisation: str, what: str, version: str, scope: frozenset[str]) -> None:
        super().__init__(organisation)
        self.what = what
        self.version = version
        self.scope = scope
        self.criteria: tuple[str, ...] = ()
        self.assessor: str | None = None
        self.state = "planned"
        self.revision = 0
        self.started_on: date | None = None
        self.ended_on: date | None = None
        self.plan_due_on: date | None = None
        self.outcome: str | None = None
        self.ratings: dict[str, Rating] = {}
        self.findings: list[Finding] = []

    @classmethod
    def opened(cls, p: Programme, actor: Actor, said: Said) -> Assessment:
        p.known(actor, said["organisation_id"])
        own_work, assessor = said["kind"] in OWN_WORK, said.get("assessor")
        require(actor.role != "provider" or (own_work and assessor is None), FORBIDDEN)
        version = version_of(p, said["standard_version"])
        require(version.state == "current")
        new = cls(said["organisation_id"], said["kind"], version.code, frozenset(said["scope"]["services"]))
        new.criteria = version.criteria
        new.assessor = assessor
        new.fits(p)
        return new

    def stands(self, on: date) -> str:
        return self.state

    def shows(self, p: Programme, on: date) -> dict[str, Any] | None:
        overdue = self.improvement_overdue(on)
        return {
            "state": self.state, "outcome": self.outcome, "revision": self.revision, "improvement_overdue": overdue
        }  # fmt: skip

    @property
    def is_own_work(self) -> bool:
        return self.what in OWN_WORK

    @property
    def is_handed_in(self) -> bool:
        return self.state not in ("planned", "in_progress", "cancelled")

    def shows_to(self, actor: Actor) -> bool:
        """An organisation sees what an auditor found once it is handed in."""
        return actor.role != "provider" or self.is_own_work or self.is_handed_in

    def improvement_overdue(self, on: date) -> bool:
        return self.state == "improvement" and self.plan_due_on is not None and on > self.plan_due_on

    def days(self, p: Programme) -> list[date]:
        known = [day for day in (self.started_on, self.ended_on, self.plan_due_on) if day]
        if self.assessor:
            known += [p.licensed_until.get(self.assessor, p.today)]
            known += [months_after(day, 24) for (whom, _), day in p.advised_until.items() if whom == self.assessor]
        return known + [day + ONE_DAY for day in known]

    # Who may audit

    def keeps_out(self, p: Programme, on: date) -> list[str]:
        """What keeps the auditor from the assessment on the day."""
        checks = (self.licence_missing(p, on), self.advised(p, on))
        return [code for code in checks if code]

    def licence_missing(self, p: Programme, on: date) -> str | None:
        if self.is_own_work or self.assessor is None or on <= p.licensed_until.get(self.assessor, date.max):
            return None
        return "auditor_not_licensed"

    def advised(self, p: Programme, on: date) -> str | None:
        """Two years lie between the last day of advice and an audit."""
        until = p.advised_until.get((self.assessor or "", self.organisation or ""))
        if self.is_own_work or until is None or on >= months_after(until, 24):
            return None
        return "auditor_not_independent"

    def fits(self, p: Programme) -> None:
        """The one who is named may assess today."""
        require(self.assessor is None or not self.keeps_out(p, p.today))

    # What is done with it

    def moved(self, p: Programme, actor: Actor, move: Move, said: Said) -> None:
        if move.name in ("assign", "rate", "carry_forward"):
            getattr(self, f"_{move.name}")(p, said)
            return
        day = said.get("effective_on", p.today)
        known = [known for known in (self.started_on, self.ended_on) if known]
        require(max(known, default=date.min) <= day <= p.today)
        if move.name == "start":
            require(not self.keeps_out(p, day))
            self.started_on = day
        elif move.name == "submit":
            self.ended_on, self.revision = day, self.revision + 1
        elif move.name == "return":
            self.ended_on = None
        elif move.name == "require_improvement":
            require(said["plan_due_on"] >= p.today)
            self.plan_due_on = said["plan_due_on"]
        elif move.name in ("finalise", "finalise_self"):
            self.outcome = self._judged()
        self.state = move.to or self.state

    def _judged(self) -> str:
        """`all_met`: every criterion that applies is met, and some does."""
        applicable = [one.value for one in self.ratings.values() if one.value != "not_applicable"]
        return "met" if applicable and set(applicable) == {"met"} else "not_met"

    def _assign(self, p: Programme, said: Said) -> None:
        require("assessor" in said or "reviewer" in said)
        if "assessor" in said:
            require(self.state in ("planned", "in_progress"))
            require(not self.is_own_work)  # by an auditor: theirs is carried out by themselves
            before, self.assessor = self.assessor, said["assessor"]
            if self.keeps_out(p, p.today):
                self.assessor = before
                raise Refused(WRONG_BODY)

    def _rate(self, p: Programme, said: Said) -> None:
        for criterion, (value, evidence) in said["ratings"].items():
            before = self.ratings.get(criterion)
            self.ratings[criterion] = Rating(value, evidence, version=before.version + 1 if before else 1)

    def _carry_forward(self, p: Programme, said: Said) -> None:
        earlier = self.earlier(p)
        assert earlier is not None
        for criterion, rating in earlier.ratings.items():
            self.ratings.setdefault(criterion, replace(rating, carried=True, version=1))

    def earlier(self, p: Programme) -> Assessment | None:
        """The last finalised one of the same scope and version that it may start from."""
        found = [
            one
            for one in p.of(Assessment)
            if one is not self
            and one.state == "finalised"
            and one.is_own_work == self.is_own_work
            and (self.is_own_work or (one.assessor is not None and one.assessor == self.assessor))
            and (one.organisation, one.version, one.scope) == (self.organisation, self.version, self.scope)
        ]
        return max(found, key=lambda one: (one.ended_on, one.key), default=None)

    def shown(self, actor: Actor) -> tuple[dict[str, Rating], list[Finding]]:
        return (self.ratings, self.findings) if self.shows_to(actor) else ({}, [])


def _assesses(one: Assessment, actor: Actor) -> str | None:
    """Whoever asks is the organisation itself, or the auditor who is assigned."""
    if one.is_own_work != (actor.role == "provider"):
        return "assessor_role_does_not_fit"
    if not one.is_own_work and one.assessor is not None and one.assessor != actor.client:
        return "not_the_assessor"
    return None


@guard
def assessor_role_fits_kind(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    return None if actor.role == "coordinator" else _assesses(one, actor)


@guard
def caller_assesses(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    return _assesses(one, actor)


@guard
def caller_improves(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    return None if actor.role == "provider" else _assesses(one, actor)


@guard
def assessor_assigned(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    return None if one.is_own_work or one.assessor else "assessor_not_assigned"


@guard
def auditor_licence_valid_on_dates(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    return one.licence_missing(p, p.today)


@guard
def auditor_independent_2_years(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    return one.advised(p, p.today)


@guard
def every_applicable_criterion_rated(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    return None if set(one.criteria) <= set(one.shown(actor)[0]) else "criteria_not_rated"


@guard
def evidence_for_each_met(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    without = [rating for rating in one.shown(actor)[0].values() if rating.value == "met" and not rating.evidence]
    return "evidence_missing" if without else None


@guard
def carried_ratings_confirmed(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    return "carried_ratings_unconfirmed" if any(one.carried for one in one.shown(actor)[0].values()) else None


@guard
def findings_due_ahead(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    passed = [found for found in one.shown(actor)[1] if found.state in AWAITED and (found.due_on or p.today) < p.today]
    return "findings_past_due" if passed else None


@guard
def earlier_assessment(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    return None if one.earlier(p) else "no_earlier_assessment"


@guard
def criteria_left(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    return "criteria_all_rated" if set(one.criteria) <= set(one.shown(actor)[0]) else None


@guard
def open_findings_answered(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    waiting = [found for found in one.findings if found.state in AWAITED and found.severity != "observation"]
    return "findings_unanswered" if waiting else None


@guard
def kind_is_self_or_internal(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    return None if one.is_own_work else "kind_needs_review"


@guard
def pass_rule_known(p: Programme, one: Assessment, actor: Actor, said: Said) -> str | None:
    policy = version_of(p, one.version).policy(one.ended_on or p.today)
    return None if policy and policy.has_pass_rule else "pass_rule_not_set"


class Finding(Thing):
    kind = "finding"

    def __init__(self, p: Programme, assessment: Assessment, actor: Actor, said: Said) -> None:
        super().__init__(assessment.organisation)
        self.assessment = assessment
        self.severity = said["severity"]
        self.due_on: date | None = said.get("due_on")
        self.raised_on = p.today
        self.planned_on: date | None = None
        self.answered_on: date | None = None
        self.state = "open"
        self.told.append((p.today, self.state))

    @classmethod
    def opened(cls, p: Programme, actor: Actor, said: Said) -> Finding:
        assessment = said["assessment"]
        require(p.sees(actor, assessment) and assessment.shows_to(actor))
        require(assessment.state == "in_progress", meets("wrong_state"))
        if wrong := _assesses(assessment, actor):
            codes = frozenset({wrong, *assessment.keeps_out(p, p.today)})
            raise Refused(Verdict(403, codes))
        require(not (out := assessment.keeps_out(p, p.today)), Verdict(409, frozenset(out)))
        require(said.get("due_on") is None or said["due_on"] >= p.today)
        new = cls(p, assessment, actor, said)
        assessment.findings.append(new)
        return new

    def shows(self, p: Programme, on: date) -> dict[str, Any] | None:
        """`overdue` of today alone: it follows from what the assessment is now."""
        if on != p.today:
            return None if self.then(on) is None else {"state": self.then(on)}
        return {"state": self.state, "overdue": self.overdue(on), "due_on": self.due_on and str(self.due_on)}

    def overdue(self, on: date) -> bool:
        """Nothing is owed of what was not handed in."""
        owed = self.state in AWAITED and self.assessment.is_handed_in
        return owed and self.due_on is not None and on > self.due_on

    def days(self, p: Programme) -> list[date]:
        known = (self.due_on, self.raised_on, self.planned_on, self.answered_on, self.assessment.ended_on)
        return [day + more for day in known if day for more in (0 * ONE_DAY, ONE_DAY)]

    def moved(self, p: Programme, actor: Actor, move: Move, said: Said) -> None:
        day = said.get("effective_on", p.today)
        known = [self.raised_on, self.assessment.ended_on, self.planned_on, self.answered_on]
        require(max(one for one in known if one) <= day <= p.today)
        due_on = self.due_on or date.max
        if move.name == "plan":
            require(day <= said["action_due_on"] <= (due_on if day <= due_on else date.max))
            self.planned_on = day
        elif move.name == "answer":
            self.answered_on = day
        elif move.name in ("reopen", "extend"):
            least = self.due_on if move.name == "extend" else None
            require(said["due_on"] >= max(p.today, least or p.today))
            self.due_on = said["due_on"]
        self.state = move.to or self.state
        self.told.append((day, self.state))


@guard
def assessment_handed_in(p: Programme, one: Finding, actor: Actor, said: Said) -> str | None:
    return None if one.assessment.is_handed_in else "assessment_not_handed_in"


@guard
def own_findings_only(p: Programme, one: Finding, actor: Actor, said: Said) -> str | None:
    """Of auditors the one who found it; an organisation only what it found of itself. Who reviews or decides may always."""
    audit: Any = one.assessment
    if actor.role == "provider":
        return None if audit.is_own_work else "not_the_assessor"
    return "not_the_assessor" if actor.role == "auditor" and actor.client != audit.assessor else None
