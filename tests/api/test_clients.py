"""Who may call: clients, their keys, and that nobody gives more than they have."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from api.access import keys
from programme.errors import Conflict
from programme.services import clients
from programme.tables import ApiKey, IdempotencyKey
from tests import oracle
from tests.world import Caller, World

PERSON = {"issuer": "https://prisijungimas.example.lt", "subject": "ona"}


async def a_client(by: Caller, role: str = "partner", **more: Any) -> dict[str, Any]:
    made = await by.post("/v1/clients", {"name": "Savivaldybės rodikliai", "role": role, **more})
    assert made.status_code == 201, made.text
    return dict(made.json())


async def a_key(world: World, by: Caller, client_id: Any) -> Caller:
    """The client, calling with a new key of its own."""
    made = await by.post(f"/v1/clients/{client_id}/keys")
    assert made.status_code == 201, made.text
    return Caller(world.http, made.json()["key"], str(client_id))


def id_of(key: str | None) -> str:
    return str(key).split("_")[1]


async def test_operators_make_a_client_with_scopes_grants_an_end_and_a_person(world: World) -> None:
    ops, holder = await world.caller("ops"), await world.organisation()
    grants = [{"organisation_id": holder["id"]}, {"municipality": "LT-57"}]
    made = await a_client(
        ops, scopes=["certificates.read", "me.read"], expires_on="2099-12-31", oidc=PERSON, grants=grants
    )
    assert (made["oidc"], made["grants"], made["expires_on"]) == (PERSON, grants, "2099-12-31")
    assert (await ops.get(f"/v1/clients/{made['id']}")).json() == made
    partner = await a_key(world, ops, made["id"])
    me = (await partner.get("/v1/me")).json()
    assert me["permissions"] == me["scopes"] == ["certificates.read", "me.read"]
    assert (me["grants"], me["expires_on"], me["credential"]) == (grants, "2099-12-31", "api_key")
    assert (await partner.get("/v1/certificates")).status_code == 200
    refused = await partner.get("/v1/organisations")
    assert (refused.status_code, refused.json()["code"]) == (403, "out_of_scope")
    never = await partner.get("/v1/compliance-cases")
    assert (never.status_code, never.json()["code"]) == (403, "forbidden"), "it is the role that has it not"
    changed = await ops.change(f"/v1/clients/{made['id']}", {"scopes": [], "grants": grants[1:], "oidc": None})
    assert (changed.json()["scopes"], changed.json()["grants"], changed.json()["oidc"]) == ([], grants[1:], None)
    assert (await partner.get("/v1/organisations")).status_code == 200
    listed = (await ops.get("/v1/clients?role=partner")).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    await oracle.check(world.database)


async def test_a_grant_names_a_strand_by_its_project(world: World) -> None:
    ops = await world.caller("ops")
    grant = {"project": "EQUASS-LT-1", "strand": "EQUASS_IMPLEMENTATION"}
    made = await a_client(ops, grants=[grant])
    assert made["grants"] == [grant]
    assert (await (await a_key(world, ops, made["id"])).get("/v1/me")).json()["grants"] == [grant]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"role": "worker"}, "/role", "unknown_role"),
        ({"role": "provider"}, "/organisation_id", "missing"),
        ({"role": "partner", "organisation_id": str(uuid4())}, "/organisation_id", "unknown_organisation"),
        ({"role": "partner", "scopes": ["me.read", "certificates.grant"]}, "/scopes/1", "unknown_scope"),
        ({"role": "partner", "scopes": ["no.such"]}, "/scopes/0", "unknown_scope"),
        ({"role": "auditor", "grants": [{"municipality": "LT-57"}]}, "/grants", "grants_are_for_partners"),
        ({"role": "partner", "grants": [{}]}, "/grants/0", "grant_one_of_three"),
        ({"role": "partner", "grants": [{"project": "EQUASS-LT-1"}]}, "/grants/0", "grant_one_of_three"),
        ({"role": "partner", "grants": [{"municipality": "LT-99"}]}, "/grants/0/municipality", "unknown_municipality"),
        ({"role": "partner", "grants": [{"organisation_id": str(uuid4())}]}, "/grants/0/organisation_id",
         "unknown_organisation"),
        ({"role": "partner", "grants": [{"project": "A", "strand": "B"}]}, "/grants/0/strand", "unknown_strand"),
        ({"role": "partner", "oidc": {"issuer": "https://a.example"}}, "/oidc/subject", "missing"),
        ({"role": "partner", "disabled_at": None}, "/disabled_at", "extra_forbidden"),
    ],
)  # fmt: skip
async def test_what_a_client_cannot_be_is_pointed_at(
    world: World, body: dict[str, Any], pointer: str, code: str
) -> None:
    refused = await (await world.caller("ops")).post("/v1/clients", {"name": "Rodikliai", **body})
    assert refused.status_code == 422
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [(pointer, code)]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"oidc": PERSON}, "oidc_subject_in_use"),
        ({"grants": [{"municipality": "LT-57"}] * 2}, "grant_given_twice"),
    ],
)
async def test_the_database_refuses_what_is_taken(racing_world: World, body: dict[str, Any], code: str) -> None:
    ops = await racing_world.caller("ops")
    await a_client(ops, oidc=PERSON)
    refused = await ops.post("/v1/clients", {"name": "Kita", "role": "partner", **body})
    assert (refused.status_code, refused.json()["code"]) == (409, code)


async def test_nobody_makes_or_changes_what_is_of_the_operators_own_role(world: World) -> None:
    ops, other = await world.caller("ops"), await world.caller("ops", another=1)
    for refused in (
        await ops.post("/v1/clients", {"name": "Kitas", "role": "ops"}),
        await ops.change(f"/v1/clients/{other.client_id}", {"name": "Kitas"}),
        await ops.move(f"/v1/clients/{other.client_id}", "disable"),
        await ops.post(f"/v1/clients/{other.client_id}/keys"),
        await ops.post(f"/v1/clients/{ops.client_id}/keys"),
        await ops.post(f"/v1/clients/{other.client_id}/keys/{id_of(other.key)}/revoke"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    await clients.disable_client(world.database, UUID(str(other.client_id)))
    assert (await other.get("/v1/me")).status_code == 401


async def test_an_organisation_keeps_its_own_clients_and_knows_of_no_others(world: World) -> None:
    ours, theirs = (await world.organisation())["id"], (await world.organisation())["id"]
    provider, foreign = await world.caller("provider", ours), await world.caller("provider", theirs)
    made = await a_client(provider, "provider", organisation_id=ours)
    assert {one["id"] for one in (await provider.get("/v1/clients")).json()["items"]} == {
        made["id"],
        provider.client_id,
    }
    path = f"/v1/clients/{foreign.client_id}"
    headers = {"If-Match": '"2"'}
    for refused in (
        await provider.get(path),
        await provider.get(f"{path}/keys"),
        await provider.request("PATCH", path, json={"name": "Mano"}, headers=headers),
        await provider.post(f"{path}/disable", headers=headers),
        await provider.post(f"{path}/keys"),
        await provider.post(f"{path}/keys/{id_of(foreign.key)}/revoke"),
        await provider.post(f"/v1/clients/{made['id']}/keys/{id_of(foreign.key)}/revoke"),
    ):
        assert refused.status_code == 404
    assert (await foreign.get("/v1/me")).status_code == 200
    for body, status in (
        ({"role": "provider", "organisation_id": theirs}, 422),
        ({"role": "coordinator"}, 403),
        ({"role": "partner", "organisation_id": ours}, 403),
    ):
        assert (await provider.post("/v1/clients", {"name": "Kas", **body})).status_code == status
    assert (await provider.move(f"/v1/clients/{made['id']}", "disable")).json()["disabled_at"]
    for refused in (
        await provider.change(f"/v1/clients/{made['id']}", {"name": "Vėl"}),
        await provider.move(f"/v1/clients/{made['id']}", "disable"),
        await provider.post(f"/v1/clients/{made['id']}/keys"),
    ):
        assert (refused.status_code, refused.json()["reasons"][0]["code"]) == (409, "client_disabled")


async def test_nobody_gives_more_than_they_have(world: World) -> None:
    ours, ops = (await world.organisation())["id"], await world.caller("ops")
    narrow = ["clients.read", "clients.write", "clients.keys"]
    made = await a_client(ops, "provider", organisation_id=ours, scopes=narrow, expires_on="2030-12-31")
    wide = await a_client(ops, "provider", organisation_id=ours)
    provider = await a_key(world, ops, made["id"])
    own = {"role": "provider", "organisation_id": ours, "name": "Kas"}
    for refused in (
        await provider.post("/v1/clients", own | {"expires_on": "2030-12-31"}),
        await provider.post("/v1/clients", own | {"scopes": narrow}),
        await provider.post("/v1/clients", own | {"scopes": narrow, "expires_on": "2031-01-01"}),
        await provider.post(
            "/v1/clients", own | {"scopes": [*narrow, "certificates.read"], "expires_on": "2030-12-31"}
        ),
        await provider.post(f"/v1/clients/{wide['id']}/keys"),
        await provider.change(f"/v1/clients/{wide['id']}", {"name": "Kas"}),
        await provider.change(f"/v1/clients/{made['id']}", {"scopes": []}),
        await provider.change(f"/v1/clients/{made['id']}", {"expires_on": None}),
        await provider.change(f"/v1/clients/{made['id']}", {"oidc": PERSON}),
    ):
        assert refused.status_code == 403
    fits = own | {"scopes": ["clients.read"], "expires_on": "2030-12-30"}
    assert (await provider.post("/v1/clients", fits)).status_code == 201
    assert (await provider.change(f"/v1/clients/{made['id']}", {"name": "Mes"})).json()["name"] == "Mes"
    assert (await a_key(world, provider, made["id"])).key


async def test_a_partner_rotates_its_own_keys_and_nothing_else(world: World) -> None:
    partner, other, ops = (
        await world.caller("partner"),
        await world.caller("partner", another=1),
        await world.caller("ops"),
    )
    assert [one["id"] for one in (await partner.get("/v1/clients")).json()["items"]] == [partner.client_id]
    renewed = await a_key(world, partner, partner.client_id)
    shown = await renewed.post(f"/v1/clients/{partner.client_id}/keys/{id_of(partner.key)}/revoke")
    assert (shown.status_code, shown.json()["live"]) == (200, False)
    assert (await partner.get("/v1/me")).status_code == 401
    assert (await renewed.get("/v1/me")).status_code == 200
    for path in (f"/v1/clients/{other.client_id}", f"/v1/clients/{other.client_id}/keys"):
        assert (await renewed.get(path)).status_code == 404
    for path in (
        f"/v1/clients/{other.client_id}/keys",
        f"/v1/clients/{other.client_id}/keys/{id_of(other.key)}/revoke",
    ):
        assert (await renewed.post(path)).status_code == 404
    assert (await renewed.post("/v1/clients", {"name": "Kas", "role": "partner"})).status_code == 403
    again = await ops.post(f"/v1/clients/{partner.client_id}/keys/{id_of(partner.key)}/revoke")
    assert (again.status_code, again.json()["reasons"][0]["code"]) == (409, "key_revoked")


async def test_two_keys_live_at_once_and_a_third_is_refused_by_the_database_too(racing_world: World) -> None:
    ops, partner = await racing_world.caller("ops"), await racing_world.caller("partner")
    path = f"/v1/clients/{partner.client_id}/keys"
    answers = await asyncio.gather(*(ops.post(path) for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [201] + [409] * 7
    assert {one.json()["code"] for one in answers if one.status_code == 409} == {"two_keys_live"}
    insert = "insert into api_key (id, client_id, slot, secret_hash, expires_at) select 'third', client_id, slot, secret_hash, expires_at from api_key where id = :key"
    with pytest.raises(Conflict, match="two live keys"):
        async with racing_world.at_work() as work:
            await work.session.execute(text(insert), {"key": id_of(partner.key)})
    await ops.post(f"{path}/{id_of(partner.key)}/revoke")
    assert (await ops.post(path)).status_code == 201
    listed = (await ops.get(path)).json()["items"]
    assert sorted(one["live"] for one in listed) == [False, True, True]
    assert not any("key" in one or "secret" in str(one) for one in listed)
    await oracle.check(racing_world.database)


@pytest.mark.parametrize("days", [-1, 365, 366])
async def test_a_key_lives_a_year_at_most(world: World, days: int) -> None:
    ops, partner = await world.caller("ops"), await world.caller("partner")
    last = await real_today(world) + timedelta(days=days)
    refused = await ops.post(f"/v1/clients/{partner.client_id}/keys", {"expires_on": last.isoformat()})
    assert refused.status_code == 422
    assert [one["code"] for one in refused.json()["errors"]] == ["key_life_out_of_range"]


async def test_a_key_ends_with_its_last_day_and_a_client_with_its_own(world: World) -> None:
    ops, partner = await world.caller("ops"), await world.caller("partner")
    last = await real_today(world) + timedelta(days=364)
    made = (await ops.post(f"/v1/clients/{partner.client_id}/keys", {"expires_on": last.isoformat()})).json()
    assert made["expires_at"][:10] == last.isoformat()
    for change in ("expires_at = now() - interval '1 second', created_at = now() - interval '2 seconds'", ""):
        async with world.at_work() as work:
            if change:
                await work.session.execute(
                    text(f"update api_key set {change} where id = :id"), {"id": id_of(partner.key)}
                )
                continue
            await work.session.execute(text("update api_key set expires_at = now() + interval '9 days', created_at = now()"
                                            " where id = :id"), {"id": id_of(partner.key)})  # fmt: skip
            await work.session.execute(text("update client set expires_on = (now() at time zone 'Europe/Vilnius')::date - 1"
                                            " where id = :id"), {"id": UUID(str(partner.client_id))})  # fmt: skip
        assert (await partner.get("/v1/me")).status_code == 401


async def real_today(world: World) -> date:
    async with world.at_work() as work:
        query = "select (clock_timestamp() at time zone 'Europe/Vilnius')::date"
        found: date = (await work.session.execute(text(query))).scalar_one()
        return found


async def test_the_last_use_is_noted_once_a_minute_and_never_in_the_way(world: World) -> None:
    ops, partner = await world.caller("ops"), await world.caller("partner")

    async def last_use() -> Any:
        listed = (await ops.get(f"/v1/clients/{partner.client_id}/keys")).json()["items"]
        return listed[0]["last_used_at"]

    assert await last_use() is None
    assert (await partner.get("/v1/me")).status_code == 200
    first = await last_use()
    assert first is not None
    assert (await partner.get("/v1/me")).status_code == 200
    assert await last_use() == first
    async with world.at_work() as work:
        await work.session.execute(text("update api_key set last_used_at = now() - interval '61 seconds'"))
    assert (await partner.post("/v1/organisations", {})).status_code in (403, 422)  # a refusal is a use too
    assert await last_use() >= first
    await keys.note_use(world.database, "no such key")


async def test_a_database_that_takes_no_notes_answers_all_the_same(racing_world: World) -> None:
    partner = await racing_world.caller("partner")
    async with racing_world.at_work() as work:
        await work.session.execute(text("reset role"))  # only the owner may
        await work.session.execute(text("alter table api_key add constraint no_notes check (last_used_at is null)"))
    assert (await partner.get("/v1/me")).status_code == 200
    async with racing_world.at_work() as work:
        await work.session.execute(select(ApiKey).where(ApiKey.id == id_of(partner.key)).with_for_update())
        assert (await partner.get("/v1/me")).status_code == 200, "nobody waits for who holds the row"


async def test_a_repeated_request_shows_no_secret_and_none_is_kept(world: World) -> None:
    ops, partner = await world.caller("ops"), await world.caller("partner")
    path, headers = f"/v1/clients/{partner.client_id}/keys", {"Idempotency-Key": "kartą"[:3]}
    tried = await ops.post(f"{path}?validate_only=true")
    assert tried.status_code == 200
    assert (await Caller(world.http, tried.json()["key"], None).get("/v1/me")).status_code == 401
    first, second = await ops.post(path, headers=headers), await ops.post(path, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() | {"key": None} == second.json()
    assert first.headers["cache-control"] == "no-store"
    secret = first.json()["key"].split("_", 2)[2]
    async with world.at_work() as work:
        kept = (await work.session.scalars(select(IdempotencyKey))).all()
        assert len(kept) == 1
        assert secret.encode() not in kept[0].body
    events = await world.events(partner.client_id)
    assert [one.type for one in events] == ["client.created", "client.key_issued", "client.key_issued"]
    told = str([(one.data, one.previous) for one in events])
    assert secret not in told
    assert "partner 0" not in told


async def test_events_tell_neither_name_nor_subject(world: World) -> None:
    ops = await world.caller("ops")
    made = await a_client(ops, oidc=PERSON)
    await ops.change(f"/v1/clients/{made['id']}", {"name": "Ona Pavyzdė", "oidc": PERSON | {"subject": "jonas"}})
    told = str([(one.data, one.previous) for one in await world.events(made["id"])])
    assert not {"Ona", "ona", "jonas", "Savivaldybės"} & set(told.replace("'", " ").split())
    assert PERSON["issuer"] in told


@pytest.mark.parametrize(
    "header",
    [
        "", "Bearer", "Bearer ", "Basic {key}", "Bearer {key}x", "Bearer {key} ", "Bearer kk_000000000000_{secret}",
        "Bearer kk_{id}_" + "A" * 43, "Bearer " + "a" * 9000, "Bearer a.b.c", "Bearer e30.e30.e30", "Bearer W10.W10.W10",
        "Token {key}", "{key}", "Bearer kk_{id}_", "Bearer \u00e9",
    ],
)  # fmt: skip
async def test_what_is_no_credential_is_refused_without_saying_why(world: World, header: str) -> None:
    key = str((await world.caller("partner")).key)
    _, key_id, secret = key.split("_", 2)
    given = header.format(key=key, id=key_id, secret=secret)
    refused = await world.nobody.get("/v1/me", headers={"Authorization": given.encode("latin-1")})
    assert refused.status_code == 401
    assert refused.json()["code"] == ("unauthenticated" if not given else "invalid_credential")
    assert refused.headers["www-authenticate"].startswith("Bearer")


async def test_a_key_in_the_address_or_given_twice_is_nobodys(world: World) -> None:
    key = str((await world.caller("partner")).key)
    for query in (f"?access_token={key}", f"?key={key}", f"?authorization=Bearer%20{key}"):
        refused = await world.nobody.get(f"/v1/me{query}")
        assert refused.status_code == 400
        assert key not in refused.text
    twice = [("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {key}")]
    assert (await world.http.get("/v1/me", headers=twice)).status_code == 401


async def test_actions_are_those_within_the_scopes(world: World) -> None:
    ops, audit = await world.caller("ops"), await world.assessment()
    made = await a_client(ops, "coordinator", scopes=["assessments.read", "assessments.cancel"])
    narrow = await a_key(world, ops, made["id"])
    path = f"/v1/assessments/{audit['id']}"
    wide = await (await world.caller("coordinator")).get(path)
    seen = await narrow.get(path)
    assert [one["name"] for one in seen.json()["actions"]] == ["cancel"]
    assert len(wide.json()["actions"]) > 1
    assert seen.headers["etag"] != wide.headers["etag"]
    assert (await narrow.move(path, "start")).status_code == 403
