"""How often one may ask: requests a minute of a client, of its changes, and of an address that nobody stands behind.

Each process counts on its own and decides at once; a request never waits for Valkey. Four times a second the processes
add what they have counted to the common counters there, and learn what the others have. While Valkey is away or slow,
each process holds the limits by itself. A minute is the same one for all: the clock's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import time
from typing import Any, Final

import structlog
from limits.aio.storage import RedisStorage
from limits.aio.storage.redis.redispy import RedispyBridge
from limits.storage import storage_from_string

from programme.errors import Refusal
from programme.sentences import Sentence
from programme.settings import Settings

log = structlog.get_logger()

WINDOW: Final = 60
"""Seconds over which requests are counted."""

EXCHANGE: Final = 0.25
"""Seconds between two exchanges with Valkey."""

PATIENCE: Final = 0.5
"""Seconds that Valkey has for one command."""

PAUSE: Final = 1.0
"""Seconds after a failed exchange."""

TOO_MANY = Sentence(
    lt="Per daug užklausų. Bandykite po {seconds} s.", en="Too many requests. Try again in {seconds} s."
)


class TooMany(Refusal):
    """The quota of this minute is used up; `facts["seconds"]` says when the next one begins."""

    code = "rate_limited"
    title = Sentence(lt="Per daug užklausų", en="Too many requests")

    def __init__(self, seconds: int) -> None:
        super().__init__(TOO_MANY, facts={"seconds": seconds})


class Policy:
    """So many requests a minute, under the name that the headers give it."""

    def __init__(self, name: str, quota: int) -> None:
        self.name = name
        self.quota = quota
        self.header = f'"{name}";q={quota};w={WINDOW}'


class Counter:
    """What one caller has asked within the minute under one policy, as far as this process knows."""

    __slots__ = ("key", "policy", "unsent", "used")

    def __init__(self, policy: Policy, key: str) -> None:
        self.policy = policy
        self.key = key
        self.used = 0
        self.unsent = 0


class Limits:
    """Counts requests, and refuses those beyond the quota with `TooMany`. A refused request is not counted."""

    def __init__(self, settings: Settings) -> None:
        self.on = settings.rate_limits
        self._client = Policy("client", settings.rate_limit_client)
        self._writes = Policy("writes", settings.rate_limit_writes)
        self._address = Policy("address", settings.rate_limit_address)
        self._window = 0
        self._counters: dict[tuple[Policy, str], Counter] = {}
        self._unsent: list[Counter] = []

    def of_client(self, state: dict[str, Any], client_id: str, *, writes: bool) -> None:
        """Counts a request of a known client; `state` is the request's, and keeps what its answer tells."""
        if self.on:
            counters = [self._counter(self._client, client_id)]
            if writes:
                counters.append(self._counter(self._writes, client_id))
            self._count(state, counters)

    def of_address(self, state: dict[str, Any], address: str) -> None:
        """Counts a request of which no more is known than where it comes from."""
        if self.on:
            self._count(state, [self._counter(self._address, address)])

    def _counter(self, policy: Policy, who: str) -> Counter:
        window = int(time()) // WINDOW
        if window != self._window:
            self._window, self._counters, self._unsent = window, {}, []
        counter = self._counters.get((policy, who))
        if counter is None:
            counter = Counter(policy, f"kokybe:limit:{policy.name}:{who}:{window}")
            self._counters[policy, who] = counter
        return counter

    def _count(self, state: dict[str, Any], counters: list[Counter]) -> None:
        """Once for a request, however often it is begun anew."""
        if state.get("counted"):
            return
        state["limits"] = counters
        if any(counter.used >= counter.policy.quota for counter in counters):
            raise TooMany(_seconds_left())
        state["counted"] = True
        for counter in counters:
            if not counter.unsent:
                self._unsent.append(counter)
            counter.unsent += 1
            counter.used += 1

    @asynccontextmanager
    async def shared(self, redis_url: str | None) -> AsyncIterator[None]:
        """Within the block the counts are shared with the other processes through Valkey."""
        if redis_url is None or not self.on:
            yield
            return
        place = redis_url.replace("unix://", "redis+unix://", 1) if redis_url.startswith("unix://") else redis_url
        storage = storage_from_string(
            f"async+{place}", implementation="redispy", socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        )
        assert isinstance(storage, RedisStorage)
        assert isinstance(storage.bridge, RedispyBridge)
        task = asyncio.create_task(self._keep_exchanging(storage))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            await storage.bridge.storage.aclose()

    async def _keep_exchanging(self, storage: RedisStorage) -> None:
        away = False
        while True:
            await asyncio.sleep(PAUSE if away else EXCHANGE)
            try:
                await self.exchange(storage)
            except Exception as error:  # whatever it is, each process goes on by itself
                if not away:
                    log.warning("limits_not_shared", error=type(error).__name__)
                away = True
            else:
                if away:
                    log.info("limits_shared_again")
                away = False

    async def exchange(self, storage: RedisStorage) -> None:
        """Sends what was counted since the last time, and takes over what all have counted.

        What is sent counts as arrived: after a lost reply nobody knows, and counting twice would refuse the innocent.
        Valkey may forget, so that only a higher count is believed.
        """
        counters, self._unsent = self._unsent, []
        for counter in counters:
            amount, counter.unsent = counter.unsent, 0
            total = await storage.incr(counter.key, 2 * WINDOW, amount)
            counter.used = max(counter.used, total + counter.unsent)


def headers(counters: list[Counter]) -> list[tuple[bytes, bytes]]:
    """`RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10."""
    seconds = _seconds_left()
    left = ", ".join(f'"{one.policy.name}";r={max(one.policy.quota - one.used, 0)};t={seconds}' for one in counters)
    policies = ", ".join(one.policy.header for one in counters)
    return [(b"ratelimit", left.encode()), (b"ratelimit-policy", policies.encode())]


def _seconds_left() -> int:
    return WINDOW - int(time()) % WINDOW
