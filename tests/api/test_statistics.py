"""The programme in numbers: the real one on real days, and every number that of the list it stands for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from programme.services import loading
from tests.api.test_findings import at, handed_in, moved, raised
from tests.made import a_certificate
from tests.world import Caller, World

READ = ("certificates", "annual-reports", "enrolments", "findings")

BY: dict[str, tuple[str, ...]] = {
    "certificates": (
        "status", "register_status", "standard", "standard_version", "level", "municipality", "county", "service",
    ),
    "annual-reports": ("timeliness", "year", "sequence", "standard", "municipality", "county"),
    "enrolments": ("state", "project", "strand", "standard", "municipality", "county", "service"),
    "findings": (
        "principle", "criterion", "severity", "state", "overdue", "standard", "standard_version", "municipality", "county",
    ),
}  # fmt: skip

NARROWED: dict[str, dict[str, list[str]]] = {
    "certificates": {
        "status": ["active,expiring", "expired"], "county": ["LT-UT", "LT-VL,LT-KL"], "municipality": ["LT-57"],
        "service": ["LONG_TERM_CARE"], "q": ["globos namai"], "expires_on[gte]": ["2024-11-30"],
    },
    "annual-reports": {
        "timeliness": ["upcoming,overdue", "not_owed"], "county": ["LT-UT"], "q": ["leliunu"], "sequence": ["1"],
        "due_on[lte]": ["2024-01-12"], "flag": ["open"],
    },
    "enrolments": {
        "project": ["QUALITY-LT-2"], "state": ["active"], "county": ["LT-UT,LT-TA"], "signed_on[gte]": ["2020-01-01"],
    },
    "findings": {
        "severity": ["minor,major"], "principle": ["1,3"], "state": ["open", "planned,answered"], "overdue": ["true"],
    },
}  # fmt: skip

DAYS = ("2021-11-28", "2024-06-02", "2024-11-29", "2024-11-30", "2026-11-22", "2027-02-22", "2028-02-22")


@pytest.fixture
async def real(world: World) -> World:
    """The real programme, loaded at noon of 2026-11-22, and four findings that an audit handed in on that day."""
    await loading.load_programme(world.database)
    audit = await world.assessment(started=True)
    found = [
        await raised(world, audit, criterion=criterion, severity=severity)
        for criterion, severity in (("3.2", "minor"), ("3.4", "major"), ("1.1", "observation"), ("10.5", "minor"))
    ]
    await handed_in(world, audit)
    provider = await world.caller("provider", audit["organisation_id"])
    await moved(provider, at(found[0]), "plan")
    await moved(provider, at(found[1]), "plan")
    await moved(provider, at(found[1]), "answer")
    return world


def counts(items: list[dict[str, Any]], name: str) -> dict[Any, int]:
    return {item[name]: item["count"] for item in items}


async def told(caller: Caller, path: str) -> dict[str, Any]:
    answer = await caller.get(path)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_leliunai_is_expiring_on_its_last_day_and_has_expired_on_the_next(real: World) -> None:
    coordinator = await real.caller("coordinator")

    async def by_status(day: str) -> dict[Any, int]:
        seen = await told(coordinator, f"/v1/statistics?as_of={day}")
        assert (seen["as_of"], seen["certificates"]["total"]) == (day, 15)
        return counts(seen["certificates"]["by_status"], "status")

    assert await by_status("2024-11-29") == {"active": 1, "expired": 10, "expiring": 3, "not_yet_valid": 1}
    assert await by_status("2024-11-30") == {"active": 1, "expired": 11, "expiring": 2, "not_yet_valid": 1}
    today = await told(coordinator, "/v1/statistics")
    assert today["as_of"] == "2026-11-22"
    assert counts(today["certificates"]["by_status"], "status") == {"active": 2, "expired": 13}
    assert counts(today["certificates"]["by_county"], "county") == {
        "LT-KL": 3, "LT-KU": 2, "LT-PN": 1, "LT-SA": 1, "LT-TA": 1, "LT-UT": 4, "LT-VL": 3,
    }  # fmt: skip
    assert counts(today["certificates"]["by_service"], "service")["LONG_TERM_CARE"] == 7

    utena = "/v1/statistics/certificates?by=status&municipality=LT-54"
    for day, status in (("2021-11-28", "not_yet_valid"), ("2024-11-29", "expiring"), ("2024-11-30", "expired")):
        assert (await told(coordinator, f"{utena}&as_of={day}"))["items"] == [{"status": status, "count": 1}]


async def test_a_report_is_upcoming_until_its_last_day_and_overdue_from_the_next(real: World) -> None:
    coordinator = await real.caller("coordinator")
    of_2027 = "/v1/statistics/annual-reports?by=timeliness,year&due_on[gte]=2027-01-01"
    for day, stands in (("2026-11-22", "upcoming"), ("2027-02-21", "upcoming"), ("2027-02-22", "overdue")):
        seen = await told(coordinator, f"{of_2027}&as_of={day}")
        assert seen == {"as_of": day, "total": 1, "items": [{"timeliness": stands, "year": 2027, "count": 1}]}


async def test_enrolments_stand_beside_the_capacity_of_their_strand(real: World) -> None:
    coordinator = await real.caller("coordinator")
    projects = (await told(coordinator, "/v1/projects"))["items"]
    strands = (await told(coordinator, "/v1/statistics"))["enrolments"]["strands"]
    assert [(one["project"], one["strand"], one["capacity"], one["holding_a_place"]) for one in strands] == [
        (project["code"], strand["code"], strand["capacity"], strand["places_taken"])
        for project in projects
        for strand in sorted(project["strands"], key=lambda strand: str(strand["code"]))
    ]
    assert {one["strand"]: one["capacity"] for one in strands}["EQUASS_MAINTENANCE"] == 80


async def test_findings_are_counted_by_principle_as_they_stood(real: World) -> None:
    coordinator = await real.caller("coordinator")
    figures = (await told(coordinator, "/v1/statistics"))["findings"]
    assert figures["total"] == 4
    assert counts(figures["by_state"], "state") == {"answered": 1, "open": 2, "planned": 1}
    assert counts(figures["by_severity"], "severity") == {"major": 1, "minor": 2, "observation": 1}
    assert [(one["standard_version"], one["principle"], one["count"]) for one in figures["by_principle"]] == [
        ("EQUASS-2018", 1, 1), ("EQUASS-2018", 3, 2), ("EQUASS-2018", 10, 1),
    ]  # fmt: skip
    major = (await told(coordinator, "/v1/findings?severity=major"))["items"][0]
    real.travel("2026-12-10")
    await moved(await real.caller("reviewer"), at(major), "verify")
    for day, states in (
        ("2026-11-21", {}),
        ("2026-11-22", {"answered": 1, "open": 2, "planned": 1}),
        ("2026-12-09", {"answered": 1, "open": 2, "planned": 1}),
        ("2026-12-10", {"closed": 1, "open": 2, "planned": 1}),
    ):
        seen = await told(coordinator, f"/v1/statistics/findings?by=state&as_of={day}")
        assert counts(seen["items"], "state") == states, day
    late = await told(coordinator, "/v1/statistics/findings?by=overdue&as_of=2027-01-30&state=open,planned")
    assert counts(late["items"], "overdue") == {True: 3}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_every_number_is_the_total_of_the_list_that_it_stands_for(real: World, data: st.DataObject) -> None:
    resource = data.draw(st.sampled_from(READ))
    by = data.draw(st.lists(st.sampled_from(BY[resource]), min_size=1, max_size=3, unique=True))
    asked = {
        name: data.draw(st.sampled_from(values))
        for name, values in NARROWED[resource].items()
        if data.draw(st.integers(0, 3)) == 0
    }
    if (day := data.draw(st.sampled_from([*DAYS, None]))) is not None:
        asked["as_of"] = day
    if data.draw(st.integers(0, 3)) == 0:
        asked["known_at"] = "2026-11-22T10:00:00Z"
    coordinator = await real.caller("coordinator")

    async def listed(**more: str) -> int:
        query = urlencode(asked | more | {"include": "total", "limit": 1})
        return int((await told(coordinator, f"/v1/{resource}?{query}"))["total"])

    seen = await told(coordinator, f"/v1/statistics/{resource}?{urlencode(asked | {'by': ','.join(by)})}")
    assert seen["total"] == await listed()
    assert [*seen["items"]] == [one for one in seen["items"] if [*one] == [*by, "count"] and one["count"] > 0]
    if "service" not in by:
        assert sum(one["count"] for one in seen["items"]) == seen["total"]
    for one in data.draw(st.permutations(seen["items"]))[:3]:
        also = {
            name: str(one[name]).lower() if name == "overdue" else str(one[name])
            for name in by
            if one[name] is not None
        }
        if (year := also.pop("year", None)) is not None and not any(name.startswith("due_on") for name in asked):
            also |= {"due_on[gte]": f"{year}-01-01", "due_on[lte]": f"{year}-12-31"}
        if len(also) >= len(by) and not also.keys() & asked.keys():  # null is nothing that a list is asked for
            assert await listed(**also) == one["count"], one


async def test_what_happens_later_leaves_the_numbers_of_a_day_alone(world: World) -> None:
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-201")
    awarder, coordinator = await world.caller("awarder"), await world.caller("coordinator")
    paths = ["/v1/statistics", *(f"/v1/statistics/{one}?by={','.join(BY[one][:3])}" for one in READ[:2])]
    days = ["2026-11-21", "2026-11-22", "2026-12-02"]
    before = {(path, day): await told(coordinator, day_of(path, day)) for path in paths for day in days}
    world.travel("2026-12-15")
    why = {"reason_code": "requirements_not_met", "reason": "Neatitinka.", "effective_on": "2026-12-10"}
    ended = await awarder.move(f"/v1/certificates/{made.certificate}", "withdraw", why)
    assert ended.status_code == 200
    assert {(path, day): await told(coordinator, day_of(path, day)) for path in paths for day in days} == before
    now = await told(coordinator, "/v1/statistics")
    assert counts(now["certificates"]["by_status"], "status") == {"withdrawn": 1}
    assert counts(now["annual_reports"]["by_timeliness"], "timeliness") == {"not_owed": 2}


async def test_what_was_known_at_a_moment_stays_as_it_was_told_then(world: World) -> None:
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-201")
    awarder, coordinator = await world.caller("awarder"), await world.caller("coordinator")
    told_then = [await told(coordinator, path) for path in ("/v1/statistics", "/v1/forecast")]
    world.travel("2026-12-15")
    why = {"reason_code": "requirements_not_met", "reason": "Neatitinka.", "effective_on": "2026-11-20"}
    ended = await awarder.move(f"/v1/certificates/{made.certificate}", "withdraw", why)
    assert ended.status_code == 200, ended.text
    at = "known_at=2026-11-22T12:00:00Z"
    assert [await told(coordinator, f"{path}?{at}") for path in ("/v1/statistics", "/v1/forecast")] == told_then
    by_now = await told(coordinator, "/v1/statistics?as_of=2026-11-22")
    assert counts(by_now["certificates"]["by_status"], "status") == {"withdrawn": 1}


def day_of(path: str, day: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}as_of={day}"


async def test_everybody_counts_what_they_see(world: World) -> None:
    own = await a_certificate(world.database, "2025-12-01", reference="LIT2025-201")
    other = await a_certificate(world.database, "2025-12-01", reference="LIT2025-202")
    provider, partner = await world.caller("provider", own.organisation), await world.caller("partner")
    assert (await told(partner, "/v1/statistics"))["certificates"]["total"] == 0
    await world.grant(partner, organisation_id=other.organisation)
    for caller in (provider, partner):
        seen = await told(caller, "/v1/statistics")
        assert (seen["certificates"]["total"], seen["enrolments"]["total"]) == (1, 0)
        assert (await told(caller, "/v1/statistics/certificates?by=municipality"))["items"] == [
            {"municipality": "LT-54", "count": 1}
        ]
    assert (await told(provider, "/v1/statistics"))["annual_reports"]["total"] == 2
    assert (await told(partner, "/v1/statistics"))["annual_reports"] is None
    assert (await partner.get("/v1/statistics/annual-reports")).status_code == 403
    assert (await told(await world.caller("supervisor"), "/v1/statistics"))["certificates"]["total"] == 2


@pytest.mark.parametrize(
    "query", ["by=colour", "by=status,standard,level,county", "by=", "sort=status", "limit=3", "as_of=2024-13-01"]
)
async def test_what_cannot_be_counted_by_is_refused(world: World, query: str) -> None:
    refused = await (await world.caller("coordinator")).get(f"/v1/statistics/certificates?{query}")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_parameter")


async def test_the_same_name_twice_is_counted_by_once(world: World) -> None:
    await a_certificate(world.database, "2025-12-01")
    seen = await told(await world.caller("coordinator"), "/v1/statistics/certificates?by=level,level")
    assert seen["items"] == [{"level": "ASSURANCE", "count": 1}]
