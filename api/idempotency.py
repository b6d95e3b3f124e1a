"""Doing a repeated request once: its first answer is kept in the transaction of its effect and given again.

A key belongs to a caller and an operation and lives 24 hours. Two requests with the same key at the same time: the
second is told at once that the first is still running (a plain insert would make it wait).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from api.access import Caller
from programme.database import Connection
from programme.errors import Conflict, Invalid, Malformed, Refusal
from programme.sentences import Sentence

_FORM = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)

_FIND = """
select fingerprint, status, headers::text, body from idempotency_key
 where client_id = $1 and operation = $2 and key = $3 and created_at > clock_timestamp() - interval '24 hours'
"""
_KEEP = """
insert into idempotency_key (client_id, operation, key, fingerprint, status, headers, body)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (client_id, operation, key) do update set fingerprint = excluded.fingerprint, status = excluded.status,
       headers = excluded.headers, body = excluded.body, created_at = excluded.created_at
"""

_KEPT = ("ETag", "Location", "Content-Language", "Vary", "Cache-Control")

REQUIRED = Sentence(
    lt="Šiam veiksmui antraštėje Idempotency-Key nurodykite savo sugalvotą raktą.",
    en="This needs a key of your making in the Idempotency-Key header.",
)
BAD_FORM = Sentence(
    lt="Idempotency-Key – nuo 1 iki 255 matomų ASCII ženklų.",
    en="An Idempotency-Key is 1 to 255 visible ASCII characters.",
)
RUNNING = Sentence(lt="Užklausa su šiuo raktu dar vykdoma.", en="The request with this key is still being carried out.")
REUSED = Sentence(
    lt="Šis raktas jau panaudotas kitokiai užklausai.", en="This key was already used for a different request."
)


class Replayed(Exception):
    """The request was already carried out; `response` is its first answer."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Reused(Refusal):
    """The same key came with another request."""

    code = "idempotency_key_reused"
    title = Invalid.title


@dataclass(frozen=True, slots=True)
class Once:
    """A key that this request holds until its transaction ends."""

    caller: Caller
    operation: str
    key: str
    fingerprint: bytes

    async def keep(self, connection: Connection, response: Response) -> None:
        headers = {name: value for name in _KEPT if (value := response.headers.get(name))}
        await connection.execute(
            _KEEP,
            self.caller.actor.client_id,
            self.operation,
            self.key,
            self.fingerprint,
            response.status_code,
            json.dumps(headers),
            bytes(response.body),
        )


async def claim(request: Request, connection: Connection, caller: Caller, *, required: bool) -> Once | None:
    """The request's key, held from now on; `Replayed` where its answer is known already."""
    key = request.headers.get("idempotency-key")
    if key is None:
        if required:
            raise Malformed(REQUIRED, code="idempotency_key_required")
        return None
    if not _FORM.fullmatch(key):
        raise Malformed(BAD_FORM, code="idempotency_key_malformed")
    operation = f"{request.method} {request.url.path}"
    place = sha256(f"{caller.actor.id}\n{operation}\n{key}".encode()).digest()
    if not await connection.fetchval(
        "select pg_try_advisory_xact_lock($1)", int.from_bytes(place[:8], "big", signed=True)
    ):
        raise Conflict(RUNNING, code="idempotency_in_progress")
    said = f"{request.url.query}\n".encode() + await request.body()
    fingerprint = sha256(said).digest()
    row = await connection.fetchrow(_FIND, caller.actor.client_id, operation, key)
    if row is None:
        return Once(caller, operation, key, fingerprint)
    if row["fingerprint"] != fingerprint:
        raise Reused(REUSED)
    headers = {**json.loads(row["headers"]), "Idempotent-Replayed": "true"}
    raise Replayed(Response(row["body"], row["status"], headers, "application/json"))
