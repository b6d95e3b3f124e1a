"""An issuer's keys as it publishes them: OpenID Connect discovery, then the key set that it names."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import httpx

from programme.outbound.tls import trusted

DEADLINE = 3.0
"""Seconds for both answers together."""

LARGEST = 256 * 1024
"""Bytes of one answer."""


class Unreachable(Exception):
    """The issuer did not answer in time, or not with what it should."""


@dataclass(frozen=True, slots=True)
class Published:
    """`keys`: JWKs as they came. `algorithms`: those that the issuer says it signs with, if it does."""

    keys: list[Any]
    algorithms: list[str] | None


async def published(issuer: str) -> Published:
    """The keys of the issuer, asked for now. `Unreachable` where they cannot be had; no redirect is followed."""
    try:
        async with asyncio.timeout(DEADLINE), httpx.AsyncClient(verify=trusted(), trust_env=False) as http:
            about = await _json(http, issuer.rstrip("/") + "/.well-known/openid-configuration")
            if about.get("issuer") != issuer:
                raise Unreachable("it calls itself something else")
            place = about.get("jwks_uri")
            if not isinstance(place, str) or not place.startswith("https://" if issuer.startswith("https") else "http"):
                raise Unreachable("it names no key set that can be trusted")
            keys = (await _json(http, place)).get("keys")
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        raise Unreachable(type(error).__name__) from error
    if not isinstance(keys, list):
        raise Unreachable("its key set holds no keys")
    named = about.get("id_token_signing_alg_values_supported")
    return Published(keys, [one for one in named if isinstance(one, str)] if isinstance(named, list) else None)


async def _json(http: httpx.AsyncClient, url: str) -> dict[str, Any]:
    async with http.stream("GET", url, headers={"Accept": "application/json", "Accept-Encoding": "identity"}) as answer:
        if answer.status_code != httpx.codes.OK:
            raise Unreachable(f"status {answer.status_code}")
        body = bytearray()
        async for part in answer.aiter_raw():
            body += part
            if len(body) > LARGEST:
                raise Unreachable("too much")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreachable("no JSON") from None
    if not isinstance(value, dict):
        raise Unreachable("no JSON object")
    return value
