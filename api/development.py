"""An issuer of people's tokens for trying out, under `/dev/issuer`: it asks nobody for a password, and so is not there in
production, neither its addresses nor the trust in what it signs.

Its tokens are read like any other issuer's. Who they are about has to be a client of ours with this issuer.
"""

from __future__ import annotations

import time
from hashlib import sha256
from typing import Annotated, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter, FastAPI
from joserfc import jwt
from joserfc.jwk import OKPKey
from pydantic import Field

from api.access.oidc import ALGORITHMS, Issuer, signatures
from api.strict_json import StrictRoute
from programme.outbound.openid import Published
from programme.settings import Settings
from schemas.base import Body, Line

PATH = "/dev/issuer"

_ALGORITHM = "EdDSA"
assert _ALGORITHM in ALGORITHMS


class TokenAsked(Body):
    subject: Line
    minutes: Annotated[int, Field(strict=True, ge=1, le=1440)] = 60


def install(app: FastAPI, settings: Settings) -> Issuer:
    """Puts the issuer's addresses in; gives it as one to trust. Its key is made of the service's secret, so that every
    process has the same, and is never asked for over the network."""
    address = (settings.base_url or f"http://{settings.host}:{settings.port}").rstrip("/") + PATH
    seed = sha256(b"development issuer\0" + settings.secret).digest()
    key = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(seed))
    key.ensure_kid()
    keys: dict[str, Any] = {"keys": [key.as_dict(private=False, use="sig", alg=_ALGORITHM)]}
    about = {
        "issuer": address,
        "jwks_uri": f"{address}/jwks",
        "token_endpoint": f"{address}/token",
        "id_token_signing_alg_values_supported": [_ALGORITHM],
        "subject_types_supported": ["public"],
        "response_types_supported": [],
    }
    router = APIRouter(prefix=PATH, route_class=StrictRoute, include_in_schema=False)

    @router.get("/.well-known/openid-configuration")
    async def discover() -> dict[str, Any]:
        return about

    @router.get("/jwks")
    async def publish() -> dict[str, Any]:
        return keys

    @router.post("/token")
    async def token(asked: TokenAsked) -> dict[str, Any]:
        now, life = int(time.time()), asked.minutes * 60
        claims = {"iss": address, "sub": asked.subject, "aud": settings.audience, "iat": now, "exp": now + life}
        header = {"alg": _ALGORITHM, "kid": key.kid, "typ": "JWT"}
        made = jwt.encode(header, claims, key, registry=signatures(_ALGORITHM))
        return {"access_token": made, "token_type": "Bearer", "expires_in": life}

    app.include_router(router)

    async def read(_: str) -> Published:
        return Published(keys["keys"], [_ALGORITHM])

    return Issuer(address, read)
