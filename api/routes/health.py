"""/livez, /readyz and /metrics: for operators and orchestrators."""

from __future__ import annotations

from ipaddress import ip_address

from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api import metrics
from api.readiness import Readiness, readiness
from api.resources import Resource
from programme.database import Database
from programme.errors import NotFound
from schemas.base import Answer

router = Resource("", "operations")


class Alive(Answer):
    status: str = Field(examples=["ok"])


@router.get("/livez", response_model=Alive, summary="Is the process alive?")
async def get_livez() -> Alive:
    """Answers without looking at anything else."""
    return Alive(status="ok")


@router.get("/readyz", response_model=Readiness, summary="Can it serve?")
async def get_readyz(request: Request) -> Readiness:
    """503 where the database does not answer within two seconds, has not the schema of this release or other time zones;
    `checks` tells which. A silent worker or queue and clocks that differ are `degraded`: reads and writes go on."""
    database: Database = request.app.state.database
    return await readiness(database)


@router.get("/metrics", include_in_schema=False)
async def get_metrics(request: Request) -> Response:
    """For whoever connects from this machine or its private networks, not through a proxy. For others it is not there."""
    nearby = request.client is not None and ip_address(request.client.host).is_private
    if not nearby or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        raise NotFound
    return Response(await metrics.exposition(request.app.state.database), media_type=metrics.CONTENT_TYPE)
