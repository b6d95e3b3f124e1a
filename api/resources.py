"""The router of one resource, found by the beginning of its addresses (`api.directory`). Within it hot routes come first:
each that is tried before the right one costs some microseconds, twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from api.units import UnitRoute


class ResourceRoute(UnitRoute):
    """`taken`: addresses that fit this route's template and have routes of their own. They are no value of its parameter,
    whatever the method: `PUT …/ratings/bulk` is not the rating of a criterion `bulk`."""

    taken: tuple[re.Pattern[str], ...] = ()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child_scope = super().matches(scope)
        if match is not Match.NONE and any(address.match(scope["path"]) for address in self.taken):
            return Match.NONE, {}
        return match, child_scope


class Resource(APIRouter):
    """Routes under one prefix and one tag, each a unit of work, their bodies read strictly."""

    def __init__(self, prefix: str, tag: str, **more: Any) -> None:
        super().__init__(prefix=prefix, tags=[tag], route_class=ResourceRoute, **more)

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        super().add_api_route(path, endpoint, **more)
        *others, new = (route for route in self.routes if isinstance(route, ResourceRoute))
        for other in others:
            _set_apart(new, other)
            _set_apart(other, new)


def _set_apart(route: ResourceRoute, other: APIRoute) -> None:
    """Where the other's address is one that the route's template fits, and not the other way round, it is the other's."""
    if route.path_regex.match(other.path) and not other.path_regex.match(route.path):
        route.taken += (other.path_regex,)
