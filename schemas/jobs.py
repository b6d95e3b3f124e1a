"""Jobs as they cross the wire."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import Field

from schemas.base import Answer, BilingualText, Moment


class JobState(StrEnum):
    """`queued`: it waits for a worker; `running`: one works on it; `done`, `failed`: nothing more comes of it."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Progress(Answer):
    """How far it is, in the steps of its kind: days for `test_clock.advance`."""

    done: int = Field(examples=[365])
    total: int = Field(examples=[1131])


class JobError(Answer):
    """Why it failed."""

    code: str = Field(examples=["job_broken"])
    message: BilingualText


class Job(Answer):
    """Work that takes longer than a request. It lives in the database: whatever happens to a worker, another goes on
    with it."""

    id: UUID
    kind: str = Field(description="What is done.", examples=["test_clock.advance"])
    state: JobState
    progress: Progress
    result: dict[str, Any] | None = Field(
        description="What came of it. `test_clock.advance`: the days, and what was made known by type of event.",
        examples=[{"from": "2026-11-26", "to": "2029-12-31", "days": 1131, "changes": {"certificate.expired": 1}}],
    )
    error: JobError | None
    test_clock_id: UUID | None = Field(description="The test clock that it is about.")
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    version: int
