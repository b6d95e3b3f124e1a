"""Every way of reading a status says what the model says: single, listed, filtered, of another day, expanded, explained,
counted, in the register, in a snapshot."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from tests.model import Actor, Thing
from tests.model.moves import READERS
from tests.walks.bodies import around
from tests.walks.chance import Chance
from tests.walks.walk import ADDRESSES, Walk, address, codes, told_apart

WHOLE = {"Accept": "application/x-ndjson"}
PAST_KINDS = ("certificate", "annual_report", "enrolment", "finding")
"""Of which an earlier or later day can be asked."""


def _seen(walk: Walk, actor: Actor, kind: str) -> list[Any]:
    return [one for one in walk.p.things if one.kind == kind and walk.p.sees(actor, one)]


def _list_of(kind: str, thing: Any) -> str:
    if kind == "support_activity":
        return address(thing).rpartition("/")[0]
    if kind == "standard_version":
        return address(thing).rpartition("/")[0]
    return f"/v1/{ADDRESSES[kind]}"


def _same_list(walk: Walk, actor: Actor, thing: Any) -> list[Any]:
    found = _seen(walk, actor, thing.kind)
    if thing.kind == "support_activity":
        return [one for one in found if one.enrolment is thing.enrolment]
    return found


def _faces(walk: Walk, things: list[Any]) -> dict[str, Any]:
    return {one.key: one.shows(walk.p, walk.p.today) for one in things}


def _shown(walk: Walk, actor: Actor, kind: str, on: date) -> dict[Any, dict[str, Any]]:
    """What the actor is shown of all of a kind as of another day."""
    shown = {one: one.shown(walk.p, actor, on) for one in walk.p.things if one.kind == kind}
    return {one: face for one, face in shown.items() if face is not None}


def _compare(found: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    listed = {one["id"]: {name: one.get(name) for name in expected.get(one["id"], {})} for one in found}
    assert listed == expected, told_apart(listed, expected)


async def alone(walk: Walk, actor: Actor, thing: Any, chance: Chance, on: date) -> None:
    """By anybody, also by those who may not."""
    await walk.read(chance.pick(walk.actors.values(), lambda one: one.name), thing)


async def listed(walk: Walk, actor: Actor, thing: Any, chance: Chance, on: date) -> None:
    """All that the actor sees of the kind, and nothing else, with what they may do."""
    answer = await walk.callers[actor.name].get(f"{_list_of(thing.kind, thing)}?limit=200&include=actions")
    items = answer.json()["items"]
    _compare(items, _faces(walk, _same_list(walk, actor, thing)))
    for item in items:
        found = {one["name"]: codes(one["reasons"]) for one in item["actions"]}
        expected = walk.p.actions(actor, walk.p.named(item["id"]))
        assert found == expected, f"{walk.p.named(item['id'])} for {actor.name}: {told_apart(found, expected)}"


async def filtered(walk: Walk, actor: Actor, thing: Any, chance: Chance, on: date) -> None:
    """Those in the state that this one is in; of reports and enrolments, those with a flag of it."""
    face = thing.shows(walk.p, walk.p.today)
    name = "status" if "status" in face else "state"
    wanted = face[name]
    if face.get("flags") and chance.random() < 0.5:
        name, wanted = "flag", chance.choice(face["flags"])
    answer = await walk.callers[actor.name].get(f"{_list_of(thing.kind, thing)}?limit=200&{name}={wanted}")
    faces = _faces(walk, _same_list(walk, actor, thing))
    matching = {k: v for k, v in faces.items() if (wanted in v["flags"] if name == "flag" else v[name] == wanted)}
    _compare(answer.json()["items"], matching)


async def snapshot(walk: Walk, actor: Actor, thing: Any, chance: Chance, on: date) -> None:
    if thing.kind in ("support_activity", "standard_version"):
        return
    answer = await walk.callers[actor.name].get(_list_of(thing.kind, thing), headers=WHOLE)
    _compare([json.loads(line) for line in answer.text.splitlines()], _faces(walk, _seen(walk, actor, thing.kind)))


async def of_another_day(walk: Walk, actor: Actor, thing: Any, chance: Chance, on: date) -> None:
    if thing.kind not in PAST_KINDS:
        return
    caller = walk.callers[actor.name]
    expected = thing.shown(walk.p, actor, on)
    answer = await caller.get(f"{address(thing)}?as_of={on}")
    if expected is None:
        assert answer.status_code == 404, f"{thing} on {on}: {answer.text}"
    else:
        found = {name: answer.json().get(name) for name in expected}
        assert found == expected, f"{thing} on {on} is {found}, the model says {expected}"
    if chance.random() < 0.3:
        everything = await caller.get(f"{_list_of(thing.kind, thing)}?limit=200&as_of={on}")
        shown = _shown(walk, actor, thing.kind, on)
        _compare(everything.json()["items"], {one.key: face for one, face in shown.items()})


async def explained(walk: Walk, actor: Actor, thing: Any, chance: Chance, on: date) -> None:
    """The last step decides what the resource says."""
    if thing.kind not in ("certificate", "annual_report", "enrolment"):
        return
    answer = await walk.callers[actor.name].get(f"{address(thing)}/explain?as_of={on}")
    expected, said = thing.shown(walk.p, actor, on), answer.json()
    if expected is None:
        assert answer.status_code == 404
        return
    decided = [step["decides"] for step in said["steps"] if step["decides"] is not None]
    if thing.kind == "certificate":
        assert (said["status"], decided[-1]) == (expected["status"], expected["status"]), f"{thing} on {on}: {said}"
    elif thing.kind == "annual_report":
        assert (said["state"], said["flags"]) == (expected["state"], expected["flags"]), f"{thing} on {on}: {said}"
        assert decided[1:] == expected["flags"], f"{thing} on {on}: {said}"
    else:
        assert (said["state"], decided[-1]) == (expected["state"], expected["state"]), f"{thing} on {on}: {said}"


async def expanded(walk: Walk, actor: Actor, thing: Any, chance: Chance, on: date) -> None:
    """What is read along with another one."""
    along = {
        "annual_report": ("certificate",),
        "compliance_case": ("annual_report", "certificate"),
        "finding": ("assessment",),
    }
    names = [name for name in along.get(thing.kind, ()) if actor.role in READERS[name]]
    if not names:
        return
    body = (await walk.callers[actor.name].get(f"{address(thing)}?expand={','.join(names)}")).json()
    for name in names:
        other = getattr(thing, "report" if name == "annual_report" else name)
        walk.agrees(other, body[name])


async def register(walk: Walk, actor: Actor, thing: Any, chance: Chance, on: date) -> None:
    """The public register, by its references, on that day."""
    expected = {
        one.reference: shown for one in walk.p.things if one.kind == "certificate" and (shown := one.registered(on))
    }
    nobody = walk.world.nobody
    whole = chance.random() < 0.5
    answer = await nobody.get(f"/public/v1/certificates?as_of={on}", headers=WHOLE if whole else {})
    items = [json.loads(line) for line in answer.text.splitlines()] if whole else answer.json()["items"]
    assert {one["reference"]: one["status"] for one in items} == expected, f"register on {on}"
    if thing.kind == "certificate" and thing.reference:
        entry = await nobody.get(f"/public/v1/certificates/{thing.reference}?as_of={on}")
        assert entry.status_code == (200 if thing.reference in expected else 404)
        assert entry.json()["status"] == expected.get(thing.reference, 404)


async def counted(walk: Walk, actor: Actor, thing: Any, chance: Chance, on: date) -> None:
    if thing.kind not in PAST_KINDS:
        return
    by = {"certificate": "status", "annual_report": "timeliness"}.get(thing.kind, "state")
    answer = await walk.callers[actor.name].get(f"/v1/statistics/{ADDRESSES[thing.kind]}?by={by}&as_of={on}")
    shown = _shown(walk, actor, thing.kind, on)
    expected = Counter(
        one.in_time(walk.p, actor, on) if by == "timeliness" else face[by] for one, face in shown.items()
    )
    found = {one[by]: one["count"] for one in answer.json()["items"]}
    assert found == expected, f"{thing.kind} by {by} on {on}: {found}, the model says {expected}"


Look = Callable[[Walk, Actor, Thing, Chance, date], Awaitable[None]]
LOOKS: tuple[Look, ...] = (
    alone,
    alone,
    listed,
    filtered,
    snapshot,
    of_another_day,
    explained,
    expanded,
    register,
    counted,
)


async def look(walk: Walk, thing: Thing, chance: Chance) -> None:
    """One of them, by somebody who may read the thing."""
    one = chance.choice(LOOKS)
    readers = (actor for actor in walk.actors.values() if walk.p.reads(actor, thing) == 200)
    reader = chance.pick(readers, lambda one: one.name)
    on = chance.choice(around(walk.p, thing))
    walk.looks = f"{walk.p.today} {reader.name} looks at {thing}: {one.__name__} {on}"
    await one(walk, reader, thing, chance, on)


async def look_back(walk: Walk, chance: Chance) -> None:
    """All of it as of days on which something turned: nothing that was has become something else."""
    days = sorted({day for thing in walk.p.things if thing.kind in PAST_KINDS for day in around(walk.p, thing)})
    for on in chance.sample(days, min(len(days), 20)):
        walk.looks = f"{walk.p.today} coordinator looks back at {on}"
        for kind in PAST_KINDS:
            answer = await walk.office.get(f"/v1/{ADDRESSES[kind]}?limit=200&as_of={on}")
            shown = _shown(walk, walk.actors["coordinator"], kind, on)
            _compare(answer.json()["items"], {one.key: face for one, face in shown.items()})
