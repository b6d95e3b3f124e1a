"""Who calls: the key of the request against the hashes in the database, looked up anew each time, so that a revoked
key is refused at the very next request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from hmac import compare_digest
from uuid import UUID

from programme.database import Connection
from programme.errors import Forbidden, Unauthenticated
from programme.rules.lifecycle import Role
from programme.rules.permissions import may
from programme.sentences import Language, Sentence
from programme.work import Actor

_KEY = re.compile(r"kk_([0-9a-z]{12})_([0-9A-Za-z_-]{43})", re.ASCII)

_LOOK_UP = """
select key.secret_hash, key.revoked_at is null and key.expires_at > clock_timestamp() and client.disabled_at is null as live,
       coalesce(key.last_used_at < clock_timestamp() - interval '1 minute', true)
           and not current_setting('transaction_read_only')::boolean as unseen,
       client.id, client.name, client.role, client.organisation_id, now() as now
  from api_key as key join client on client.id = key.client_id where key.id = $1
"""
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
    name: str
    language: Language
    now: datetime
    today: date
    request_id: str

    @property
    def role(self) -> Role:
        return self.actor.role

    @property
    def owners(self) -> list[UUID] | None:
        """The organisations whose rows the caller may know of; None: all."""
        return [self.actor.organisation_id] if self.actor.organisation_id else None


async def identify(connection: Connection, authorization: str | None) -> tuple[Actor, str, datetime]:
    """The caller behind the header, their name, and the database's time; `Unauthenticated` where there is none."""
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
    if row["unseen"]:
        await connection.execute(_SEEN, key)
    return Actor("client", str(row["id"]), Role(row["role"]), row["organisation_id"]), row["name"], row["now"]


def permit(role: Role, permission: str) -> None:
    if not may(role, permission):
        raise Forbidden(_MAY_NOT, facts={"role": role.value})
