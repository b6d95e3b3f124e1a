"""Random histories, recorded at random moments: what every question about a day and a moment answers is what the pure rules
make of the decisions that were recorded by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from programme.errors import Refusal
from programme.queries import views
from programme.queries.annual_reports import ANNUAL_REPORTS
from programme.queries.certificates import CERTIFICATES, REGISTER
from programme.queries.enrolments import ENROLMENTS
from programme.queries.past import Past
from programme.queries.views import View
from programme.rules import annual_reports as report_rules
from programme.rules import certificates as rules
from programme.rules.annual_reports import Flag, Obligation, VoidReason
from programme.rules.calendar import noon_in_vilnius, today
from programme.rules.certificates import REGISTER_STATUS, Decisions, ReasonCode, Span, Status
from programme.rules.lifecycle import Role
from programme.rules.sight import Sight
from programme.services import annual_reports, certificates, enrolments
from programme.tables import Certificate
from programme.work import Work
from tests.made import Made, a_certificate
from tests.world import World

ONE_DAY = timedelta(days=1)
BEGUN = date(2025, 1, 10)
LATER = noon_in_vilnius(date(2032, 1, 1))
EVERYTHING = Sight(Role.COORDINATOR)


@dataclass(frozen=True)
class Step:
    """So many days after the one before, this verb, taking effect so many days before (or after) it is recorded."""

    after: int
    verb: str
    back: int


def steps(*verbs: str) -> st.SearchStrategy[list[Step]]:
    one = st.builds(Step, st.integers(0, 200), st.sampled_from(verbs), st.one_of(st.just(0), st.integers(-90, 90)))
    return st.lists(one, min_size=1, max_size=8)


def questions() -> st.SearchStrategy[list[tuple[date, datetime | None]]]:
    day = st.dates(date(2024, 6, 1), date(2031, 12, 31))
    moment = st.one_of(st.none(), st.dates(date(2025, 1, 1), date(2029, 12, 31)).map(noon_in_vilnius))
    return st.lists(st.tuples(day, moment), min_size=1, max_size=6)


Asked = list[tuple[date, datetime | None]]


def around(asked: Asked, told: Sequence[tuple[datetime, date]]) -> Asked:
    """The questions, and those at each moment of recording and just before it, about each day of effect and the one
    before."""
    turns = [
        (day, moment) for moment, on in told for day in (on - ONE_DAY, on) for moment in (moment, moment - ONE_DAY)
    ]
    return asked + turns + [(day, None) for day, _ in turns]


class Reader:
    """Asks the statements of a view of one resource, as a request would."""

    def __init__(self, world: World, view: View, key: Any) -> None:
        self.world, self.view, self.key = world, view, key

    async def single(self, on: date, by: datetime | None) -> Any | None:
        past, when = self._looking(on, by)
        statement = views.single_statement(self.view, "id", (), EVERYTHING.sees, past)
        async with self.world.database.reading() as connection:
            return await views.one(connection, statement, key=self.key, **when, **EVERYTHING.values)

    async def listed(self, on: date, by: datetime | None, **conditions: Any) -> int:
        past, when = self._looking(on, by)
        statement = views.count_statement(self.view, frozenset(conditions), EVERYTHING.sees, past)
        async with self.world.database.reading() as connection:
            found = await views.one(connection, statement, **conditions, **when, **EVERYTHING.values)
        return int(found[0]) if found else 0

    @staticmethod
    def _looking(on: date, by: datetime | None) -> tuple[Past, dict[str, Any]]:
        return (Past.MOMENT, {"today": on, "known_at": by}) if by else (Past.DAY, {"today": on})


async def recorded(world: World, history: list[Step], act: Any) -> list[tuple[datetime, date, str]]:
    """What of the history could be done: when it was recorded, from which day on it holds, and what it was."""
    told, day = [], BEGUN
    for step in history:
        day += timedelta(days=step.after)
        world.travel(day)
        on = day - timedelta(days=step.back)
        try:
            async with world.at_work() as work:
                await act(work, step.verb, on)
        except Refusal:
            continue
        told.append((noon_in_vilnius(day), on, step.verb))
    world.travel(LATER)
    return told


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps("suspend", "suspend", "reinstate", "withdraw"), questions())
async def test_a_certificate(world: World, history: list[Step], asked: Asked) -> None:
    world.travel(BEGUN)
    made = await a_certificate(world.database, BEGUN.isoformat())

    async def act(work: Work, verb: str, on: date) -> None:
        why: dict[str, Any] = {"reason": "Pažeidimas.", "effective_on": on}
        if verb != "reinstate":
            why["reason_code"] = ReasonCode.OTHER
        if verb == "suspend":
            why["review_by"] = on
        await getattr(certificates, verb)(work, made.certificate, **why)

    told = await recorded(world, history, act)
    for on, by in around(asked, [(moment, day) for moment, day, _ in told]):
        known = Reader(world, CERTIFICATES, made.certificate)
        row = await known.single(on, by)
        if by is not None and by < noon_in_vilnius(BEGUN):
            assert row is None
            continue
        expected = rules.status(on, decided([one for one in told if by is None or one[0] <= by]))
        assert f'"status":"{expected}"' in row["body"]
        for status in {*Status} if on == asked[0][0] else {expected, Status.ACTIVE}:
            count = await known.listed(on, by, status=[status], organisation_id=made.organisation)
            assert count == (status is expected), (on, by, status)


def decided(told: list[tuple[datetime, date, str]]) -> Decisions:
    """A model of what the verbs decide."""
    suspensions: list[Span] = []
    found = Decisions(periods=[Span(BEGUN, rules.last_valid_day(BEGUN, 36))])
    for _, on, verb in told:
        if verb == "suspend":
            suspensions.append(Span(on, None))
        elif verb == "reinstate":
            first = suspensions.pop().first
            suspensions += [Span(first, on - ONE_DAY)] if first < on else []
        else:
            found = replace(found, ended_as=Status.WITHDRAWN, ended_on=on)
    return replace(found, suspensions=tuple(suspensions))


MOVES: dict[str, dict[str, Any]] = {
    "submit": {}, "return_": {"reason": "Trūksta."}, "start_review": {}, "put_on_reserve": {},
    "select": {"commission_decision_ref": "KOM-1"}, "reject": {"reason": "Neatitinka."}, "withdraw": {},
    "sign_agreement": {"agreement_number": "EQUASS-83"}, "terminate": {"reason": "Nutraukta."},
}  # fmt: skip
LEADS_TO = {
    "submit": "submitted", "return_": "draft", "start_review": "in_selection", "put_on_reserve": "reserve",
    "select": "selected", "reject": "rejected", "withdraw": "withdrawn", "sign_agreement": "active",
    "terminate": "terminated",
}  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps(*MOVES, "submit", "start_review", "select"), questions())
async def test_an_enrolment(world: World, history: list[Step], asked: Asked) -> None:
    world.travel(BEGUN)
    holder = UUID((await world.organisation())["id"])
    async with world.at_work() as work:
        made = await enrolments.apply(
            work, organisation_id=holder, project="QUALITY-LT-2", strand="EQUASS_MAINTENANCE", declared_on=BEGUN,
            scope={"services": ["LONG_TERM_CARE"], "sites": [], "unit": None},
        )  # fmt: skip

    async def act(work: Work, verb: str, on: date) -> None:
        said = {"signed_on": on, "agreement_number": str(made.id)} if verb == "sign_agreement" else MOVES[verb]
        await getattr(enrolments, verb)(work, made.id, effective_on=on, **said)

    told = await recorded(world, history, act)
    known = Reader(world, ENROLMENTS, made.id)
    for on, by in around(asked, [(moment, day) for moment, day, _ in told]):
        states = [(noon_in_vilnius(BEGUN), BEGUN, "draft")] + [(at, day, LEADS_TO[verb]) for at, day, verb in told]
        told_of = [state for moment, day, state in states if day <= on and (by is None or moment <= by)]
        row = await known.single(on, by)
        assert (row is None) == (not told_of), (on, by)
        for state in {*LEADS_TO.values()}:
            count = await known.listed(on, by, state=[state], organisation_id=holder)
            assert count == (state == (told_of or [None])[-1]), (on, by, state)
        if row is not None:
            assert row["fact_state"] == told_of[-1]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps("start", "submit", "submit", "forward_to_auditor", "return_", "withdraw", "void"), questions())
async def test_an_annual_report(world: World, history: list[Step], asked: Asked) -> None:
    world.travel(BEGUN)
    made: Made = await a_certificate(world.database, BEGUN.isoformat())
    report = made.reports[0]
    parts = dict.fromkeys(("performance", "progress", "development"), "Tikslai pasiekti.")
    row = {"state": "scheduled", "first": None, "lapses_on": date(2028, 1, 11), "void": None}
    versions = [(noon_in_vilnius(BEGUN), date.min, dict(row))]

    async def act(work: Work, verb: str, on: date) -> None:
        if verb == "withdraw":
            why = {"reason": "Pažeidimas.", "reason_code": ReasonCode.OTHER, "effective_on": on}
            await certificates.withdraw(work, made.certificate, **why)
            if row["state"] not in report_rules.CLOSED:
                row["lapses_on"] = min(on, row["lapses_on"])  # tells of the days that the report held from already
                versions.append((work.now, versions[-1][1], dict(row)))
            return
        day = work.today if verb in ("submit", "return_") else on
        more: dict[str, Any] = {"parts": parts} if verb == "submit" else {}
        if verb == "return_":
            more = {"reason": "Trūksta.", "resubmit_by": work.today}
        await getattr(annual_reports, verb)(work, report, effective_on=day, **more)
        row["state"] = {"start": "drafting", "submit": "submitted", "forward_to_auditor": "with_auditor",
                        "return_": "returned", "void": "void"}[verb]  # fmt: skip
        if verb == "submit" and row["first"] is None:
            row["first"] = work.today
        if verb == "void":
            row["void"] = VoidReason.CERTIFICATE_ENDED
        versions.append((work.now, day, dict(row)))

    told = await recorded(world, history, act)
    known = Reader(world, ANNUAL_REPORTS, report)
    for on, by in around(asked, [(moment, day) for moment, day, _ in told]):
        seen = [one for moment, day, one in versions if day <= on and (by is None or moment <= by)]
        found = await known.single(on, by)
        assert (found is None) == (not seen)
        if not seen:
            continue
        owed = Obligation(
            opens_on=date(2025, 11, 11), due_on=date(2026, 1, 10), state=report_rules.State(seen[-1]["state"]),
            void_reason=seen[-1]["void"], first_submitted_on=seen[-1]["first"], lapses_on=seen[-1]["lapses_on"],
        )  # fmt: skip
        flags = report_rules.flags(on, owed)
        assert found["fact_state"] == owed.state, (on, by)
        assert '"flags":[' + ",".join(f'"{flag}"' for flag in flags) + "]" in found["body"].replace(", ", ","), (on, by)
        this = {"certificate_id": made.certificate, "sequence": 1}
        for flag in Flag:
            assert await known.listed(on, by, flag=[flag], **this) == (flag in flags), (on, by, flag)
        assert await known.listed(on, by, state=[owed.state], **this) == 1


async def test_the_register_and_the_list_agree_on_the_past(world: World) -> None:
    """The same certificates, counted by the status that registers share, on every day around a turn, by every moment."""
    world.travel(BEGUN)
    made = [
        await a_certificate(world.database, BEGUN.isoformat(), reference=f"LIT2025-80{number}") for number in range(3)
    ]
    for number, day in enumerate((date(2025, 6, 1), date(2026, 2, 1))):
        world.travel(day)
        async with world.at_work() as work:
            await certificates.suspend(
                work, made[number].certificate, reason_code=ReasonCode.OTHER, reason="Pažeidimas.",
                review_by=day + 90 * ONE_DAY, effective_on=day - 30 * ONE_DAY,
            )  # fmt: skip
    world.travel(LATER)
    for by in (None, date(2025, 5, 31), date(2025, 6, 1), date(2026, 1, 31), date(2026, 2, 1)):
        for on in (date(2025, 5, 1), date(2025, 5, 2), date(2026, 1, 1), date(2026, 1, 2), date(2028, 1, 11)):
            moment = noon_in_vilnius(by) if by else None
            listed, shown = Reader(world, CERTIFICATES, None), Reader(world, REGISTER, None)
            for status in set(REGISTER_STATUS.values()):
                one = await listed.listed(on, moment, register_status=[status])
                assert one == await shown.listed(on, moment, status=[status])


async def test_rows_of_which_nothing_is_read_are_those_of_then(world: World) -> None:
    world.travel(BEGUN)
    await a_certificate(world.database, BEGUN.isoformat())
    world.travel(LATER)
    counting = select(func.count()).select_from(Certificate.__table__)
    statement = views.compiled(counting, Past.MOMENT)
    async with world.database.reading() as connection:
        for moment, count in ((BEGUN - ONE_DAY, 0), (BEGUN, 1)):
            found = await views.one(connection, statement, known_at=noon_in_vilnius(moment))
            assert found[0] == count


def test_a_moment_has_its_day_in_vilnius() -> None:
    assert today(datetime.fromisoformat("2026-11-21T22:00:00+00:00")) == date(2026, 11, 22)
