"""Several changes in one request, as they cross the wire: what becomes of one, and what of the others then."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from schemas.base import Answer
from schemas.problem import Problem


class Atomicity(StrEnum):
    """`all`: everything is kept, or nothing where one item is refused (422). `item`: each is kept or refused by
    itself."""

    ALL = "all"
    ITEM = "item"


class BulkResult(Answer):
    """What became of one item."""

    status: int = Field(
        description="As the item would have been answered alone; 424 where it was not kept because another was refused.",
        examples=[201],
    )
    etag: str | None = Field(description="What a next change takes in `If-Match`.", examples=['"1.8c3f2a6b4d1e9075"'])
    version: int | None = Field(description="The same as a number, for a next request of several.", examples=[1])
    problem: Problem | None = Field(description="Why it was refused.")
