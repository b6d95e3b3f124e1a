"""The router of one resource. Each route that is tried before the right one costs some microseconds, twice: a router
whose prefix is not the request's is passed by at once."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope

from api.units import UnitRoute


class Resource(APIRouter):
    """Routes under one prefix and one tag, each a unit of work, their bodies read strictly."""

    def __init__(self, prefix: str, tag: str) -> None:
        super().__init__(prefix=prefix, tags=[tag], route_class=UnitRoute)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if not scope["path"].startswith(self.prefix):
            return Match.NONE, {}
        return super().matches(scope)
