"""/v1/annual-reports over HTTP: from the opening of the window to the approval, and what stands in the way."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ARRAY, Date, column, func, literal, select, true, update

from programme.queries.annual_reports import flags_on, timeliness_on
from programme.rules import annual_reports as rules
from programme.rules.annual_reports import Extension, Flag, Obligation, State, Timeliness, VoidReason
from programme.rules.calendar import noon_in_vilnius
from programme.services.daily import catch_up
from programme.tables import AnnualReport
from tests import oracle
from tests.made import Made, a_certificate
from tests.world import Caller, World

PARTS = {
    "performance": "Įgyvendinti 9 iš 10 metinio plano tikslų.",
    "progress": "Atnaujinta skundų nagrinėjimo tvarka.",
    "development": "Kitais metais įtrauksime paslaugų gavėjus į planavimą.",
}
WHOLE = PARTS | {"improvements": [], "plans": []}
SUBMIT = {"parts": PARTS, "declaration": True}
FEEDBACK = {"feedback": [{"criterion": "3.5", "text": "Pažanga įrodyta."}, {"criterion": "1.1", "text": "Gerai."}]}


async def an_open_report(world: World) -> tuple[str, Made]:
    """Certified on 2025-12-01: the first report is due on 2026-12-01 and open since 2026-10-02. `caller("auditor")` is
    the holder's auditor."""
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-201")
    await world.assessment("external_audit", made.organisation)
    return f"/v1/annual-reports/{made.reports[0]}", made


async def move(caller: Caller, path: str, verb: str, body: Any = None) -> dict[str, Any]:
    answer = await caller.move(path, verb, body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def actions(caller: Caller, path: str) -> dict[str, list[str]]:
    listed = (await caller.get(path)).json()["actions"]
    assert all(action["allowed"] == (not action["reasons"]) for action in listed)
    return {action["name"]: [reason["code"] for reason in action["reasons"]] for action in listed}


async def test_from_scheduled_to_approved(world: World) -> None:
    path, made = await an_open_report(world)
    provider = await world.caller("provider", made.organisation)
    coordinator, auditor, office = [await world.caller(role) for role in ("coordinator", "auditor", "awarder")]
    seen = (await provider.get(path)).json()
    assert (seen["state"], seen["flags"], seen["sequence"]) == ("scheduled", ["open", "due_soon"], 1)
    assert (seen["opens_on"], seen["due_on"]) == ("2026-10-02", "2026-12-01")

    assert (await move(provider, path, "start"))["state"] == "drafting"
    submitted = await move(provider, path, "submit", SUBMIT)
    assert (submitted["state"], submitted["flags"], submitted["submissions"]) == ("submitted", [], 1)
    assert submitted["first_submitted_at"] == submitted["submitted_at"] == "2026-11-22T10:00:00.000000Z"
    assert (await move(coordinator, path, "forward-to-auditor"))["state"] == "with_auditor"
    assert (await move(auditor, path, "comment", FEEDBACK))["state"] == "commented"
    assert (await move(coordinator, path, "forward-to-office"))["state"] == "with_office"
    approved = await move(office, path, "approve")
    assert (approved["state"], approved["version"]) == ("approved", 7)
    assert all(action["allowed"] is False for action in approved["actions"])

    (kept,) = (await provider.get(f"{path}/submissions")).json()["items"]
    assert (kept["number"], kept["parts"], kept["submitted_at"]) == (1, WHOLE, submitted["submitted_at"])
    assert [(one["kind"], one["feedback"]) for one in kept["reviews"]] == [("comment", FEEDBACK["feedback"])]
    events = await world.events(made.reports[0])
    assert [event.type for event in events] == [
        "annual_report.scheduled", "annual_report.started", "annual_report.submitted",
        "annual_report.forwarded_to_auditor", "annual_report.commented", "annual_report.forwarded_to_office",
        "annual_report.approved",
    ]  # fmt: skip
    assert events[2].data["submissions"] == 1
    assert "parts" not in events[2].data
    await oracle.check(world.database)


async def test_what_came_late_stays_late_through_every_return(world: World) -> None:
    path, made = await an_open_report(world)
    provider, coordinator = await world.caller("provider", made.organisation), await world.caller("coordinator")
    world.travel("2026-12-03")
    assert (await provider.get(path)).json()["flags"] == ["open", "overdue"]
    first = await move(provider, path, "submit", SUBMIT)
    assert first["flags"] == ["late"]

    returned = await move(
        coordinator, path, "return", {"reason": "Trūksta rezultatų rodiklių.", "resubmit_by": "2026-12-20"}
    )
    assert (returned["state"], returned["resubmit_by"], returned["flags"]) == ("returned", "2026-12-20", ["late"])
    world.travel("2027-02-01")
    again = await move(provider, path, "submit", {**SUBMIT, "parts": {**PARTS, "progress": "Pridėti rodikliai."}})

    assert (again["state"], again["flags"], again["resubmit_by"], again["submissions"]) == (
        "submitted",
        ["late"],
        None,
        2,
    )
    assert again["first_submitted_at"] == first["first_submitted_at"]
    assert again["submitted_at"] == "2027-02-01T10:00:00.000000Z"
    kept = (await provider.get(f"{path}/submissions")).json()["items"]
    assert [one["parts"]["progress"] for one in kept] == [PARTS["progress"], "Pridėti rodikliai."]
    assert [[review["reason"] for review in one["reviews"]] for one in kept] == [["Trūksta rezultatų rodiklių."], []]
    assert (await provider.get(f"{path}?as_of=2026-12-02")).json()["flags"] == ["open", "overdue"]
    await catch_up(world.database)
    assert [event.type for event in await world.events(made.reports[0]) if event.actor_type == "worker"] == []
    await oracle.check(world.database)


async def test_each_state_and_role_is_told_what_it_may_do(world: World) -> None:
    path, made = await an_open_report(world)
    provider, coordinator, auditor, office, supervisor = [
        await world.caller("provider", made.organisation),
        *[await world.caller(role) for role in ("coordinator", "auditor", "reviewer", "supervisor")],
    ]
    assert await actions(provider, path) == {"start": [], "submit": [], "request_extension": []}
    assert await actions(auditor, path) == {"comment": ["wrong_state"], "return": ["wrong_state"]}
    assert await actions(office, path) == {"approve": ["wrong_state"], "return": ["wrong_state"]}
    assert await actions(supervisor, path) == {}
    assert await actions(coordinator, path) == {
        "start": [], "submit": [], "forward_to_auditor": ["wrong_state"], "forward_to_office": ["wrong_state"],
        "return": ["wrong_state"], "request_extension": [], "decide_extension": ["extension_not_requested"],
        "void": ["certificate_not_ended"],
    }  # fmt: skip
    second = f"/v1/annual-reports/{made.reports[1]}"
    assert await actions(provider, second) == {
        "start": ["window_not_open"], "submit": ["window_not_open"], "request_extension": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("role", "verb", "body", "status", "codes"),
    [
        ("coordinator", "forward-to-auditor", None, 409, ["wrong_state"]),
        ("coordinator", "forward-to-office", None, 409, ["wrong_state"]),
        ("auditor", "comment", FEEDBACK, 409, ["wrong_state"]),
        ("awarder", "approve", None, 409, ["wrong_state"]),
        ("reviewer", "return", {"reason": "Trūksta.", "resubmit_by": "2026-12-20"}, 409, ["wrong_state"]),
        ("coordinator", "void", None, 409, ["certificate_not_ended"]),
        ("auditor", "approve", None, 403, []),
        ("provider", "approve", None, 403, []),
        ("provider", "void", None, 403, []),
        ("supervisor", "start", None, 403, []),
        ("partner", "start", None, 403, []),
        ("ops", "submit", SUBMIT, 403, []),
    ],
)
async def test_a_refused_move_says_why_and_changes_nothing(
    world: World, role: str, verb: str, body: Any, status: int, codes: list[str]
) -> None:
    path, made = await an_open_report(world)
    caller = await world.caller(role, made.organisation if role == "provider" else None)
    refused = await caller.move(path, verb, body)
    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert [reason["code"] for reason in refused.json().get("reasons", [])] == codes
    assert len(await world.events(made.reports[0])) == 1


async def test_before_the_window_nothing_is_handed_in(world: World) -> None:
    _, made = await an_open_report(world)
    path = f"/v1/annual-reports/{made.reports[1]}"
    provider = await world.caller("provider", made.organisation)
    for verb, body in (("start", None), ("submit", SUBMIT)):
        refused = await provider.move(path, verb, body)
        (reason,) = refused.json()["reasons"]
        assert (refused.status_code, reason["code"], reason["opens_on"]) == (409, "window_not_open", "2027-10-02")
    world.travel("2027-10-02")
    assert (await move(provider, path, "start"))["state"] == "drafting"


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"declaration": True}, "/parts/performance", "missing"),
        ({"declaration": True}, "/parts/development", "missing"),
        ({"parts": {**PARTS, "progress": None}, "declaration": True}, "/parts/progress", "string_type"),
        ({"parts": {**PARTS, "progress": " "}, "declaration": True}, "/parts/progress", "blank"),
        ({"parts": {**PARTS, "other": "…"}, "declaration": True}, "/parts/other", "extra_forbidden"),
        ({"parts": PARTS}, "/declaration", "missing"),
        ({"parts": PARTS, "declaration": False}, "/declaration", "literal_error"),
        ({**SUBMIT, "first_submitted_at": "2026-11-01T00:00:00Z"}, "/first_submitted_at", "extra_forbidden"),
        ({**SUBMIT, "effective_on": "2026-11-21"}, "/effective_on", "date_too_early"),
        ({**SUBMIT, "effective_on": "2026-11-23"}, "/effective_on", "date_too_late"),
    ],
)
async def test_a_submission_is_whole_and_declared_and_of_today(
    world: World, body: dict[str, Any], pointer: str, code: str
) -> None:
    path, made = await an_open_report(world)
    provider = await world.caller("provider", made.organisation)
    refused = await provider.move(path, "submit", body)
    assert refused.status_code == 422, refused.text
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in refused.json()["errors"]]
    assert (await provider.get(f"{path}/submissions")).json() == {"items": []}


@pytest.mark.parametrize(
    ("verb", "body", "pointer", "code"),
    [
        ("comment", {"feedback": []}, "/feedback", "too_short"),
        ("comment", {"feedback": [{"criterion": "11.1", "text": "…"}]}, "/feedback/0/criterion", "unknown_criterion"),
        ("comment", {"feedback": [{"criterion": "three", "text": "…"}]}, "/feedback/0/criterion", "string_pattern_mismatch"),
        ("comment", {"feedback": FEEDBACK["feedback"][:1] * 2}, "/feedback/1/criterion", "criterion_repeated"),
        ("return", {"reason": "Trūksta."}, "/resubmit_by", "missing"),
        ("return", {"resubmit_by": "2026-12-20"}, "/reason", "missing"),
        ("return", {"reason": "Trūksta.", "resubmit_by": "2026-11-21"}, "/resubmit_by", "date_too_early"),
        ("return", {"reason": "Trūksta.", "resubmit_by": "2028-12-02"}, "/resubmit_by", "date_too_late"),
        ("return", {"reason": "Trūksta.", "resubmit_by": "2026-12-20", "effective_on": "2026-11-21"}, "/effective_on", "date_too_early"),
    ],
)  # fmt: skip
async def test_what_the_auditor_says_is_checked_where_it_stands(
    world: World, verb: str, body: dict[str, Any], pointer: str, code: str
) -> None:
    path, made = await an_open_report(world)
    coordinator, auditor = await world.caller("coordinator"), await world.caller("auditor")
    await move(coordinator, path, "submit", SUBMIT)
    await move(coordinator, path, "forward-to-auditor")
    refused = await auditor.move(path, verb, body)
    assert refused.status_code == 422, refused.text
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [(pointer, code)]
    assert len(await world.events(made.reports[0])) == 3


async def test_nothing_is_owed_once_the_certificate_has_ended(world: World) -> None:
    path, made = await an_open_report(world)
    coordinator, provider = await world.caller("coordinator"), await world.caller("provider", made.organisation)
    world.travel("2028-12-02")
    assert (await coordinator.get(path)).json()["flags"] == []
    assert await actions(provider, path) == {
        "start": ["certificate_ended"], "submit": ["certificate_ended"],
        "request_extension": ["certificate_ended", "extension_limit_reached"],
    }  # fmt: skip
    assert (await provider.move(path, "submit", SUBMIT)).status_code == 409

    voided = await move(coordinator, path, "void")

    assert (voided["state"], voided["void_reason"], voided["flags"]) == ("void", "certificate_ended", [])
    assert (await world.events(made.reports[0]))[-1].effective_on == date(2028, 12, 2)
    assert (await coordinator.get(f"{path}?as_of=2026-12-02")).json()["flags"] == ["open", "overdue"]
    await catch_up(world.database)
    assert [(event.type, event.actor_type) for event in await world.events(made.reports[0])] == [
        ("annual_report.scheduled", "system"),
        ("annual_report.voided", "client"),
    ]
    assert [event.type for event in await world.events(made.reports[1])][-1] == "annual_report.voided"
    await oracle.check(world.database)


async def test_moves_need_the_version_that_was_seen(world: World) -> None:
    path, made = await an_open_report(world)
    provider = await world.caller("provider", made.organisation)
    tag = (await provider.get(path)).headers["etag"]
    assert (await provider.post(f"{path}/start")).status_code == 428
    assert (await provider.post(f"{path}/start", headers={"If-Match": tag})).status_code == 200
    assert (await provider.post(f"{path}/submit", SUBMIT, headers={"If-Match": tag})).status_code == 412
    tried = await provider.request(
        "POST", f"{path}/submit?validate_only=true", json=SUBMIT,
        headers={"If-Match": (await provider.get(path)).headers["etag"]},
    )  # fmt: skip
    assert (tried.status_code, tried.json()["state"]) == (200, "submitted")
    assert (await provider.get(path)).json()["state"] == "drafting"


async def test_lists_find_reports_by_their_flags_dates_and_holders(world: World) -> None:
    path, made = await an_open_report(world)
    other = await a_certificate(world.database, "2025-11-01", reference="LIT2025-202")
    coordinator = await world.caller("coordinator")

    async def found(query: str) -> list[str]:
        listed = await coordinator.get(f"/v1/annual-reports?{query}")
        assert listed.status_code == 200, listed.text
        return [item["id"] for item in listed.json()["items"]]

    mine, others = [str(one) for one in made.reports], [str(one) for one in other.reports]
    assert await found("") == [others[0], mine[0], others[1], mine[1]]
    assert await found("flag=due_soon") == [mine[0]]
    assert await found("flag=overdue,due_soon") == [others[0], mine[0]]
    assert await found("flag=late") == []
    assert await found("flag=overdue&as_of=2026-12-02&sort=-due_on") == [mine[0], others[0]]
    assert await found(f"certificate_id={made.certificate}&sequence=2") == [mine[1]]
    assert await found(f"organisation_id={other.organisation}&sort=-opens_on") == others[::-1]
    assert await found("due_on[gte]=2026-12-01&due_on[lte]=2027-11-01") == [mine[0], others[1]]
    assert await found("opens_on[lte]=2026-09-30") == [others[0]]
    assert await found("state=scheduled&q=lit2025-202") == others
    assert await found("q=leliunu&municipality=LT-54&limit=1") == [others[0]]
    assert await found("state=approved") == []
    assert (await coordinator.get("/v1/annual-reports?flag=overdu")).status_code == 400
    expanded = (await coordinator.get(f"{path}?expand=certificate.organisation,organisation&as_of=2026-11-22")).json()
    assert expanded["certificate"]["reference"] == "LIT2025-201"
    assert expanded["certificate"]["status"] == "active"
    assert expanded["certificate"]["organisation"]["id"] == expanded["organisation"]["id"] == str(made.organisation)
    listed = (await coordinator.get("/v1/annual-reports?include=actions,total&fields=id,flags&limit=1")).json()
    assert (listed["total"], set(listed["items"][0])) == (4, {"id", "flags", "actions"})


async def test_a_provider_knows_of_its_own_reports_only(world: World) -> None:
    path, _ = await an_open_report(world)
    stranger = await world.caller("provider", (await world.organisation())["id"])
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.get(f"{path}/submissions")).status_code == 404
    assert (await stranger.move(path, "start")).status_code == 404
    assert (await stranger.get("/v1/annual-reports")).json()["items"] == []


async def test_a_report_submitted_while_the_pass_flags_it_is_flagged_at_most_once(racing_world: World) -> None:
    racing_world.travel("2026-12-02")
    made = [await a_certificate(racing_world.database, "2025-12-01") for _ in range(4)]
    coordinator = await racing_world.caller("coordinator")
    paths = [f"/v1/annual-reports/{one.reports[0]}" for one in made]
    tags = [(await coordinator.get(path)).headers["etag"] for path in paths]

    async def submit(path: str, tag: str) -> int:
        return (await coordinator.post(f"{path}/submit", SUBMIT, headers={"If-Match": tag})).status_code

    answers = await asyncio.gather(
        *(submit(path, tag) for path, tag in zip(paths, tags, strict=True)),
        *(catch_up(racing_world.database) for _ in range(2)),
    )
    for status, path, one in zip(answers, paths, made, strict=False):
        assert status in (200, 412)
        if status == 412:
            await move(coordinator, path, "submit", SUBMIT)
        seen = (await coordinator.get(path)).json()
        assert (seen["state"], seen["flags"]) == ("submitted", ["late"])
        overdue = [
            event for event in await racing_world.events(one.reports[0]) if event.type == "annual_report.overdue"
        ]
        assert len(overdue) == (status == 412)
    await catch_up(racing_world.database)
    await oracle.check(racing_world.database)


DAYS = st.dates(min_value=date(2024, 1, 1), max_value=date(2027, 12, 31))
SOME = st.integers(min_value=0, max_value=120)


EXTENSIONS = st.lists(
    st.builds(Extension, due_on=DAYS, new_due_on=DAYS, granted=st.booleans(), decided_on=DAYS)
    | st.builds(Extension, due_on=DAYS, new_due_on=DAYS),
    max_size=3,
).map(tuple)


@st.composite
def judged(draw: st.DrawFn) -> tuple[Obligation, list[date]]:
    """An obligation as it could have become, with days around every day on which a flag could turn."""
    due_on = draw(DAYS)
    state = draw(st.sampled_from(State))
    first = draw(DAYS if state in (State.SUBMITTED, State.APPROVED) else st.one_of(st.none(), DAYS))
    owed = Obligation(
        opens_on=due_on - timedelta(days=draw(SOME)),
        due_on=due_on,
        state=state,
        void_reason=draw(st.sampled_from(VoidReason)) if state is State.VOID else None,
        first_submitted_on=first,
        due_soon_days=draw(SOME),
        grace_days=draw(SOME),
        lapses_on=draw(st.one_of(st.none(), DAYS)),
        waived_on=draw(DAYS) if state is State.WAIVED else None,
        extensions=draw(EXTENSIONS),
    )
    turns = [*rules.milestones(owed).values(), due_on]
    turns += [day for day in (first, owed.lapses_on, owed.waived_on) if day is not None]
    turns += [day for one in owed.extensions for day in (one.due_on, one.decided_on) if day is not None]
    return owed, [turn + timedelta(days=near) for turn in turns for near in (-1, 0, 1)] + draw(
        st.lists(DAYS, max_size=3)
    )


async def become(world: World, owed: Obligation) -> UUID:
    """A report, the same one each time, of which this holds."""
    if not hasattr(world, "report"):
        world.report = (await a_certificate(world.database, "2025-12-01")).reports[0]  # type: ignore[attr-defined]
    row: UUID = world.report  # type: ignore[attr-defined]
    async with world.at_work() as work:
        await work.session.execute(
            update(AnnualReport)
            .where(AnnualReport.id == row)
            .values(
                opens_on=owed.opens_on, due_on=owed.due_on, state=owed.state, void_reason=owed.void_reason,
                first_submitted_on=owed.first_submitted_on,
                first_submitted_at=noon_in_vilnius(owed.first_submitted_on) if owed.first_submitted_on else None,
                due_soon_days=owed.due_soon_days, grace_days=owed.grace_days, lapses_on=owed.lapses_on,
                waived_on=owed.waived_on,
                extensions=[
                    {
                        "due_on": one.due_on.isoformat(), "new_due_on": one.new_due_on.isoformat(), "reason": "…",
                        "requested_on": one.due_on.isoformat(), "granted": one.granted,
                        "decided_on": one.decided_on and one.decided_on.isoformat(), "decision_reason": None,
                    }
                    for one in owed.extensions
                ],
            )
        )  # fmt: skip
    return row


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(judged())
async def test_sql_and_the_pure_rules_say_the_same(world: World, judged: tuple[Obligation, list[date]]) -> None:
    owed, days = judged
    row = await become(world, owed)
    asked = func.unnest(literal(days, ARRAY(Date))).table_valued(column("day", Date)).render_derived()
    async with world.at_work() as work:
        for in_sql, pure in ((flags_on, rules.flags), (timeliness_on, rules.timeliness)):
            judged_on = select(asked.c.day, in_sql(asked.c.day)).join_from(AnnualReport, asked, true())
            found = await work.session.execute(judged_on.where(AnnualReport.id == row))
            assert dict(found.all()) == {one: pure(one, owed) for one in days}  # type: ignore[operator]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(judged())
async def test_every_read_path_shows_these_flags(world: World, judged: tuple[Obligation, list[date]]) -> None:
    owed, days = judged
    row = await become(world, owed)
    coordinator = await world.caller("coordinator")
    expected = rules.flags(days[0], owed)
    assert (await coordinator.get(f"/v1/annual-reports/{row}?as_of={days[0]}")).json()["flags"] == expected
    for flag in Flag:
        listed = (await coordinator.get(f"/v1/annual-reports?flag={flag}&as_of={days[0]}&fields=id")).json()["items"]
        assert (str(row) in [item["id"] for item in listed]) == (flag in expected)
    stands = rules.timeliness(days[0], owed)
    for timeliness in Timeliness:
        path = f"/v1/annual-reports?timeliness={timeliness}&as_of={days[0]}&fields=id"
        listed = (await coordinator.get(path)).json()["items"]
        assert (str(row) in [item["id"] for item in listed]) == (timeliness is stands)


async def test_what_is_read_along_two_deep_is_part_of_the_tag(world: World) -> None:
    await a_certificate(world.database, "2026-11-22")
    coordinator = await world.caller("coordinator")
    report = (await coordinator.get("/v1/annual-reports?limit=1")).json()["items"][0]
    path = f"/v1/annual-reports/{report['id']}?expand=certificate.organisation"
    seen = await coordinator.get(path)

    await coordinator.change(f"/v1/organisations/{report['organisation_id']}", {"name": "Kitu vardu"})

    again = await coordinator.get(path, headers={"If-None-Match": seen.headers["etag"]})
    assert again.status_code == 200
    assert again.json()["certificate"]["organisation"]["name"] == "Kitu vardu"
