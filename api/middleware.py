"""What surrounds every request: its id, the caller's language, HEAD answered like GET, and one line in the log."""

from __future__ import annotations

from functools import lru_cache
from os import urandom
from time import perf_counter
from typing import Any

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import observe
from api.problems import too_large
from programme.sentences import LANGUAGES, Language

log = structlog.get_logger()

_NOSNIFF = (b"x-content-type-options", b"nosniff")


class Interrupted(Exception):
    """An answer broke off: the server has to end the connection, and to know nothing else."""


class Surroundings:
    """Pure ASGI: a `BaseHTTPMiddleware` would cost a millisecond a request.

    Starlette's limit of the body answers with plain text whatever the application says; here it becomes a problem.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        accepted = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
        request_id = urandom(16).hex()
        language = negotiate(accepted)
        scope.setdefault("state", {}).update(request_id=request_id, language=language)
        is_head = scope["method"] == "HEAD"
        if is_head:
            scope = {**scope, "method": "GET"}
        status = 0
        replaced = False
        complete = False

        async def answer(message: Message) -> None:
            nonlocal status, replaced, complete
            if replaced:
                return
            if message["type"] == "http.response.start":
                status = message["status"]
                headers: list[tuple[bytes, bytes]] = list(message.get("headers", []))
                if status == 413 and (b"content-type", b"application/problem+json") not in headers:
                    await too_large(Request(scope))(scope, receive, answer)
                    replaced = True
                    return
                present = {name for name, _ in headers}
                headers.append((b"x-request-id", request_id.encode()))
                if b"x-content-type-options" not in present:
                    headers.append(_NOSNIFF)
                if b"content-language" not in present:
                    headers.append((b"content-language", language.encode()))
                message["headers"] = headers
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)
            complete = message["type"] == "http.response.body" and not message.get("more_body", False)

        try:
            await self.app(scope, receive, answer)
        except Exception:
            # The server would write what it says to its log. What was answered is told by `problems.fault`.
            if not complete:
                raise Interrupted from None
        finally:
            route: Any = scope.get("route")
            observe(scope["method"], getattr(route, "path", None), status, perf_counter() - started)
            log.info(
                "request",
                request_id=request_id,
                method="HEAD" if is_head else scope["method"],
                route=getattr(route, "path", None),
                status=status,
                ms=round((perf_counter() - started) * 1000, 1),
            )


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
