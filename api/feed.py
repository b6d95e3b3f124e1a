"""The feed page by page and as a stream. A cursor says where its holder stands in the order of all events, sealed, so
that it tells nothing of what they may not know; it belongs to no caller and no filter."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import asyncpg
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.answers import plain, private
from api.cursors import FEED, Cursors
from api.deps import Reading
from programme.database import Database
from programme.errors import Refusal
from programme.queries import events as query
from programme.queries import views
from programme.queries.events import START, Place
from programme.rules.events import readable
from programme.work import looking

TICK: Final = 1.0
"""Seconds between two looks at whether there is something new, once for all streams of the process."""

BATCH: Final = 200
"""Events that a stream reads at once."""

KEEP_ALIVE: Final = 15.0
"""Seconds of silence after which a stream asks anew who listens, and says that it is still there."""

ENDING: Final = "KOKYBE_ENDING"
"""Where `api.__main__` tells its processes what file stands for the server's end."""

LONGEST: Final = 300.0
"""Seconds after which a stream ends, so that none outlives a deployment; its reader connects again by itself."""


def place(door: Reading, after: str | None) -> Place:
    """Where to read on: behind `after`, or in a stream that was broken off behind the last event that came."""
    cursor = after
    if cursor is None and wants_stream(door.request):
        cursor = door.request.headers.get("last-event-id")
    cursors: Cursors = door.request.app.state.cursors
    return START if cursor is None else Place(*cursors.open(cursor, FEED))


def sealed(request: Request, where: Place) -> str:
    cursors: Cursors = request.app.state.cursors
    return cursors.seal(where, FEED)


def wants_stream(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "")


async def _behind(door: Reading, filters: Mapping[str, Any], where: Place, limit: int) -> list[Any]:
    caller = door.caller
    statement = query.feed_statement(frozenset(filters), caller.sight.sees, limit)
    given = {**filters, **caller.sight.values, "readable": readable(caller.actor.may)}
    return await views.rows(door.connection, statement, era=where.era, xact=str(where.xact), seq=where.seq, **given)


def _place_of(row: Mapping[str, Any]) -> Place:
    return Place(row["era"], int(row["xact"]), row["seq"])


async def page(door: Reading, filters: Mapping[str, Any], where: Place, limit: int) -> Response:
    rows = await _behind(door, filters, where, limit + 1)
    has_more = len(rows) > limit
    rows = rows[:limit]
    reached = _place_of(rows[-1]) if rows else where
    cursor = sealed(door.request, reached)
    body = (
        f'{{"items":[{",".join(row["body"] for row in rows)}],"next_cursor":{json.dumps(cursor)},'
        f'"has_more":{json.dumps(has_more)}}}'
    )
    return plain(door, body)


class Stream(Response):
    """Server-sent events for as long as somebody listens. Between two looks it holds no connection and no transaction,
    and who calls is asked anew each time: a key that was revoked meanwhile ends it, within `KEEP_ALIVE`."""

    def __init__(self, door: Reading, filters: Mapping[str, Any], where: Place) -> None:
        super().__init__()
        self.door, self.filters, self.where = door, filters, where
        self.request = door.request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {**private(self.door.caller), "X-Accel-Buffering": "no"}
        await EventSourceResponse(self._events(), headers=headers)(scope, receive, send)

    async def _events(self) -> AsyncIterator[bytes]:
        pulse: Pulse = self.request.app.state.pulse
        loop = asyncio.get_running_loop()
        ends = loop.time() + LONGEST
        yield format_sse_event(retry=1000)
        # Whatever ends it, a key that was revoked or a database that is away, is told when its reader connects again.
        with (
            pulse.felt(self.request.app.state.database),
            suppress(Refusal, asyncpg.PostgresError, asyncpg.InterfaceError, OSError),
        ):
            while loop.time() < ends and not pulse.is_ending:
                newest = pulse.newest
                async with self.door.anew() as door:
                    rows = await _behind(door, self.filters, self.where, BATCH)
                for row in rows:
                    self.where = _place_of(row)
                    yield format_sse_event(data_str=row["body"], event=row["type"], id=sealed(self.request, self.where))
                if len(rows) < BATCH and not await pulse.moves_on(newest, KEEP_ALIVE):
                    yield KEEPALIVE_COMMENT


class Pulse:
    """Where the feed ends, looked up once a second for all streams of the process, and only while there are any.

    `ending`: a file that is there once the server was told to end. It waits for what is still being answered, and would
    wait for streams too.
    """

    def __init__(self, ending: str | None) -> None:
        self.newest = START
        self.is_ending = False
        self._ending = Path(ending) if ending else None
        self._streams = 0
        self._beating: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()

    @contextmanager
    def felt(self, database: Database) -> Iterator[None]:
        self._streams += 1
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat(database))
        try:
            yield
        finally:
            self._streams -= 1
            if not self._streams and self._beating is not None:
                self._beating.cancel()
                self._beating = None

    async def moves_on(self, seen: Place, within: float) -> bool:
        """Whether, within so many seconds, there is something new in the feed, or the server is to end."""
        try:
            async with asyncio.timeout(within), self._changed:
                await self._changed.wait_for(lambda: self.is_ending or self.newest != seen)
        except TimeoutError:
            return False
        return True

    async def _beat(self, database: Database) -> None:
        while True:
            newest = self.newest
            self.is_ending = self._ending is not None and self._ending.exists()
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                async with looking(database) as connection:
                    newest = await query.place_of(connection, query.NEWEST)
            if self.is_ending or newest != self.newest:
                async with self._changed:
                    self.newest = newest
                    self._changed.notify_all()
            await asyncio.sleep(TICK)
