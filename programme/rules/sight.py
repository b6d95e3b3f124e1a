"""Which rows a caller may know of: worked out once where they come in, then asked by every query and every verb.

Those are the first wall. PostgreSQL's row-level security, told of the same sight as the transaction starts, is the
second. What may not be known is not found, exactly as what was never there. (`rules.scopes` is another thing: what a
certificate is about.)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from programme.rules.lifecycle import Role


class Sees(StrEnum):
    """How far a caller sees.

    `own`: the organisation that they belong to. `assigned`: organisations that they audit, and of assessments their
    own audits and the self-assessments that were handed in. `docket`: organisations with an assessment that was handed
    in or with a certificate, and of assessments those that were handed in. `granted`: organisations that they were
    granted. `register`: the public register alone.
    `nobody`: it is not known yet who calls.
    """

    EVERYTHING = "everything"
    OWN = "own"
    ASSIGNED = "assigned"
    DOCKET = "docket"
    GRANTED = "granted"
    REGISTER = "register"
    NOBODY = "nobody"


SEES = {
    Role.COORDINATOR: Sees.EVERYTHING,
    Role.PROJECT_MANAGER: Sees.EVERYTHING,
    Role.SUPERVISOR: Sees.EVERYTHING,
    Role.OPS: Sees.EVERYTHING,
    Role.WORKER: Sees.EVERYTHING,
    Role.PROVIDER: Sees.OWN,
    Role.AUDITOR: Sees.ASSIGNED,
    Role.REVIEWER: Sees.DOCKET,
    Role.AWARDER: Sees.DOCKET,
    Role.PARTNER: Sees.GRANTED,
    Role.PUBLIC: Sees.REGISTER,
}

HANDED_OVER = "self_assessment"
"""The kind of assessment that an auditor reads of those whom they audit: an audit sets out from it."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one caller may know of. `organisations`: whose rows; they say nothing where `sees` is everything."""

    role: Role
    client: UUID | None = None
    organisations: frozenset[UUID] = frozenset()

    @property
    def sees(self) -> Sees:
        return SEES[self.role]

    def knows(self, organisation_id: UUID | None) -> bool:
        """Whether the organisation is in sight; what belongs to none is, where everything is."""
        return self.sees is Sees.EVERYTHING or organisation_id in self.organisations

    def knows_assessment(self, kind: str, assessor: UUID | None, revision: int) -> bool:
        """Whether, of an organisation in sight, this assessment is: `revision` counts how often it was handed in.
        `queries.ratings` says the same in SQL."""
        if self.sees is Sees.ASSIGNED:
            return (assessor is not None and assessor == self.client) or (kind == HANDED_OVER and revision > 0)
        if self.sees is Sees.DOCKET:
            return revision > 0
        return self.sees in (Sees.EVERYTHING, Sees.OWN)

    @property
    def values(self) -> dict[str, Any]:
        """By the names that the conditions of queries ask for them.

        `drafts_hidden`: what an auditor has not handed in is not shown. `people_masked`: nor who a contact is.
        """
        return {
            "organisations": list(self.organisations),
            "client": self.client,
            "drafts_hidden": self.role is Role.PROVIDER,
            "people_masked": self.role is Role.OPS,
        }
