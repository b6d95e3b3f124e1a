"""Who calls: the key of the request against the hashes in the database, looked up anew each time, so that a revoked
key is refused at the very next request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from hmac import compare_digest

from programme.database import Connection
from programme.errors import Forbidden, Unauthenticated
from programme.rules.lifecycle import Role
from programme.rules.permissions import may
from programme.rules.sight import SEES, Sight
from programme.sentences import Language, Sentence
from programme.work import Actor

_KEY = re.compile(r"kk_([0-9a-z]{12})_([0-9A-Za-z_-]{43})", re.ASCII)

_SEES = " ".join(f"when '{role}' then '{sees}'" for role, sees in SEES.items())
_LOOK_UP = f"""
select key.secret_hash, key.revoked_at is null and key.expires_at > clock_timestamp() and client.disabled_at is null as live,
       coalesce(key.last_used_at < clock_timestamp() - interval '1 minute', true) as unseen,
       client.id, client.name, client.role, client.organisation_id, now() as now,
       enter(case client.role {_SEES} else 'nobody' end, client.id, client.organisation_id) as organisations
  from api_key as key join client on client.id = key.client_id where key.id = $1
"""  # noqa: S608 - put together from names of ours, once
_SEEN = "update api_key set last_used_at = clock_timestamp() where id = $1"

NO_KEY = Sentence(
    lt="Nurodykite savo raktą antraštėje Authorization: Bearer kk_…",
    en="Give your key in the header Authorization: Bearer kk_…",
)
BAD_KEY = Sentence(
    lt="Raktas nežinomas, pasibaigęs arba atšauktas.", en="The key is unknown, has expired or was revoked."
)
_MAY_NOT = Sentence(lt="Jūsų vaidmuo ({role}) šio veiksmo neleidžia.", en="Your role ({role}) does not allow this.")
_NOBODY = sha256(b"nobody").digest()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, in which language, and what time it is for the programme."""

    actor: Actor
    sight: Sight
    name: str
    language: Language
    now: datetime
    today: date
    request_id: str

    @property
    def role(self) -> Role:
        return self.actor.role


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a credential is, what they may know of, and the database's time. `unseen`: the key to note the use of."""

    actor: Actor
    sight: Sight
    name: str
    now: datetime
    unseen: str | None


async def identify(connection: Connection, authorization: str | None) -> Identity:
    """The caller behind the header; `Unauthenticated` where there is none.

    The same statement tells PostgreSQL what they may see: from here on the transaction reads and writes as they may.
    """
    if not authorization:
        raise Unauthenticated(NO_KEY)
    scheme, _, credential = authorization.partition(" ")
    match = _KEY.fullmatch(credential) if scheme.lower() == "bearer" else None
    if match is None:
        raise Unauthenticated(BAD_KEY, code="invalid_credential")
    key, secret = match.groups()
    row = await connection.fetchrow(_LOOK_UP, key)
    right = compare_digest(sha256(secret.encode()).digest(), row["secret_hash"] if row else _NOBODY)
    if row is None or not right or not row["live"]:
        raise Unauthenticated(BAD_KEY, code="invalid_credential")
    role = Role(row["role"])
    return Identity(
        actor=Actor("client", str(row["id"]), role, row["organisation_id"]),
        sight=Sight(role, row["id"], frozenset(row["organisations"])),
        name=row["name"],
        now=row["now"],
        unseen=key if row["unseen"] else None,
    )


async def note_use(connection: Connection, key: str) -> None:
    """Writes down that the key was used, at most once a minute: outside of the caller's transaction, which may read
    only, or see no keys."""
    await connection.execute(_SEEN, key)


def permit(role: Role, permission: str) -> None:
    if not may(role, permission):
        raise Forbidden(_MAY_NOT, facts={"role": role.value})
