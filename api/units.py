"""A request as one unit of work: the route with its door, up to the end of the door's transaction.

The unit is run again where the database was away for a moment or preferred another writer, and never after the answer
has begun to leave: an answer goes out when the unit has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.strict_json import StrictRequest, StrictRoute
from programme.retries import again


class UnitRoute(StrictRoute):
    """FastAPI ends function-scoped dependencies, the doors, outside of the route's handler. Here they end inside, so
    that an end that fails (a commit) belongs to what is run again. The body is read once and kept on the request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_as_unit(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive) if self.body_field else request

            async def once() -> Response:
                async with AsyncExitStack() as doors:
                    request.scope["fastapi_function_astack"] = doors
                    return await handle(request)

            # With the caller's key, a second run finds the answer of the first where that was kept after all.
            return await again(once, repeatable="idempotency-key" in request.headers)

        return handle_as_unit
