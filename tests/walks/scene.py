"""Where walks begin: three organisations, everybody who acts, a standard of our own, and some of everything under way."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from programme.rules.ratings import PLAIN_SCALE
from programme.services import auditors, clients
from programme.tables import Auditor, StandardVersion
from tests.model import OPEN, Actor, Organisation, Programme, Project
from tests.model.assessments import Assessment, Finding
from tests.model.certificates import Certificate
from tests.model.enrolments import Enrolment, SupportActivity
from tests.model.indicators import Indicator
from tests.model.moves import MOVES
from tests.model.standards import Policy, Version
from tests.walks.bodies import WHY
from tests.walks.walk import STANDARD, Walk
from tests.world import World

TODAY = date(2026, 11, 22)
CRITERIA = {"RATAS-1": ("1.1", "1.2", "2.1"), "RATAS-2": ("1.1", "2.1"), "RATAS-3": ()}
ANNOUNCED = "RATAS-4"
LICENSED_UNTIL = date(2028, 2, 29)
"""Of the second auditor; the first is licensed for good."""
CARE, HOME = ["LONG_TERM_CARE"], ["DAY_CARE_HOME"]


async def a_scene(world: World) -> Walk:
    world.travel(TODAY)
    coordinator = await world.caller("coordinator")
    versions = await _standard(world)
    first, second = await world.organisation(), await world.organisation(name="Beržyno globos namai")
    heir = await world.organisation(name="Ąžuolyno namų perėmėja", succeeds_id=first["id"])
    organisations = {
        one["id"]: Organisation(one["id"], one["name"], one["succeeds_id"]) for one in (first, second, heir)
    }
    project = await _project(coordinator)
    walk = Walk(world, Programme(TODAY, organisations, project), {}, {})
    await _cast(walk, first["id"], second["id"], heir["id"])
    states = {"RATAS-1": "current", ANNOUNCED: "announced"}
    for code in versions:
        criteria = CRITERIA.get(code, ())
        version = Version(code, states.get(code, "draft"), criteria)
        walk.p.begin(version)
        walk.introduce(version, versions[code])
        if criteria:
            await walk.set_policy(version, Policy(date(2015, 1, 1), 36))
    await _history(walk, first["id"], second["id"])
    return walk


async def _standard(world: World) -> dict[str, str]:
    """A version in force, one that is drafted, one without criteria, and one of which it is known only that it will come,
    as such a one is brought in; the id of each."""
    coordinator = await world.caller("coordinator")
    name = {"lt": "Ratas", "en": "Wheel"}
    body = {"code": STANDARD, "name": name, "levels": [{"code": "BASIC", "name": name, "rank": 1}]}
    made = await coordinator.post("/v1/standards", body)
    assert made.status_code == 201, made.text
    ids = {}
    for code, criteria in CRITERIA.items():
        tree = [
            {
                "number": number, "code": f"P{number}", "name": name,
                "criteria": [{"number": one, "title": name} for one in criteria if one.startswith(f"{number}.")],
            }
            for number in sorted({int(one[0]) for one in criteria})
        ]  # fmt: skip
        made = await coordinator.post(f"/v1/standards/{STANDARD}/versions", {"code": code, "principles": tree})
        assert made.status_code == 201, made.text
        ids[code] = made.json()["id"]
    done = await coordinator.move(f"/v1/standards/{STANDARD}/versions/RATAS-1", "publish")
    assert done.status_code == 200, done.text
    async with world.at_work() as work:
        version = StandardVersion(
            standard=STANDARD, code=ANNOUNCED, state="announced", node_kind="principle", counts={}, display_type={},
            criteria_official=False, principles=[], scale=PLAIN_SCALE,
        )  # fmt: skip
        await work.add(version, "standard_version.added")
        return {**ids, ANNOUNCED: str(version.id)}


async def _project(coordinator: Any) -> Project:
    project = Project("RATAS-LT", "RATAS", date(2023, 8, 18), date(2029, 1, 31), 2, ("mokymai", "auditas"))
    name = {"lt": "Rato projektas", "en": "Project of the wheel"}
    bounds = {"starts_on": project.starts_on.isoformat(), "ends_on": project.ends_on.isoformat()}
    made = await coordinator.post(
        "/v1/projects", {"code": project.code, "name": name, "kind": "implementation", **bounds}
    )
    assert made.status_code == 201, made.text
    strand = {
        "code": project.strand, "standard": STANDARD, "kind": "implementation", "capacity": project.capacity,
        "stages": list(project.stages),
    }  # fmt: skip
    made = await coordinator.post(f"/v1/projects/{project.code}/strands", strand)
    assert made.status_code == 201, made.text
    return project


async def _cast(walk: Walk, first: str, second: str, heir: str) -> None:
    """Two of whoever may be in another's way, and a stranger beside each who sees a part."""
    world = walk.world
    whom: list[tuple[str, str, str | None]] = [
        ("coordinator", "coordinator", None), ("project manager", "project_manager", None), ("auditor", "auditor", None),
        ("second auditor", "auditor", None), ("reviewer", "reviewer", None), ("awarder", "awarder", None),
        ("second awarder", "awarder", None), ("supervisor", "supervisor", None), ("operator", "ops", None),
        ("provider", "provider", first), ("other provider", "provider", second), ("heir", "provider", heir),
        ("partner", "partner", first),
    ]  # fmt: skip
    for name, role, organisation in whom:
        belongs = organisation if role == "provider" else None
        caller = await world.caller(role, belongs, another=int(name.startswith("second")))
        walk.callers[name] = caller
        walk.actors[name] = Actor(name, role, str(caller.client_id), organisation)
    async with world.at_work() as work:
        partner = UUID(str(walk.callers["partner"].client_id))
        await clients.amend(work, partner, grants=[{"organisation_id": UUID(first)}])
        client = walk.callers["second auditor"].client_id
        auditor = await work.session.scalar(select(Auditor.id).where(Auditor.client_id == client))
        ends = {"standard": STANDARD, "valid_from": date(2000, 1, 1), "valid_until": LICENSED_UNTIL}
        await auditors.amend(work, auditor, licences=[ends])
    walk.p.licensed_until[str(client)] = LICENSED_UNTIL
    walk.p.licensed_until[str(walk.callers["auditor"].client_id)] = date(2100, 12, 31)


async def _history(walk: Walk, first: str, second: str) -> None:
    """A certificate that is about to end, one that is new, one of another holder, a draft that could be granted, and what
    leads there; an enrolment that is active and one that is being judged."""
    await _certificate(walk, first, CARE, date(2024, 2, 20), date(2024, 2, 29))
    await _certificate(walk, first, HOME, date(2026, 11, 12), date(2026, 11, 20))
    await _certificate(walk, second, [], date(2025, 12, 1), date(2026, 1, 15))
    await _audit(walk, first, CARE, date(2026, 11, 2))
    await _audit(walk, second, CARE, date(2026, 11, 3))
    await _draft(walk, second, CARE)
    reviewed = await _planned(walk, first, HOME, "external_audit")
    await _do(walk, "auditor", "start", reviewed)
    await _do(walk, "auditor", "rate", reviewed, ratings=dict.fromkeys(reviewed.criteria, ("met", True)))
    for severity in ("minor", "observation"):
        said = {
            "assessment": reviewed, "assessment_id": reviewed.key, "criterion": "1.2", "severity": severity,
            "statement": WHY, "due_on": date(2027, 2, 26),
        }  # fmt: skip
        await walk.open(walk.actors["auditor"], Finding, said)
    await _do(walk, "auditor", "submit", reviewed)
    await _do(walk, "reviewer", "start_review", reviewed)
    under_way = await _planned(walk, first, CARE, "external_audit")
    await _do(walk, "coordinator", "start", under_way)
    own = await _planned(walk, first, CARE, "self_assessment")
    await _do(walk, "provider", "start", own)
    for unit, holder, verbs in (
        ("Dienos centras", first, ("submit", "start_review", "select", "sign_agreement")),
        ("Namai", second, ("submit", "start_review")),
    ):
        said = {
            "organisation_id": holder, "project": walk.p.project.code, "strand": walk.p.project.strand,
            "declared_on": TODAY, "scope": {"services": [], "sites": [], "unit": unit},
        }  # fmt: skip
        enrolment = await walk.open(walk.actors["coordinator"], Enrolment, said)
        for verb in verbs:
            more = {
                "select": {"commission_decision_ref": "KOM-1"},
                "sign_agreement": {"agreement_number": "S-0", "signed_on": TODAY},
            }
            await _do(walk, "coordinator", verb, enrolment, **more.get(verb, {}))
        if holder == first:
            topic = {"lt": "Mokymai", "en": "Training"}
            held = {"kind": "training", "topic": topic, "held_on": date(2027, 1, 15), "hours": 6.5, "people": 14}
            await walk.open(walk.actors["coordinator"], SupportActivity, {"enrolment": enrolment, **held})
    name = {"lt": "Pasitenkinimas", "en": "Satisfaction"}
    said = {"organisation_id": first, "name": name, "unit": "proc.", "direction": "higher"}
    await walk.open(walk.actors["provider"], Indicator, said)


async def _do(walk: Walk, who: str, verb: str, thing: Any, **said: Any) -> None:
    assert await walk.act(walk.actors[who], MOVES[thing.kind][verb], thing, said) == OPEN


async def _planned(walk: Walk, holder: str, services: list[str], kind: str) -> Any:
    said = {
        "organisation_id": holder, "kind": kind, "standard_version": "RATAS-1", "level": "BASIC",
        "scope": {"services": services, "sites": [], "unit": None},
    }  # fmt: skip
    if kind == "external_audit":
        said["assessor"] = walk.actors["auditor"].client
    return await walk.open(walk.actors["coordinator"], Assessment, said)


async def _audit(walk: Walk, holder: str, services: list[str], ended_on: date) -> Any:
    """An external audit that passed."""
    audit = await _planned(walk, holder, services, "external_audit")
    await _do(walk, "auditor", "start", audit, effective_on=ended_on)
    await _do(walk, "auditor", "rate", audit, ratings=dict.fromkeys(audit.criteria, ("met", True)))
    await _do(walk, "auditor", "submit", audit, effective_on=ended_on)
    await _do(walk, "reviewer", "start_review", audit)
    await _do(walk, "awarder", "finalise", audit)
    return audit


async def _draft(walk: Walk, holder: str, services: list[str]) -> Any:
    said = {
        "organisation_id": holder, "standard_version": "RATAS-1", "level": "BASIC",
        "scope": {"services": services, "sites": [], "unit": None},
    }  # fmt: skip
    return await walk.open(walk.actors["coordinator"], Certificate, said)


async def _certificate(walk: Walk, holder: str, services: list[str], audited_on: date, certified_on: date) -> None:
    audit = await _audit(walk, holder, services, audited_on)
    draft = await _draft(walk, holder, services)
    said = {"certified_on": certified_on, "assessment_id": audit.key, "decision_ref": "AC-1"}
    await _do(walk, "awarder", "grant", draft, **said)
