"""`as_of` and `known_at`: what held on a day, and what the service knew of it at a moment."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import Column, Select, Table
from sqlalchemy.sql import visitors

from programme.queries import past, views
from programme.queries.annual_reports import ANNUAL_REPORTS
from programme.queries.certificates import CERTIFICATES, REGISTER
from programme.queries.enrolments import ENROLMENTS
from programme.queries.findings import FINDINGS
from programme.queries.past import Past
from programme.queries.views import Sort, View
from programme.rules.lifecycle import Role
from programme.rules.sight import Sees
from programme.services.loading import load_programme
from programme.work import SYSTEM, Actor
from tests.api.test_enrolments import an_enrolment, do
from tests.made import a_certificate
from tests.world import Caller, World

WITHDRAWAL = {"reason_code": "misuse_of_mark", "reason": "Ženklas naudotas be teisės."}


async def awarder_of(world: World) -> Caller:
    return await world.caller("awarder")


async def test_what_was_recorded_later_is_not_known_before(world: World) -> None:
    """A register that was relied on is shown as it was, although a decision of later reaches back behind that day."""
    world.travel("2026-03-02T08:00:00+00:00")
    made = await a_certificate(world.database, "2026-02-01", reference="LIT2026-700")
    awarder, path = await awarder_of(world), "/v1/certificates/LIT2026-700"
    world.travel("2026-06-10T08:00:00+00:00")
    withdrawn = await awarder.move(path, "withdraw", WITHDRAWAL | {"effective_on": "2026-05-01"})
    assert withdrawn.status_code == 200, withdrawn.text
    world.travel("2026-11-22")

    async def status(query: str) -> tuple[str, str]:
        one = (await awarder.get(f"{path}?{query}")).json()
        shown = (await world.nobody.get(f"/public/v1/certificates/LIT2026-700?{query}")).json()
        for listed in (f"/v1/certificates?status={one['status']}&{query}", f"/public/v1/certificates?{query}"):
            items = (await awarder.get(listed)).json()["items"]
            assert [item["status"] for item in items] in ([one["status"]], [shown["status"]])
        assert one["id"] == str(made.certificate)
        assert "actions" not in one
        return one["status"], shown["status"]

    assert await status("as_of=2026-04-30") == ("active", "active")
    assert await status("as_of=2026-05-01") == ("withdrawn", "withdrawn")
    assert await status("as_of=2026-05-01&known_at=2026-06-10T07:59:59Z") == ("active", "active")
    assert await status("as_of=2026-05-01&known_at=2026-06-10T11:00:00%2B03:00") == ("withdrawn", "withdrawn")
    assert await status("known_at=2026-06-01T08:00:00Z") == ("active", "active")  # of the moment's own day
    assert await status("known_at=2026-07-01T08:00:00Z") == ("withdrawn", "withdrawn")
    ahead = (await awarder.get(f"{path}?as_of=2028-12-01&known_at=2026-03-02T08:00:00Z")).json()
    assert (ahead["status"], ahead["ended_on"], ahead["version"]) == ("expiring", None, 2)

    for asked in (path, "/public/v1/certificates/LIT2026-700"):
        assert (await awarder.get(f"{asked}?known_at=2026-03-02T07:59:59Z")).status_code == 404
    for listed in ("/v1/certificates", "/public/v1/certificates", "/v1/annual-reports"):
        page = (await awarder.get(f"{listed}?known_at=2026-03-02T07:59:59Z&include=total")).json()
        assert (page["items"], page["total"]) == ([], 0)


async def test_the_register_names_its_holders_as_it_did_then(world: World) -> None:
    world.travel("2026-03-02")
    made = await a_certificate(world.database, "2026-02-01", reference="LIT2026-700")
    office = await world.caller("coordinator")
    world.travel("2026-04-02")
    holder = f"/v1/organisations/{made.organisation}"
    renamed = await office.change(holder, {"name": "Utenos socialinių paslaugų centras", "municipality": "LT-57"})
    assert renamed.status_code == 200, renamed.text
    world.travel("2026-11-22")
    then = "known_at=2026-04-01T10:00:00Z"
    for query, name, place, found in (
        ("", "Utenos socialinių paslaugų centras", "LT-57", "utenos"),
        (f"?{then}", "Leliūnų socialinės globos namai", "LT-54", "leliunu"),
    ):
        entry = (await world.nobody.get(f"/public/v1/certificates/LIT2026-700{query}")).json()
        assert (entry["organisation"]["name"], entry["organisation"]["municipality"]) == (name, place)
        also = query.replace("?", "&")
        for listed in ("/public/v1/certificates", "/v1/certificates"):
            for condition in (f"q={found}", f"municipality={place}", f"q={found}&sort=organisation"):
                page = (await office.get(f"{listed}?{condition}{also}")).json()
                assert len(page["items"]) == 1, (listed, condition, also)
        certificate = (await office.get(f"/v1/certificates/LIT2026-700?expand=organisation{also}")).json()
        assert certificate["organisation"]["name"] == name
    assert (await office.get(f"/v1/certificates?q=leliunu&municipality=LT-57&{then}")).json()["items"] == []


async def test_an_enrolment_as_it_stood_by_its_dated_moves(world: World) -> None:
    """Moves take effect on days before the one on which they are recorded; each answer tells the two apart."""
    office = await world.caller("coordinator")
    world.travel("2026-03-02")
    path = await an_enrolment(world, declared_on="2026-03-01")
    world.travel("2026-03-20")
    for verb, day in (("submit", "2026-03-03"), ("start_review", "2026-03-10"), ("select", "2026-03-18")):
        assert (await do(office, path, verb, effective_on=day)).status_code == 200
    world.travel("2026-05-04")
    signed = {"signed_on": "2026-04-01", "effective_on": "2026-04-01"}
    assert (await do(office, path, "sign_agreement", **signed)).status_code == 200
    world.travel("2026-06-01")
    assert (await do(office, path, "terminate", effective_on="2026-05-20")).status_code == 200
    world.travel("2026-11-22")

    async def state(query: str) -> str | None:
        answer = await office.get(f"{path}?{query}")
        listed = (await office.get(f"/v1/enrolments?{query}&include=total")).json()
        if answer.status_code == 404:
            assert listed["total"] == 0
            return None
        one = answer.json()
        assert [item["state"] for item in listed["items"]] == [one["state"]]
        for other in ("draft", "submitted", "in_selection", "selected", "active", "terminated"):
            count = (await office.get(f"/v1/enrolments?{query}&state={other}&include=total")).json()["total"]
            assert count == (other == one["state"])
        assert (one["signed_on"] is None) == (one["state"] not in ("active", "terminated"))
        assert (one["ended_on"] is None) == (one["state"] != "terminated")
        return str(one["state"])

    days = {
        "2026-03-01": None, "2026-03-02": "draft", "2026-03-03": "submitted", "2026-03-09": "submitted",
        "2026-03-10": "in_selection", "2026-03-18": "selected", "2026-03-31": "selected", "2026-04-01": "active",
        "2026-05-19": "active", "2026-05-20": "terminated", "2026-11-22": "terminated", "2027-01-01": "terminated",
    }  # fmt: skip
    assert {day: await state(f"as_of={day}") for day in days} == days
    known = {
        "as_of=2026-03-19&known_at=2026-03-19T10:00:00Z": "draft",
        "as_of=2026-03-04&known_at=2026-03-20T10:00:00Z": "submitted",
        "as_of=2026-05-01&known_at=2026-05-01T10:00:00Z": "selected",
        "as_of=2026-05-01&known_at=2026-05-04T10:00:00Z": "active",
        "known_at=2026-05-25T10:00:00Z": "active",
        "as_of=2026-05-25&known_at=2026-06-01T10:00:00Z": "terminated",
        "known_at=2026-03-01T10:00:00Z": None,
    }
    assert {query: await state(query) for query in known} == known


async def test_a_report_as_it_stood_before_it_was_handed_in(world: World) -> None:
    world.travel("2026-03-02")
    made = await a_certificate(world.database, "2025-04-01")
    office = await world.caller("coordinator")
    path = f"/v1/annual-reports/{made.reports[0]}"
    parts = dict.fromkeys(("performance", "progress", "development"), "Tikslai pasiekti.")
    world.travel("2026-04-10")
    handed_in = await office.move(path, "submit", {"parts": parts, "declaration": True})
    assert handed_in.status_code == 200, handed_in.text
    world.travel("2026-11-22")
    for query, state, flags, submissions in (
        ("", "submitted", ["late"], 1),
        ("?as_of=2026-04-10", "submitted", ["late"], 1),
        ("?as_of=2026-04-09", "scheduled", ["open", "overdue"], 0),
        ("?as_of=2026-03-31", "scheduled", ["open", "due_soon"], 0),
        ("?as_of=2024-03-31", "scheduled", [], 0),  # an obligation that is known of now, on a day before it was made
        ("?as_of=2026-04-10&known_at=2026-04-10T08:59:59Z", "scheduled", ["open", "overdue"], 0),
        ("?as_of=2026-05-02&known_at=2026-04-10T08:59:59Z", "scheduled", ["open", "overdue", "delinquent"], 0),
    ):
        one = (await office.get(path + query)).json()
        assert (one["state"], one["flags"], one["submissions"]) == (state, flags, submissions), query
        assert (one["submitted_at"] is None) == (submissions == 0)
        also = query.replace("?", "&")
        listed = (await office.get(f"/v1/annual-reports?sequence=1&state={state}{also}")).json()["items"]
        assert [item["flags"] for item in listed] == [flags]
        if flags:
            listed = (await office.get(f"/v1/annual-reports?sequence=1&flag={flags[-1]}{also}")).json()["items"]
            assert [item["state"] for item in listed] == [state]


async def test_an_end_dated_back_excuses_the_report_on_every_day_since(world: World) -> None:
    """What ends a certificate is not the report's own doing: a decision of later says how it was from its day on, and
    what was known of it at a moment before stays what it was."""
    world.travel("2026-03-02")
    made = await a_certificate(world.database, "2025-04-01", reference="LIT2025-700")
    office, path = await world.caller("coordinator"), f"/v1/annual-reports/{made.reports[0]}"
    world.travel("2026-04-10")
    started = await office.move(path, "start")
    assert started.status_code == 200, started.text
    world.travel("2026-04-20")
    body = {**WITHDRAWAL, "effective_on": "2026-04-05"}
    withdrawn = await (await awarder_of(world)).move("/v1/certificates/LIT2025-700", "withdraw", body)
    assert withdrawn.status_code == 200, withdrawn.text
    world.travel("2026-04-21")
    for query, state, flags in (
        ("as_of=2026-04-04", "scheduled", ["open", "overdue"]),
        ("as_of=2026-04-07", "scheduled", []),
        ("as_of=2026-04-12", "drafting", []),
        ("as_of=2026-04-07&known_at=2026-04-12T10:00:00Z", "scheduled", ["open", "overdue"]),
        ("as_of=2026-04-07&known_at=2026-04-21T08:00:00Z", "scheduled", []),
    ):
        one = (await office.get(f"{path}?{query}")).json()
        assert (one["state"], one["flags"]) == (state, flags), query
        said = (await office.get(f"{path}/explain?{query}")).json()
        assert (said["state"], said["flags"]) == (state, flags), query
        listed = (await office.get(f"/v1/annual-reports?sequence=1&flag=overdue&{query}")).json()["items"]
        assert bool(listed) == ("overdue" in flags), query


async def test_what_was_brought_in_stood_as_it_did_on_its_days(world: World) -> None:
    """An agreement of before was in force until it was completed; a report of before was owed until it was handed in."""
    await load_programme(world.database)
    office = await world.caller("coordinator")
    found = (await office.get("/v1/enrolments?q=leliunu&sort=signed_on")).json()["items"]
    assert [(one["state"], one["signed_on"]) for one in found] == [
        ("completed", "2019-11-29"),
        ("active", "2024-01-11"),
    ]
    path = f"/v1/enrolments/{found[0]['id']}"
    for day, state in (("2019-11-29", "active"), ("2021-11-28", "active"), ("2021-11-29", "completed")):
        then = (await office.get(f"{path}?as_of={day}")).json()
        assert (then["state"], then["ended_on"] is None, then["outcome"] is None) == (state, *[state == "active"] * 2)
        why = (await office.get(f"{path}/explain?as_of={day}")).json()
        assert why["state"] == state
    assert (await office.get(f"{path}?as_of=2019-11-28")).status_code == 404
    (kelme,) = (await office.get("/v1/annual-reports?state=submitted&sequence=2")).json()["items"]
    path = f"/v1/annual-reports/{kelme['id']}"
    for day, state, flags in (
        ("2023-10-27", "submitted", []),
        ("2023-10-26", "scheduled", ["open", "due_soon"]),
        ("2023-01-01", "scheduled", []),
    ):
        then = (await office.get(f"{path}?as_of={day}")).json()
        assert (then["state"], then["flags"]) == (state, flags)


async def test_today_asked_for_is_today(world: World) -> None:
    """The answer for today is that of no day at all, save the actions, which are for now."""
    await an_enrolment(world, "active")
    await a_certificate(world.database, "2025-12-01", reference="LIT2025-700")
    office = await world.caller("coordinator")
    for path in ("/v1/enrolments", "/v1/certificates", "/v1/annual-reports", "/public/v1/certificates"):
        now = (await office.get(path)).json()["items"]
        assert now
        assert (await office.get(f"{path}?as_of=2026-11-22")).json()["items"] == now
        assert (await office.get(f"{path}?known_at=2026-11-22T10:00:00Z")).json()["items"] == now
        if not path.startswith("/public"):
            dated = (await office.get(f"{path}?as_of=2026-11-22&include=actions")).json()["items"]
            assert dated == now


async def test_tags_and_cursors_belong_to_the_day_and_the_moment(world: World) -> None:
    world.travel("2026-03-02")
    for number in range(3):
        await a_certificate(world.database, "2026-02-01", reference=f"LIT2026-70{number}")
    world.travel("2026-11-22")
    office = await world.caller("coordinator")
    path = "/v1/certificates/LIT2026-700"
    tags = [
        (await office.get(path + query)).headers["etag"]
        for query in ("", "?as_of=2026-04-01", "?as_of=2026-04-01&known_at=2026-04-01T10:00:00Z")
    ]
    assert len(set(tags)) == 3
    for query, tag in zip(
        ("", "?as_of=2026-04-01", "?as_of=2026-04-01&known_at=2026-04-01T10:00:00Z"), tags, strict=True
    ):
        assert (await office.get(path + query, headers={"If-None-Match": tag})).status_code == 304
    listed = "/v1/certificates?limit=2&as_of=2026-04-01&known_at=2026-04-01T10:00:00Z"
    page = await office.get(listed)
    cursor = page.json()["next_cursor"]
    assert "known_at=2026-04-01T10%3A00%3A00Z" in page.headers["link"]
    assert len((await office.get(f"{listed}&cursor={cursor}")).json()["items"]) == 1
    for other in (
        "as_of=2026-04-01&known_at=2026-04-01T10:00:01Z",
        "known_at=2026-04-01T10:00:00Z",
        "as_of=2026-04-01",
    ):
        refused = await office.get(f"/v1/certificates?limit=2&{other}&cursor={cursor}")
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("known_at=2026-11-22T10:00:00.000001Z", "moment_ahead"),
        ("known_at=2026-11-22T10:00:00", "moment_malformed"),
        ("known_at=2026-11-22", "moment_malformed"),
        ("known_at=2026-02-30T10:00:00Z", "moment_malformed"),
        ("known_at=2026-11-22T25:00:00Z", "moment_malformed"),
        ("known_at=1700000000", "moment_malformed"),
        ("known_at=now", "moment_malformed"),
        ("known_at=", "moment_malformed"),
        ("known_at=2026-11-22T10:00:00%2B99:00", "moment_malformed"),
        ("known_at=0001-01-01T00:00:00%2B23:00", "moment_malformed"),
        ("known_at=1900-01-01T00:00:00Z", "date_out_of_range"),
        ("as_of=2026-02-30", "date_malformed"),
        ("as_of=2026-11-22T10:00:00Z", "date_malformed"),
        ("as_of=2500-01-01", "date_out_of_range"),
    ],
)
async def test_what_is_no_day_or_no_moment_of_the_past_is_refused(world: World, query: str, code: str) -> None:
    office, made = await world.caller("coordinator"), await a_certificate(world.database, "2025-12-01")
    enrolment = await an_enrolment(world)
    for path in (
        "/v1/certificates", f"/v1/certificates/{made.certificate}", "/v1/annual-reports", "/v1/enrolments", enrolment,
        f"/v1/annual-reports/{made.reports[0]}", "/public/v1/certificates", "/public/v1/certificates/LIT2025-001",
    ):  # fmt: skip
        refused = await office.get(f"{path}?{query}")
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_parameter"), path
        error = refused.json()["errors"][0]
        assert (error["parameter"], error["code"]) == (query.partition("=")[0], code), path


async def test_whoever_held_a_record_then_reads_it_as_it_was(world: World) -> None:
    """The past of a row is behind the same walls as the row: what is not theirs was never there."""
    world.travel("2026-03-02")
    made = await a_certificate(world.database, "2026-02-01", reference="LIT2026-700")
    other = await a_certificate(world.database, "2026-02-01", reference="LIT2026-701")
    awarder = await awarder_of(world)
    world.travel("2026-06-10")
    for reference in ("LIT2026-700", "LIT2026-701"):
        done = await awarder.move(f"/v1/certificates/{reference}", "withdraw", WITHDRAWAL)
        assert done.status_code == 200, done.text
    world.travel("2026-11-22")
    provider = await world.caller("provider", made.organisation)
    then = "known_at=2026-04-01T10:00:00Z"
    assert (await provider.get(f"/v1/certificates/LIT2026-700?{then}")).json()["status"] == "active"
    assert (await provider.get(f"/v1/certificates/LIT2026-701?{then}")).status_code == 404
    listed = (await provider.get(f"/v1/certificates?{then}&include=total")).json()
    assert (listed["total"], [one["id"] for one in listed["items"]]) == (1, [str(made.certificate)])
    async with world.database.reading() as connection, connection.transaction():
        await connection.execute("select enter_world('own', null, $1)", made.organisation)
        seen = await connection.fetch("select distinct organisation_id from past_version")
        assert [row[0] for row in seen] == [made.organisation]
        await connection.execute("reset role; select enter_world('register', null, null)")
        shown = await connection.fetchval("select kept from register_past where id = $1 limit 1", other.certificate)
        assert {"reference", "periods", "scope"} <= set(shown)
        assert not {"staff", "predecessor_id", "assessment_id", "review_by", "next_change_on"} & set(shown)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with world.database.reading() as connection, connection.transaction():
            await connection.execute("select enter_world('register', null, null); select from past_version")


async def test_nobody_alters_what_was(world: World) -> None:
    made = await a_certificate(world.database, "2025-12-01")
    for statement in ("update past_version set kept = '{}'", "delete from past_version", "truncate past_version"):
        for actor in (SYSTEM, Actor("client", str(uuid4()), Role.PROVIDER, made.organisation)):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with world.at_work(actor) as work:
                    await (await work.connection()).execute(statement)
    for_the_owner = "reset role; delete from past_version"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with world.at_work() as work:
            await (await work.connection()).execute(for_the_owner)


VIEWS = (CERTIFICATES, REGISTER, ANNUAL_REPORTS, ENROLMENTS, FINDINGS)

NEVER_OTHER = {
    "strand", "project",  # their codes are for good; the end of a project, which flags look at, is the one known now
    "municipality",  # a code list that only loading writes
    "assessment", "policy", "certificate_vote", "standard_version",  # facts of guards, and nobody moves the past
    "rating",  # of an assessment read along with a finding, which is told as it is now
}  # fmt: skip


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_table_that_is_read_is_known_as_it_was(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that answers begin to read has its versions kept, or is named here with the reason why not."""
    read: set[str] = set()

    def note(query: Select[Any], *_: Any) -> Select[Any]:
        parts = (part.table for part in visitors.iterate(query) if isinstance(part, Column))
        tables = (getattr(table, "element", table) for table in parts)
        read.update(table.name for table in tables if isinstance(table, Table))
        return query

    monkeypatch.setattr(views, "then", note)
    expands = tuple(view.expands)
    views.single_statement.__wrapped__(view, next(iter(view.keys)), expands, Sees.OWN, Past.MOMENT)
    views.page_statement.__wrapped__(
        view, frozenset(view.filters), (Sort(next(iter(view.sorts)), False),), False, None, expands, Sees.OWN, True, 50,
        Past.MOMENT,
    )  # fmt: skip
    kept = {table.name for table in (*past.KNOWN, *past.DATED, *past.APPENDED)}
    assert read - kept - NEVER_OTHER == set()


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
async def test_every_question_can_be_asked_of_the_past(world: World, view: View) -> None:
    """Each filter, sort and expansion by itself, for whoever sees everything, a part, and the register."""
    address = {"register": "/public/v1/certificates"}.get(view.name, f"/v1/{view.name.replace('_', '-')}")
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-700")
    callers = [await world.caller("coordinator"), await world.caller("provider", made.organisation)]
    given = {"q": "namai", "organisation_id": made.organisation, "sequence": 1, "extension_requested": "false"}
    given |= dict.fromkeys(("certificate_id", "predecessor_id"), made.certificate)
    chosen = {"status": "expired", "register_status": "expired", "source": "import", "flag": "open", "state": "draft"}
    if view is ANNUAL_REPORTS:
        chosen |= {"state": "scheduled", "timeliness": "upcoming"}
    if view is FINDINGS:
        own = {"principle": 3, "criterion": "3.2", "severity": "major", "overdue": "true", "repeated": "false"}
        given |= own | dict.fromkeys(("assessment_id", "repeats_id"), uuid4())
        chosen["state"] = "open"
    if view is ENROLMENTS:
        chosen["flag"] = "stage_overdue"
    asked = [
        f"{name}={given.get(name) or chosen.get(name) or ('2026-01-01' if '[' in name else 'LT-54')}"
        for name in view.filters
    ]
    asked += [f"sort={name}" for name in view.sorts] + [f"expand={name}" for name in view.expands]
    for caller in callers if address.startswith("/v1") else [world.nobody]:
        for query in asked:
            for when in (
                "as_of=2026-01-01",
                "known_at=2026-11-22T10:00:00Z",
                "as_of=2030-01-01&known_at=2026-11-22T09:00:00Z",
            ):
                answer = await caller.get(f"{address}?{query}&{when}&include=total")
                assert answer.status_code == 200, (query, answer.text)
