"""Tokens of our own: JWTs that stand for a key for a quarter of an hour, and are worth no more than the key behind them
is at each request."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jwt import JWTClaimsRegistry

from api.access import keys
from api.access.lookup import Kind, Row, unknown
from api.strict_json import BadBody, decode

ISSUER = "kokybe"
LIFE = timedelta(minutes=15)

_ALGORITHM, _TYPE = "HS256", "at+jwt"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token of ours with a good signature: whether its time has come and gone, the database's clock says."""

    claims: Mapping[str, Any]

    kind: ClassVar[Kind] = "access_token"
    statement: ClassVar = keys.LOOK_UP

    @property
    def values(self) -> tuple[str, ...]:
        return (self.claims["key"],)

    def proves(self, row: Row | None) -> bool:
        return row is not None and self.claims["sub"] == str(row["id"]) and in_time(self.claims, row["clock"])

    def ends(self, row: Row) -> datetime:
        expires: datetime = row["expires_at"]
        return min(datetime.fromtimestamp(self.claims["exp"], UTC), expires)


class Tokens:
    """Makes and reads the tokens of this service, with a key that is made of its secret."""

    def __init__(self, secret: bytes) -> None:
        self._key = OctKey.import_key(sha256(b"access token\0" + secret).digest())

    def make(self, client_id: str, key_id: str, now: datetime, until: datetime) -> tuple[str, int]:
        """A token for the client by the key, and its life in seconds: `LIFE`, or less where the key ends before."""
        issued, expires = int(now.timestamp()), int(min(now + LIFE, until).timestamp())
        claims = {"iss": ISSUER, "sub": client_id, "key": key_id, "iat": issued, "exp": expires}
        return jwt.encode({"alg": _ALGORITHM, "typ": _TYPE}, claims, self._key), expires - issued

    def read(self, text: str, header: Mapping[str, Any]) -> AccessToken:
        if header != {"alg": _ALGORITHM, "typ": _TYPE}:
            raise unknown()
        try:
            return AccessToken(jwt.decode(text, self._key, algorithms=[_ALGORITHM]).claims)
        except JoseError:
            raise unknown() from None


def unverified(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT as anybody may have written them, for finding out whose signature to look for."""
    parts = text.split(".")
    if len(parts) != 3:
        raise unknown()
    try:
        header, claims = (decode(urlsafe_b64decode(part.encode() + b"=" * (-len(part) % 4))) for part in parts[:2])
    except (BadBody, ValueError):
        raise unknown() from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise unknown()
    return header, claims


def in_time(claims: Mapping[str, Any], clock: datetime, *, leeway: int = 0) -> bool:
    """Whether `exp`, which has to be there, `nbf` and `iat` allow the moment, give or take the leeway (seconds)."""
    try:
        JWTClaimsRegistry(now=int(clock.timestamp()), leeway=leeway, exp={"essential": True}).validate(dict(claims))
    except JoseError:
        return False
    return True
