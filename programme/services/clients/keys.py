"""Giving out keys and taking them back. Of a key only the hash of its secret is kept; a client has two at most."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import func, select, text

from programme.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound, Reason
from programme.rules.calendar import day_ends_at, today
from programme.rules.lifecycle import Role
from programme.sentences import Sentence
from programme.services.clients import registering
from programme.tables import ApiKey, Client, refusal_of
from programme.work import Work

LIFE = timedelta(days=365)
"""The longest that a key lives."""

TOO_LONG = Sentence(
    lt="Raktas galioja ne ilgiau kaip 365 dienas: paskutinė diena gali būti nuo {earliest} iki {latest}.",
    en="A key lives 365 days at most: its last day can be from {earliest} to {latest}.",
)
REVOKED = Reason("key_revoked", Sentence(lt="Raktas jau atšauktas.", en="The key is revoked already."))
_ID_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SLOTS_TAKEN = text("""
select slot from api_key
 where client_id = :client and tstzrange(created_at, greatest(created_at, least(expires_at, revoked_at)))
                               && tstzrange(:now, :until)
""")


async def issue(work: Work, client_id: UUID, *, expires_on: date | None = None) -> tuple[ApiKey, str]:
    """A new key of the client and its text, told here once. `expires_on`: its last day; a year where it is not said."""
    client = await _theirs(work, client_id)
    if client.disabled_at is not None:
        raise NotAllowed(registering.NOT_IN_THIS_STATE, reasons=[registering.DISABLED])
    await registering.within_ones_own(work, client)
    return await give(work, client, expires_on)


async def give(work: Work, client: Client, expires_on: date | None = None) -> tuple[ApiKey, str]:
    """`kk_<id>_<secret>` with 256 bits of chance, in one of the client's two places; real time, whatever the clock."""
    now = await _clock(work)
    until = now + LIFE
    if expires_on is not None:
        earliest, latest = today(now), today(until) - timedelta(days=1)
        if not earliest <= expires_on <= latest:
            facts = {"earliest": earliest, "latest": latest}
            raise Invalid(FieldError("/expires_on", "key_life_out_of_range", TOO_LONG, facts))
        until = day_ends_at(expires_on)
    taken = set(await work.session.scalars(_SLOTS_TAKEN, {"client": client.id, "now": now, "until": until}))
    free = {1, 2} - taken
    if not free:
        full = refusal_of("ex_api_key_two_live")
        assert full is not None
        raise Conflict(full.sentence, code=full.code)
    key_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(12))
    secret = secrets.token_urlsafe(32)
    key = ApiKey(
        id=key_id,
        slot=min(free),
        secret_hash=sha256(secret.encode()).digest(),
        created_at=now,
        expires_at=until,
        revoked_at=None,
        last_used_at=None,
    )
    client.issued.append(key)
    await work.record("client.key_issued", client)
    return key, f"kk_{key_id}_{secret}"


async def revoke(work: Work, client_id: UUID, key_id: str) -> ApiKey:
    """The key is refused from the next request on, and with it every token that was made by it."""
    client = await _theirs(work, client_id)
    key = await work.session.scalar(select(ApiKey).where(ApiKey.id == key_id, ApiKey.client_id == client.id))
    if key is None:
        raise NotFound
    if key.revoked_at is not None:
        raise NotAllowed(REVOKED.sentence, reasons=[REVOKED])
    key.revoked_at = await _clock(work)
    await work.record("client.key_revoked", client)
    return key


async def _theirs(work: Work, client_id: UUID) -> Client:
    """The client, locked, where whoever acts may give it keys: a partner to its own alone."""
    if work.actor.role is not Role.PARTNER:
        return await registering.take(work, client_id)
    if client_id != work.actor.client_id:
        raise NotFound
    return await work.take(Client, client_id)


async def _clock(work: Work) -> datetime:
    """The moment by the real clock, which keys live by whatever `KOKYBE_TODAY` says."""
    now: datetime = (await work.session.scalars(select(func.clock_timestamp()))).one()
    return now
