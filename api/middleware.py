"""What surrounds every request: whom it is for, its id, its caller's language and quota, HEAD answered like GET, and
one line in the log. What no operation should ever see is refused here."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from os import urandom
from time import perf_counter
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import limits, problems
from api.addresses import NOWHERE, Addresses
from api.limits import Limits, TooMany
from api.metrics import observe
from programme.logs import tell
from programme.sentences import LANGUAGES, Language
from programme.settings import Settings

LONGEST_ADDRESS: Final = 8192
"""Characters of a path with its query."""

PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""Asked by machines that know the service by other names, and as often as they like."""

_NOSNIFF = (b"x-content-type-options", b"nosniff")
_CLOSE = (b"connection", b"close")


class Interrupted(Exception):
    """An answer broke off: the server has to end the connection, and to know nothing else."""


class Surroundings:
    """Pure ASGI: a `BaseHTTPMiddleware` would cost a millisecond a request.

    Each request counts once: for its client where the door finds one, else for the address that it comes from. Where
    no door is, that is known beforehand; under `/v1` it is found out at the end, so that a caller with a good key is
    not kept out by a bad neighbour behind the same address.
    """

    def __init__(self, app: ASGIApp, settings: Settings, quotas: Limits) -> None:
        self.app = app
        self.body_timeout = settings.body_timeout
        self.addresses = Addresses(settings)
        self.limits = quotas

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        exchange = Exchange(self, scope, receive, send)
        method = scope["method"]
        if method == "HEAD":
            scope = exchange.scope = {**scope, "method": "GET"}
        try:
            refusal = exchange.refusal()
            if refusal is None:
                await self.app(scope, exchange.receive, exchange.send)
            else:
                await exchange.answer(refusal)
        except Exception:
            # The server would write what it says to its log. What was answered is told by `problems.fault`.
            if not exchange.answered:
                raise Interrupted from None
        finally:
            exchange.end()
            route: Any = scope.get("route")
            path: str | None = getattr(route, "path", None)
            seconds = perf_counter() - started
            observe(scope["method"], path, exchange.status, seconds)
            tell(
                "request",
                request_id=exchange.request_id,
                method=method,
                route=path,
                status=exchange.status,
                ms=round(seconds * 1000, 1),
            )


class Exchange:
    """One request with its answer. `receive` and `send` stand in the place of the server's."""

    __slots__ = (
        "_receive", "_send", "address", "answered", "around", "coding", "complete", "deadline", "hosts", "is_chunked",
        "is_head", "is_probe", "language", "replaced", "request_id", "scope", "state", "status",
    )  # fmt: skip

    def __init__(self, around: Surroundings, scope: Scope, receive: Receive, send: Send) -> None:
        self.around = around
        self.scope = scope
        self._receive: Receive | None = receive
        self._send: Send | None = send
        self.is_head = scope["method"] == "HEAD"
        self.is_probe = scope["path"] in PROBES
        self.status = 0
        self.replaced = False
        self.deadline: float | None = None
        self.complete = False
        self.answered = False
        self.is_chunked = False
        self.hosts: list[bytes] = []
        self.coding = accepted = forwarded_for = forwarded = b""
        for name, value in scope["headers"]:
            if name == b"host":
                self.hosts.append(value)
            elif name == b"accept-language":
                accepted = accepted or value
            elif name == b"transfer-encoding":
                self.is_chunked = True
            elif name == b"content-encoding":
                self.coding = value
            elif name == b"x-forwarded-for":
                forwarded_for = forwarded_for + b"," + value if forwarded_for else value
            elif name == b"forwarded":
                forwarded = forwarded + b"," + value if forwarded else value
        peer = scope.get("client")
        self.address = around.addresses.caller(peer[0], forwarded_for, forwarded) if peer else NOWHERE
        self.request_id = urandom(16).hex()
        self.language = negotiate(accepted)
        self.state: dict[str, Any] = scope.setdefault("state", {})
        self.state["request_id"] = self.request_id
        self.state["language"] = self.language

    def refusal(self) -> Response | TooMany | None:
        """Why a request goes no further."""
        scope = self.scope
        if self.is_probe:
            return None
        if len(self.hosts) != 1 or not self.around.addresses.is_ours(self.hosts[0]):
            return problems.not_our_host(Request(scope))
        if len(scope["path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
            return problems.too_long(Request(scope))
        if self.coding and self.coding.strip().lower() != b"identity":
            return problems.encoded(Request(scope))
        return None if scope["path"].startswith("/v1/") else self._beyond_quota()

    def _beyond_quota(self) -> TooMany | None:
        try:
            self.around.limits.of_address(self.state, self.address)
        except TooMany as beyond:
            return beyond
        return None

    async def answer(self, refusal: Response | TooMany) -> None:
        response = await problems.refused(Request(self.scope), refusal) if isinstance(refusal, TooMany) else refusal
        await response(self.scope, self.receive, self.send)

    async def receive(self) -> Message:
        """The body has to be there within a time that begins when somebody first asks for it."""
        assert self._receive is not None
        if self.complete:
            return await self._receive()
        if self.deadline is None:
            self.deadline = asyncio.get_running_loop().time() + self.around.body_timeout
        try:
            async with asyncio.timeout_at(self.deadline):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408) from None
        self.complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Starlette's limit of the body answers with plain text whatever the application says; here it becomes a
        problem. So does an answer that turns out to be beyond the quota."""
        assert self._send is not None
        if self.replaced:
            return
        if message["type"] == "http.response.start":
            instead = self._instead(message)
            if instead is not None:
                await self.answer(instead)
                self.replaced = True
                return
            self._complete(message)
        elif self.is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)
        self.answered = message["type"] == "http.response.body" and not message.get("more_body", False)

    def _instead(self, message: Message) -> Response | TooMany | None:
        self.status = message["status"]
        if self.status == 413 and (b"content-type", b"application/problem+json") not in message.get("headers", ()):
            return problems.too_large(Request(self.scope))
        if "limits" in self.state or self.is_probe or self.status >= 500:
            return None
        return self._beyond_quota()

    def _complete(self, message: Message) -> None:
        headers: list[tuple[bytes, bytes]] = list(message.get("headers", []))
        present = {name for name, _ in headers}
        headers.append((b"x-request-id", self.request_id.encode()))
        if b"x-content-type-options" not in present:
            headers.append(_NOSNIFF)
        if b"content-language" not in present:
            headers.append((b"content-language", self.language.encode()))
        if counters := self.state.get("limits"):
            headers += limits.headers(counters)
        headers += self.state.get("announced", ())
        if self.is_chunked and b"connection" not in present:
            # A proxy may have understood the length of such a body otherwise: nothing may follow on its connection.
            headers.append(_CLOSE)
        message["headers"] = headers

    def end(self) -> None:
        """Lets go of the connection: granian holds it open while anything, a traceback included, holds these."""
        self._receive = self._send = None


@lru_cache(maxsize=1000)
def negotiate(accepted: bytes) -> Language:
    """The first of our languages in the order of the caller's weights; Lithuanian where they name none of them."""
    best: tuple[float, Language] = (0.0, LANGUAGES[0])
    for part in accepted.decode("latin-1").lower().split(","):
        tag, _, parameters = part.strip().partition(";")
        weight = parameters.strip().removeprefix("q=") if parameters else "1"
        primary = tag.split("-")[0]
        try:
            value = float(weight)
        except ValueError:
            continue
        for language in LANGUAGES:
            if primary == language and value > best[0]:
                best = (value, language)
    return best[1]
