"""One definition of what is late: what the pure rules say of findings, improvements and enrolments, SQL says too, and the
daily pass makes it known once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from programme.queries.assessments import IMPROVEMENT_OVERDUE
from programme.queries.enrolments import flags_on
from programme.queries.findings import overdue_on
from programme.queries.views import TODAY
from programme.rules import assessments, enrolments, findings
from programme.services.daily import catch_up
from programme.tables import Assessment, Enrolment, Finding, JobRun, Project, Strand
from tests import oracle
from tests.full import a_full_organisation
from tests.world import World

BASE = date(2027, 3, 20)  # clocks change on the 28th
DAYS = st.integers(min_value=-3, max_value=12).map(lambda count: BASE + timedelta(days=count))
MAYBE = st.one_of(st.none(), DAYS)
SOME = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Stages = list[dict[str, Any]]


@st.composite
def plans(draw: st.DrawFn) -> Stages:
    """Stages of which some have a day planned and some are done."""
    made = []
    for code in draw(st.lists(st.sampled_from(["training", "audit", "coaching"]), unique=True, max_size=3)):
        planned_on, done_on = draw(MAYBE), draw(st.sampled_from([None, None, BASE]))
        days = {"planned_on": planned_on, "started_on": None, "done_on": done_on}
        made.append({"code": code, **{name: day and day.isoformat() for name, day in days.items()}})
    return made


async def subject(world: World) -> Any:
    """One organisation with everything, the same for every example."""
    if not hasattr(world, "subject"):
        world.subject = await a_full_organisation(  # type: ignore[attr-defined]
            world, "LIT2025-301", assessor=None, reviewer=None
        )
    return world.subject  # type: ignore[attr-defined]


@settings(SOME, max_examples=150)
@given(
    st.sampled_from(findings.State), MAYBE, st.sampled_from(assessments.State), MAYBE,
    st.lists(DAYS, min_size=1, max_size=4),
)  # fmt: skip
async def test_findings_and_improvements_are_overdue_in_sql_as_in_the_rules(
    world: World,
    state: findings.State,
    due_on: date | None,
    assessment_state: assessments.State,
    plan_due_on: date | None,
    days: list[date],
) -> None:
    full = await subject(world)
    if assessment_state is assessments.State.IMPROVEMENT and plan_due_on is None:
        plan_due_on = BASE
    async with world.at_work() as work:
        work.keeps = False
        closed = {"cause": "c", "action": "a", "action_due_on": BASE, "planned_on": BASE, "answered_on": BASE}
        said = {"severity": "observation", "reason": "r", **closed}
        verified_on = BASE if state is findings.State.CLOSED else None
        await work.session.execute(
            update(Finding)
            .where(Finding.id == full.finding_id)
            .values(state=state, due_on=due_on, verified_on=verified_on, **said)
        )
        outcome = "met" if assessment_state is assessments.State.FINALISED else None
        await work.session.execute(
            update(Assessment)
            .where(Assessment.id == full.assessment_id)
            .values(state=assessment_state, plan_due_on=plan_due_on, outcome=outcome)
        )
        query = (
            select(overdue_on(TODAY), IMPROVEMENT_OVERDUE)
            .join(Assessment, Assessment.id == Finding.assessment_id)
            .where(Finding.id == full.finding_id)
        )
        for day in days:
            row = (await work.session.execute(query, {"today": day})).one()
            assert tuple(row) == (
                findings.is_overdue(day, state, due_on, assessment_state),
                assessments.improvement_is_overdue(day, assessment_state, plan_due_on),
            )


@settings(SOME, max_examples=150)
@given(st.sampled_from(enrolments.State), plans(), MAYBE, st.lists(DAYS, min_size=1, max_size=4))
async def test_enrolments_are_flagged_in_sql_as_in_the_rules(
    world: World, state: enrolments.State, stages: Stages, ends_on: date | None, days: list[date]
) -> None:
    full = await subject(world)
    async with world.at_work() as work:
        work.keeps = False
        await work.session.execute(
            update(Enrolment)
            .where(Enrolment.id == full.enrolment_id)
            .values(state=state, stages=stages, signed_on=BASE)
        )
        await work.session.execute(update(Project).values(ends_on=ends_on, starts_on=None))
        query = (
            select(flags_on(TODAY))
            .select_from(Enrolment)
            .join(Project, Project.id == Enrolment.project_id)
            .where(Enrolment.id == full.enrolment_id)
        )
        for day in days:
            shown = (await work.session.execute(query, {"today": day})).scalar_one()
            assert shown == enrolments.flags(day, state, stages, ends_on), day


@dataclass
class Model:
    """What the pass makes known of one enrolment that is under way, by the pure rules alone."""

    ends_on: date | None
    stages: Stages
    next_change_on: date | None
    known: set[str] = field(default_factory=set)
    told: list[tuple[str, date]] = field(default_factory=list)

    def passes(self, day: date) -> None:
        if self.next_change_on is None or self.next_change_on > day:
            return
        there_are = enrolments.milestones(day, enrolments.State.ACTIVE, self.stages, self.ends_on)
        untold = {key: what for key, what in there_are.items() if key not in self.known}
        come = {key: (flag, on) for key, (flag, on) in untold.items() if on <= day}
        self.told += sorted((f"enrolment.{flag}", on) for flag, on in come.values())
        self.known |= come.keys()
        self.next_change_on = min((on for _, on in untold.values() if on > day), default=None)


@settings(SOME, max_examples=60)
@given(
    st.one_of(st.none(), DAYS, DAYS),
    st.lists(
        st.tuples(st.integers(min_value=0, max_value=6), st.one_of(st.none(), plans(), plans())), min_size=1, max_size=5
    ),
)
async def test_however_days_are_split_and_plans_change_each_is_told_once(
    world: World, ends_on: date | None, steps: list[tuple[int, Stages | None]]
) -> None:
    world.travel("2030-01-01")
    full = await subject(world)
    async with world.at_work() as work:
        for kind in (Enrolment, Finding, Assessment):
            await work.session.execute(update(kind).values(next_change_on=None))
        await work.session.execute(delete(JobRun))
        await work.session.execute(update(Project).values(ends_on=ends_on, starts_on=None))
        strand = (await work.session.scalars(select(Strand).join(Enrolment))).first()
        assert strand is not None
        row = Enrolment(
            organisation_id=full.organisation_id, project_id=strand.project_id, strand_id=strand.id,
            scope={"services": [], "sites": [], "unit": str(work.now.timestamp())}, state="completed", stages=[],
        )  # fmt: skip
        await work.add(row, "enrolment.drafted")
        enrolment = row.id
        await work.session.execute(
            update(Enrolment).where(Enrolment.id == enrolment).values(state="selected", next_change_on=BASE)
        )
    model, day = Model(ends_on, [], BASE), BASE - timedelta(days=1)
    await catch_up(world.database, day)
    for step, stages in steps:
        passed = [day + timedelta(days=count) for count in range(1, step + 1)] or [day]
        day = passed[-1]
        if stages is not None:
            model.stages, model.next_change_on = stages, day
            async with world.at_work() as work:
                values = {"stages": stages, "next_change_on": day}
                await work.session.execute(update(Enrolment).where(Enrolment.id == enrolment).values(**values))
        for one in passed:
            model.passes(one)
        await catch_up(world.database, day)

    told = [event for event in await world.events(enrolment) if event.actor_type == "worker"]
    assert sorted((event.type, event.effective_on) for event in told) == sorted(model.told)
    assert [event.resource_version for event in told] == list(range(2, len(told) + 2))
    assert len({(event.type, event.effective_on, str(event.data)) for event in told}) == len(told)
    async with world.at_work() as work:
        left = await work.session.get_one(Enrolment, enrolment)
        assert (left.next_change_on, set(left.made_known)) == (model.next_change_on, model.known)
        await work.session.execute(update(Enrolment).where(Enrolment.id == enrolment).values(state="withdrawn"))


async def test_a_late_stage_and_an_end_too_early_are_told_and_shown(world: World) -> None:
    coordinator, holder = await world.caller("coordinator"), await world.organisation()
    body = {
        "organisation_id": holder["id"], "project": "QUALITY-LT-2", "strand": "EQUASS_MAINTENANCE",
        "scope": {"services": ["LONG_TERM_CARE"]}, "declared_on": "2026-11-20",
    }  # fmt: skip
    made = (await coordinator.post("/v1/enrolments", body)).json()
    path = f"/v1/enrolments/{made['id']}"
    for verb, said in (
        ("submit", {}), ("start-review", {}), ("select", {"commission_decision_ref": "KOM-2026-14"}),
        ("sign-agreement", {"agreement_number": "EQUASS-83", "signed_on": "2026-11-20"}),
    ):  # fmt: skip
        assert (await coordinator.move(path, verb, said)).status_code == 200
    first, second, *_ = [stage["code"] for stage in made["stages"]]

    async def planned(code: str, **days: str) -> dict[str, Any]:
        seen = await coordinator.get(path)
        given = {"json": days, "headers": {"If-Match": seen.headers["etag"]}}
        answer = await coordinator.request("PUT", f"{path}/stages/{code}", **given)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def listed(query: str) -> int:
        return len((await coordinator.get(f"/v1/enrolments?{query}")).json()["items"])

    assert (await planned(first, planned_on="2026-12-01"))["flags"] == []
    assert (await planned(second, planned_on="2029-02-15"))["flags"] == ["outlives_project"]
    assert (await catch_up(world.database))["changes"] == {"enrolment.outlives_project": 1}
    world.travel("2026-12-02")
    assert (await coordinator.get(path)).json()["flags"] == ["stage_overdue", "outlives_project"]
    assert (await listed("flag=stage_overdue"), await listed("flag=outlives_project,stage_overdue")) == (1, 1)
    assert (await catch_up(world.database))["changes"] == {"enrolment.stage_overdue": 1}
    assert (await planned(first, planned_on="2026-12-01", started_on="2026-12-02"))["flags"][0] == "stage_overdue"
    assert (await catch_up(world.database))["changes"] == {}
    moved = await planned(first, planned_on="2026-12-10", started_on="2026-12-02")
    assert moved["flags"] == ["outlives_project"]
    world.travel("2026-12-20")
    assert (await catch_up(world.database))["changes"] == {"enrolment.stage_overdue": 1}
    await planned(first, planned_on="2026-12-10", started_on="2026-12-02", done_on="2026-12-19")

    later = await coordinator.change("/v1/projects/QUALITY-LT-2", {"ends_on": "2029-03-31"})
    assert later.status_code == 200
    assert (await coordinator.get(path)).json()["flags"] == []
    world.travel("2029-04-01")
    changes = (await catch_up(world.database))["changes"]
    assert changes == {"enrolment.outlives_project": 1, "enrolment.stage_overdue": 1}
    told = [(event.type, event.effective_on.isoformat(), event.data) for event in await world.events(made["id"])]
    assert [one for one in told if one[0] in ("enrolment.stage_overdue", "enrolment.outlives_project")] == [
        ("enrolment.outlives_project", "2026-11-22", {}),
        ("enrolment.stage_overdue", "2026-12-02", {"stage": first}),
        ("enrolment.stage_overdue", "2026-12-11", {"stage": first}),
        ("enrolment.stage_overdue", "2029-02-16", {"stage": second}),
        ("enrolment.outlives_project", "2029-04-01", {}),
    ]
    assert (await coordinator.move(path, "terminate", {"reason": "Projektas baigėsi."})).json()["flags"] == []
    await oracle.check(world.database)
