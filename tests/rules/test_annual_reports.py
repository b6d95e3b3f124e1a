"""What is owed each year: the flags of a day, the days of the daily pass, and who moves a report on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.errors import NotAllowed
from programme.rules import annual_reports as rules
from programme.rules.annual_reports import (
    LIFECYCLE,
    AnnualReportFacts,
    Extension,
    Flag,
    Obligation,
    State,
    Timeliness,
    VoidReason,
)
from programme.rules.lifecycle import Role

DUE = date(2027, 2, 21)
DAYS = st.dates(min_value=date(2026, 9, 1), max_value=date(2028, 3, 31))
EXTENSIONS = st.lists(
    st.builds(Extension, due_on=DAYS, new_due_on=DAYS, granted=st.booleans(), decided_on=DAYS)
    | st.builds(Extension, due_on=DAYS, new_due_on=DAYS),
    max_size=3,
).map(tuple)
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
    waived_on=st.none() | DAYS,
    extensions=EXTENSIONS,
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
    assert on("2027-02-22", state=State.WAIVED, waived_on=date(2027, 2, 22)) == []
    assert on("2027-02-22", state=State.WAIVED, waived_on=date(2027, 2, 23)) == [Flag.OPEN, Flag.OVERDUE]
    assert on("2027-02-22", state=State.VOID, void_reason=VoidReason.CERTIFICATE_ENDED) == [Flag.OPEN, Flag.OVERDUE]


@pytest.mark.parametrize("state", State)
def test_no_state_by_itself_excuses(state: State) -> None:
    assert on("2027-02-22", state=state) == [Flag.OPEN, Flag.OVERDUE]


def test_an_extension_moves_the_flags_from_the_day_of_the_decision_on() -> None:
    moved = Extension(DUE, date(2027, 4, 21), granted=True, decided_on=date(2027, 3, 1))
    extended = {"due_on": date(2027, 4, 21), "extensions": (moved,)}
    assert on("2027-02-28", **extended) == [Flag.OPEN, Flag.OVERDUE]
    assert on("2027-03-01", **extended) == [Flag.OPEN]
    assert on("2027-03-22", **extended) == [Flag.OPEN, Flag.DUE_SOON]
    assert on("2027-04-22", **extended) == [Flag.OPEN, Flag.OVERDUE]
    assert on("2027-05-22", **extended) == [Flag.OPEN, Flag.OVERDUE, Flag.DELINQUENT]
    in_time = {**extended, "state": State.SUBMITTED, "first_submitted_on": date(2027, 4, 21)}
    assert on("2027-04-21", **in_time) == on("2029-01-01", **in_time) == []


def test_what_was_refused_or_is_not_decided_moves_nothing() -> None:
    for idle in (Extension(DUE, date(2027, 4, 21)), Extension(DUE, date(2027, 4, 21), False, date(2027, 2, 1))):
        assert on("2027-02-22", extensions=(idle,)) == [Flag.OPEN, Flag.OVERDUE]


def test_a_second_extension_starts_from_the_first() -> None:
    april, may = date(2027, 4, 21), date(2027, 5, 21)
    report = replace(
        OWED, due_on=may,
        extensions=(Extension(DUE, april, True, date(2027, 2, 1)), Extension(april, may, True, date(2027, 4, 1))),
    )  # fmt: skip
    days = [date(2027, 1, 31), date(2027, 2, 1), date(2027, 3, 31), date(2027, 4, 1)]
    assert [rules.due_on(day, report) for day in days] == [DUE, april, april, may]
    assert rules.first_due_on(report) == DUE
    assert rules.latest_due_on(report, 60) == DUE + timedelta(days=60)
    assert rules.latest_due_on(report, 1000) == date(2028, 2, 21)
    assert rules.latest_due_on(replace(report, lapses_on=None), 1000) == DUE + timedelta(days=1000)


@given(OBLIGATIONS, DAYS, DAYS)
def test_late_stays_late_and_in_time_stays_in_time(report: Obligation, one: date, other: date) -> None:
    later = max(one, other)
    if report.first_submitted_on is not None and report.first_submitted_on <= min(one, other):
        assert (Flag.LATE in rules.flags(one, report)) == (Flag.LATE in rules.flags(later, report))


@given(OBLIGATIONS, DAYS)
def test_the_deadline_on_a_day_is_one_that_was_set_and_no_later_day_brings_it_nearer(
    report: Obligation, day: date
) -> None:
    growing = replace(
        report, extensions=tuple(replace(one, due_on=min(one.due_on, report.due_on)) for one in report.extensions)
    )
    then = rules.due_on(day, growing)
    assert then in {growing.due_on, *(one.due_on for one in growing.extensions)}
    assert rules.first_due_on(growing) <= then <= rules.due_on(day + timedelta(days=30), growing) <= growing.due_on


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
        (report.waived_on is None or (report.waived_on - day).days > 0)
        and report.void_reason is not VoidReason.IMPORTED
        and (lapses is None or (lapses - day).days > 0)
        and (first is None or (first - day).days > 0)
    )
    left = (rules.due_on(day, report) - day).days
    assert (Flag.OPEN in found) == (outstanding and (day - report.opens_on).days >= 0)
    assert (Flag.DUE_SOON in found) == (outstanding and 0 <= left <= report.due_soon_days)
    assert (Flag.OVERDUE in found) == (outstanding and left < 0)
    assert (Flag.DELINQUENT in found) == (outstanding and -left > report.grace_days)
    handed_in = first is not None and (day - first).days >= 0
    assert (Flag.LATE in found) == (handed_in and first is not None and (first - rules.due_on(first, report)).days > 0)


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
        ("2027-02-22", {"waived_on": date(2027, 2, 22)}, Timeliness.NOT_OWED),
        ("2027-02-22", {"waived_on": date(2027, 2, 23)}, Timeliness.OVERDUE),
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
    early = AnnualReportFacts(State.SCHEDULED, OWED.opens_on - timedelta(days=1), OWED.opens_on, DUE)
    (reason,) = LIFECYCLE.reasons("start", early)
    assert reason.say("en")["message"] == "The report can be worked on from 2026-12-23."
    assert LIFECYCLE.reasons("start", replace(early, today=OWED.opens_on)) == ()
    assert [reason.code for reason in LIFECYCLE.reasons("void", replace(early, today=OWED.opens_on))] == [
        "certificate_not_ended"
    ]


def test_an_extension_is_asked_for_once_at_a_time_and_within_the_limit() -> None:
    asked, limit = DUE + timedelta(days=28), DUE + timedelta(days=60)
    facts = AnnualReportFacts(State.DRAFTING, DUE, OWED.opens_on, DUE, latest_due_on=limit)

    def reasons(name: str, facts: AnnualReportFacts) -> list[dict[str, object]]:
        return [reason.say("lt") for reason in LIFECYCLE.reasons(name, facts)]

    assert reasons("request_extension", facts) == []
    assert reasons("decide_extension", facts) == [
        {"code": "extension_not_requested", "message": "Termino pratęsti neprašoma."}
    ]
    (again,) = reasons("request_extension", replace(facts, asked_for=asked))
    assert (again["code"], again["new_due_on"]) == ("extension_already_requested", asked)
    assert reasons("decide_extension", replace(facts, asked_for=asked)) == []
    (limited,) = reasons("request_extension", replace(facts, latest_due_on=None))
    assert (limited["code"], limited["due_on"]) == ("extension_limit_reached", DUE)


@pytest.mark.parametrize("state", State)
def test_every_move_goes_as_the_table_says_and_no_other_does(state: State) -> None:
    today = OWED.opens_on + timedelta(days=1)
    for name, move in LIFECYCLE.moves.items():
        facts = AnnualReportFacts(
            state, today, OWED.opens_on, DUE, latest_due_on=DUE + timedelta(days=60),
            asked_for=DUE + timedelta(days=1) if name == "decide_extension" else None, certificate_ended=name == "void",
        )  # fmt: skip
        if state in move.sources:
            assert LIFECYCLE.check(name, facts).to == move.to
        else:
            with pytest.raises(NotAllowed) as refusal:
                LIFECYCLE.check(name, facts)
            assert [reason.code for reason in refusal.value.reasons] == ["wrong_state"]


def test_nothing_but_voiding_goes_once_the_certificate_has_ended() -> None:
    for name, move in LIFECYCLE.moves.items():
        facts = AnnualReportFacts(
            min(move.sources), OWED.opens_on, OWED.opens_on, DUE, latest_due_on=DUE + timedelta(days=60),
            asked_for=DUE if name == "decide_extension" else None, certificate_ended=True,
        )  # fmt: skip
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
        "request_extension": holders,
        "decide_extension": {Role.COORDINATOR},
        "waive": {Role.AWARDER},
        "void": {Role.WORKER, Role.COORDINATOR},
    }
