"""What every kind of credential shares: the columns of the client that it leads to, and the one refusal, which does not
say what was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol

from programme.errors import Unauthenticated
from programme.rules.sight import SEES
from programme.sentences import Sentence

NO_KEY = Sentence(
    lt="Nurodykite savo raktą antraštėje Authorization: Bearer kk_…",
    en="Give your key in the header Authorization: Bearer kk_…",
)
BAD_KEY = Sentence(
    lt="Raktas nežinomas, pasibaigęs arba atšauktas.", en="The key is unknown, has expired or was revoked."
)

Row = Mapping[str, Any]
Kind = Literal["api_key", "access_token", "oidc"]

_SEES = " ".join(f"when '{role}' then '{sees}'" for role, sees in SEES.items())

CLIENT = f"""
       client.disabled_at is null
       and coalesce((clock_timestamp() at time zone 'Europe/Vilnius')::date <= client.expires_on, true) as client_live,
       client.id, client.name, client.role, client.organisation_id, client.scopes, client.expires_on,
       now() as now, clock_timestamp() as clock,
       enter(case client.role {_SEES} else 'nobody' end, client.id, client.organisation_id) as organisations
"""
"""`enter` tells PostgreSQL what the client may see: from here on the transaction reads and writes as they may."""


class Credential(Protocol):
    """Something that a request shows: how to look up whom it is from, and whether the row found bears it out."""

    kind: ClassVar[Kind]
    statement: ClassVar[str]

    @property
    def values(self) -> tuple[str, ...]: ...

    def proves(self, row: Row | None) -> bool: ...

    def ends(self, row: Row) -> datetime:
        """The moment at which it ceases to be good."""
        ...


def unknown() -> Unauthenticated:
    return Unauthenticated(BAD_KEY, code="invalid_credential")
