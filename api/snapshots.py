"""A whole list as NDJSON, as it was at one moment, and where the feed stood then: what a copy begins with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.cursors import FEED, Cursors
from api.deps import REPEATABLE_READ, Reading
from programme.database import Connection
from programme.queries import events as query
from programme.queries.views import Statement

MEDIA_TYPE: Final = "application/x-ndjson"

ROWS: Final = 1000
"""What is in memory at a time."""

PATIENCE: Final = "60s"
"""How long the reader may leave us waiting before the database ends the transaction."""


def wanted(request: Request) -> bool:
    return MEDIA_TYPE in request.headers.get("accept", "")


class Snapshot(Response):
    """One line for each item. All lines are of one moment, which is that of a transaction of its own: it lasts as long as
    the reading of the answer, holds nobody up and has no more than `ROWS` lines in memory."""

    def __init__(
        self, door: Reading, statement: Statement, given: Mapping[str, Any], headers: Mapping[str, str]
    ) -> None:
        super().__init__(headers=headers)
        self.door, self.statement, self.given = door, statement, given

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cursors: Cursors = self.door.request.app.state.cursors
        async with self.door.anew(REPEATABLE_READ) as door:
            await door.connection.execute(f"set local idle_in_transaction_session_timeout = '{PATIENCE}'")
            place = await query.place_of(door.connection, query.HERE)
            headers = {**self.headers, "Feed-Cursor": cursors.seal(place, FEED)}
            del headers["content-length"]
            lines = self._lines(door.connection)
            await StreamingResponse(lines, headers=headers, media_type=MEDIA_TYPE)(scope, receive, send)

    async def _lines(self, connection: Connection) -> AsyncIterator[bytes]:
        rows = connection.cursor(self.statement.sql, *self.statement.values(self.given), prefetch=ROWS)
        lines: list[str] = []
        async for row in rows:
            lines.append(row["body"])
            if len(lines) == ROWS:
                yield ("\n".join(lines) + "\n").encode()
                lines.clear()
        if lines:
            yield ("\n".join(lines) + "\n").encode()
