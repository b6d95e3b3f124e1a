"""Operations that will end: announced in their answers, in the document, and long enough before.

Put an `Ending` among the route's dependencies: `dependencies=[Depends(Ending(...))]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from email.utils import format_datetime
from functools import cached_property
from typing import Final

from fastapi import Request

from programme.rules import calendar

NOTICE: Final = timedelta(days=365)
"""The least time between the announcement and the end."""


@dataclass(frozen=True)
class Ending:
    """`deprecated_on`: the day from which nobody should begin to use the operation. `sunset_on`: the first day on which it
    may be gone. `instead`: the address of what takes its place, or of a page that says what does."""

    deprecated_on: date
    sunset_on: date
    instead: str

    def __post_init__(self) -> None:
        if self.sunset_on - self.deprecated_on < NOTICE:
            raise ValueError("an ending is announced a year before")

    @cached_property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """`Deprecation` (RFC 9745), `Sunset` (RFC 8594), and a link to what takes its place."""
        since = int(calendar.day_begins_at(self.deprecated_on).timestamp())
        until = format_datetime(calendar.day_begins_at(self.sunset_on), usegmt=True)
        return (
            (b"deprecation", f"@{since}".encode()),
            (b"sunset", until.encode()),
            (b"link", f'<{self.instead}>; rel="successor-version"'.encode()),
        )

    async def __call__(self, request: Request) -> None:
        """Leaves the headers for whatever answer there will be, a problem too."""
        request.state.announced = self.headers
