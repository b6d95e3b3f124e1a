"""Test clocks as they cross the wire."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import Field

from programme.rules.test_clocks import State
from schemas.base import ActionRead, Answer, Body, Day, Line, Moment
from schemas.page import PageQuery, Several


class TestClockNew(Body):
    """A clock to open."""

    __test__ = False
    name: Line = Field(description="What it is for.", examples=["Trejų metų eiga"])
    today: Day = Field(description="The day that it shows until it is advanced.", examples=["2026-11-26"])


class TestClockAdvance(Body):
    """Where to advance it to."""

    __test__ = False
    to: Day = Field(description="The day to go on to: not before its present day, ten years ahead at most.",
                    examples=["2029-12-31"])  # fmt: skip


class TestClock(Answer):
    """A clock with a world of its own."""

    __test__ = False
    id: UUID
    name: str = Field(examples=["Trejų metų eiga"])
    started_on: date = Field(description="The day that it was opened at.", examples=["2026-11-26"])
    today: date = Field(description="The day in its world.", examples=["2026-11-26"])
    advancing_to: date | None = Field(description="Where it is being advanced to; null while it stands.")
    state: State
    job_id: UUID | None = Field(description="The job that advances it, or did so last.")
    created_at: Moment
    ended_at: Moment | None
    version: int
    actions: list[ActionRead] = Field(default=[], description="On single clocks; in lists with `include=actions`.")


class TestClockQuery(PageQuery):
    """Filters of the list of test clocks."""

    __test__ = False
    state: Several[State] | None = None
