"""What a certificate promises and until when: dates, status by day, what becomes known on which day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.rules import certificates as rules
from programme.rules.certificates import Decisions, Span, Status
from tests.strategies import DAYS, decisions

NOTICES = (180, 90, 30)


@pytest.mark.parametrize(
    ("certified_on", "months", "last"),
    [
        (date(2019, 4, 29), 36, date(2022, 4, 29)),
        (date(2021, 11, 29), 36, date(2024, 11, 29)),
        (date(2024, 2, 29), 36, date(2027, 2, 28)),
        (date(2028, 2, 29), 36, date(2031, 2, 28)),
        (date(2012, 3, 1), 24, date(2014, 3, 1)),
    ],
)
def test_it_is_good_through_the_same_calendar_day(certified_on: date, months: int, last: date) -> None:
    assert rules.last_valid_day(certified_on, months) == last


def test_each_day_of_a_life_has_its_status() -> None:
    decided = Decisions(
        periods=[Span(date(2021, 11, 29), date(2024, 11, 29))], suspensions=[Span(date(2023, 5, 1), date(2023, 6, 30))]
    )
    expected = {
        date(2021, 11, 28): Status.NOT_YET_VALID,
        date(2021, 11, 29): Status.ACTIVE,
        date(2023, 4, 30): Status.ACTIVE,
        date(2023, 5, 1): Status.SUSPENDED,
        date(2023, 6, 30): Status.SUSPENDED,
        date(2023, 7, 1): Status.ACTIVE,
        date(2024, 6, 1): Status.ACTIVE,
        date(2024, 6, 2): Status.EXPIRING,
        date(2024, 11, 29): Status.EXPIRING,
        date(2024, 11, 30): Status.EXPIRED,
    }
    assert {day: rules.status(day, decided) for day in expected} == expected


def test_nothing_decided_is_a_draft_and_a_refusal_ends_it() -> None:
    today = date(2026, 11, 22)
    assert rules.status(today, Decisions()) is Status.DRAFT
    assert rules.status(today, Decisions(ended_as=Status.REFUSED, ended_on=today)) is Status.REFUSED


def test_a_suspension_does_not_outlive_the_certificate() -> None:
    decided = Decisions(periods=[Span(date(2021, 1, 1), date(2024, 1, 1))], suspensions=[Span(date(2023, 1, 1), None)])
    assert rules.status(date(2024, 1, 1), decided) is Status.SUSPENDED
    assert rules.status(date(2024, 1, 2), decided) is Status.EXPIRED


def test_between_two_periods_it_is_expired_and_in_the_second_valid_again() -> None:
    decided = Decisions(periods=[Span(date(2020, 1, 1), date(2023, 1, 1)), Span(date(2023, 3, 1), date(2026, 1, 1))])
    assert rules.status(date(2023, 1, 1), decided) is Status.EXPIRING
    assert rules.status(date(2023, 1, 2), decided) is Status.EXPIRED
    assert rules.status(date(2023, 3, 1), decided) is Status.ACTIVE


@given(decisions(), DAYS)
def test_a_terminal_decision_absorbs(decided: Decisions, day: date) -> None:
    if decided.ended_on is not None and day >= decided.ended_on:
        assert rules.status(day, decided) is decided.ended_as
        assert rules.status(day + timedelta(days=400), decided) is decided.ended_as


@given(decisions(), DAYS)
def test_only_what_holds_on_the_day_is_in_force(decided: Decisions, day: date) -> None:
    in_force = rules.status(day, decided) in (Status.ACTIVE, Status.EXPIRING)
    ended = decided.ended_on is not None and day >= decided.ended_on
    inside = any(day in span for span in decided.periods)
    suspended = any(day in span for span in decided.suspensions)
    assert in_force == (inside and not suspended and not ended)


@given(DAYS, st.sets(st.integers(min_value=1, max_value=400), max_size=4), st.one_of(st.none(), DAYS))
def test_stepping_from_change_to_change_meets_each_once(
    expires_on: date, notice_days: set[int], ended_on: date | None
) -> None:
    met, reached = [], rules.next_change(None, expires_on, notice_days, ended_on)
    while reached is not None:
        met.append(reached)
        reached = rules.next_change(reached, expires_on, notice_days, ended_on)
    days = rules.changes(expires_on, notice_days)
    assert met == [day for day in days if ended_on is None or day < ended_on]


@given(DAYS, DAYS)
def test_an_import_tells_its_end_even_when_long_past_and_no_old_notice(today: date, expires_on: date) -> None:
    first = rules.next_change_of_import(today, expires_on, NOTICES)
    assert first > today or first == expires_on + timedelta(days=1)
    assert first in rules.changes(expires_on, NOTICES)
