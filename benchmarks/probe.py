"""`python -m benchmarks.probe whole|bare`: the service with one more route, tried before all others and again after them.

The two do the same, so what differs between them is the search for the route alone. `bare` leaves out what surrounds
every request (`api.middleware`), so what differs between `whole` and `bare` is that alone.
"""

from __future__ import annotations

import sys

from fastapi import APIRouter, FastAPI
from granian import Granian
from granian.constants import Interfaces

from api.app import create_app
from programme.logs import configure
from programme.settings import load

FIRST, LAST = "/first-of-all", "/last-of-all"


def whole() -> FastAPI:
    settings = load()
    configure(settings)
    app = create_app(settings)
    first, last = APIRouter(), APIRouter()
    first.add_api_route(FIRST, _answer, name="first")
    last.add_api_route(LAST, _answer, name="last")
    app.include_router(first)
    app.router.routes.insert(1, app.router.routes.pop())  # behind the directory
    app.include_router(last)
    return app


def bare() -> FastAPI:
    app = whole()
    app.middleware_stack = FastAPI.build_middleware_stack(app)
    return app


async def _answer() -> dict[str, str]:
    return {"status": "ok"}


if __name__ == "__main__":
    settings = load()
    configure(settings)
    Granian(
        f"benchmarks.probe:{sys.argv[1]}",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        log_access=False,
    ).serve()
