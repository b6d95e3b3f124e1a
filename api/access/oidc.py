"""People's tokens, signed by an issuer that we were told to trust. Of a token we take who it is about, and nothing else:
role, organisation and grants are those of our client with this issuer and subject."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from api.access.lookup import Kind, Row, client_found_by, unknown
from api.access.tokens import in_time
from programme.errors import Unavailable
from programme.outbound.openid import Published, Unreachable, published

log = structlog.get_logger()

ALGORITHMS: Mapping[str, type[Key]] = {"RS256": RSAKey, "ES256": ECKey, "EdDSA": OKPKey}
"""Never `none`, never one with a shared secret; each with the only kind of key that it works with."""

LEEWAY = 30
"""Seconds by which an issuer's clock may differ from ours."""

REFRESH_AT_MOST_EVERY = 60.0
FRESH_FOR = 600.0
KEPT_FOR = 86400.0
"""Seconds: between two readings of an issuer's keys, whatever is asked for; until they are read anew in passing; and
until keys that could not be read anew are no longer believed."""

_HEADERS = {"alg", "kid", "typ", "x5t", "x5t#S256"}
"""Nothing that would lead to a key elsewhere (jku, jwk, x5u, x5c) or change how the token is to be read (crit)."""

_TYPES = {None, "jwt", "at+jwt", "application/at+jwt"}
_KINDS = ("RSA", "EC", "OKP")
_LEAST_RSA_LETTERS = 342
"""Of a modulus as a JWK writes it: 2048 bits."""

_MOST_KEYS = 50


@dataclass(frozen=True, slots=True)
class PersonToken:
    """A token with a good signature of an issuer: whether its time is now, the database's clock says."""

    claims: Mapping[str, Any]

    kind: ClassVar[Kind] = "oidc"
    statement: ClassVar = f"""
select null::text as unnoted_key, client_live as live, found.*
  from ({client_found_by("client.oidc_issuer = $1 and client.oidc_subject = $2", shown=2)}) as found
"""  # noqa: S608 - put together from text of ours, once

    @property
    def values(self) -> tuple[str, ...]:
        return self.claims["iss"], self.claims["sub"]

    def proves(self, row: Row | None) -> bool:
        return row is not None and in_time(self.claims, row["clock"], leeway=LEEWAY)

    def ends(self, row: Row) -> datetime:
        return datetime.fromtimestamp(min(self.claims["exp"], 4e9), UTC)


class Issuer:
    """One issuer and its keys, read when they are first needed, in passing when they have aged, and when a token names
    one that is not known, but never more often than once a minute and once for all who wait."""

    def __init__(self, url: str, read: Callable[[str], Awaitable[Published]] = published) -> None:
        self.url = url
        self.algorithms = frozenset(ALGORITHMS)
        self._read = read
        self._keys: dict[str, Key] = {}
        self._read_at = self._tried_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> Key | None:
        age = time.monotonic() - self._read_at
        if age > KEPT_FOR:
            self._keys = {}
        if (known := self._keys.get(kid)) is not None:
            if age > FRESH_FOR:
                self._refresh()
            return known
        if (reading := self._refresh()) is not None:
            await asyncio.shield(reading)
        if self._read_at == float("-inf"):
            raise Unavailable
        return self._keys.get(kid)

    def _refresh(self) -> asyncio.Task[None] | None:
        """The reading that is under way, or a new one where it is time."""
        running = self._reading is not None and not self._reading.done()
        if not running and time.monotonic() - self._tried_at >= REFRESH_AT_MOST_EVERY:
            self._tried_at = time.monotonic()
            self._reading = asyncio.create_task(self._read_keys())
            running = True
        return self._reading if running else None

    async def _read_keys(self) -> None:
        try:
            found = await self._read(self.url)
        except Unreachable as error:
            log.warning("issuer_unreachable", issuer=self.url, error=str(error))
            return
        self._keys = dict(filter(None, map(_usable, found.keys[:_MOST_KEYS])))
        if found.algorithms is not None:
            self.algorithms = frozenset(ALGORITHMS) & frozenset(found.algorithms)
        self._read_at = time.monotonic()


class Issuers:
    """The issuers whose tokens are taken, where they are meant for `audience`."""

    def __init__(self, audience: str, *issuers: Issuer) -> None:
        self._audience = audience
        self._issuers = {issuer.url: issuer for issuer in issuers}

    async def read(self, text: str, header: Mapping[str, Any], claims: Mapping[str, Any]) -> PersonToken:
        """The token, verified but for its time. `header` and `claims`: what it says of itself before it is."""
        issued_by, subject, audience = claims.get("iss"), claims.get("sub"), claims.get("aud")
        issuer = self._issuers.get(issued_by) if isinstance(issued_by, str) else None
        for_whom = audience if isinstance(audience, list) else [audience]
        if issuer is None or not isinstance(subject, str) or self._audience not in for_whom:
            raise unknown()
        algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ")
        if (
            not header.keys() <= _HEADERS
            or not isinstance(algorithm, str)
            or algorithm not in ALGORITHMS
            or not isinstance(kid, str)
            or (kind.lower() if isinstance(kind, str) else kind) not in _TYPES
        ):
            raise unknown()
        key = await issuer.key(kid)
        if key is None or algorithm not in issuer.algorithms or not isinstance(key, ALGORITHMS[algorithm]):
            raise unknown()
        if key.get("alg") not in (None, algorithm):
            raise unknown()
        try:
            return PersonToken(jwt.decode(text, key, registry=signatures(algorithm)).claims)
        except JoseError:
            raise unknown() from None


class _Signatures(JWSRegistry):
    """What joserfc does, without its warning at each use that EdDSA has got a second name."""

    algorithms = {**JWSRegistry.algorithms, "EdDSA": copy(JWSRegistry.algorithms["EdDSA"])}


_Signatures.algorithms["EdDSA"].security_warning = None


def signatures(algorithm: str) -> JWSRegistry:
    """What checks and makes signatures of this algorithm and no other."""
    return _Signatures(algorithms=[algorithm])


def _usable(jwk: Any) -> tuple[str, Key] | None:
    """The key under its id, where it is a public one that verifies signatures of ours."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str) or jwk.get("use", "sig") != "sig":
        return None
    kind = jwk.get("kty")
    if kind not in _KINDS or (kind == "RSA" and len(str(jwk.get("n"))) < _LEAST_RSA_LETTERS):
        return None
    try:
        return jwk["kid"], JWKRegistry.import_key(jwk)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
