"""The router of one resource. Each route that is tried before the right one costs some microseconds, twice: a router
none of whose addresses begins like the request's is passed by at once."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope

from api.units import UnitRoute


class Prefixed(APIRouter):
    """Routes whose paths all begin with `prefix`, or one of `beginnings`."""

    def __init__(self, prefix: str, *, beginnings: tuple[str, ...] = (), **more: Any) -> None:
        super().__init__(prefix=prefix, **more)
        self.beginnings = beginnings or (prefix,)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if not scope["path"].startswith(self.beginnings):
            return Match.NONE, {}
        return super().matches(scope)


class Resource(Prefixed):
    """Routes under one prefix and one tag, each a unit of work, their bodies read strictly."""

    def __init__(self, prefix: str, tag: str, **more: Any) -> None:
        super().__init__(prefix, tags=[tag], route_class=UnitRoute, **more)
