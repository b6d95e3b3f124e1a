"""The service: its routes, its doors' surroundings, and what it says of itself."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from api import development, directory, documents, openapi, problems, verification
from api.access.oidc import Issuer, Issuers
from api.access.tokens import Tokens
from api.cursors import Cursors
from api.feed import ENDING, Pulse
from api.known import ShortWay
from api.limits import Limits
from api.middleware import Surroundings
from api.routes import ROUTERS, ROUTES
from api.strict_json import LARGEST
from programme.database import Database
from programme.settings import Settings, SettingsError, load


class Service(FastAPI):
    """FastAPI, with what surrounds every request outside of everything else, its limit of the body included."""

    def build_middleware_stack(self) -> ASGIApp:
        app = ShortWay(super().build_middleware_stack(), ROUTES)
        return Surroundings(app, self.state.settings, self.state.limits)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The ASGI application. The database is opened when the server starts, from `KOKYBE_DATABASE_URL`."""
    settings = settings or load()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.database_url is None:
            raise SettingsError("KOKYBE_DATABASE_URL is not set: `kokybe dev` starts a server of its own")
        limits: Limits = app.state.limits
        async with Database.open(settings, settings.database_url) as database, limits.shared(settings.redis_url):
            app.state.database = database
            yield

    app = Service(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # its question at each request who would listen
        max_body_size=LARGEST,
        generate_unique_id_function=lambda route: route.name,
        separate_input_output_schemas=False,
        **openapi.ABOUT,
    )
    app.state.settings = settings
    app.state.cursors = Cursors(settings.secret)
    app.state.tokens = Tokens(settings.secret)
    issuers = [Issuer(url) for url in settings.oidc_issuer]
    if settings.environment != "production":
        issuers.append(development.install(app, settings))
    app.state.issuers = Issuers(settings.audience, *issuers)
    app.state.limits = Limits(settings)
    app.state.pulse = Pulse(os.environ.get(ENDING))
    problems.install(app)
    directory.install(app)
    for router in ROUTERS:
        app.include_router(router)
    openapi.install(app)
    documents.install(app, problems=problems.catalogue())
    verification.install(app)
    return app
