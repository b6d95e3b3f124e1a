"""/v1/jobs: work that takes longer than a request."""

from __future__ import annotations

from typing import Annotated

from starlette.responses import Response

from api import answers
from api.deps import Reading, reads
from api.resources import Resource
from programme.queries.jobs import JOBS
from schemas import jobs as wire
from schemas.base import Id

router = Resource("/v1/jobs", "jobs")


@router.get("/{job_id}", response_model=wire.Job, summary="Read a job")
async def get_job(door: Annotated[Reading, reads("jobs.read", sandboxed=False)], job_id: Id) -> Response:
    """How far it is, and what came of it. Ask again every second or so while it is `queued` or `running`."""
    return await answers.single(door, JOBS, job_id)
