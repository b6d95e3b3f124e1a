"""People to reach: their particulars stand in one row, can be erased there, and are told nowhere else."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from programme.rules.contacts import PERSONAL, stand_in
from programme.services.daily import catch_up
from programme.services.history import verify
from programme.tables import Contact
from tests import oracle
from tests.world import Caller, World

PERSON = {
    "name": "Ona Pavyzdė", "position": "direktorė", "email": "ona@azuolynas.example.lt",
    "telephone": "+370 600 00000", "purpose": "ryšiams dėl sertifikavimo", "legal_basis": "BDAR 6 str. 1 d. e p.",
    "retain_until_on": "2029-12-31",
}  # fmt: skip


@pytest.fixture
async def coordinator(world: World) -> Caller:
    return await world.caller("coordinator")


@pytest.fixture
async def contacts(world: World) -> str:
    return f"/v1/organisations/{(await world.organisation())['id']}/contacts"


async def moved(caller: Caller, contacts: str, contact: dict[str, Any], verb: str, **body: Any) -> Any:
    """The answer to a move of the contact at the version that it has now."""
    reader = await caller.get(contacts)
    version = next(one["version"] for one in reader.json()["items"] if one["id"] == contact["id"])
    return await caller.request(
        "POST", f"{contacts}/{contact['id']}/{verb}", json=body,
        headers={"If-Match": f'"{version}"', "Idempotency-Key": f"{verb}-{version}"},
    )  # fmt: skip


async def everything_but_contacts(world: World) -> str:
    """All that the database holds in other tables, as text."""
    async with world.at_work() as work:
        names = (await work.session.scalars(text("select tablename from pg_tables where schemaname = 'public'"))).all()
        found = [
            (await work.session.scalars(text(f"select t::text from {name} as t"))).all()
            for name in names
            if name not in ("contact", "idempotency_key")
        ]
    return json.dumps([list(map(str, rows)) for rows in found], ensure_ascii=False)


async def test_an_erased_contact_leaves_its_purpose_and_a_history_that_still_verifies(
    world: World, coordinator: Caller, contacts: str
) -> None:
    ops = await world.caller("ops")
    made = (await coordinator.post(contacts, PERSON)).json()
    changed = await coordinator.request(
        "PATCH", f"{contacts}/{made['id']}", json={"telephone": "+370 600 00001"}, headers={"If-Match": '"1"'}
    )
    assert changed.status_code == 200
    async with world.at_work() as work:
        row = await work.session.get_one(Contact, UUID(made["id"]))
        assert row.salt is not None
        known = stand_in(row.salt, {name: getattr(row, name) for name in PERSONAL})
    asked = await moved(coordinator, contacts, made, "request-erasure")
    assert asked.json()["erasure_requested_at"].startswith("2026-11-22T10:00:00")

    erased = await moved(ops, contacts, made, "erase")

    assert erased.status_code == 200, erased.text
    gone = {"name": "", "position": None, "email": None, "telephone": None}
    assert erased.json() == made | gone | {
        "version": 4, "erasure_requested_at": asked.json()["erasure_requested_at"],
        "erased_at": "2026-11-22T10:00:00.000000Z",
    }  # fmt: skip
    added, amended, requested, forgotten = await world.events(made["id"])
    assert added.data["purpose"] == PERSON["purpose"]
    assert amended.previous == {"personal": added.data["personal"]}
    assert amended.data == {"personal": known}
    assert requested.type == "contact.erasure_requested"
    assert (forgotten.type, forgotten.data, forgotten.previous) == (
        "contact.erased", {"personal": None}, {"personal": known},
    )  # fmt: skip
    async with world.at_work() as work:
        row = (await work.session.scalars(select(Contact).where(Contact.id == UUID(made["id"])))).one()
        assert (row.salt, row.personal, row.next_change_on) == (None, None, None)
    assert (await verify(world.database))["ok"]
    await oracle.check(world.database)


async def test_particulars_are_told_nowhere(world: World, coordinator: Caller, contacts: str) -> None:
    made = (await coordinator.post(contacts, PERSON)).json()
    await moved(await world.caller("ops"), contacts, made, "hold", ground="legal_claims", until_on="2027-01-31")
    elsewhere = await everything_but_contacts(world)
    assert made["id"] in elsewhere
    for name in PERSONAL:
        assert str(PERSON[name]) not in elsewhere


async def test_two_people_with_the_same_particulars_have_nothing_in_common_in_the_history(
    world: World, coordinator: Caller, contacts: str
) -> None:
    first, second = [(await coordinator.post(contacts, PERSON)).json() for _ in range(2)]
    told = [(await world.events(one["id"]))[0].data["personal"] for one in (first, second)]
    assert told[0] != told[1]


async def test_what_is_erased_stays_erased(world: World, coordinator: Caller, contacts: str) -> None:
    ops = await world.caller("ops")
    made = (await coordinator.post(contacts, PERSON)).json()
    await moved(ops, contacts, made, "erase")
    again = [
        await moved(ops, contacts, made, "erase"),
        await moved(ops, contacts, made, "hold", ground="archiving", until_on="2027-01-31"),
        await moved(coordinator, contacts, made, "request-erasure"),
        await coordinator.request(
            "PATCH", f"{contacts}/{made['id']}", json={"name": "Ona Pavyzdė"}, headers={"If-Match": '"2"'}
        ),
    ]
    for answer in again:
        assert answer.status_code == 409, answer.text
        assert [reason["code"] for reason in answer.json()["reasons"]] == ["contact_erased"]
    assert len(await world.events(made["id"])) == 2


async def test_a_hold_keeps_a_contact_from_erasure_until_its_last_day(
    world: World, coordinator: Caller, contacts: str
) -> None:
    ops = await world.caller("ops")
    made = (await coordinator.post(contacts, PERSON | {"retain_until_on": "2026-12-31"})).json()
    early = await moved(ops, contacts, made, "hold", ground="legal_claims", until_on="2026-11-21")
    assert (early.status_code, early.json()["errors"][0]["pointer"]) == (422, "/until_on")
    held = await moved(ops, contacts, made, "hold", ground="legal_claims", until_on="2027-01-31")
    assert (held.json()["hold_ground"], held.json()["hold_until_on"]) == ("legal_claims", "2027-01-31")

    world.travel("2027-01-31")
    refused = await moved(ops, contacts, made, "erase")
    assert refused.status_code == 409
    reason = refused.json()["reasons"][0]
    assert (reason["code"], reason["hold_until_on"], reason["hold_ground"]) == (
        "contact_on_hold", "2027-01-31", "legal_claims",
    )  # fmt: skip
    assert (await catch_up(world.database))["changes"] == {}

    world.travel("2027-02-01")
    assert (await catch_up(world.database))["changes"] == {"contact.erased": 1}
    await oracle.check(world.database)


async def test_the_daily_pass_erases_once_what_is_past_its_last_day(
    world: World, coordinator: Caller, contacts: str
) -> None:
    kept, over = [
        (await coordinator.post(contacts, PERSON | {"retain_until_on": day})).json()
        for day in ("2026-11-22", "2026-11-19")
    ]
    passed = await catch_up(world.database)
    again = await catch_up(world.database)

    assert (passed["changes"], again["changes"]) == ({"contact.erased": 1}, {})
    by_id = {one["id"]: one for one in (await coordinator.get(contacts)).json()["items"]}
    assert by_id[kept["id"]] == kept
    assert by_id[over["id"]] == over | {
        "name": "", "position": None, "email": None, "telephone": None, "version": 2,
        "erased_at": "2026-11-22T10:00:00.000000Z",
    }  # fmt: skip
    event = (await world.events(over["id"]))[-1]
    assert (event.type, event.effective_on, event.actor_type) == ("contact.erased", date(2026, 11, 20), "worker")
    assert (event.data, set(event.previous)) == ({"personal": None}, {"personal"})
    assert (await verify(world.database))["ok"]
    await oracle.check(world.database)


@pytest.mark.parametrize(
    ("role", "verb", "status"),
    [("provider", "erase", 403), ("coordinator", "erase", 403), ("coordinator", "hold", 403), ("ops", "erase", 200),
     ("provider", "request-erasure", 200), ("coordinator", "request-erasure", 200), ("auditor", "request-erasure", 403)],
)  # fmt: skip
async def test_providers_and_the_coordinator_ask_and_operators_erase(
    world: World, coordinator: Caller, contacts: str, role: str, verb: str, status: int
) -> None:
    made = (await coordinator.post(contacts, PERSON)).json()
    caller = await world.caller(role, contacts.split("/")[3] if role == "provider" else None)
    body = {"ground": "archiving", "until_on": "2027-01-31"} if verb == "hold" else {}
    answer = await caller.request(
        "POST", f"{contacts}/{made['id']}/{verb}", json=body, headers={"If-Match": '"1"', "Idempotency-Key": "once"}
    )
    assert answer.status_code == status, answer.text
