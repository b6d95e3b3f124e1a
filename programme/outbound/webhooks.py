"""Posting webhooks: signed, to an address that was checked, within one deadline, and with no interest in the answer
beyond its status.

A name is resolved once for each connection, and the connection goes to the address that was checked. No redirect is
followed, no proxy asked, nothing unpacked.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Final

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from httpx_aiohttp import AiohttpTransport
from standardwebhooks import Webhook

from programme.outbound.tls import trusted
from programme.rules.webhooks import Network, destination, is_allowed

DEADLINE: Final = 15.0
"""Seconds from the first step to the last byte that is read."""

LARGEST: Final = 64 * 1024
"""Bytes of an answer that are read, as they come."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted. `secrets`: those that sign, the newest first."""

    id: str
    url: str
    body: bytes
    secrets: Sequence[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt. `status`: none where there was no answer; `error`: the kind of what went wrong."""

    delivered: bool
    status: int | None
    error: str | None
    duration_ms: int
    retry_after: timedelta | None = None


class Refused(OSError):
    """The name leads where webhooks may not go."""


def networks(settings: Sequence[str]) -> list[Network]:
    return [ip_network(one, strict=False) for one in settings]


async def leads_astray(url: str, nets: Sequence[Network]) -> bool:
    """Whether the URL may not be posted to as things are now. A name that is not known yet may be: each connection asks
    anew."""
    to = destination(url, nets)
    if to is None:
        return True
    if to.address is not None:
        return False
    try:
        async with asyncio.timeout(2):
            await _Checked(nets, secure=to.secure).resolve(to.host, to.port)
    except Refused:
        return True
    except (OSError, TimeoutError):
        return False
    return False


class _Checked(AbstractResolver):
    """Resolves names, and gives out only addresses that a webhook may go to."""

    def __init__(self, nets: Sequence[Network], *, secure: bool, resolver: AbstractResolver | None = None) -> None:
        self._nets, self._secure = nets, secure
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        resolver = self._resolver or ThreadedResolver()
        found = await resolver.resolve(host, port, socket.AF_UNSPEC)
        allowed = [
            one for one in found if is_allowed(ip_address(one["host"]), secure=self._secure, port=port, nets=self._nets)
        ]
        if not allowed:
            raise Refused("address not allowed")
        return allowed

    async def close(self) -> None:
        """Nothing is held."""


class Sender:
    """Posts messages over connections that are kept for the next ones."""

    def __init__(self, nets: Sequence[Network], resolver: AbstractResolver | None = None) -> None:
        self._nets = nets
        self._clients = {secure: self._client(resolver, secure=secure) for secure in (True, False)}

    def _client(self, resolver: AbstractResolver | None, *, secure: bool) -> httpx.AsyncClient:
        def session() -> aiohttp.ClientSession:
            connector = aiohttp.TCPConnector(
                resolver=_Checked(self._nets, secure=secure, resolver=resolver),
                use_dns_cache=False,
                ssl=trusted(),
                limit=0,
                keepalive_timeout=20,
            )
            return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

        return httpx.AsyncClient(
            transport=AiohttpTransport(client=session), timeout=DEADLINE, follow_redirects=False, trust_env=False
        )

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def post(self, message: Message) -> Outcome:
        began = time.monotonic()
        status: int | None = None
        error: str | None = None
        asked: timedelta | None = None
        try:
            to = destination(message.url, self._nets)
            if to is None:
                raise Refused("address not allowed")
            async with asyncio.timeout(DEADLINE):
                status, asked = await self._exchange(self._clients[to.secure], message)
        except Refused:
            error = "address_not_allowed"
        except TimeoutError:
            error = "timeout"
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError) as problem:
            error = _kind(problem)
        if status is not None and not 200 <= status < 300:
            error = error or "status"
        elapsed = round((time.monotonic() - began) * 1000)
        return Outcome(error is None, status, error, elapsed, asked if status in (429, 503) else None)

    async def _exchange(self, client: httpx.AsyncClient, message: Message) -> tuple[int, timedelta | None]:
        async with client.stream("POST", message.url, content=message.body, headers=_headers(message)) as answer:
            read = 0
            async for part in answer.aiter_raw():
                read += len(part)
                if read > LARGEST:
                    break
            return answer.status_code, _retry_after(answer.headers)


def _headers(message: Message) -> dict[str, str]:
    now = datetime.now(UTC)
    text = message.body.decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Kokybe-Webhooks/1",
        "Accept-Encoding": "identity",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(_signer(one).sign(message.id, now, text) for one in message.secrets),
    }


@lru_cache(maxsize=1000)
def _signer(secret: str) -> Webhook:
    return Webhook(secret)


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Seconds, or a date (RFC 9110, 10.2.3); what is neither is passed over."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:9]), 10**8))
    try:
        return max(parsedate_to_datetime(value) - datetime.now(UTC), timedelta())
    except (ValueError, TypeError):
        return None


def _kind(problem: BaseException) -> str:
    """A word for what went wrong; never the words of the exception, which quote the address."""
    causes: list[BaseException] = []
    cause: BaseException | None = problem
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    kinds: dict[str, tuple[type[BaseException], ...]] = {
        "address_not_allowed": (Refused,),
        "tls": (ssl.SSLError, aiohttp.ClientSSLError),
        "unknown_host": (socket.gaierror, aiohttp.ClientConnectorDNSError),
        "timeout": (TimeoutError,),
    }
    for kind, errors in kinds.items():
        if any(isinstance(one, errors) for one in causes):
            return kind
    return "connection"


@asynccontextmanager
async def sending(nets: Sequence[Network], resolver: AbstractResolver | None = None) -> AsyncIterator[Sender]:
    sender = Sender(nets, resolver)
    try:
        yield sender
    finally:
        await sender.close()
