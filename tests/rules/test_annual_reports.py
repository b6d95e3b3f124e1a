"""What is owed each year: the flags of a day, the days of the daily pass, and who moves a report on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.errors import NotAllowed
from programme.rules import annual_reports as rules
from programme.rules.annual_reports import LIFECYCLE, AnnualReportFacts, Flag, Obligation, State, Timeliness, VoidReason
from programme.rules.lifecycle import Role

DUE = date(2027, 2, 21)
DAYS = st.dates(min_value=date(2026, 9, 1), max_value=date(2028, 3, 31))
OBLIGATIONS = st.builds(
    Obligation,
    opens_on=DAYS,
    due_on=DAYS,
    state=st.sampled_from(State),
    void_reason=st.none() | st.sampled_from(VoidReason),
    first_submitted_on=st.none() | DAYS,
    due_soon_days=st.integers(min_value=0, max_value=90),
    grace_days=st.integers(min_value=0, max_value=90),
    lapses_on=st.none() | DAYS,
)
OWED = Obligation(opens_on=date(2026, 12, 23), due_on=DUE, lapses_on=date(2028, 2, 22))


def on(day: str, **changes: object) -> list[Flag]:
    facts = {
        "opens_on": OWED.opens_on, "due_on": OWED.due_on, "lapses_on": OWED.lapses_on, **changes,
    }  # fmt: skip
    return rules.flags(date.fromisoformat(day), Obligation(**facts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "flags"),
    [
        ("2026-12-22", []),
        ("2026-12-23", [Flag.OPEN]),
        ("2027-01-21", [Flag.OPEN]),
        ("2027-01-22", [Flag.OPEN, Flag.DUE_SOON]),
        ("2027-02-21", [Flag.OPEN, Flag.DUE_SOON]),
        ("2027-02-22", [Flag.OPEN, Flag.OVERDUE]),
        ("2027-03-23", [Flag.OPEN, Flag.OVERDUE]),
        ("2027-03-24", [Flag.OPEN, Flag.OVERDUE, Flag.DELINQUENT]),
        ("2028-02-21", [Flag.OPEN, Flag.OVERDUE, Flag.DELINQUENT]),
        ("2028-02-22", []),
    ],
)
def test_each_flag_begins_and_ends_on_its_day(day: str, flags: list[Flag]) -> None:
    assert on(day) == flags


def test_a_submission_stops_the_clock_and_late_stays_late() -> None:
    in_time, late = date(2027, 2, 21), date(2027, 2, 22)
    assert on("2027-03-24", state=State.SUBMITTED, first_submitted_on=in_time) == []
    assert on("2027-02-22", state=State.SUBMITTED, first_submitted_on=late) == [Flag.LATE]
    assert on("2029-01-01", state=State.APPROVED, first_submitted_on=late) == [Flag.LATE]


def test_a_day_before_the_submission_is_told_as_it_was() -> None:
    late = date(2027, 3, 30)
    assert on("2027-03-29", state=State.SUBMITTED, first_submitted_on=late) == [
        Flag.OPEN, Flag.OVERDUE, Flag.DELINQUENT,
    ]  # fmt: skip


def test_what_was_never_owed_has_no_flags_and_what_lapsed_had_them_until_then() -> None:
    assert on("2027-02-22", state=State.VOID, void_reason=VoidReason.IMPORTED) == []
    assert on("2027-02-22", state=State.WAIVED) == []
    assert on("2027-02-22", state=State.VOID, void_reason=VoidReason.CERTIFICATE_ENDED) == [Flag.OPEN, Flag.OVERDUE]


@pytest.mark.parametrize("state", State)
def test_only_waiving_excuses_whatever_else_the_state(state: State) -> None:
    assert on("2027-02-22", state=state) == ([] if state is State.WAIVED else [Flag.OPEN, Flag.OVERDUE])


def test_reports_fall_due_on_the_anniversaries_of_the_certification() -> None:
    assert rules.due_dates(date(2024, 2, 29), [12, 24]) == [date(2025, 2, 28), date(2026, 2, 28)]


def test_the_days_of_the_daily_pass_follow_one_another_to_the_end_of_the_certificate() -> None:
    days: list[date] = []
    while (following := rules.next_change(days[-1] if days else None, OWED)) is not None:
        days.append(following)
    assert days == [
        date(2026, 12, 23), date(2027, 1, 22), date(2027, 2, 22), date(2027, 3, 24), date(2028, 2, 22),
    ]  # fmt: skip
    submitted = Obligation(OWED.opens_on, DUE, State.SUBMITTED, None, DUE, lapses_on=OWED.lapses_on)
    assert rules.next_change(None, submitted) == OWED.lapses_on
    assert rules.next_change(None, Obligation(OWED.opens_on, DUE, State.APPROVED, None, DUE)) is None
    assert rules.next_change(date(2027, 3, 24), Obligation(OWED.opens_on, DUE)) is None


@given(OBLIGATIONS, DAYS)
def test_flags_say_where_the_day_stands_between_opening_and_the_end_of_grace(report: Obligation, day: date) -> None:
    found = set(rules.flags(day, report))
    first, lapses = report.first_submitted_on, report.lapses_on
    outstanding = (
        report.state is not State.WAIVED
        and report.void_reason is not VoidReason.IMPORTED
        and (lapses is None or (lapses - day).days > 0)
        and (first is None or (first - day).days > 0)
    )
    left = (report.due_on - day).days
    assert (Flag.OPEN in found) == (outstanding and (day - report.opens_on).days >= 0)
    assert (Flag.DUE_SOON in found) == (outstanding and 0 <= left <= report.due_soon_days)
    assert (Flag.OVERDUE in found) == (outstanding and left < 0)
    assert (Flag.DELINQUENT in found) == (outstanding and -left > report.grace_days)
    handed_in = first is not None and (day - first).days >= 0
    assert (Flag.LATE in found) == (handed_in and first is not None and (first - report.due_on).days > 0)


@given(OBLIGATIONS, DAYS)
def test_the_next_change_is_the_first_milestone_or_the_end_that_is_still_to_come(report: Obligation, day: date) -> None:
    if report.state in (State.APPROVED, State.WAIVED, State.VOID):
        assert rules.next_change(day, report) is None
        return
    milestones = [] if report.first_submitted_on else [
        report.opens_on, report.due_on - timedelta(days=report.due_soon_days), report.due_on + timedelta(days=1),
        report.due_on + timedelta(days=report.grace_days) + timedelta(days=1),
    ]  # fmt: skip
    end = report.lapses_on or date.max
    coming = sorted([one for one in milestones if (end - one).days > 0] + ([end] if report.lapses_on else []))
    assert rules.next_change(None, report) == (coming[0] if coming else None)
    assert rules.next_change(day, report) == next((one for one in coming if (one - day).days > 0), None)


@pytest.mark.parametrize(
    ("day", "changes", "stands"),
    [
        ("2027-02-21", {}, Timeliness.UPCOMING),
        ("2027-02-22", {}, Timeliness.OVERDUE),
        ("2028-02-21", {}, Timeliness.OVERDUE),
        ("2028-02-22", {}, Timeliness.NOT_OWED),
        ("2027-02-22", {"state": State.WAIVED}, Timeliness.NOT_OWED),
        ("2026-01-01", {"state": State.VOID, "void_reason": VoidReason.IMPORTED}, Timeliness.NOT_OWED),
        ("2027-02-20", {"first_submitted_on": date(2027, 2, 21)}, Timeliness.UPCOMING),
        ("2027-02-21", {"first_submitted_on": date(2027, 2, 21)}, Timeliness.ON_TIME),
        ("2029-01-01", {"first_submitted_on": date(2027, 2, 21)}, Timeliness.ON_TIME),
        ("2027-02-22", {"first_submitted_on": date(2027, 2, 23)}, Timeliness.OVERDUE),
        ("2027-02-23", {"first_submitted_on": date(2027, 2, 23)}, Timeliness.LATE),
        ("2029-01-01", {"state": State.APPROVED, "first_submitted_on": date(2027, 2, 23)}, Timeliness.LATE),
    ],
)
def test_how_a_report_stands_by_its_last_day(day: str, changes: dict[str, object], stands: Timeliness) -> None:
    assert rules.timeliness(date.fromisoformat(day), replace(OWED, **changes)) is stands  # type: ignore[arg-type]


@given(OBLIGATIONS, DAYS)
def test_overdue_and_late_are_the_flags_of_these_names(report: Obligation, day: date) -> None:
    stands, raised = rules.timeliness(day, report), rules.flags(day, report)
    assert (stands is Timeliness.OVERDUE) == (Flag.OVERDUE in raised)
    assert (stands is Timeliness.LATE) == (Flag.LATE in raised)
    if stands is Timeliness.NOT_OWED:
        assert raised == []


def test_thirty_days_are_soon_and_thirty_days_are_grace_where_nothing_else_is_said() -> None:
    report = Obligation(opens_on=OWED.opens_on, due_on=DUE)
    assert rules.milestones(report) == {
        "opened": OWED.opens_on,
        "due_soon": DUE - timedelta(days=30),
        "overdue": DUE + timedelta(days=1),
        "delinquent": DUE + timedelta(days=31),
    }


def test_before_its_window_a_report_is_refused_with_the_first_day() -> None:
    early = AnnualReportFacts(State.SCHEDULED, OWED.opens_on - timedelta(days=1), OWED.opens_on)
    (reason,) = LIFECYCLE.reasons("start", early)
    assert reason.say("en")["message"] == "The report can be worked on from 2026-12-23."
    assert LIFECYCLE.reasons("start", replace(early, today=OWED.opens_on)) == ()
    assert [reason.code for reason in LIFECYCLE.reasons("void", replace(early, today=OWED.opens_on))] == [
        "certificate_not_ended"
    ]


@pytest.mark.parametrize("state", State)
def test_every_move_goes_as_the_table_says_and_no_other_does(state: State) -> None:
    today = OWED.opens_on + timedelta(days=1)
    for name, move in LIFECYCLE.moves.items():
        facts = AnnualReportFacts(state, today, OWED.opens_on, certificate_ended=name == "void")
        if state in move.sources:
            assert LIFECYCLE.check(name, facts).to == move.to
        else:
            with pytest.raises(NotAllowed) as refusal:
                LIFECYCLE.check(name, facts)
            assert [reason.code for reason in refusal.value.reasons] == ["wrong_state"]


def test_nothing_but_voiding_goes_once_the_certificate_has_ended() -> None:
    for name, move in LIFECYCLE.moves.items():
        facts = AnnualReportFacts(min(move.sources), OWED.opens_on, OWED.opens_on, certificate_ended=True)
        reasons = [reason.code for reason in LIFECYCLE.reasons(name, facts)]
        assert reasons == ([] if name == "void" else ["certificate_ended"])


def test_who_moves_what() -> None:
    holders = {Role.PROVIDER, Role.COORDINATOR}
    assert {name: set(move.who) for name, move in LIFECYCLE.moves.items()} == {
        "start": holders,
        "submit": holders,
        "forward_to_auditor": {Role.COORDINATOR},
        "comment": {Role.AUDITOR},
        "forward_to_office": {Role.COORDINATOR},
        "approve": {Role.AWARDER, Role.REVIEWER},
        "return": {Role.COORDINATOR, Role.AUDITOR, Role.AWARDER, Role.REVIEWER},
        "void": {Role.WORKER, Role.COORDINATOR},
    }
