"""The story of the care home of Leliūnai, told over HTTP from its first agreement to the application that follows its
certificate's end. `docs/leliunai.md` tells it to people; every date is of the public record."""

from __future__ import annotations

from typing import Any

import pytest

from programme.services import loading
from programme.services.daily import catch_up
from tests import oracle
from tests.world import Caller, World

NAME = "Utenos rajono savivaldybės Leliūnų socialinės globos namai"
SERVICES = ["LONG_TERM_CARE", "SHORT_TERM_CARE"]
SCOPE: dict[str, Any] = {"services": SERVICES, "sites": [], "unit": None}
PARTS = {
    "performance": "Tikslai pasiekti, trijų rodiklių reikšmės pagerėjo.",
    "progress": "3.4 kriterijus: kiekvienas gyventojas turi savo pasirinktą atstovą.",
    "development": "Kitais metais stiprinsime gyventojų tarybą.",
}


class Story:
    """Who takes part, and what they have in hand."""

    def __init__(self, world: World, callers: dict[str, Caller], home: dict[str, Any]) -> None:
        self.world, self.callers, self.home = world, callers, home

    async def on(self, day: str) -> None:
        """The day comes, and with it the night's pass."""
        self.world.travel(day)
        await catch_up(self.world.database)

    async def write(self, who: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        made = await self.callers[who].post(path, body)
        assert made.status_code == 201, made.text
        return dict(made.json())

    async def move(self, who: str, path: str, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        moved = await self.callers[who].move(path, verb, body)
        assert moved.status_code == 200, f"{verb}: {moved.text}"
        return dict(moved.json())

    async def enrolled(self, project: str, strand: str, number: str, signed_on: str) -> dict[str, Any]:
        """From the application to the signed agreement."""
        one = await self.write(
            "provider",
            "/v1/enrolments",
            {
                "organisation_id": self.home["id"],
                "project": project,
                "strand": strand,
                "scope": SCOPE,
                "declared_on": signed_on,
            },
        )
        at = f"/v1/enrolments/{one['id']}"
        await self.move("provider", at, "submit")
        await self.move("coordinator", at, "start-review")
        await self.move("coordinator", at, "select", {"commission_decision_ref": f"KOM-{number}"})
        return await self.move(
            "coordinator", at, "sign-agreement", {"agreement_number": number, "signed_on": signed_on}
        )

    async def certificate(self, at: str, who: str = "coordinator") -> dict[str, Any]:
        return dict((await self.callers[who].get(at)).json())

    async def listed(self, **asked: str) -> list[dict[str, Any]]:
        answer = await self.callers["coordinator"].get("/v1/annual-reports", params={"sort": "due_on", **asked})
        return list(answer.json()["items"])

    async def in_the_register(self, day: str) -> str:
        answer = await self.world.nobody.get(f"/public/v1/certificates/LIT2021-044?as_of={day}")
        return str(answer.json()["status"]) if answer.status_code == 200 else "absent"

    async def events(self, resource_id: str) -> list[tuple[str, str]]:
        return [(one.type, one.effective_on.isoformat()) for one in await self.world.events(resource_id)]


@pytest.fixture
async def story(world: World) -> Story:
    """2019: two projects are known, of the home nothing."""
    world.travel("2019-11-29")
    await loading.load_catalogue(world.database)
    registered = await world.organisation(
        name=NAME, municipality="LT-54", kind="budgetary_institution", website="https://leliunuglobosnamai.lt"
    )
    callers = {role: await world.caller(role) for role in ("coordinator", "auditor", "reviewer", "awarder")}
    callers["provider"] = await world.caller("provider", registered["id"])
    return Story(world, callers, registered)


async def test_from_the_first_agreement_to_the_second_project(story: Story) -> None:
    world = story.world

    # 2019-11-29: the agreement of the first project is signed.
    await story.on("2019-11-29")
    first = await story.enrolled("EQUASS-LT-1", "EQUASS_IMPLEMENTATION", "EQUASS-141", "2019-11-29")
    assert (first["state"], first["signed_on"]) == ("active", "2019-11-29")

    # 2021, autumn: fifty criteria, first as the home sees itself, then as the auditor finds it.
    await story.on("2021-09-06")
    own = await world.assessment("self_assessment", story.home["id"], started=True, scope=SCOPE)
    await world.rate_everything(own, story.callers["provider"], "provider")
    await story.move("provider", f"/v1/assessments/{own['id']}", "submit")
    await story.move("provider", f"/v1/assessments/{own['id']}", "finalise-self")
    await story.on("2021-11-15")
    audit = await world.finished_audit(story.home["id"], scope=SCOPE)
    assert (audit["outcome"], audit["score"]) == ("met", 1.0)

    # 2021-11-29: certified. The reference is the office's; three years to the day, the last one included.
    await story.on("2021-11-29")
    draft = await story.write(
        "coordinator",
        "/v1/certificates",
        {
            "organisation_id": story.home["id"],
            "standard_version": "EQUASS-2018",
            "level": "ASSURANCE",
            "scope": SCOPE,
            "service_users": 28,
            "staff": 26,
        },
    )
    at = f"/v1/certificates/{draft['id']}"
    granted = await story.move(
        "awarder",
        at,
        "grant",
        {
            "certified_on": "2021-11-29",
            "reference": "LIT2021-044",
            "assessment_id": audit["id"],
            "decision_ref": "AC-2021-44",
        },
    )
    assert (granted["status"], granted["valid_from"], granted["expires_on"]) == (
        "active", "2021-11-29", "2024-11-29",
    )  # fmt: skip
    owed = await story.listed(certificate_id=draft["id"])
    assert [report["due_on"] for report in owed] == ["2022-11-29", "2023-11-29"]

    # 2022-05-20: handed over at a ceremony. No clock runs from that day.
    await story.on("2022-05-20")
    assert (await story.certificate(at))["expires_on"] == "2024-11-29"

    # 2022-11: the first report, before its day, on its whole way.
    await story.on("2022-11-10")
    one = f"/v1/annual-reports/{owed[0]['id']}"
    assert (await story.listed(certificate_id=draft["id"]))[0]["flags"] == ["open", "due_soon"]
    await story.move("provider", one, "start")
    await story.move("provider", one, "submit", {"parts": PARTS, "declaration": True})
    await story.move("coordinator", one, "forward-to-auditor")
    feedback = [{"criterion": "3.4", "text": "Atstovavimas įgyvendintas gerai."}]
    await story.move("auditor", one, "comment", {"feedback": feedback})
    await story.move("coordinator", one, "forward-to-office")
    approved = await story.move("reviewer", one, "approve")
    assert (approved["state"], approved["flags"]) == ("approved", [])

    # 2023-11-30: the second is a day late, and stays so.
    await story.on("2023-11-30")
    assert (await story.listed(certificate_id=draft["id"]))[1]["flags"] == ["open", "overdue"]
    two = f"/v1/annual-reports/{owed[1]['id']}"
    late = await story.move("provider", two, "submit", {"parts": PARTS, "declaration": True})
    assert late["flags"] == ["late"]
    assert ("annual_report.overdue", "2023-11-30") in await story.events(owed[1]["id"])

    # 2024-01-11: the agreement of the second project, while the certificate is valid.
    await story.on("2024-01-11")
    second = await story.enrolled("QUALITY-LT-2", "EQUASS_MAINTENANCE", "EQUASS-P2-017", "2024-01-11")
    assert second["state"] == "active"

    # 2024-11-29 is the last valid day, whatever the worker does; from midnight in Vilnius it is over.
    world.travel("2024-11-29T21:59:59+00:00")
    assert (await story.certificate(at))["status"] == "expiring"
    world.travel("2024-11-29T22:00:00+00:00")
    assert (await story.certificate(at))["status"] == "expired"
    await story.on("2024-12-02")
    assert ("certificate.expired", "2024-11-30") in await story.events(draft["id"])
    assert (await story.certificate(two))["state"] == "void"

    # And any day can be asked for, today and in years to come.
    days = ("2021-11-28", "2021-11-29", "2024-11-29", "2024-11-30")
    assert [await story.in_the_register(day) for day in days] == ["absent", "active", "active", "expired"]
    await oracle.check(world.database)
