"""Certificates: the status that follows from decisions and a day (domain.md, rulings 1 to 4), and every decision
(decisions 9, 20 to 23)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.model.annual_reports import CLOSED, AnnualReport
from tests.model.assessments import Assessment
from tests.model.days import ONE_DAY, days_before, months_after
from tests.model.moves import Move
from tests.model.programme import TAKEN, Actor, Programme, Said, Thing, require
from tests.model.standards import Policy, Version, version_of

WHOLE = frozenset({"*"})
"""A scope that names no service covers them all."""
MOST_AHEAD = timedelta(days=366)

REGISTER = {
    "active": "active", "expiring": "active", "suspended": "suspended", "withdrawn": "withdrawn",
    "cancelled": "withdrawn", "expired": "expired", "superseded": "expired",
}  # fmt: skip
"""What the public register says of a status; what is not here is not in it."""


@dataclass
class Held:
    """Days on which one service is this certificate's alone, up to the last valid one or until they are given up."""

    service: str
    first: date
    last: date
    ended_on: date | None = None

    @property
    def until(self) -> date:
        return min(self.last + ONE_DAY, self.ended_on or date.max)

    def meets(self, services: frozenset[str], first: date, last: date) -> bool:
        same = self.service in services or "*" in (services | {self.service})
        return same and max(self.first, first) < min(self.until, last + ONE_DAY)


class Certificate(Thing):
    kind = "certificate"

    def __init__(self, organisation: str, version: str, scope: frozenset[str], predecessor: Certificate | None) -> None:
        super().__init__(organisation)
        self.version = version
        self.scope = scope
        self.predecessor = predecessor
        self.audit: Assessment | None = None
        self.reference: str | None = None
        self.wording = 1
        self.votes: dict[str, tuple[str, int]] = {}
        self.certified_on: date | None = None
        self.valid_from = self.expires_on = date.max
        self.extended_from: date | None = None
        self.periods: list[tuple[date, date]] = []
        self.suspensions: list[tuple[date, date]] = []
        self.review_by: date | None = None
        self.ended_as: str | None = None
        self.ended_on: date | None = None
        self.requested_on: date | None = None
        self.expiring_days = 180
        self.decided: list[date] = []
        self.held: list[Held] = []

    @classmethod
    def opened(cls, p: Programme, actor: Actor, said: Said) -> Certificate:
        p.known(actor, said["organisation_id"])
        version = version_of(p, said["standard_version"])
        require(version.state in ("current", "retired"))
        return cls(said["organisation_id"], version.code, frozenset(said["scope"]["services"]), None)

    # What it is on a day

    def stands(self, on: date) -> str:
        if self.ended_as and self.ended_on and self.ended_on <= on:
            return self.ended_as
        if not self.periods:
            return "draft"
        if on < self.periods[0][0]:
            return "not_yet_valid"
        last = next((last for first, last in self.periods if first <= on <= last), None)
        if last is None:
            return "expired"
        if any(first <= on <= until for first, until in self.suspensions):
            return "suspended"
        return "expiring" if on >= days_before(last, self.expiring_days) else "active"

    def shows(self, p: Programme, on: date) -> dict[str, Any] | None:
        status = self.stands(on)
        return {
            "status": status, "register_status": REGISTER.get(status), "organisation_id": self.organisation,
            "expires_on": str(self.expires_on) if self.periods else None, "ended_on": self.ended_on and str(self.ended_on),
        }  # fmt: skip

    def registered(self, on: date) -> str | None:
        """What the public register says of it."""
        return REGISTER.get(self.stands(on)) if self.reference else None

    def policy(self, p: Programme, on: date | None = None) -> Policy | None:
        return version_of(p, self.version).policy(on or p.today)

    def days(self, p: Programme) -> list[date]:
        known = [day for span in (*self.periods, *self.suspensions) for day in span if day != date.max]
        known += [day for day in (self.review_by, self.ended_on, self.extended_from, *self.decided[-1:]) if day]
        policy = self.policy(p)
        if self.periods and policy:
            known.append(days_before(self.expires_on, self.expiring_days))
            known.append(days_before(self.expires_on, policy.renewal_opens_days))
            known += [months_after(self.expires_on, policy.restoration_months or 0), self.extension_until(p)]
        return [day + more for day in known for more in (0 * ONE_DAY, ONE_DAY)]

    def extension_until(self, p: Programme) -> date:
        policy = self.policy(p)
        return months_after(self.extended_from or self.expires_on, policy.extension_months or 0 if policy else 0)

    def audits(self, p: Programme) -> list[Assessment]:
        """The finalised external audits of the same organisation, scope and version that carry no certificate yet."""
        used = {one.audit.key for one in p.of(Certificate) if one.audit}
        return [
            one
            for one in p.of(Assessment)
            if (one.what, one.state) == ("external_audit", "finalised")
            and (one.organisation, one.version, one.scope) == (self.organisation, self.version, self.scope)
            and one.key not in used
        ]

    def successor(self, p: Programme) -> Certificate | None:
        """The draft that is to take its place."""
        drafts = (one for one in p.of(Certificate) if one.predecessor is self)
        return next((one for one in drafts if not one.periods and not one.ended_as), None)

    # What is decided

    def moved(self, p: Programme, actor: Actor, move: Move, said: Said) -> None:
        getattr(self, f"_{move.name}")(p, actor, said)

    def _revise(self, p: Programme, actor: Actor, said: Said) -> None:
        self.scope = frozenset(said["scope"]["services"])
        self.wording += 1

    def _vote(self, p: Programme, actor: Actor, said: Said) -> None:
        self.votes[actor.client] = (said["vote"], self.wording)

    def _refuse(self, p: Programme, actor: Actor, said: Said) -> None:
        day = said.get("effective_on", p.today)
        require(day <= p.today)
        self.ended_as, self.ended_on = "refused", day

    def _grant(self, p: Programme, actor: Actor, said: Said) -> None:
        audit, day, before = p.named(said["assessment_id"]), said["certified_on"], self.predecessor
        require(audit in self.audits(p))
        require(audit.outcome == "met" or said.get("override_reason"))
        last = min(p.today + MOST_AHEAD, version_of(p, self.version).in_force_to or date.max)
        require(max(audit.ended_on, before.valid_from if before else date.min) <= day <= last)
        policy = self.policy(p, day)
        require(policy and policy.validity_months)
        expires_on = months_after(day, policy.validity_months)
        gives_way = before if before and before.ended_as is None else None
        require(not self._overlaps(p, day, expires_on, ends=(gives_way, day)), TAKEN)
        if gives_way:
            gives_way.ends(p, "superseded", day)
            gives_way.decided.append(day)
        self.audit, self.reference = audit, said["reference"]
        self.certified_on = self.valid_from = day
        self.expires_on, self.expiring_days = expires_on, policy.expiring_days
        self.periods = [(day, expires_on)]
        self.decided.append(day)
        self._claim(self._services(), day)
        self._oblige(p, policy, day, day)

    def _suspend(self, p: Programme, actor: Actor, said: Said) -> None:
        day = self._within_life(p, said)
        require(said["review_by"] >= max(day, p.today))
        self.suspensions.append((day, date.max))
        self.review_by = said["review_by"]
        self.decided.append(day)

    def _reinstate(self, p: Programme, actor: Actor, said: Said) -> None:
        day = said.get("effective_on", p.today)
        first = self.suspensions[-1][0]
        require(first <= day <= min(self.expires_on, p.today))
        self.suspensions[-1] = (first, day - ONE_DAY)
        self.review_by = None
        self.decided.append(day)

    def _withdraw(self, p: Programme, actor: Actor, said: Said) -> None:
        self._end(p, "withdrawn", said)

    def _cancel(self, p: Programme, actor: Actor, said: Said) -> None:
        self._end(p, "cancelled", said)

    def _request_cancellation(self, p: Programme, actor: Actor, said: Said) -> None:
        wanted = said.get("effective_on", p.today)
        require(p.today <= wanted <= min(self.expires_on, p.today + MOST_AHEAD))
        self.requested_on = p.today

    def _withdraw_cancellation_request(self, p: Programme, actor: Actor, said: Said) -> None:
        self.requested_on = None

    def _decline_cancellation(self, p: Programme, actor: Actor, said: Said) -> None:
        self.requested_on = None

    def _revise_scope(self, p: Programme, actor: Actor, said: Said) -> None:
        day, scope = self._by_today(p, said), frozenset(said["scope"]["services"])
        require(scope != self.scope)
        before, self.scope = self._services(), scope
        if self._overlaps(p, day, self.expires_on):
            self.scope = before - WHOLE
            require(False, TAKEN)
        self._give_up(before - self._services(), day)
        self._claim(self._services() - before, day)
        self.decided.append(day)

    def _amend(self, p: Programme, actor: Actor, said: Said) -> None:
        day = said.get("effective_on", p.today)
        require(max(self.certified_on or day, self._last(p)) <= day <= p.today)
        require("staff" in said)
        self.decided.append(day)

    def _extend(self, p: Programme, actor: Actor, said: Said) -> None:
        day, until = self._by_today(p, said), said["expires_on"]
        require(self.expires_on < until <= self.extension_until(p))
        require(not self._overlaps(p, self.expires_on + ONE_DAY, until), TAKEN)
        for held in self._present():
            held.last = until
        self.extended_from = self.extended_from or self.expires_on
        self.expires_on = until
        self.periods[-1] = (self.periods[-1][0], until)
        self.decided.append(day)
        for report in self.reports(p):
            report.lapses(until + ONE_DAY)

    def _transfer(self, p: Programme, actor: Actor, said: Said) -> None:
        holder = said["organisation_id"]
        p.known(actor, holder)
        require(holder != self.organisation)
        day = self._by_today(p, said)
        require(not self._overlaps(p, day, self.expires_on, organisation=holder), TAKEN)
        for held in self.held:
            if held in self._present():
                held.first = day
            else:
                held.ended_on = held.first
        self.organisation, self.requested_on = holder, None
        self.decided.append(day)
        for one in p.things:
            if getattr(one, "certificate", None) is self:
                one.passes_to(holder, day)

    def _restore(self, p: Programme, actor: Actor, said: Said) -> None:
        audit, day, before = p.named(said["assessment_id"]), said.get("effective_on", p.today), self.expires_on
        require(audit in self.audits(p) and audit.ended_on >= self.valid_from and audit.outcome == "met")
        policy: Any = self.policy(p)
        last = months_after(before, policy.validity_months)
        require(max(before + ONE_DAY, audit.ended_on, self._last(p)) <= day <= min(p.today, last))
        require(not self._overlaps(p, day, last), TAKEN)
        if self.suspensions and self.suspensions[-1][1] == date.max:
            self.suspensions[-1] = (self.suspensions[-1][0], before)
        self.audit, self.valid_from, self.expires_on, self.extended_from = audit, day, last, None
        self.review_by, self.expiring_days = None, policy.expiring_days
        if day == before + ONE_DAY:  # nothing lies between: the days go on
            day, _ = self.periods.pop()
        self.periods.append((day, last))
        self.decided.append(self.valid_from)
        self._claim(self._services(), self.valid_from)
        self._oblige(p, policy, before, self.valid_from)

    def _renew(self, p: Programme, actor: Actor, said: Said) -> None:
        """By its own version while that is current, else by the one that is (decision 23): there is never a third here."""
        current = [one.code for one in p.of(Version) if one.state == "current"]
        version = self.version if self.version in current or not current else current[0]
        p.begin(Certificate(self.organisation or "", version, self.scope, self))

    # What these share

    def ends(self, p: Programme, how: str, day: date) -> None:
        self.ended_as, self.ended_on, self.requested_on = how, day, None
        for held in self._present():
            held.ended_on = day
        for report in self.reports(p):
            report.lapses(min(day, report.lapses_on))

    def reports(self, p: Programme) -> list[AnnualReport]:
        return [one for one in p.of(AnnualReport) if one.certificate is self and one.state not in CLOSED]

    def _end(self, p: Programme, how: str, said: Said) -> None:
        day = self._within_life(p, said)
        self.decided.append(day)
        self.ends(p, how, day)

    def _last(self, p: Programme) -> date:
        """The day of the last decision that is in effect: none comes in before it."""
        return max((day for day in self.decided if day <= p.today), default=date.min)

    def _within_life(self, p: Programme, said: Said) -> date:
        day: date = said.get("effective_on", p.today)
        require(max(self.valid_from, self._last(p)) <= day <= min(self.expires_on, p.today + MOST_AHEAD))
        return day

    def _by_today(self, p: Programme, said: Said) -> date:
        day: date = said.get("effective_on", p.today)
        require(max(self.valid_from, self._last(p)) <= day <= p.today)
        return day

    def _services(self) -> frozenset[str]:
        return self.scope or WHOLE

    def _present(self) -> list[Held]:
        """The days that it still holds of its period."""
        return [held for held in self.held if held.last == self.expires_on and held.ended_on is None]

    def _claim(self, services: frozenset[str], first: date) -> None:
        self.held += [Held(service, first, self.expires_on) for service in services]

    def _give_up(self, services: frozenset[str], on: date) -> None:
        for held in self._present():
            if held.service in services:
                held.ended_on = on

    def _overlaps(
        self, p: Programme, first: date, last: date, *, organisation: str | None = None,
        ends: tuple[Certificate | None, date] = (None, date.max),
    ) -> bool:  # fmt: skip
        """Whether another certificate of the holder covers the same on some of the days; `ends`: one that gives way."""
        holder, (gives_way, on) = organisation or self.organisation, ends
        for other in p.of(Certificate):
            if other is self or other.organisation != holder:
                continue
            until = min(last, on - ONE_DAY) if other is gives_way else last
            if any(held.meets(self._services(), first, until) for held in other.held):
                return True
        return False

    def _oblige(self, p: Programme, policy: Policy, anchor: date, since: date) -> None:
        for months in policy.annual_reports_at_months:
            p.begin(AnnualReport(self, policy, months_after(anchor, months), since))
