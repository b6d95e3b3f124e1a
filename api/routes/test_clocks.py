"""/v1/test-clocks: clocks that stand still in worlds of their own, and are advanced by hand."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.queries.jobs import JOBS
from programme.queries.test_clocks import TEST_CLOCKS
from programme.services import test_clocks
from schemas import jobs
from schemas import test_clocks as wire
from schemas.base import Id, Nothing
from schemas.page import Page

router = Resource("/v1/test-clocks", "test-clocks")

Reader = Annotated[Reading, reads("test_clocks.read", sandboxed=False)]


@router.get("", response_model=Page[wire.TestClock], summary="List test clocks")
async def list_test_clocks(door: Reader, asked: Annotated[wire.TestClockQuery, Query()]) -> Response:
    """Test clocks, the newest first, also those that have ended."""
    return await answers.page(door, TEST_CLOCKS, asked, asked.filters("state"))


@router.post("", response_model=wire.TestClock, status_code=201, summary="Open a test clock")
async def open_test_clock(
    door: Annotated[Writing, writes("test_clocks.write", versioned=False, sandboxed=False)], body: wire.TestClockNew
) -> Response:
    """A clock that stands at a day until it is advanced, in a world of its own. That world has the programme's standards,
    lists, projects and auditors as they are now, and no organisation yet.

    Organisations registered with `test_clock_id`, and everything below them, live there alone. Changes find them by the
    ids that they name; whatever is read there is asked for with `test_clock=<id>`. The programme knows nothing of it:
    not its lists, totals, register, events or daily pass."""
    made = await test_clocks.open_clock(door.work, **body.model_dump())
    return await answers.changed(door, TEST_CLOCKS, made.id, status=201)


@router.get("/{test_clock_id}", response_model=wire.TestClock, summary="Read a test clock")
async def get_test_clock(door: Reader, test_clock_id: Id) -> Response:
    """One clock with the day in its world, and what the caller may do with it (`actions`)."""
    return await answers.single(door, TEST_CLOCKS, test_clock_id)


@router.post("/{test_clock_id}/advance", response_model=jobs.Job, status_code=202, summary="Advance a test clock")
async def advance_test_clock(
    door: Annotated[Writing, writes("test_clocks.advance", versioned="where_given", sandboxed=False)],
    test_clock_id: Id,
    body: wire.TestClockAdvance,
) -> Response:
    """Goes on to a day as a job, whose address is in `Location`. The daily pass of each day on the way is made in its
    world, and makes known there what time changes: notices, expiries, windows and overdue reports."""
    job = await test_clocks.advance(door.work, test_clock_id, **body.model_dump())
    await door.work.session.flush()
    return await answers.changed(door, JOBS, job.id, status=202)


@router.post("/{test_clock_id}/end", response_model=wire.TestClock, summary="End a test clock")
async def end_test_clock(
    door: Annotated[Writing, writes("test_clocks.end", versioned="where_given", sandboxed=False)],
    test_clock_id: Id,
    body: Nothing,
) -> Response:
    """Its world is left at once and removed soon after, with everything in it; its clients call no more. The clock
    itself stays on record."""
    await test_clocks.end(door.work, test_clock_id)
    return await answers.changed(door, TEST_CLOCKS, test_clock_id)
