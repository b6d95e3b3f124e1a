"""`actions` and the moves themselves never disagree: generated from the lifecycles, for every role, over the states that
walks through the service come to."""

from __future__ import annotations

import importlib
import pkgutil
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import programme.queries
from api.deps import WritingDoor
from api.openapi import door_of
from api.routes import ROUTES
from programme.queries.views import View
from programme.rules.lifecycle import Role
from programme.rules.permissions import may
from tests.api.test_support_activities import record, taking_part
from tests.full import a_full_organisation
from tests.made import a_certificate
from tests.world import Caller, World

ROLES = [role for role in Role if role not in (Role.WORKER, Role.PUBLIC)]
DONE = {"planned_on": "2026-10-01", "started_on": "2026-10-05", "done_on": "2026-11-20"}
_numbers = count(1)


def lifecycled() -> dict[str, View]:
    """Every resource with a lifecycle, by name."""
    modules = [
        importlib.import_module(f"programme.queries.{one.name}")
        for one in pkgutil.iter_modules(programme.queries.__path__)
    ]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, View)]
    return {view.name: view for view in found if view.lifecycle is not None}


DOORS = {
    f"{method} {route.path}": door
    for route in ROUTES
    for method in route.methods or ()
    if isinstance(door := door_of(route), WritingDoor)
}


def test_every_move_has_its_address_and_its_permission() -> None:
    """Whoever is named in a move has the permission that its address asks for, and nobody else has."""
    for view in lifecycled().values():
        assert view.lifecycle is not None
        for move in view.lifecycle.moves.values():
            who = move.who - {Role.WORKER}
            here = [
                door
                for address, door in DOORS.items()
                if address.startswith("POST ")
                and address.endswith(f"}}/{move.path}")
                and door.permission == (view.moved_with or f"{view.name}.{move.name}")
            ]
            assert bool(here) == bool(who), f"{view.name}.{move.name}"
            for door in here:
                able = {role for role in ROLES if may(role, door.permission)}
                assert who <= able if view.moved_with else who == able, f"{view.name}.{move.name}"


@dataclass
class Walk:
    """One record after the other, looked at by everybody in each state that it comes to."""

    world: World
    callers: dict[Role, Caller]
    document: dict[str, Any]
    chance: random.Random
    seen: set[tuple[str, ...]] = field(default_factory=set)
    walked: Counter[tuple[str, str]] = field(default_factory=Counter)
    opened: set[tuple[str, str]] = field(default_factory=set)
    refused: set[tuple[str, str]] = field(default_factory=set)
    checked: int = 0

    async def along(self, view: View, path: str, steps: int) -> None:
        """Looks at the record, makes one of the moves that are open, looks again: rarely walked roads first, and such as
        lead on."""
        assert view.lifecycle is not None
        left = {state for move in view.lifecycle.moves.values() for state in move.sources}
        for _ in range(steps):
            openings = await self.look(view, path)
            if not openings:
                return

            def unusual(one: tuple[Caller, dict[str, Any]]) -> tuple[int, float]:
                move = view.lifecycle.moves[one[1]["name"]]  # type: ignore[union-attr]
                ends = move.to is not None and move.to not in left and move.to != "valid"
                return self.walked[view.name, move.name] + 3 * ends, self.chance.random()

            caller, action = min(openings, key=unusual)
            name = action["name"]
            self.walked[view.name, name] += 1
            tag = (await caller.get(path)).headers["etag"]
            await self.ask(caller, tag, path, view, name, await self.body(view, path, name, caller))
            if name == "sign_agreement":
                await self._all_stages(caller, path)

    async def _all_stages(self, caller: Caller, path: str) -> None:
        for stage in (await caller.get(path)).json()["stages"]:
            headers = {"If-Match": (await caller.get(path)).headers["etag"]}
            await caller.request("PUT", f"{path}/stages/{stage['code']}", json=DONE, headers=headers)

    async def look(self, view: View, path: str) -> list[tuple[Caller, dict[str, Any]]]:
        """Asks for every move in every role; what is open, and to whom."""
        openings = []
        for role, caller in self.callers.items():
            read = await caller.get(path)
            if read.status_code != 200:
                assert read.status_code in (403, 404)
                continue
            listed = {action["name"]: action for action in read.json()["actions"]}
            openings += [(caller, action) for action in listed.values() if action["allowed"]]
            standing = (view.name, role, *(f"{name}:{one['allowed']}" for name, one in listed.items()),
                        str([one["reasons"] for one in listed.values()]))  # fmt: skip
            if standing not in self.seen:
                self.seen.add(standing)
                await self._agree(view, path, role, caller, read.headers["etag"], listed)
        return openings

    async def _agree(
        self, view: View, path: str, role: Role, caller: Caller, tag: str, listed: dict[str, dict[str, Any]]
    ) -> None:
        assert view.lifecycle is not None
        for name, move in view.lifecycle.moves.items():
            if move.who == {Role.WORKER}:
                assert name not in listed
                continue
            answer = await self.ask(caller, tag, path, view, name, self.example(view, path, name), trying=True)
            told = f"{role} {name} of {path}: {answer.status_code} {answer.text}"
            self.checked += 1
            reasons = answer.json().get("reasons") if answer.status_code >= 400 else None
            if name not in listed:
                assert role not in move.who, told
                assert (answer.status_code, bool(reasons)) == (403, False), told
            elif listed[name]["allowed"]:
                self.opened.add((view.name, name))
                assert role in move.who, told
                assert answer.status_code in (200, 202, 422) or (answer.status_code == 409 and not reasons), told
            else:
                self.refused.add((view.name, name))
                assert answer.status_code in (403, 409), told
                assert reasons == listed[name]["reasons"], told
            if name in listed:
                assert listed[name]["href"].endswith(f"/{move.path}")

    async def ask(
        self, caller: Caller, tag: str, path: str, view: View, name: str, body: dict[str, Any], *, trying: bool = False
    ) -> Any:
        assert view.lifecycle is not None
        query = "?validate_only=true" if trying else ""
        headers = {"If-Match": tag, "Idempotency-Key": uuid4().hex}
        address = f"{path}/{view.lifecycle.moves[name].path}{query}"
        return await caller.request("POST", address, json=body, headers=headers)

    async def body(self, view: View, path: str, name: str, caller: Caller) -> dict[str, Any]:
        """A body by which the move can really be made."""
        body = self.example(view, path, name)
        if (view.name, name) == ("certificates", "grant"):
            draft = (await caller.get(path)).json()
            assert draft["organisation_id"]
            async with self.world.at_work() as work:
                connection = await work.connection()
                audit = await connection.fetchval(
                    "select id from assessment where organisation_id = $1 and state = 'finalised'",
                    UUID(draft["organisation_id"]),
                )
            body |= {
                "assessment_id": str(audit),
                "certified_on": "2026-11-22",
                "reference": f"LIT2026-{next(_numbers)}",
            }
        if (view.name, name) == ("enrolments", "sign_agreement"):
            body |= {"agreement_number": f"EQUASS-{next(_numbers)}"}
        return body

    def example(self, view: View, path: str, name: str) -> dict[str, Any]:
        """A body that has the form which the document asks for, made of its examples."""
        assert view.lifecycle is not None
        address = f"{path}/{view.lifecycle.moves[name].path}"
        operation = next(methods["post"] for at, methods in self.document["paths"].items() if _fits(at, address))
        if "requestBody" not in operation:
            return {}
        return dict(self._made(next(iter(operation["requestBody"]["content"].values()))["schema"]) or {})

    def _made(self, schema: dict[str, Any]) -> Any:
        if "examples" in schema and schema.get("type") != "object":
            return schema["examples"][0]
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if either := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
            return self._made(either[0])
        if "const" in schema or "enum" in schema:
            return schema.get("const", next(iter(schema.get("enum", [None]))))
        match schema.get("type"):
            case "object":
                properties = schema.get("properties", {})
                return {name: self._made(properties[name]) for name in schema.get("required", ())}
            case "array":
                return [self._made(schema["items"]) for _ in range(schema.get("minItems", 0))]
            case "boolean":
                return True
            case "integer" | "number":
                return schema.get("minimum", 1)
            case _:
                formats = {"date": date(2026, 12, 22).isoformat(), "uuid": str(UUID(int=0))}
                return formats.get(schema.get("format", ""), "Pagrįsta dokumentais.")


def _fits(template: str, address: str) -> bool:
    """Whether it is an address of that form: the same parts, and anything where the form has a name."""
    parts, named = address.split("/"), template.split("/")
    return len(parts) == len(named) and all(
        name == part or name.startswith("{") for part, name in zip(parts, named, strict=True)
    )


async def _records(world: World, callers: dict[Role, Caller]) -> dict[str, list[str]]:
    """What there is to walk: one of everything, and what a road begins with."""
    office = callers[Role.COORDINATOR]
    auditor = UUID(str(callers[Role.AUDITOR].client_id))
    full = await a_full_organisation(world, "LIT2025-301", assessor=auditor, reviewer=None)
    callers[Role.PROVIDER] = await world.caller("provider", full.organisation_id)
    await world.grant(callers[Role.PARTNER], organisation_id=full.organisation_id)
    holder = {"organisation_id": str(full.organisation_id)}
    draft = {"standard_version": "EQUASS-2018", "level": "ASSURANCE", "scope": {"services": ["DAY_CARE_INSTITUTION"]}}
    application = {"project": "QUALITY-LT-2", "strand": "EQUASS_MAINTENANCE", "declared_on": "2026-11-20"}
    for path, body in (
        ("/v1/certificates", draft),
        *(("/v1/enrolments", application | {"scope": {"unit": f"{number} padalinys"}}) for number in range(4)),
    ):
        made = await office.post(path, holder | body)
        assert made.status_code == 201, made.text
    assert (await office.post("/v1/test-clocks", {"name": "Trejų metų eiga", "today": "2026-11-26"})).status_code == 201
    file = b'[{"number": "1.1", "title": {"lt": "Vizija", "en": "Vision"}, "text": null}]'
    asked = {"kind": "criteria", "standard_version": "EQUASS-2018"}
    brought = await office.request(
        "POST", "/v1/imports", params=asked, content=file, headers={"Content-Type": "application/json"}
    )
    assert brought.status_code == 201, brought.text
    await world.finished_audit(full.organisation_id, scope={"services": ["DAY_CARE_INSTITUTION"]})
    rated = await world.assessment("external_audit", full.organisation_id, started=True)
    await world.rate_everything(rated, callers[Role.AUDITOR], "auditor")
    await world.assessment("external_audit", full.organisation_id)
    own = await world.assessment("self_assessment", full.organisation_id, started=True)
    await world.rate_everything(own, callers[Role.PROVIDER], "provider")
    for _ in range(2):
        await a_certificate(world.database, "2025-12-01")
    enrolment = await taking_part(world, organisation=holder["organisation_id"])
    supported = [await record(office, enrolment) for _ in range(2)]
    found = {"support_activities": [f"{enrolment}/support-activities/{one['id']}" for one in supported]}
    for name in lifecycled().keys() - found.keys():
        listed = await office.get(f"/v1/{name.replace('_', '-')}?limit=20")
        items = listed.json()["items"] if listed.status_code == 200 else []
        found[name] = [f"/v1/{name.replace('_', '-')}/{item['id']}" for item in items]
    found["standard_versions"] = [f"/v1/standards/EQUASS/versions/{code}" for code in ("EQUASS-REVISED", "EQUASS-2018")]
    return found


async def test_what_actions_say_is_what_a_move_answers(world: World) -> None:
    callers = {role: await world.caller(role, another=1) for role in ROLES if role is not Role.PROVIDER}
    callers[Role.AUDITOR] = await world.caller("auditor")
    records = await _records(world, callers)
    walk = Walk(world, callers, world.app.openapi(), random.Random(7))
    views = lifecycled()
    # Before the assessments and enrolments that they are of; after what ends with them.
    turn = {"findings": 0, "support_activities": 0, "certificates": 2}
    for name in sorted(views, key=lambda name: turn.get(name, 1)):
        assert records[name], f"{name}: nothing to walk; tests/full.py makes one of everything"
        for path in records[name]:
            await walk.along(views[name], path, 10)
    for path in records["annual_reports"]:
        await walk.look(views["annual_reports"], path)
    assert walk.checked > 500
    for name, view in views.items():
        assert view.lifecycle is not None
        by_people = {move.name for move in view.lifecycle.moves.values() if move.who != {Role.WORKER}}
        opened, refused = ({move for at, move in found if at == name} for found in (walk.opened, walk.refused))
        assert opened | refused == by_people
        assert len(opened) * 2 >= len(by_people), f"{name}: too many are never open here: {by_people - opened}"
