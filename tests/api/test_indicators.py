"""/v1/indicators over HTTP: what is defined, what is reported of it each year, and where it goes over certificates."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from tests import oracle
from tests.api.test_annual_reports import PARTS, move
from tests.made import Made, a_certificate
from tests.world import Caller, World

NAME = {"lt": "Paslaugų gavėjų pasitenkinimas", "en": "Satisfaction of service users"}
NEW: dict[str, Any] = {"name": NAME, "unit": "proc.", "direction": "higher", "target": 90}


async def define(caller: Caller, organisation: Any, **more: Any) -> dict[str, Any]:
    made = await caller.post("/v1/indicators", {**NEW, "organisation_id": str(organisation), **more})
    assert made.status_code == 201, made.text
    return dict(made.json())


async def report(caller: Caller, made: Made, year: int, *results: dict[str, Any]) -> dict[str, Any]:
    path = f"/v1/annual-reports/{made.reports[year - 1]}"
    return await move(caller, path, "submit", {"parts": PARTS, "results": list(results), "declaration": True})


async def series(caller: Caller, indicator: dict[str, Any]) -> dict[str, Any]:
    answer = await caller.get(f"/v1/indicators/{indicator['id']}/series")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_series_runs_over_years_and_certificates(world: World) -> None:
    world.travel("2022-01-10")
    first = await a_certificate(world.database, "2022-01-10", reference="LIT2022-001")
    provider = await world.caller("provider", first.organisation)
    indicator = await define(provider, first.organisation)
    empty = await series(provider, indicator)
    assert (empty["points"], empty["trend"], empty["target"]) == ([], None, 90)

    world.travel("2023-01-05")
    await report(provider, first, 1, {"indicator_id": indicator["id"], "value": 84.5})
    assert (await series(provider, indicator))["trend"] is None
    world.travel("2024-01-05")
    changed = await provider.change(f"/v1/indicators/{indicator['id']}", {"target": 95})
    assert changed.json()["target"] == 95
    await report(provider, first, 2, {"indicator_id": indicator["id"], "value": 96, "comment": "Apklausti visi."})
    world.travel("2025-02-01")
    second = await a_certificate(world.database, "2025-02-01", organisation=first.organisation, reference="LIT2025-001")
    world.travel("2026-01-20")
    await report(provider, second, 1, {"indicator_id": indicator["id"], "value": 92.5, "target": 92})

    told = await series(provider, indicator)
    assert (told["name"], told["unit"], told["direction"], told["trend"]) == (NAME, "proc.", "higher", "improving")
    assert [
        (one["reference"], one["sequence"], one["value"], one["target"], one["met"], one["change"])
        for one in told["points"]
    ] == [
        ("LIT2022-001", 1, 84.5, 90, False, None),
        ("LIT2022-001", 2, 96, 95, True, 11.5),
        ("LIT2025-001", 1, 92.5, 92, True, -3.5),
    ]
    assert told["points"][1]["comment"] == "Apklausti visi."
    await oracle.check(world.database)


async def test_a_corrected_value_takes_the_place_of_the_one_before_and_both_stay_readable(world: World) -> None:
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-201")
    provider, coordinator = await world.caller("provider", made.organisation), await world.caller("coordinator")
    indicator = await define(provider, made.organisation, direction="lower", name={"lt": "Skundai", "en": "Complaints"})
    path = f"/v1/annual-reports/{made.reports[0]}"
    await report(provider, made, 1, {"indicator_id": indicator["id"], "value": 12, "target": 10})
    await move(coordinator, path, "return", {"reason": "Patikrinkite skaičių.", "resubmit_by": "2026-12-20"})
    world.travel("2026-11-25")
    await report(provider, made, 1, {"indicator_id": indicator["id"], "value": 9, "target": 10})

    (point,) = (await series(provider, indicator))["points"]
    assert (point["submission"], point["value"], point["met"]) == (2, 9, True)
    assert [(one["submission"], one["value"]) for one in point["earlier"]] == [(1, 12)]
    assert point["earlier"][0]["submitted_at"] == "2026-11-22T10:00:00.000000Z"
    kept = (await provider.get(f"{path}/submissions")).json()["items"]
    assert [one["results"][0]["value"] for one in kept] == [12, 9]
    assert kept[0]["results"][0]["name"] == {"lt": "Skundai", "en": "Complaints"}

    await move(coordinator, path, "return", {"reason": "Šio rodiklio nebeteikite.", "resubmit_by": "2026-12-20"})
    await report(provider, made, 1)
    assert (await series(provider, indicator))["points"] == []
    await oracle.check(world.database)


async def test_a_submission_keeps_what_the_indicator_was_called_on_its_day(world: World) -> None:
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-201")
    provider = await world.caller("provider", made.organisation)
    indicator = await define(provider, made.organisation)
    await report(provider, made, 1, {"indicator_id": indicator["id"], "value": 91})
    path = f"/v1/indicators/{indicator['id']}"
    assert (await provider.change(path, {"name": {"lt": "Kitaip", "en": "Otherwise"}, "target": 80})).status_code == 200
    (kept,) = (await provider.get(f"/v1/annual-reports/{made.reports[0]}/submissions")).json()["items"]
    assert (kept["results"][0]["name"], kept["results"][0]["target"]) == (NAME, 90)
    for change in ({"unit": "balai"}, {"direction": "lower"}):
        refused = await provider.change(path, change)
        assert (refused.status_code, refused.json()["reasons"][0]["code"]) == (409, "indicator_in_use")
    assert (await provider.change(path, {"unit": "proc.", "direction": "higher"})).status_code == 200


async def test_a_retired_indicator_is_reported_no_more_until_it_is_resumed(world: World) -> None:
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-201")
    provider = await world.caller("provider", made.organisation)
    indicator = await define(provider, made.organisation)
    path = f"/v1/indicators/{indicator['id']}"
    retired = await move(provider, path, "retire")
    assert (retired["state"], retired["retired_on"]) == ("retired", "2026-11-22")
    assert {one["name"]: one["allowed"] for one in retired["actions"]} == {"retire": False, "resume": True}
    assert (await provider.change(path, {"target": 1})).status_code == 409
    said = {"parts": PARTS, "results": [{"indicator_id": indicator["id"], "value": 91}], "declaration": True}
    refused = await provider.move(f"/v1/annual-reports/{made.reports[0]}", "submit", said)
    assert [one["code"] for one in refused.json()["errors"]] == ["indicator_retired"]
    another = await define(provider, made.organisation)
    taken = await provider.move(path, "resume")
    assert (taken.status_code, taken.json()["code"]) == (409, "indicator_name_in_use")
    await move(provider, f"/v1/indicators/{another['id']}", "retire")
    assert (await move(provider, path, "resume"))["retired_on"] is None
    await report(provider, made, 1, {"indicator_id": indicator["id"], "value": 91})
    await oracle.check(world.database)


async def test_what_was_drafted_of_a_retired_indicator_stands_in_nobodys_way_until_it_is_handed_in(
    world: World,
) -> None:
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-201")
    provider = await world.caller("provider", made.organisation)
    indicator = await define(provider, made.organisation)
    path = f"/v1/annual-reports/{made.reports[0]}"
    await move(provider, path, "start")
    drafted = {"parts": PARTS, "results": [{"indicator_id": indicator["id"], "value": 91}]}
    assert (await provider.change(f"{path}/draft", drafted)).status_code == 200
    await move(provider, f"/v1/indicators/{indicator['id']}", "retire")
    assert (await provider.change(f"{path}/draft", {"parts": {"progress": "…"}})).status_code == 200
    refused = await provider.move(path, "submit", {"declaration": True})
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [
        ("/results/0/indicator_id", "indicator_retired")
    ]
    await move(provider, path, "submit", {"declaration": True, "results": []})


async def test_a_unit_that_changes_while_a_value_is_reported_is_the_one_that_is_kept(racing_world: World) -> None:
    made = [await a_certificate(racing_world.database, "2025-12-01") for _ in range(6)]
    coordinator = await racing_world.caller("coordinator")
    indicators = [await define(coordinator, one.organisation) for one in made]

    async def rename(indicator: dict[str, Any]) -> int:
        return (await coordinator.change(f"/v1/indicators/{indicator['id']}", {"unit": "balai"})).status_code

    answers = await asyncio.gather(
        *(rename(one) for one in indicators),
        *(
            report(coordinator, one, 1, {"indicator_id": its["id"], "value": 1})
            for one, its in zip(made, indicators, strict=True)
        ),
    )
    assert set(answers[: len(made)]) <= {200, 409}
    await oracle.check(racing_world.database)


async def test_a_report_names_each_of_its_holders_indicators_once(world: World) -> None:
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-201")
    provider = await world.caller("provider", made.organisation)
    foreign = await define(await world.caller("coordinator"), (await world.organisation())["id"])
    own = await define(provider, made.organisation)
    results = [{"indicator_id": one["id"], "value": 1} for one in (foreign, own, own)]
    refused = await provider.move(
        f"/v1/annual-reports/{made.reports[0]}", "submit", {"parts": PARTS, "results": results, "declaration": True}
    )
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [
        ("/results/0/indicator_id", "unknown_indicator"),
        ("/results/2/indicator_id", "indicator_repeated"),
    ]
    assert (await provider.get(f"/v1/indicators/{foreign['id']}")).status_code == 404
    assert (await provider.get(f"/v1/indicators/{foreign['id']}/series")).status_code == 404
    assert [one["id"] for one in (await provider.get("/v1/indicators")).json()["items"]] == [own["id"]]


@pytest.mark.parametrize(
    ("more", "pointer", "code"),
    [
        ({"criterion": "9.2"}, "/standard_version", "missing"),
        ({"principle": 9}, "/standard_version", "missing"),
        ({"standard_version": "EQUASS-1999"}, "/standard_version", "unknown_version"),
        ({"standard_version": "EQUASS-2018", "principle": 11}, "/principle", "unknown_principle"),
        ({"standard_version": "EQUASS-2018", "criterion": "9.99"}, "/criterion", "unknown_criterion"),
        ({"standard_version": "EQUASS-2018", "criterion": "11.1"}, "/criterion", "unknown_criterion"),
        ({"standard_version": "EQUASS-2018", "principle": 3, "criterion": "9.2"}, "/criterion", "unknown_criterion"),
        ({"direction": "up"}, "/direction", "enum"),
        ({"target": 1e13}, "/target", "less_than_equal"),
        ({"target": 0.12345}, "/target", "too_many_decimals"),
        ({"unit": " "}, "/unit", "blank"),
        ({"organisation_id": str(UUID(int=5))}, "/organisation_id", "unknown_organisation"),
    ],
)
async def test_an_indicator_is_whole_and_bears_on_what_there_is(
    world: World, more: dict[str, Any], pointer: str, code: str
) -> None:
    holder = await world.organisation()
    refused = await (await world.caller("coordinator")).post(
        "/v1/indicators", {**NEW, "organisation_id": holder["id"], **more}
    )
    assert refused.status_code == 422, refused.text
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [(pointer, code)]


async def test_indicators_are_found_by_what_they_bear_on(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    of = {"organisation": holder["id"], "standard_version": "EQUASS-2018"}
    one = await define(coordinator, holder["id"], standard_version="EQUASS-2018", criterion="9.2")
    other = await define(
        coordinator, holder["id"], standard_version="EQUASS-2018", principle=3,
        name={"lt": "Ąžuolai", "en": "Oaks"}, unit="vnt.",
    )  # fmt: skip
    assert (one["principle"], one["criterion"], other["criterion"]) == (9, "9.2", None)
    twice = await coordinator.post("/v1/indicators", {**NEW, "organisation_id": holder["id"]})
    assert (twice.status_code, twice.json()["code"]) == (409, "indicator_name_in_use")

    async def found(query: str) -> list[str]:
        return [item["id"] for item in (await coordinator.get(f"/v1/indicators?{query}")).json()["items"]]

    assert await found(f"organisation_id={of['organisation']}") == [other["id"], one["id"]]
    assert await found("principle=3") == await found("q=azuolai") == await found("q=vnt") == [other["id"]]
    assert await found("criterion=9.2&standard_version=EQUASS-2018&state=active") == [one["id"]]
    assert await found("state=retired") == []
    expanded = (await coordinator.get(f"/v1/indicators/{one['id']}?expand=organisation")).json()
    assert expanded["organisation"]["id"] == holder["id"]


async def test_what_an_indicator_bears_on_can_be_moved(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    path = f"/v1/indicators/{(await define(coordinator, holder['id']))['id']}"

    async def change(**said: Any) -> tuple[Any, ...]:
        answer = await coordinator.change(path, said)
        if answer.status_code != 200:
            return tuple(one["code"] for one in answer.json()["errors"])
        return tuple(answer.json()[name] for name in ("standard_version", "principle", "criterion"))

    assert await change(standard_version="EQUASS-2018", criterion="9.2") == ("EQUASS-2018", 9, "9.2")
    assert await change(criterion="3.5") == ("EQUASS-2018", 3, "3.5")
    assert await change(principle=4) == ("unknown_criterion",)
    assert await change(principle=None) == ("unknown_criterion",)
    assert await change(standard_version=None) == ("missing",)
    assert await change(principle=4, criterion=None) == ("EQUASS-2018", 4, None)
    assert await change(principle=None, standard_version=None) == (None, None, None)


async def test_who_reads_indicators_and_who_defines_them(world: World) -> None:
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-201")
    indicator = await define(await world.caller("coordinator"), made.organisation)
    for role, status in (("awarder", 200), ("supervisor", 200), ("partner", 403), ("auditor", 404)):
        caller = await world.caller(role)
        assert (await caller.get(f"/v1/indicators/{indicator['id']}/series")).status_code == status
        assert (
            await caller.post("/v1/indicators", {**NEW, "organisation_id": str(made.organisation)})
        ).status_code == 403
