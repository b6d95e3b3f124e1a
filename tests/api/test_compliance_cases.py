"""/v1/compliance-cases over HTTP: opened by the daily pass, followed up by the coordinator."""

from __future__ import annotations

from typing import Any

import pytest

from programme.services.daily import catch_up
from tests import oracle
from tests.made import Made, a_certificate
from tests.world import World

RESOLUTION = {"resolution": "Ataskaita gauta, dėl kitų metų termino sutarta."}


async def a_case(world: World) -> tuple[str, Made]:
    """Of the report due on 2026-10-01, delinquent from 2026-11-01 on."""
    made = await a_certificate(world.database, "2025-10-01", reference="LIT2025-301")
    await catch_up(world.database)
    (case,) = (await (await world.caller("coordinator")).get("/v1/compliance-cases")).json()["items"]
    return f"/v1/compliance-cases/{case['id']}", made


async def test_a_delinquent_report_opens_one_case_which_the_coordinator_closes(world: World) -> None:
    path, made = await a_case(world)
    coordinator = await world.caller("coordinator")
    case = (await coordinator.get(f"{path}?expand=annual_report,certificate,organisation")).json()
    assert (case["kind"], case["state"], case["opened_on"]) == ("report_delinquent", "open", "2026-11-01")
    assert case["annual_report_id"] == case["annual_report"]["id"] == str(made.reports[0])
    assert case["annual_report"]["flags"] == ["open", "overdue", "delinquent"]
    assert (case["certificate"]["reference"], case["organisation"]["id"]) == ("LIT2025-301", str(made.organisation))
    assert [(action["name"], action["allowed"]) for action in case["actions"]] == [("close", True)]

    closed = await coordinator.move(path, "close", RESOLUTION)

    assert closed.status_code == 200, closed.text
    assert (closed.json()["state"], closed.json()["closed_on"]) == ("closed", "2026-11-22")
    assert closed.json()["resolution"] == RESOLUTION["resolution"]
    events = await world.events(case["id"])
    assert [(event.type, event.effective_on.isoformat()) for event in events] == [
        ("compliance_case.opened", "2026-11-01"),
        ("compliance_case.closed", "2026-11-22"),
    ]
    assert "resolution" not in events[1].data
    again = await coordinator.move(path, "close", RESOLUTION)
    assert (again.status_code, [reason["code"] for reason in again.json()["reasons"]]) == (409, ["wrong_state"])
    await catch_up(world.database)
    await oracle.check(world.database)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/resolution", "missing"),
        ({"resolution": " "}, "/resolution", "blank"),
        ({**RESOLUTION, "state": "closed"}, "/state", "extra_forbidden"),
        ({**RESOLUTION, "effective_on": "2026-11-23"}, "/effective_on", "date_too_late"),
        ({**RESOLUTION, "effective_on": "2026-10-31"}, "/effective_on", "date_too_early"),
    ],
)
async def test_closing_says_how(world: World, body: dict[str, Any], pointer: str, code: str) -> None:
    path, _ = await a_case(world)
    refused = await (await world.caller("coordinator")).move(path, "close", body)
    assert refused.status_code == 422
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [(pointer, code)]


async def test_cases_are_found_by_what_they_are_about(world: World) -> None:
    path, made = await a_case(world)
    coordinator = await world.caller("coordinator")
    for query, count in (
        ("state=open", 1), ("state=closed", 0), ("kind=report_delinquent", 1), ("q=lit2025-301", 1), ("q=leliunu", 1),
        ("municipality=LT-57", 0), (f"organisation_id={made.organisation}", 1), (f"certificate_id={made.certificate}", 1),
        (f"annual_report_id={made.reports[1]}", 0), ("opened_on[gte]=2026-11-02", 0), ("opened_on[lte]=2026-11-01", 1),
    ):  # fmt: skip
        listed = await coordinator.get(f"/v1/compliance-cases?{query}")
        assert len(listed.json()["items"]) == count, query
    for role, status in (("supervisor", 200), ("awarder", 200), ("auditor", 403), ("partner", 403)):
        assert (await (await world.caller(role)).get(path)).status_code == status
    provider = await world.caller("provider", made.organisation)
    assert (await provider.get(path)).status_code == 403
    assert (await (await world.caller("awarder")).move(path, "close", RESOLUTION)).status_code == 403
