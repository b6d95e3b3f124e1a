"""Deliveries: none lost, none after success, none to whom it is not for, whatever the receiver does."""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from redis.asyncio import Redis
from standardwebhooks import Webhook, WebhookVerificationError

from api.app import create_app
from programme.database import Database, asyncpg_url
from programme.outbound import webhooks as outbound
from programme.outbound.webhooks import Message, Sender, networks, sending
from programme.sealing import Seal
from programme.services import loading, webhooks
from programme.settings import Settings
from tests.faults.service import restart_at_once, running
from tests.feed import receiver as receivers
from tests.feed.conftest import Cluster
from tests.feed.receiver import receiving, status
from tests.soak import SOAK, sampled
from tests.world import Caller, World
from worker.jobs.relay import Relay

NETS = ("127.0.0.0/8",)
EVENTS = 5000 if SOAK else 60
ENDPOINTS = 20 if SOAK else 5


RESTARTED = 10 if SOAK else 2
"""Turns of the workers until the database restarts, too."""

AFTER_SUCCESS = """
select count(*) from webhook_attempt as taken join webhook_attempt as later using (delivery_id)
 where taken.status between 200 and 299 and later.number > taken.number
"""


@asynccontextmanager
async def a_world(settings: Settings, url: str) -> AsyncIterator[World]:
    """As `feed_world`, where webhooks may go to loopback."""
    app = create_app(settings.model_copy(update={"webhook_allowed_nets": NETS}))
    async with Database.open(settings, url, connections=20) as database, World.of(app, database) as made:
        yield made


@pytest.fixture
async def world(settings: Settings, feed_url: str) -> AsyncIterator[World]:
    async with a_world(settings, feed_url) as made:
        yield made


@asynccontextmanager
async def relaying(world: World, settings: Settings, scale: float = 0.01) -> AsyncIterator[Relay]:
    """The relay of a worker, at work until the end of the block."""
    async with sending(networks(NETS)) as sender:
        relay = Relay(world.database, sender, Seal(settings.secret, webhooks.PURPOSE), scale)

        async def work() -> None:
            while True:
                busy = await relay.look()
                await relay.rest(0 if busy else 0.02)

        task = asyncio.create_task(work())
        try:
            yield relay
        finally:
            task.cancel()
            await asyncio.wait([task])
            await relay.end()


async def until(condition: Any, what: str, seconds: float = 20) -> None:
    for _ in range(int(seconds / 0.02)):
        found = condition()
        if await found if asyncio.iscoroutine(found) else found:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{what} not within {seconds:g} s")


async def endpoint(caller: Caller, url: str, **more: Any) -> dict[str, Any]:
    made = await caller.post("/v1/webhook-endpoints", {"url": url, **more})
    assert made.status_code == 201, made.text
    return dict(made.json())


async def deliveries(caller: Caller, **asked: str) -> list[dict[str, Any]]:
    return list((await caller.get("/v1/webhook-deliveries", params={"limit": "200", **asked})).json()["items"])


async def test_an_event_arrives_as_the_feed_tells_it_signed_and_once(world: World, settings: Settings) -> None:
    coordinator = await world.caller("coordinator")
    async with receiving() as receiver, relaying(world, settings):
        made = await endpoint(coordinator, receiver.url, event_types=["organisation.registered"])
        home = await world.organisation()
        await until(lambda: receiver.got, "a delivery")
        await coordinator.change(f"/v1/organisations/{home['id']}", {"website": "https://namai.example"})
        await asyncio.sleep(0.3)

    assert len(receiver.got) == 1
    one = receiver.got[0]
    told = Webhook(made["secret"]).verify(one.body, one.headers)
    assert told == (await coordinator.get(f"/v1/events/{one.headers['webhook-id']}")).json()
    assert told["resource"]["id"] == home["id"]
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(one.body + b" ", one.headers)
    [delivered] = await deliveries(coordinator)
    assert (delivered["state"], delivered["message"]) == ("delivered", told)
    assert [attempt["status"] for attempt in delivered["attempts"]] == [204]
    assert "secret" not in (await coordinator.get(f"/v1/webhook-endpoints/{made['id']}")).json()


async def test_what_fails_is_tried_again_with_the_same_id_and_bytes(world: World, settings: Settings) -> None:
    coordinator = await world.caller("coordinator")
    async with receiving() as receiver, relaying(world, settings, 0.001):
        receiver.answers = [status(500), status(302, Location="http://127.0.0.1:1/"), status(400)]
        await endpoint(coordinator, receiver.url)
        await world.organisation()

        async def taken() -> bool:
            return [one["state"] for one in await deliveries(coordinator, type="organisation.registered")] == [
                "delivered"
            ]

        await until(taken, "success")
    [one] = await deliveries(coordinator, type="organisation.registered")
    tried = [got for got in receiver.got if got.headers["webhook-id"] == one["message_id"]]
    assert len({got.body for got in tried}) == 1
    assert [attempt["status"] for attempt in one["attempts"]][-1] == 204
    assert {got.headers["host"] for got in receiver.got} == {f"127.0.0.1:{receiver.port}"}
    statuses = [attempt["status"] for one in await deliveries(coordinator) for attempt in one["attempts"]]
    assert {500, 302, 400} <= set(statuses)


async def test_after_the_last_attempt_it_has_failed_and_is_sent_again_on_request(
    world: World, settings: Settings
) -> None:
    coordinator = await world.caller("coordinator")
    async with receiving(otherwise=status(500)) as receiver, relaying(world, settings, 0.000_001) as relay:
        relay.scale = 0.000_001
        made = await endpoint(coordinator, receiver.url, event_types=["organisation.registered"])
        async with world.at_work() as work:
            await (await work.connection()).execute("update webhook_endpoint set failing_since = null")
        monkey = webhooks.give_up
        try:
            webhooks.give_up = _never  # type: ignore[assignment]
            await world.organisation()

            async def failed() -> bool:
                return [one["state"] for one in await deliveries(coordinator)] == ["failed"]

            await until(failed, "the last attempt")
        finally:
            webhooks.give_up = monkey
        [one] = await deliveries(coordinator)
        assert len(one["attempts"]) == 10
        receiver.otherwise = None
        again = await coordinator.post(f"/v1/webhook-deliveries/{one['id']}/resend")
        assert again.status_code == 200, again.text
        await until(lambda: len(receiver.got) == 11, "the one after the last")
        await asyncio.sleep(0.2)
        [one] = await deliveries(coordinator, endpoint_id=made["id"])
        assert (one["state"], len(one["attempts"])) == ("delivered", 11)
        refused = await coordinator.post(f"/v1/webhook-deliveries/{one['id']}/resend")
        assert (refused.status_code, refused.json()["reasons"][0]["code"]) == (409, "already_delivered")


async def _never(*_: Any) -> None:
    """Nobody is given up."""


async def test_gone_disables_and_the_owner_is_told(world: World, settings: Settings) -> None:
    coordinator = await world.caller("coordinator")
    async with receiving(otherwise=status(410)) as receiver, relaying(world, settings):
        made = await endpoint(coordinator, receiver.url)
        await world.organisation()
        path = f"/v1/webhook-endpoints/{made['id']}"

        async def disabled() -> bool:
            return bool((await coordinator.get(path)).json()["state"] == "disabled")

        await until(disabled, "the end of it")
        seen = (await coordinator.get(path)).json()
        assert seen["disabled_for"] == "gone"
        told = (await coordinator.get("/v1/events?type=webhook_endpoint.disabled")).json()["items"]
        assert told[0]["resource"]["id"] == made["id"]
        assert told[0]["data"] == {"state": "disabled", "disabled_for": "gone"}

        receiver.otherwise = None
        before = len(receiver.got)
        await world.organisation()
        await asyncio.sleep(0.2)
        assert len(receiver.got) == before
        assert (await coordinator.move(path, "enable")).status_code == 200
        recovered = await coordinator.post(f"{path}/recover", {"since": "2020-01-01T00:00:00Z"})
        assert recovered.json()["deliveries"] >= 2

        async def all_taken() -> bool:
            return {one["state"] for one in await deliveries(coordinator)} == {"delivered"}

        await until(all_taken, "what was missed")


async def test_days_of_nothing_but_failures_disable(world: World, settings: Settings) -> None:
    coordinator = await world.caller("coordinator")
    async with receiving(otherwise=status(503)) as receiver, relaying(world, settings, 0.000_002):
        made = await endpoint(coordinator, receiver.url)
        await world.organisation()

        async def failing() -> bool:
            return (await coordinator.get(f"/v1/webhook-endpoints/{made['id']}")).json()["disabled_for"] == "failing"

        await until(failing, "the end of patience")


async def test_a_receivers_retry_after_is_heeded(world: World, settings: Settings) -> None:
    coordinator = await world.caller("coordinator")
    async with receiving(otherwise=status(429, Retry_After="3600")) as receiver, relaying(world, settings, 0.001):
        await endpoint(coordinator, receiver.url, event_types=["organisation.registered"])
        await world.organisation()
        await until(lambda: receiver.got, "a delivery")
        await asyncio.sleep(0.3)
        [one] = await deliveries(coordinator)
    ahead = datetime.fromisoformat(one["next_attempt_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < ahead <= timedelta(hours=1)
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (receivers.hang, "timeout"), (receivers.drip_headers, "timeout"), (receivers.drip_body, "timeout"),
        (receivers.reset, "connection"), (receivers.no_http, "connection"), (receivers.gzip_bomb, None),
        (receivers.endless, None),
    ],
    ids=lambda one: getattr(one, "__name__", str(one)),
)  # fmt: skip
async def test_whatever_a_receiver_does_costs_a_bounded_time_and_memory(
    answer: Any, error: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "DEADLINE", 0.6)
    async with receiving(otherwise=answer) as receiver, sending(networks(NETS)) as sender:
        outcome = await sender.post(a_message(receiver.url))
    assert (outcome.error, outcome.delivered) == (error, error is None)
    assert outcome.duration_ms < 2000


async def test_a_closed_port_and_an_unknown_name_are_failures() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    async with sending(networks(NETS)) as sender:
        assert (await sender.post(a_message(f"http://127.0.0.1:{port}/"))).error == "connection"
        assert (await sender.post(a_message("http://10.0.0.1/"))).error == "address_not_allowed"
        assert (await sender.post(a_message("https://nera.invalid/"))).error == "unknown_host"


def a_message(url: str) -> Message:
    return Message(str(uuid4()), url, b"{}", [webhooks.new_secret()])


class Flipping(AbstractResolver):
    """A name that means a public address and loopback in turn; now and then both at once."""

    def __init__(self, port: int) -> None:
        self.port, self.asked = port, 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        hosts = [["127.0.0.1"], ["::1", "127.0.0.1"], ["169.254.169.254"], ["::ffff:127.0.0.1"]][self.asked % 4]
        return [
            {"hostname": host, "host": one, "port": self.port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for one in hosts
        ]  # type: ignore[misc]

    async def close(self) -> None:
        """Nothing is held."""


async def test_a_name_that_flips_to_loopback_never_gets_a_connection() -> None:
    async with receiving() as receiver:
        flipping = Flipping(receiver.port)
        sender = Sender([], flipping)
        urls = ["https://apgaule.example.lt/", "https://apgaule.example.lt:8443/"]
        for n in range(1000):
            outcome = await sender.post(a_message(urls[n % 2]))
            assert outcome.error == "address_not_allowed"
        await sender.close()
        assert (receiver.connections, flipping.asked) == (0, 1000)


async def test_no_endpoint_is_made_where_none_may_be(world: World) -> None:
    coordinator = await world.caller("coordinator")
    for url in (
        "http://10.1.2.3/",
        "https://169.254.169.254/",
        "https://2130706433/",
        "https://ona:x@example.lt/",
        "x",
    ):
        answer = await coordinator.post("/v1/webhook-endpoints", {"url": url})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "address_not_allowed"), url
        assert url not in answer.text or len(url) == 1


async def test_an_organisation_is_told_of_itself_alone_and_only_what_it_watches(
    world: World, settings: Settings
) -> None:
    own, foreign = await world.organisation(), await world.organisation()
    provider = await world.caller("provider", own["id"])
    partner, coordinator = await world.caller("partner"), await world.caller("coordinator")
    for home in (own, foreign):
        await world.grant(partner, organisation_id=home["id"])
    async with receiving() as theirs, receiving() as watched, relaying(world, settings):
        await endpoint(provider, theirs.url)
        await endpoint(partner, watched.url, watch=[foreign["legal_code"]])
        for home in (own, foreign):
            await coordinator.change(f"/v1/organisations/{home['id']}", {"website": "https://namai.example"})
        await until(lambda: theirs.got and watched.got, "what is theirs")
        await asyncio.sleep(0.3)
    assert {json.loads(one.body)["organisation_id"] for one in theirs.got} <= {own["id"], None}
    assert {json.loads(one.body)["organisation_id"] for one in watched.got} == {foreign["id"]}
    assert await deliveries(provider) != await deliveries(partner)
    assert {one["endpoint_id"] for one in await deliveries(provider)}.isdisjoint(
        {one["endpoint_id"] for one in await deliveries(partner)}
    )


async def test_what_may_not_be_told_any_more_is_not_sent(world: World, settings: Settings) -> None:
    """The grant ends between the event and its delivery."""
    home = await world.organisation()
    partner, coordinator = await world.caller("partner"), await world.caller("coordinator")
    await world.grant(partner, organisation_id=home["id"])
    async with receiving() as receiver:
        await endpoint(partner, receiver.url)
        await coordinator.change(f"/v1/organisations/{home['id']}", {"website": "https://namai.example"})
        while await webhooks.fan_out(world.database):
            pass
        assert len(await deliveries(partner)) >= 1
        async with world.at_work() as work:
            await (await work.connection()).execute("delete from client_grant")
        async with relaying(world, settings):
            await asyncio.sleep(0.5)
    assert not [one for one in receiver.got if json.loads(one.body)["organisation_id"]]


async def test_a_rotated_secret_signs_along_for_a_day(world: World, settings: Settings) -> None:
    coordinator = await world.caller("coordinator")
    async with receiving() as receiver, relaying(world, settings):
        made = await endpoint(coordinator, receiver.url, event_types=["organisation.registered"])
        rotated = await coordinator.move(f"/v1/webhook-endpoints/{made['id']}", "rotate-secret")
        assert rotated.status_code == 200, rotated.text
        await world.organisation()
        await until(lambda: receiver.got, "a delivery")
    one = receiver.got[0]
    assert rotated.json()["secret"] != made["secret"]
    for secret in (made["secret"], rotated.json()["secret"]):
        Webhook(secret).verify(one.body, one.headers)
    assert len(one.headers["webhook-signature"].split(" ")) == 2


async def test_an_example_is_sent_on_request_and_a_secret_shown_once(world: World, settings: Settings) -> None:
    coordinator = await world.caller("coordinator")
    async with receiving() as receiver, relaying(world, settings):
        headers = {"Idempotency-Key": uuid4().hex}
        body = {"url": receiver.url, "event_types": ["certificate.granted"]}
        made = await coordinator.post("/v1/webhook-endpoints", body, headers=headers)
        again = await coordinator.post("/v1/webhook-endpoints", body, headers=headers)
        assert made.json()["secret"].startswith("whsec_")
        assert again.json() == made.json() | {"secret": None}
        path = f"/v1/webhook-endpoints/{made.json()['id']}"
        sent = await coordinator.post(f"{path}/send-example", {"type": "certificate.granted"})
        assert sent.status_code == 201, sent.text
        await until(lambda: receiver.got, "the example")
        assert Webhook(made.json()["secret"]).verify(receiver.got[0].body, receiver.got[0].headers)
        removed = await coordinator.request(
            "DELETE", path, headers={"If-Match": (await coordinator.get(path)).headers["etag"]}
        )
        assert removed.status_code == 204
        assert (await coordinator.get(path)).status_code == 404
        assert await deliveries(coordinator) == []


async def test_one_dead_endpoint_of_twenty_delays_the_others_by_less_than_two_seconds(
    world: World, settings: Settings
) -> None:
    """Twenty clients' endpoints, one of which hangs."""
    dead = await world.caller("coordinator", another=19)
    async with relaying(world, settings, 1.0), receiving() as alive, receiving(otherwise=receivers.hang) as hanging:
        for n in range(19):
            await endpoint(
                await world.caller("coordinator", another=n), alive.url, event_types=["organisation.registered"]
            )
        await endpoint(dead, hanging.url, event_types=["organisation.registered"])
        loop = asyncio.get_running_loop()
        late = []
        for n in range(5):
            await world.organisation()
            began = loop.time()
            await until(lambda n=n: len(alive.got) == 19 * (n + 1), "19 deliveries")
            late.append(loop.time() - began)
    assert max(late) < 2.0


@sampled
@pytest.mark.timeout(3000)
async def test_kills_flushes_and_restarts_lose_no_delivery(
    settings: Settings, durable: Cluster, tmp_path: Path
) -> None:
    """Workers die with -9 at random, the queue forgets and the database restarts, while events go out to all endpoints."""
    url = durable.url
    async with a_world(settings, url) as world, receiving() as receiver:
        await loading.load_catalogue(world.database)
        for n in range(ENDPOINTS):
            await endpoint(await world.caller("coordinator", another=n), receiver.url + f"/{n}")
        homes = [await world.organisation() for _ in range(10)]
        coordinator = await world.caller("coordinator")
        redis = Redis.from_url(os.environ["TEST_REDIS_URL"])
        own = {
            "database_url": url, "redis_url": os.environ["TEST_REDIS_URL"], "webhook_allowed_nets": NETS[0],
            "secret_key": "for tests only, not a secret at all", "webhook_retry_scale": "0.001",
        }  # fmt: skip
        written = 0

        async def write() -> None:
            nonlocal written
            while written < EVENTS:
                change = {"website": f"https://{written}.example"}
                done = await coordinator.change(f"/v1/organisations/{homes[written % 10]['id']}", change)
                assert done.status_code in (200, 503), done.text
                written += done.status_code == 200
                await asyncio.sleep(0 if SOAK else 0.03)  # so that a small number lasts for some turns

        writing, turns = asyncio.create_task(write()), 0
        while not writing.done():
            async with running("worker", tmp_path / "worker.log", **own) as process:
                await process.says("worker_started", times=turns + 1)
                await asyncio.sleep(random.uniform(0.3, 2.0))
                process.kill()
            await redis.flushall()
            if turns % RESTARTED == 0:
                restart_at_once(durable.instance)  # this test stands still meanwhile
            turns += 1
        await writing
        connection = await asyncpg.connect(asyncpg_url(url))
        if not SOAK:  # most of the time passes for which the killed hold their deliveries
            await connection.execute("update webhook_delivery set lease_until = lease_until - interval '20 seconds'")
        async with running("worker", tmp_path / "last.log", **own):

            async def all_delivered() -> bool:
                left = "select count(*) from webhook_delivery where state <> 'delivered'"
                behind = """select count(*) from event, webhook_place as place
                             where (event.era, event.xact, event.seq) > (place.era, place.xact, place.seq)"""
                return not await connection.fetchval(left) and not await connection.fetchval(behind)

            await until(all_delivered, "every delivery", 600 if SOAK else 60)
        changes = await connection.fetchval("select count(*) from event where type = 'organisation.amended'")
        made = await connection.fetchval("select count(*) from webhook_delivery where type = 'organisation.amended'")
        after_success = await connection.fetchval(AFTER_SUCCESS)
        await connection.close()
        await redis.aclose()
    # A change whose acknowledgment was lost was made, and was made again.
    assert changes >= EVENTS
    assert made == changes * ENDPOINTS
    assert after_success == 0
    arrived = Counter(one.headers["webhook-id"] for one in receiver.got if b'"organisation.amended"' in one.body)
    assert len(arrived) == changes
    assert min(arrived.values()) >= ENDPOINTS
    print(  # noqa: T201 - the figure of the soak
        f"{changes:,} events to {ENDPOINTS} endpoints, {turns} workers killed: {sum(arrived.values()):,} arrived",
        file=sys.stderr,
    )


async def test_recovering_takes_no_delivery_out_of_the_hands_of_who_is_at_it(world: World) -> None:
    coordinator = await world.caller("coordinator")
    made = await endpoint(coordinator, "https://pranesimai.example.lt/kokybe")
    await world.organisation()
    while await webhooks.fan_out(world.database):
        pass
    taken = """update webhook_delivery set lease_token = uuidv7(), lease_until = clock_timestamp() + interval '25 s'
               returning lease_token"""
    async with world.at_work() as work:
        tokens = [row["lease_token"] for row in await (await work.connection()).fetch(taken)]
    path = f"/v1/webhook-endpoints/{made['id']}/recover"
    assert (await coordinator.post(path, {"since": "2020-01-01T00:00:00Z"})).status_code == 200
    async with world.at_work() as work:
        held = await (await work.connection()).fetch("select lease_token from webhook_delivery")
    assert tokens
    assert set(tokens) <= {row["lease_token"] for row in held}


async def test_of_two_relays_each_delivery_is_made_by_one(world: World, settings: Settings) -> None:
    coordinator = await world.caller("coordinator")
    async with receiving() as receiver:
        await endpoint(coordinator, receiver.url)
        async with relaying(world, settings), relaying(world, settings):
            for _ in range(20):
                await world.organisation()

            async def all_taken() -> bool:
                made = await deliveries(coordinator, type="organisation.registered")
                return len(made) == 20 and {one["state"] for one in made} == {"delivered"}

            await until(all_taken, "twenty")
    arrived = Counter(one.headers["webhook-id"] for one in receiver.got)
    assert set(arrived.values()) == {1}
