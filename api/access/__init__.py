"""Who calls: what the request shows, read before a connection is taken (an issuer may have to be asked for its keys),
then looked up in one statement at each request, so that what was revoked a moment ago is refused now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from starlette.requests import Request

from api.access import keys, tokens
from api.access.lookup import BAD_KEY, NO_KEY, Credential, Kind, unknown
from api.access.oidc import Issuers
from programme.database import Connection
from programme.errors import Forbidden, NotFound, Unauthenticated
from programme.rules.calendar import day_ends_at
from programme.rules.lifecycle import Role
from programme.rules.sight import Sight
from programme.sentences import Language, Sentence
from programme.work import Actor, moment_in

__all__ = [
    "BAD_KEY",
    "LONGEST",
    "NO_KEY",
    "OUT_OF_SCOPE",
    "Caller",
    "Identity",
    "identify",
    "permit",
    "shown",
]

LONGEST = 8192
"""Bytes of a credential that are still looked at."""

_MAY_NOT = Sentence(lt="Jūsų vaidmuo ({role}) šio veiksmo neleidžia.", en="Your role ({role}) does not allow this.")
OUT_OF_SCOPE = Sentence(
    lt="Klientui, kurio vardu kreipiatės, suteiktos ne visos vaidmens teisės; tarp suteiktųjų {permission} nėra.",
    en="The client in whose name you call has not all rights of its role; {permission} is not among them.",
)


@dataclass(frozen=True, slots=True)
class Identity:
    """The client behind a credential.

    `now`: the transaction's time, or noon of the day of the `test_clock` in whose world they act; `clock`: the moment of
    the look-up. `expires_on`: the client's last day. `until`: the
    moment at which the credential, or the client, ends. `unnoted_key`: the key whose use is to be noted once the request
    is done, as its last noted use lies more than a minute back.
    """

    actor: Actor
    sight: Sight
    name: str
    now: datetime
    clock: datetime
    test_clock: UUID | None
    credential: Kind
    expires_on: date | None
    until: datetime
    unnoted_key: str | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, in which language, and what time it is for the programme, or in the world of a test clock.
    `identity`: none where the public asks."""

    actor: Actor
    sight: Sight
    name: str
    language: Language
    now: datetime
    today: date
    request_id: str
    identity: Identity | None = None

    @property
    def role(self) -> Role:
        return self.actor.role

    @property
    def test_clock(self) -> UUID | None:
        return self.identity.test_clock if self.identity else None


async def shown(request: Request) -> Credential:
    """The credential of the request, its signature verified where it has one; `Unauthenticated` where it cannot be
    anybody's. A key in the query string is never looked at."""
    given = request.headers.getlist("authorization")
    if not any(given):
        raise Unauthenticated(NO_KEY)
    scheme, _, text = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or len(text) > LONGEST:
        raise unknown()
    if text.startswith("kk_"):
        return keys.read(text)
    own: tokens.Tokens = request.app.state.tokens
    issuers: Issuers = request.app.state.issuers
    header, claims = tokens.unverified(text)
    if claims.get("iss") == tokens.ISSUER:
        return own.read(text, header)
    return await issuers.read(text, header, claims)


async def identify(
    connection: Connection, credential: Credential, test_clock: UUID | None = None, named: Sequence[UUID] = ()
) -> Identity:
    """The client behind the credential and the database's time, in one statement; `Unauthenticated` where there is
    none, or where the key or the client has ended.

    `test_clock`: in whose world they ask to be; `named`: ids that a change names, one of which may be of such a world.
    `NotFound` where that is not for them, or is no more.
    """
    row = await connection.fetchrow(credential.statement, *credential.values, test_clock, named)
    proven = credential.proves(row)
    if row is None or not proven or not row["live"]:
        raise unknown()
    if test_clock not in (None, row["test_clock"]):
        raise NotFound
    role = Role(row["role"])
    ends = (credential.ends(row), day_ends_at(row["expires_on"]) if row["expires_on"] else None)
    return Identity(
        actor=Actor("client", str(row["id"]), role, row["organisation_id"], frozenset(row["scopes"])),
        sight=Sight(role, row["id"], frozenset(row["organisations"])),
        name=row["name"],
        now=moment_in(row["test_clock"], row["today"]) or row["now"],
        clock=row["clock"],
        test_clock=row["test_clock"],
        credential=credential.kind,
        expires_on=row["expires_on"],
        until=min(end for end in ends if end is not None),
        unnoted_key=row["unnoted_key"],
    )


def permit(actor: Actor, permission: str) -> None:
    """`Forbidden` where the role has not the permission, or the client is not bound to it by its scopes."""
    if actor.may(permission):
        return
    if actor.scopes and Actor(actor.type, actor.id, actor.role).may(permission):
        raise Forbidden(OUT_OF_SCOPE, code="out_of_scope", facts={"permission": permission})
    raise Forbidden(_MAY_NOT, facts={"role": actor.role.value})
