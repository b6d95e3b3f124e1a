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
    lt="Raktas ar prieigos žetonas nežinomas, pasibaigęs arba atšauktas.",
    en="The key or token is not known, has expired or was revoked.",
)

Row = Mapping[str, Any]
Kind = Literal["api_key", "access_token", "oidc"]

_SEES = " ".join(f"when '{role}' then '{sees}'" for role, sees in SEES.items())

_CLIENT = f"""
select client.disabled_at is null and (
           client.expires_on is null or (clock_timestamp() at time zone 'Europe/Vilnius')::date <= client.expires_on
       ) as client_live,
       client.id, client.name, client.role, client.organisation_id, client.scopes, client.expires_on,
       now() as now, clock_timestamp() as clock, entered.clock as test_clock, entered.organisations,
       entered.today
  from client
 cross join lateral enter_world(case client.role {_SEES} else 'nobody' end, client.id, client.organisation_id,
                          coalesce(client.test_clock_id, $clock), $named) as entered
 where $which
"""  # noqa: S608 - put together from text of ours, once


def client_found_by(condition: str, *, shown: int) -> str:
    """The client and what they see. Behind the values that the credential is `shown` with come the test clock that the
    request asks for and the ids that it names. `enter_world` tells PostgreSQL what the client may see: from here on the
    transaction reads and writes as they may, in the world that is theirs: that of the clock in whose world the client was
    made, else of the clock asked for, else of what a change names."""
    return _CLIENT.replace("$clock", f"${shown + 1}").replace("$named", f"${shown + 2}").replace("$which", condition)


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
