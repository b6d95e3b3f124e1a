"""The relay: what happened becomes deliveries, and deliveries are posted. The rows are the queue; this only looks.

Each endpoint has a lane of its own, so that one which hangs holds up none but itself: a lane takes a batch under a token
that lapses, posts two at a time and settles them together. Nothing waits for the network while it holds a row. Whatever
kills it, the token lapses and the next one goes on.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import structlog

from programme.database import Database, is_passing
from programme.outbound.webhooks import Message, Outcome, Sender, networks, sending
from programme.queries import webhooks as query
from programme.retries import again
from programme.rules.webhooks import GIVEN_UP_AFTER, DisabledFor, next_wait
from programme.sealing import Seal
from programme.services import webhooks
from programme.settings import Settings
from programme.work import WORKER, begin, looking

log = structlog.get_logger()

TICK: Final = 0.5
"""Seconds between two looks when there is nothing to do."""

BATCH: Final = 100
"""Deliveries that a lane takes at once."""

IN_FLIGHT: Final = 2
"""Requests that one endpoint gets at a time."""

LEASE: Final = 25.0
"""Seconds for which a batch is taken. None of it is begun so late that its deadline lies beyond."""

BEGIN_WITHIN: Final = 8.0

LONGEST_PAUSE: Final = 60.0
"""Seconds for which an endpoint that takes nothing is left alone, at most; each delivery waits for itself besides."""


async def run(database: Database, settings: Settings) -> None:
    """Goes on until it is cancelled, then settles what it was at."""
    async with sending(networks(settings.webhook_allowed_nets)) as sender:
        relay = Relay(database, sender, Seal(settings.secret, webhooks.PURPOSE), settings.webhook_retry_scale)
        try:
            while True:
                try:
                    busy = await relay.look()
                except Exception as error:
                    if not is_passing(error):
                        raise
                    log.warning("relay_interrupted", error=type(error).__name__)
                    busy = False
                await relay.rest(0 if busy else TICK)
        finally:
            await relay.end()


class Relay:
    """`scale`: shortens the waits, for demonstrations and tests."""

    def __init__(self, database: Database, sender: Sender, seal: Seal, scale: float) -> None:
        self.database, self.sender, self.seal, self.scale = database, sender, seal, scale
        self.lanes: dict[UUID, asyncio.Task[None]] = {}
        self.paused: dict[UUID, float] = {}
        self.failures: dict[UUID, int] = {}
        self.ending = False

    async def look(self) -> bool:
        """Makes deliveries of what is new, and sets lanes going where some are due; whether there is more to do now."""
        async with looking(self.database) as connection:
            is_behind: bool = await connection.fetchval(query.NEWS)
        more = is_behind and await again(lambda: webhooks.fan_out(self.database))
        async with looking(self.database) as connection:
            due = [row["endpoint_id"] for row in await connection.fetch(query.DUE)]
        now = time.monotonic()
        for endpoint_id in due:
            if endpoint_id not in self.lanes and self.paused.get(endpoint_id, 0) <= now:
                self.lanes[endpoint_id] = asyncio.create_task(self._lane(endpoint_id))
        return more

    async def rest(self, seconds: float) -> None:
        """Until a lane has ended, or the time is over."""
        if self.lanes:
            await asyncio.wait(self.lanes.values(), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)

    async def end(self) -> None:
        """No delivery is begun any more; what is on its way is waited for."""
        self.ending = True
        if self.lanes:
            await asyncio.wait(self.lanes.values(), timeout=LEASE)

    async def _lane(self, endpoint_id: UUID) -> None:
        """Batches of one endpoint, one after the other, until none is due or one failed."""
        try:
            while not self.ending and await _Batch(self, endpoint_id).carried_out():
                pass
        except Exception as error:
            log.warning("lane_broken_off", error=type(error).__name__, endpoint_id=str(endpoint_id))
            self.paused[endpoint_id] = time.monotonic() + 1
        finally:
            del self.lanes[endpoint_id]

    def took(self, endpoint_id: UUID, *, something: bool) -> None:
        """Leaves an endpoint that takes nothing alone for a while, longer each time."""
        if something:
            self.failures.pop(endpoint_id, None)
            self.paused.pop(endpoint_id, None)
            return
        self.failures[endpoint_id] = failures = self.failures.get(endpoint_id, 0) + 1
        pause = min(2.0 ** min(failures - 1, 10), LONGEST_PAUSE) * self.scale
        self.paused[endpoint_id] = time.monotonic() + pause


class _Batch:
    """Deliveries of one endpoint under one token."""

    def __init__(self, relay: Relay, endpoint_id: UUID) -> None:
        self.relay, self.database, self.endpoint_id = relay, relay.database, endpoint_id
        self.token = uuid4()
        self.rows: deque[Any] = deque()
        self.secrets: list[str] = []
        self.settled: list[tuple[UUID, Outcome, timedelta | None]] = []
        self.failed = False

    async def carried_out(self) -> bool:
        """Whether all of it was taken, so that the next batch may follow."""
        self.rows.extend(await again(self._claim))
        if not self.rows:
            return False
        late = time.monotonic() + BEGIN_WITHIN
        try:
            sealed = filter(None, (self.rows[0]["secret"], self.rows[0]["earlier_secret"]))  # of the one endpoint
            self.secrets = [self.relay.seal.open(one, str(self.endpoint_id)).decode() for one in sealed]
            await asyncio.gather(*(self._post(late) for _ in range(IN_FLIGHT)))
        finally:
            await again(self._settle, repeatable=True)
        self.relay.took(self.endpoint_id, something=not self.failed)
        return not self.failed

    async def _claim(self) -> list[Any]:
        async with begin(self.database, WORKER) as work:
            connection = await work.connection()
            rows = await connection.fetch(query.CLAIM, self.endpoint_id, self.token, BATCH, LEASE)
            if not rows:
                return []
            happened = [row["message_id"] for row in rows if row["happened"]]
            told = await webhooks.still_told(connection, work.today, self.endpoint_id, happened)
            if told is None:  # its client has ended: nothing is said, nothing is lost
                await connection.execute(query.RELEASE, self.token)
                return []
            withheld = [row["id"] for row in rows if row["happened"] and row["message_id"] not in told]
            if withheld:
                await connection.execute(query.DROP, self.token, withheld)
            return [row for row in rows if row["id"] not in set(withheld)]

    async def _post(self, late: float) -> None:
        while self.rows and not self.failed and not self.relay.ending and time.monotonic() < late:
            row = self.rows.popleft()
            message = Message(str(row["message_id"]), row["url"], row["body"].encode(), self.secrets)
            outcome = await self.relay.sender.post(message)
            wait = None
            if not outcome.delivered:
                self.failed = True
                chance = random.random()  # noqa: S311 - no secret
                wait = next_wait(row["attempts"] + 1, chance, self.relay.scale, outcome.retry_after)
            self.settled.append((row["id"], outcome, wait))

    async def _settle(self) -> None:
        async with begin(self.database, WORKER) as work:
            connection = await work.connection()
            if self.settled:
                outcomes = [outcome for _, outcome, _ in self.settled]
                await connection.execute(
                    query.SETTLE,
                    self.token,
                    [delivery_id for delivery_id, _, _ in self.settled],
                    [outcome.delivered for outcome in outcomes],
                    [outcome.status for outcome in outcomes],
                    [outcome.error for outcome in outcomes],
                    [outcome.duration_ms for outcome in outcomes],
                    [None if wait is None else wait.total_seconds() for _, _, wait in self.settled],
                )
                any_taken = any(outcome.delivered for outcome in outcomes)
                await connection.execute(query.STANDING, self.endpoint_id, any_taken)
            await connection.execute(query.RELEASE, self.token)
            failing_s = await connection.fetchval(query.FAILING_FOR, self.endpoint_id)
        if any(outcome.status == 410 for _, outcome, _ in self.settled):
            await webhooks.give_up(self.database, self.endpoint_id, DisabledFor.GONE)
        elif failing_s is not None and failing_s > GIVEN_UP_AFTER.total_seconds() * self.relay.scale:
            await webhooks.give_up(self.database, self.endpoint_id, DisabledFor.FAILING)


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
