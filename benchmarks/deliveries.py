"""Webhooks: how many one worker delivers to a receiver on this machine, beside plain httpx that only posts."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter, process_time
from uuid import UUID, uuid4

import asyncpg
import httpx

from benchmarks.house import Filled, say
from benchmarks.paths import Bench
from benchmarks.report import Figure
from programme.database import asyncpg_url
from programme.outbound.webhooks import networks, sending
from programme.sealing import Seal
from programme.services import webhooks
from worker.jobs.relay import IN_FLIGHT, Relay

ENDPOINTS = 20
NETS = networks(["127.0.0.0/8"])
BODY = b'{"type":"certificate.granted","data":' + b'"%s"}' % (b"x" * 700)

SET_UP = """
with place as (select era, xact, seq from event order by era desc, xact desc, seq desc offset $1 limit 1)
update webhook_place set era = place.era, xact = place.xact, seq = place.seq from place
"""


def deliveries(bench: Bench) -> None:
    """Deliveries by the relay, with all its bookkeeping, against requests of plain httpx."""
    filled = bench.house.filled(bench.size.divided(10))
    with _receiver() as port:
        asyncio.run(_deliveries(bench, filled, port))


async def _deliveries(bench: Bench, filled: Filled, port: int) -> None:
    events = max(bench.requests // 4, 10)
    url = f"http://127.0.0.1:{port}/"
    ours, plain, cpu = [], [], []
    connection = await asyncpg.connect(asyncpg_url(filled.url))
    owner = await connection.fetchval("select id from client where role = 'coordinator' limit 1")
    for _ in range(bench.rounds):
        plain.append(await _plain(url, events * ENDPOINTS // 4))
        rate, each = await _ours(bench, filled, connection, owner, url, events)
        ours.append(rate)
        cpu.append(each)
    await connection.close()
    say(f"relay {median(ours):.0f}/s ({median(cpu):.0f} µs of the process each), plain httpx {median(plain):.0f}/s")
    ratios = [one / other for one, other in zip(ours, plain, strict=True)]
    bench.report.figures += [
        Figure("webhook deliveries a second from one worker", median(ours)),
        Figure("… requests a second of plain httpx", median(plain)),
        Figure("webhook deliveries against plain httpx", median(ratios), "×", at_least=3),
    ]


async def _plain(url: str, count: int) -> float:
    """Requests a second with as many at once as the relay has."""
    left = iter(range(count))
    began = perf_counter()
    async with httpx.AsyncClient() as client:

        async def post() -> None:
            for _ in left:
                await client.post(url, content=BODY)

        await asyncio.gather(*(post() for _ in range(ENDPOINTS * IN_FLIGHT)))
    return count / (perf_counter() - began)


async def _ours(
    bench: Bench, filled: Filled, connection: asyncpg.Connection, owner: UUID, url: str, events: int
) -> tuple[float, float]:
    """Deliveries a second from the event to the settled row, and the process's CPU microseconds for each."""
    seal = Seal(b"of the benchmark", webhooks.PURPOSE)
    await connection.execute("delete from webhook_endpoint")
    await connection.execute(SET_UP, events)
    for n in range(ENDPOINTS):
        endpoint_id = uuid4()
        sealed = seal.close(webhooks.new_secret().encode(), str(endpoint_id))
        await connection.execute(
            "insert into webhook_endpoint (id, client_id, url, state, secret) values ($1, $2, $3, 'enabled', $4)",
            endpoint_id, owner, f"{url}{n}", sealed,
        )  # fmt: skip
    left = "select count(*) filter (where state <> 'delivered'), count(*) from webhook_delivery"
    async with bench.house.database(filled.url) as database, sending(NETS) as sender:
        relay = Relay(database, sender, seal, 1.0)
        began, cpu = perf_counter(), process_time()
        while True:
            busy = await relay.look()
            await relay.rest(0 if busy else 0.01)
            if not relay.lanes and not busy:
                pending, made = await connection.fetchrow(left)
                if made >= events * ENDPOINTS and not pending:
                    break
        return made / (perf_counter() - began), (process_time() - cpu) / made * 1e6


@contextmanager
def _receiver() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.receiver"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
