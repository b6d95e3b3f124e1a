"""API keys `kk_<id>_<secret>`: found by their id, compared as hashes in a time that says nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import ClassVar

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.access.lookup import Kind, Row, client_found_by, unknown
from programme.database import Database

log = structlog.get_logger()

_KEY = re.compile(r"kk_([0-9a-z]{12})_([0-9A-Za-z_-]{43})", re.ASCII)
_NOBODY = sha256(b"nobody").digest()

LOOK_UP = f"""
select key.secret_hash, key.expires_at,
       case when coalesce(key.last_used_at < clock_timestamp() - interval '1 minute', true) then key.id end as unnoted_key,
       key.revoked_at is null and key.expires_at > clock_timestamp() and client_live as live, found.*
  from api_key as key
  join lateral ({client_found_by("client.id = key.client_id", shown=1)}) as found on true
 where key.id = $1
"""  # noqa: S608 - put together from text of ours, once

_NOTE = text("""
update api_key set last_used_at = clock_timestamp()
 where id = (select id from api_key
              where id = :key and coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)
                for update skip locked)
""")
"""Callers who note the use of the same key at once do not wait for one another: one of them is enough."""


@dataclass(frozen=True, slots=True)
class KeyShown:
    """`digest`: of the secret, which goes no further than this module."""

    key_id: str
    digest: bytes

    kind: ClassVar[Kind] = "api_key"
    statement: ClassVar = LOOK_UP

    @property
    def values(self) -> tuple[str, ...]:
        return (self.key_id,)

    def proves(self, row: Row | None) -> bool:
        """Compares with something also where there is no such key, so that time does not tell the two apart."""
        return compare_digest(self.digest, row["secret_hash"] if row else _NOBODY)

    def ends(self, row: Row) -> datetime:
        found: datetime = row["expires_at"]
        return found


def read(text: str) -> KeyShown:
    match = _KEY.fullmatch(text)
    if match is None:
        raise unknown()
    return KeyShown(match[1], sha256(match[2].encode()).digest())


async def note_use(database: Database, key_id: str | None) -> None:
    """Remembers that the key was used, at most once a minute and in a transaction of its own, which no request fails
    with: not knowing is better than not answering."""
    if key_id is None:
        return
    try:
        async with database.sessions.begin() as session:
            await session.execute(_NOTE, {"key": key_id})
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        log.warning("key_use_not_noted", key_id=key_id, error=type(error).__name__)
