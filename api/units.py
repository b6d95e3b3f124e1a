"""A request as one unit of work: the route with its door, up to the end of the door's transaction.

The unit is run again where the database was away for a moment or preferred another writer, and never after the answer
has begun to leave: an answer goes out when the unit has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from api.strict_json import StrictRequest, StrictRoute
from programme.retries import again


def _set_world_apart(request: Request) -> None:
    """The world that a request is asked in is nothing that its operation takes: no model of parameters knows of it. The
    door finds it in the state; given twice, the second is left for the door to refuse."""
    parameters = request.query_params.multi_items()
    place = next(place for place, (name, _) in enumerate([*parameters, ("test_clock", "")]) if name == "test_clock")
    if place < len(parameters):
        request.state.test_clock = parameters.pop(place)[1]
        request._query_params = QueryParams(parameters)


class UnitRoute(StrictRoute):
    """FastAPI ends function-scoped dependencies, the doors, outside of the route's handler. Here they end inside, so
    that an end that fails (a commit) belongs to what is run again. The body is read once and kept on the request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        sandboxed = any(getattr(one.call, "sandboxed", None) is True for one in self.dependant.dependencies)

        async def handle_as_unit(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive) if self.body_field else request
            if sandboxed and b"test_clock=" in request.scope["query_string"]:
                _set_world_apart(request)

            async def once() -> Response:
                async with AsyncExitStack() as doors:
                    request.scope["fastapi_function_astack"] = doors
                    return await handle(request)

            # With the caller's key, a second run finds the answer of the first where that was kept after all.
            return await again(once, repeatable="idempotency-key" in request.headers)

        return handle_as_unit
