"""Who calls is known by the key alone, at this very moment; what is refused says nothing of what exists."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.world import Caller, World


async def asked(world: World, authorization: str | None) -> httpx2.Response:
    headers = {"Accept-Language": "en"} | ({"Authorization": authorization} if authorization is not None else {})
    return await world.nobody.get("/v1/me", headers=headers)


def code_of(answer: httpx2.Response) -> str:
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="kokybe"'
    return str(answer.json()["code"])


async def changed(world: World, statement: str, *given: Any) -> Any:
    async with world.at_work() as work:
        return await (await work.connection()).fetchval(statement, *given)


def parts(caller: Caller) -> tuple[str, str]:
    assert caller.key is not None
    _, key, secret = caller.key.split("_", 2)
    return key, secret


async def test_without_a_key_the_caller_is_told_where_to_put_it(world: World) -> None:
    for nothing in (None, ""):
        answer = await asked(world, nothing)
        assert code_of(answer) == "unauthenticated"
        assert answer.json()["detail"] == "Give your key in the header Authorization: Bearer kk_…"


async def test_a_key_is_who_it_was_given_to(world: World) -> None:
    coordinator = await world.caller("coordinator")
    for scheme in ("Bearer", "bearer", "BEARER"):
        me = (await asked(world, f"{scheme} {coordinator.key}")).json()
        assert (me["client_id"], me["role"], me["name"]) == (coordinator.client_id, "coordinator", "coordinator 0")
        assert me["organisation_id"] is None
    home = await world.organisation()
    provider = await world.caller("provider", home["id"])
    me = (await asked(world, f"Bearer {provider.key}")).json()
    assert (me["client_id"], me["role"], me["organisation_id"]) == (provider.client_id, "provider", home["id"])


@pytest.mark.parametrize(
    "shape",
    [
        "{key}", "Basic {key}", "Bearer", "Bearer ", "Bearer  {key}", "Bearer {key} ", "Bearer {key}A", "Bearer {shorter}",
        "Bearer {capital}", "Bearer kk__{secret}", "Bearer {id}_{secret}", "Bearer kk_{id}", "Bearer {key} {key}",
        "Bearer kk_{id}_{secret}=",
    ],
)  # fmt: skip
async def test_what_has_not_the_form_of_a_key_is_not_looked_up(world: World, shape: str) -> None:
    caller = await world.caller("coordinator")
    key, secret = parts(caller)
    words = {
        "key": caller.key, "shorter": str(caller.key)[:-1], "capital": f"kk_{key.upper()}_{secret}", "id": key,
        "secret": secret,
    }  # fmt: skip
    if words["capital"] == caller.key:
        words["capital"] = f"KK_{key}_{secret}"
    answer = await asked(world, shape.format(**words))
    assert code_of(answer) == "invalid_credential"
    assert answer.json()["detail"] == "The key or token is not known, has expired or was revoked."


async def test_the_wrong_secret_of_a_known_key_and_an_unknown_key_look_alike(world: World) -> None:
    one, other = await world.caller("coordinator"), await world.caller("awarder")
    (key, secret), (_, foreign) = parts(one), parts(other)
    last = "A" if secret[-1] != "A" else "B"
    refused = [
        await asked(world, f"Bearer kk_{key}_{foreign}"),
        await asked(world, f"Bearer kk_{key}_{secret[:-1]}{last}"),
        await asked(world, f"Bearer kk_000000000000_{secret}"),
    ]
    told = [{name: value for name, value in answer.json().items() if name != "request_id"} for answer in refused]
    assert [code_of(answer) for answer in refused] == ["invalid_credential"] * 3
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize(
    "ended",
    [
        "update api_key set revoked_at = clock_timestamp() where id = $1",
        "update api_key set expires_at = clock_timestamp() where id = $1",
        "update client set disabled_at = clock_timestamp() where id = (select client_id from api_key where id = $1)",
    ],
    ids=["revoked", "expired", "disabled"],
)
async def test_what_was_ended_is_refused_at_the_next_request(world: World, ended: str) -> None:
    caller = await world.caller("coordinator")
    assert (await asked(world, f"Bearer {caller.key}")).status_code == 200
    await changed(world, ended, parts(caller)[0])
    assert code_of(await asked(world, f"Bearer {caller.key}")) == "invalid_credential"


async def test_the_last_use_is_written_at_most_once_a_minute(world: World) -> None:
    caller = await world.caller("coordinator")
    key = parts(caller)[0]

    async def used(since: str) -> bool:
        question = f"select last_used_at > clock_timestamp() - interval '{since}' from api_key where id = $1"
        return bool(await changed(world, question, key))

    await asked(world, f"Bearer {caller.key}")
    assert await used("10 seconds")
    for ago, rewritten in (("50 seconds", False), ("70 seconds", True)):
        await changed(world, f"update api_key set last_used_at = now() - interval '{ago}' where id = $1", key)
        await asked(world, f"Bearer {caller.key}")
        assert await used("10 seconds") is rewritten


async def test_a_refused_key_leaves_no_trace_of_use(world: World) -> None:
    caller = await world.caller("coordinator")
    key, secret = parts(caller)
    await asked(world, f"Bearer kk_{key}_{secret[::-1]}")
    assert await changed(world, "select last_used_at from api_key where id = $1", key) is None


async def test_a_role_without_the_permission_is_told_its_role(world: World) -> None:
    answer = await (await world.caller("auditor")).get("/v1/compliance-cases", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert answer.json()["detail"] == "Your role (auditor) does not allow this."


async def test_a_bound_caller_knows_of_its_own_organisation_and_no_other(world: World) -> None:
    own, other = await world.organisation(), await world.organisation()
    provider = await world.caller("provider", own["id"])
    listed = (await provider.get("/v1/organisations")).json()["items"]
    assert [one["id"] for one in listed] == [own["id"]]
    assert (await provider.get(f"/v1/organisations/{other['id']}")).status_code == 404
    everything = (await (await world.caller("coordinator")).get("/v1/organisations")).json()["items"]
    assert {own["id"], other["id"]} <= {one["id"] for one in everything}


async def test_a_world_that_is_not_there_is_not_found(world: World) -> None:
    answer = await (await world.caller("coordinator")).get(f"/v1/organisations?test_clock={uuid4()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_client_of_one_world_finds_no_other(world: World) -> None:
    clock = (
        await (await world.caller("coordinator")).post("/v1/test-clocks", {"name": "Eiga", "today": "2026-11-22"})
    ).json()
    ops, there = await world.caller("ops"), f"?test_clock={clock['id']}"
    made = (await ops.post(f"/v1/clients{there}", {"name": "Bandymas", "role": "supervisor"})).json()
    key = (await ops.post(f"/v1/clients/{made['id']}/keys{there}", {})).json()["key"]
    theirs = Caller(world.http, key, made["id"])
    assert (await theirs.get(f"/v1/organisations{there}")).status_code == 200
    assert (await theirs.get(f"/v1/organisations?test_clock={uuid4()}")).status_code == 404
