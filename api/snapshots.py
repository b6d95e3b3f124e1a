"""A whole list as NDJSON, as it was at one moment, and where the feed stood then: what a copy begins with."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.cursors import FEED, Cursors
from api.deps import Reading
from programme.database import Connection
from programme.lending import ONE_MOMENT
from programme.queries import events as query
from programme.queries.views import Statement

MEDIA_TYPE: Final = "application/x-ndjson"

ROWS: Final = 1000
"""What is in memory at a time."""

PATIENCE: Final = "60s"
"""How long the reader may leave us waiting before the database ends the transaction."""


class Snapshot(Response):
    """One line for each item. All lines are of one moment, which is that of a transaction of its own: it lasts as long as
    the reading of the answer, holds nobody up and has no more than `ROWS` lines in memory. Where the feed stood is told
    to those who may read it."""

    media_type = MEDIA_TYPE

    def __init__(
        self, door: Reading, statement: Statement, given: Mapping[str, Any], headers: Mapping[str, str]
    ) -> None:
        super().__init__(headers=headers)
        self.door, self.statement, self.given = door, statement, given

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self.door.anew(ONE_MOMENT) as door:
            await door.connection.execute(f"set local idle_in_transaction_session_timeout = '{PATIENCE}'")
            headers = dict(self.headers)
            del headers["content-length"]
            if door.caller.actor.may("events.read"):
                cursors: Cursors = door.request.app.state.cursors
                headers["Feed-Cursor"] = cursors.seal(await query.place_of(door.connection, query.HERE), FEED)
            lines = self._lines(door.connection)
            await StreamingResponse(lines, headers=headers, media_type=self.media_type)(scope, receive, send)

    async def _lines(self, connection: Connection) -> AsyncIterator[bytes]:
        lines = self.beginning()
        async for row in connection.cursor(self.statement.sql, *self.statement.values(self.given), prefetch=ROWS):
            lines.append(self.line(row["body"]))
            if len(lines) >= ROWS:
                yield ("\n".join(lines) + "\n").encode()
                lines.clear()
        if lines:
            yield ("\n".join(lines) + "\n").encode()

    def beginning(self) -> list[str]:
        return []

    def line(self, body: str) -> str:
        """One item, of which the body is JSON. PostgreSQL puts the members of a list on lines of their own; in JSON a break
        of line is never anything but that."""
        return body.replace("\n", "")


class Table(Snapshot):
    """The same as CSV (RFC 4180), with a line of names first. `columns`: each with what stands in it."""

    media_type = "text/csv; charset=utf-8; header=present"
    columns: ClassVar[Mapping[str, Callable[[dict[str, Any]], Any]]] = {}

    def beginning(self) -> list[str]:
        return [_row(self.columns)]

    def line(self, body: str) -> str:
        item = json.loads(body)
        return _row(plain_cell(cell(item)) for cell in self.columns.values())


def wanted(request: Request, table: type[Table] | None) -> type[Snapshot] | None:
    """What the caller accepts in the place of a page."""
    accepted = request.headers.get("accept", "")
    if MEDIA_TYPE in accepted:
        return Snapshot
    return table if "text/csv" in accepted else None


def _row(cells: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


_FORMULA = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def plain_cell(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
