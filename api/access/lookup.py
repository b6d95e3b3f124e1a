"""What every kind of credential shares: the columns of the client that it leads to, and the one refusal, which does not
say what was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol
from uuid import UUID

from programme.errors import Unauthenticated
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

CLIENT = """
       client.disabled_at is null
       and coalesce((clock_timestamp() at time zone 'Europe/Vilnius')::date <= client.expires_on, true) as client_live,
       client.id, client.name, client.role, client.organisation_id, client.scopes, client.expires_on,
       granted.organisations, granted.municipalities, granted.strands, now() as now, clock_timestamp() as clock
"""
GRANTED = """
  left join lateral (
       select array_agg(one.organisation_id) filter (where one.organisation_id is not null) as organisations,
              array_agg(one.municipality) filter (where one.municipality is not null) as municipalities,
              array_agg(one.strand_id) filter (where one.strand_id is not null) as strands
         from client_grant as one where client.role = 'partner' and one.client_id = client.id
  ) as granted on true
"""


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


@dataclass(frozen=True, slots=True)
class Grants:
    """What a partner sees besides the public register."""

    organisations: frozenset[UUID] = frozenset()
    municipalities: frozenset[str] = frozenset()
    strands: frozenset[UUID] = frozenset()

    @classmethod
    def of(cls, row: Row) -> Grants:
        named = (frozenset(row[name] or ()) for name in ("organisations", "municipalities", "strands"))
        return cls(*named)


def unknown() -> Unauthenticated:
    return Unauthenticated(BAD_KEY, code="invalid_credential")
