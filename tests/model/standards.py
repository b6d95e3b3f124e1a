"""Versions of a standard, and what holds of them from a day on (domain.md; decision 23)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tests.model.days import ONE_DAY
from tests.model.moves import Move, guard
from tests.model.programme import Actor, Programme, Said, Thing, require


@dataclass(frozen=True)
class Policy:
    effective_from: date
    validity_months: int | None
    annual_reports_at_months: tuple[int, ...] = (12, 24)
    report_opens_days: int = 60
    report_due_soon_days: int = 30
    report_grace_days: int = 30
    report_extension_days: int = 60
    expiring_days: int = 180
    renewal_opens_days: int = 365
    extension_months: int | None = 6
    restoration_months: int | None = 6
    decision_quorum: int | None = None
    has_pass_rule: bool = True


class Version(Thing):
    kind = "standard_version"

    def __init__(self, code: str, state: str, criteria: tuple[str, ...]) -> None:
        super().__init__(None)
        self.code = code
        self.state = state
        self.criteria = criteria
        self.in_force_to: date | None = None
        self.policies: list[Policy] = []

    def stands(self, on: date) -> str:
        return self.state

    def policy(self, on: date) -> Policy | None:
        """What the owner had decided by the day; a later one never holds for days before it."""
        return next((one for one in reversed(self.policies) if one.effective_from <= on), None)

    def set(self, policy: Policy) -> None:
        require(not self.policies or policy.effective_from > self.policies[-1].effective_from)
        self.policies.append(policy)

    def days(self, p: Programme) -> list[date]:
        return [one.effective_from + more for one in self.policies for more in (0 * ONE_DAY, ONE_DAY)]

    def moved(self, p: Programme, actor: Actor, move: Move, said: Said) -> None:
        self.state = move.to or self.state


def version_of(p: Programme, code: str) -> Version:
    return next(one for one in p.of(Version) if one.code == code)


@guard
def principles_given(p: Programme, one: Version, actor: Actor, said: Said) -> str | None:
    return None if one.criteria else "principles_missing"
