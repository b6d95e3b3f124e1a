"""What a holder owes each year: states, flags and deadlines that move (domain.md; rulings 11; decision 30), and the case
that the daily pass opens of a report that is not there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.model.days import ONE_DAY, days_after, days_before
from tests.model.moves import Move, guard
from tests.model.programme import Actor, Programme, Said, Thing, require

CLOSED = ("approved", "waived", "void")
UNSUBMITTED = ("scheduled", "drafting")


@dataclass
class Extension:
    """A later last day that was asked for; `decided_on`: from which day the answer holds."""

    before: date
    wanted: date
    granted: bool | None = None
    decided_on: date | None = None


class AnnualReport(Thing):
    kind = "annual_report"

    def __init__(self, certificate: Any, policy: Any, due_on: date, since: date) -> None:
        super().__init__(certificate.organisation)
        self.certificate = certificate
        self.first_due_on = self.due_on = due_on
        self.opens_on = days_before(due_on, policy.report_opens_days)
        self.due_soon_days = policy.report_due_soon_days
        self.grace_days = policy.report_grace_days
        self.extension_days = policy.report_extension_days
        self.lapses_on: date = certificate.expires_on + ONE_DAY
        self.state = "scheduled"
        self.moved_on = since
        self.first_submitted_on: date | None = None
        self.waived_on: date | None = None
        self.extensions: list[Extension] = []
        self.made_known: date | None = None
        """What came by this day has been made known."""
        self._tell(date.min)

    # What it is on a day

    def passes_to(self, holder: str, day: date) -> None:
        """What it was before stays with whom it was (decision 33)."""
        self.organisation = holder
        day = max(day, self.told[-1][0])
        self.moved_on = max(self.moved_on, day)
        self._tell(day)

    def lapses(self, on: date) -> None:
        """The certificate ends on that day, whatever the report itself was then."""
        self.lapses_on = on

    def _tell(self, day: date) -> None:
        self.told.append((day, (self.state, self.organisation)))

    def version(self, p: Programme, actor: Actor | None, on: date) -> str | None:
        """Its state as of the day and as far as the actor sees whose it was: the last that they see of what had come by
        then, unless something that they do not see had come in its place."""
        for place in range(len(self.told) - 1, -1, -1):
            day, (state, holder) = self.told[place]
            if day <= on and (actor is None or p.knows(actor, holder)):
                gone = any(later <= on for later, _ in self.told[place + 1 : place + 2])
                return None if gone else state
        return None

    def stands(self, on: date) -> str:
        return self.state

    def shown(self, p: Programme, actor: Actor, on: date) -> dict[str, Any] | None:
        state = self.version(p, actor, on)
        return state and self._shows(on, state)

    def shows(self, p: Programme, on: date) -> dict[str, Any] | None:
        state = self.version(p, None, on)
        return state and self._shows(on, state)

    def _shows(self, on: date, state: str) -> dict[str, Any]:
        return {"state": state, "flags": self.flags(on), "due_on": str(self.due(on))}

    def in_time(self, p: Programme, actor: Actor, on: date) -> str | None:
        """As what it is counted on the day."""
        return self.version(p, actor, on) and self.timeliness(on)

    def due(self, on: date) -> date:
        """The last day as it stood then."""
        not_yet = [one.before for one in self.extensions if one.granted and one.decided_on and one.decided_on > on]
        return min(not_yet, default=self.due_on)

    def owed(self, on: date) -> bool:
        return on < self.lapses_on and (self.waived_on is None or on < self.waived_on)

    def submitted(self, on: date) -> bool:
        return self.first_submitted_on is not None and self.first_submitted_on <= on

    def flags(self, on: date) -> list[str]:
        found = []
        if self.owed(on) and not self.submitted(on):
            due = self.due(on)
            found += ["open"] * (on >= self.opens_on)
            found += ["due_soon"] * (days_before(due, self.due_soon_days) <= on <= due)
            found += ["overdue"] * (on > due)
            found += ["delinquent"] * (on > days_after(due, self.grace_days))
        return found + ["late"] * (self.timeliness(on) == "late")

    def timeliness(self, on: date) -> str:
        first = self.first_submitted_on
        if first is not None and first <= on:
            return "late" if first > self.due(first) else "on_time"
        if not self.owed(on):
            return "not_owed"
        return "overdue" if on > self.due(on) else "upcoming"

    def days(self, p: Programme) -> list[date]:
        grace = days_after(self.due_on, self.grace_days)
        known = [self.opens_on, self.due_on, grace, days_before(self.due_on, self.due_soon_days), self.lapses_on]
        known += [self.moved_on, self.latest_due_on]
        return [day + more for day in known for more in (0 * ONE_DAY, ONE_DAY)]

    @property
    def latest_due_on(self) -> date:
        return min(days_after(self.first_due_on, self.extension_days), self.lapses_on - ONE_DAY)

    @property
    def asked(self) -> Extension | None:
        return next((one for one in self.extensions if one.granted is None), None)

    # What is done with it

    def moved(self, p: Programme, actor: Actor, move: Move, said: Said) -> None:
        day = said.get("effective_on")
        require(day is None or self.moved_on <= day <= p.today)
        day = day or (min(self.lapses_on, p.today) if move.name == "void" else p.today)
        if move.name == "start":
            require(day >= self.opens_on)
        elif move.name == "submit":
            require(day >= p.today)
            self.first_submitted_on = self.first_submitted_on or p.today
        elif move.name == "return":
            require(p.today <= said["resubmit_by"] < self.lapses_on)
        elif move.name == "request_extension":
            require(max(self.due_on, p.today) < said["new_due_on"] <= self.latest_due_on)
            self.extensions.append(Extension(self.due_on, said["new_due_on"]))
        elif move.name == "decide_extension":
            self._decide(p, said["granted"], day)
        elif move.name == "waive":
            self.waived_on = day
        elif move.name == "void":
            require(day >= self.lapses_on)
        self.state = move.to or self.state
        self.moved_on = max(self.moved_on, day)
        self._tell(day)

    def _decide(self, p: Programme, granted: bool, day: date) -> None:
        asked = self.asked
        assert asked is not None
        asked.granted, asked.decided_on = granted, day
        if granted:
            self.due_on, self.made_known = asked.wanted, p.today

    def passed(self, p: Programme) -> None:
        """What the daily pass makes of it: a case where it is delinquent, and the end of what has lapsed."""
        if self.state in CLOSED:
            return
        delinquent_on = days_after(self.due_on, self.grace_days + 1)
        if (
            self.first_submitted_on is None
            and (self.made_known or date.min) < delinquent_on <= p.today
            and delinquent_on < self.lapses_on
        ):
            self._open_case(p, delinquent_on)
        self.made_known = p.today
        if self.lapses_on <= p.today:
            self.state = "void"
            self.moved_on = max(self.moved_on, self.lapses_on)
            self._tell(self.lapses_on)

    def _open_case(self, p: Programme, day: date) -> None:
        there = next((one for one in p.of(ComplianceCase) if one.report is self), None)
        if there is None:
            p.begin(ComplianceCase(self, day))
        else:
            there.state = "open"


@guard
def certificate_live(p: Programme, one: AnnualReport, actor: Actor, said: Said) -> str | None:
    return "certificate_ended" if one.lapses_on <= p.today else None


@guard
def certificate_ended(p: Programme, one: AnnualReport, actor: Actor, said: Said) -> str | None:
    return None if one.lapses_on <= p.today else "certificate_not_ended"


@guard
def today_not_before_opens_on(p: Programme, one: AnnualReport, actor: Actor, said: Said) -> str | None:
    return "window_not_open" if p.today < one.opens_on else None


@guard
def no_extension_requested(p: Programme, one: AnnualReport, actor: Actor, said: Said) -> str | None:
    return "extension_already_requested" if one.asked else None


@guard
def extension_requested(p: Programme, one: AnnualReport, actor: Actor, said: Said) -> str | None:
    return None if one.asked else "extension_not_requested"


@guard
def within_extension_limit(p: Programme, one: AnnualReport, actor: Actor, said: Said) -> str | None:
    return None if one.latest_due_on > max(one.due_on, p.today) else "extension_limit_reached"


class ComplianceCase(Thing):
    kind = "compliance_case"

    def __init__(self, report: AnnualReport, opened_on: date) -> None:
        super().__init__(report.organisation)
        self.report = report
        self.certificate = report.certificate
        self.opened_on = opened_on
        self.state = "open"

    def stands(self, on: date) -> str:
        return self.state

    def passes_to(self, holder: str, day: date) -> None:
        self.organisation = holder

    def days(self, p: Programme) -> list[date]:
        return [self.opened_on, self.opened_on - ONE_DAY]

    def moved(self, p: Programme, actor: Actor, move: Move, said: Said) -> None:
        require(self.opened_on <= said.get("effective_on", p.today) <= p.today)
        self.state = move.to or self.state
