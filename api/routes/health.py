"""/livez and /readyz: for operators and orchestrators."""

from __future__ import annotations

from fastapi import Request
from pydantic import Field

from api.resources import Resource
from programme.database import Database, newest_revision
from programme.errors import Unavailable
from schemas.base import Answer

router = Resource("", "operations")


class Alive(Answer):
    status: str = Field(examples=["ok"])


@router.get("/livez", response_model=Alive, summary="Is the process alive?")
async def get_livez() -> Alive:
    """Answers without looking at anything else."""
    return Alive(status="ok")


@router.get("/readyz", response_model=Alive, summary="Can it serve?")
async def get_readyz(request: Request) -> Alive:
    """200 where the database answers and its schema is the one that this release works with; else 503."""
    database: Database = request.app.state.database
    async with database.reading() as connection:
        revision = await connection.fetchval("select version_num from alembic_version")
    if revision != newest_revision():
        raise Unavailable
    return Alive(status="ok")
