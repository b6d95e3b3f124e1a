"""The API as a process: its replies get lost, it is killed and it is told to end, and what it said was kept is kept."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from programme.database import asyncpg_url
from tests import oracle
from tests.faults.service import an_api
from tests.faults.wires import before_a_port, before_postgres
from tests.world import World, legal_code


def new() -> dict[str, Any]:
    return {"legal_code": legal_code(), "name": "Salako namai", "kind": "ngo", "municipality": "LT-57"}


async def count(url: str, table: str) -> int:
    connection = await asyncpg.connect(asyncpg_url(url))
    found: int = await connection.fetchval(f"select count(*) from {table}")
    await connection.close()
    return found


async def test_a_lost_reply_is_given_again_and_a_told_end_loses_none(
    racing_world: World, clone_url: str, tmp_path: Path
) -> None:
    coordinator = await racing_world.caller("coordinator")
    headers = {"Authorization": f"Bearer {coordinator.key}", "Idempotency-Key": "once"}
    body = new()
    async with an_api(tmp_path, clone_url) as (api, port):
        async with before_a_port(port) as (wire, through), httpx2.AsyncClient() as http:
            address = f"http://127.0.0.1:{through}/v1/organisations"
            wire.lose_reply_to = b"POST /v1/organisations"
            with pytest.raises(httpx2.TransportError):
                await http.post(address, json=body, headers=headers)
            assert wire.lost.is_set()
            again = await http.post(address, json=body, headers=headers)
        assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
        assert again.headers["location"] == f"/v1/organisations/{again.json()['id']}"
        assert await count(clone_url, "organisation") == 1

        answers: list[int] = []
        refused = 0

        async def write(http: httpx2.AsyncClient, number: int) -> None:
            """Until nobody listens any more. A connection that nobody had taken up yet is reset: the count below tells
            that no request was carried out without its answer."""
            nonlocal refused
            while not refused:
                try:
                    own = {**headers, "Idempotency-Key": f"{number}-{len(answers)}", "Connection": "close"}
                    answer = await http.post(f"http://127.0.0.1:{port}/v1/organisations", json=new(), headers=own)
                except httpx2.TransportError:
                    refused += 1
                else:
                    answers.append(answer.status_code)

        async with httpx2.AsyncClient() as http:
            writers = [asyncio.create_task(write(http, number)) for number in range(8)]
            while len(answers) < 20:
                await asyncio.sleep(0.05)
            assert await api.end() < 15
            await asyncio.gather(*writers)
    assert Counter(answers) == {201: len(answers)}
    assert refused
    assert await count(clone_url, "organisation") == len(answers) + 1
    await oracle.check(racing_world.database)


async def test_killed_between_the_commit_and_the_reply_it_has_done_it_once(
    racing_world: World, clone_url: str, tmp_path: Path
) -> None:
    coordinator = await racing_world.caller("coordinator")
    headers = {"Authorization": f"Bearer {coordinator.key}", "Idempotency-Key": "once"}
    body = new()
    with tempfile.TemporaryDirectory(prefix="kw-") as folder:
        async with (
            before_postgres(asyncpg_url(clone_url), Path(folder)) as (wire, url),
            an_api(tmp_path, url) as (api, port),
            httpx2.AsyncClient() as http,
        ):
            wire.lose_reply_to, wire.holding = b"COMMIT;", True
            asked = asyncio.create_task(
                http.post(f"http://127.0.0.1:{port}/v1/organisations", json=body, headers=headers)
            )
            await asyncio.wait_for(wire.lost.wait(), 10)
            api.kill()
            with pytest.raises(httpx2.TransportError):
                await asked
    assert await count(clone_url, "organisation") == 1
    again = await coordinator.post("/v1/organisations", body, headers={"Idempotency-Key": "once"})
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert await count(clone_url, "organisation") == 1
    await oracle.check(racing_world.database)
