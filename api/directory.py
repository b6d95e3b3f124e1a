"""Which routers have a request's address, in one step: each is entered under what its addresses begin with.

FastAPI asks router by router. With thirty of them the last one's requests cost a fifth more than the first one's, so that
the order of routers would be a question of speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send


def install(app: FastAPI) -> None:
    """Before the app's own routes, which stay as they are: it is they that the document and `Allow` are made of."""
    app.router.routes.insert(0, Directory(app.router.routes))


class Directory(BaseRoute):
    """Takes every request, and leaves it to the few of `routes` that have addresses which begin so, in their order."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes
        self._nothing = APIRouter(redirect_slashes=False)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return Match.FULL, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.routers.get(beginning(scope["path"]), self._nothing).app(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        raise NoMatchFound(name, path_params)

    @cached_property
    def routers(self) -> dict[str, APIRouter]:
        """Made at the first request, when all routes are there."""
        found: dict[str, APIRouter] = {}
        for route in self._routes:
            if route is not self:
                for start in {beginning(one.path or "") for one in iter_route_contexts([route])}:
                    found.setdefault(start, APIRouter(redirect_slashes=False)).routes.append(route)
        return found


def beginning(path: str) -> str:
    """The first step of an address, the second one of those under `/v1`: no parameter stands there."""
    _, *steps = path.split("/", 3)
    return "/".join(steps[: 2 if steps[:1] == ["v1"] else 1])
