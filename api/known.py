"""Who asks whether what they know still holds (`If-None-Match`) is answered on a short way.

It leads to the same endpoint through the same door, in the same transaction: who calls is looked up, what they may do and
see is decided, the request is counted, and the tag is worked out anew, all of it at each request and by the code that does
so for everybody. Left out is what FastAPI does around the two, of which such a plain question has no use: its layers of
middleware, the search for the route twice, dependencies solved through three stacks. That is half of what a 304 costs.

Whatever is not plain, and whatever is refused or goes wrong, is the ordinary way's: it begins anew as if nothing had been.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, get_type_hints

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from api.deps import CONTROL, ReadingDoor
from api.directory import beginning

_EXPAND: Final = re.compile(rb"expand=([a-z_.,]+)", re.ASCII)
_BODY: Final = frozenset({b"content-length", b"transfer-encoding"})


class ShortWay:
    """Around the application; `routes` are its own, in their order."""

    def __init__(self, app: ASGIApp, routes: Sequence[APIRoute]) -> None:
        self.app = app
        self._routes: dict[str, list[tuple[APIRoute, Plain | None]]] = {}
        for route in routes:
            if "GET" in (route.methods or ()):
                self._routes.setdefault(beginning(route.path), []).append((route, Plain.of(route)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(scope, receive) if scope["type"] == "http" and _asks(scope) else None
        await (self.app if response is None else response)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response | None:
        for route, plain in self._routes.get(beginning(scope["path"]), ()):
            match, found = route.matches(scope)
            if match is Match.FULL:
                if plain is None or (values := plain.values(found["path_params"], scope["query_string"])) is None:
                    return None
                try:
                    response = await plain.ask(Request({**scope, **found}, receive), values)
                except Exception:
                    return None
                scope["route"] = route
                return response
        return None


def _asks(scope: Scope) -> bool:
    """A GET with a tag, without a body, of an address that the door does not refuse by its characters."""
    knows = False
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            knows = True
        elif name in _BODY and value != b"0":
            return False
    return knows and scope["method"] == "GET" and not CONTROL.search(scope["path"])


class Plain:
    """What a route takes whose answer depends on its address, on `expand` and on who comes through its door alone."""

    def __init__(self, route: APIRoute, name: str, door: ReadingDoor) -> None:
        self._endpoint = route.endpoint
        self._name = name
        self._door = door
        self._path = route.dependant.path_params
        self._expand = next((one for one in route.dependant.query_params if one.alias == "expand"), None)

    @classmethod
    def of(cls, route: APIRoute) -> Plain | None:
        takes = route.dependant
        others = (
            takes.header_params,
            takes.cookie_params,
            takes.body_params,
            takes.request_param_name,
            takes.response_param_name,
        )
        asked_for = any(one.field_info.is_required() for one in takes.query_params)
        if any(others) or asked_for or len(takes.dependencies) != 1 or not takes.path_params:
            return None
        (door,) = takes.dependencies
        if not isinstance(door.call, ReadingDoor) or get_type_hints(route.endpoint).get("return") is not Response:
            return None
        assert door.name is not None
        return cls(route, door.name, door.call)

    def values(self, path: dict[str, Any], query: bytes) -> dict[str, Any] | None:
        """What the endpoint is called with; None where FastAPI has to look, or to refuse."""
        given = [(field, path[field.alias]) for field in self._path]
        if query:
            match = _EXPAND.fullmatch(query)
            if match is None or self._expand is None:
                return None
            given.append((self._expand, match[1].decode()))
        values = {}
        for field, text in given:
            value, errors = field.validate(text, {}, loc=())
            if errors:
                return None
            values[field.name] = value
        return values

    async def ask(self, request: Request, values: dict[str, Any]) -> Response:
        async with self._door.opened(request) as reading:
            response: Response = await self._endpoint(**{self._name: reading}, **values)
            return response
