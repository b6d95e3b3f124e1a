"""Until when a certificate runs by itself, and from which day on it needs its audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given

from programme.rules.certificates import Decisions, Span, Status, status
from programme.rules.forecast import STANDING, audit_from, runs_out_on
from tests.strategies import DAYS, decisions

GRANTED = Decisions([Span(date(2021, 11, 29), date(2024, 11, 29))])


def test_it_runs_to_its_last_valid_day_unless_something_ends_it_before() -> None:
    assert runs_out_on(Decisions()) is None
    assert runs_out_on(GRANTED) == date(2024, 11, 29)
    for ended_on, runs_out in (("2024-11-29", None), ("2024-11-30", None), ("2024-12-01", date(2024, 11, 29))):
        ended = replace(GRANTED, ended_as=Status.SUPERSEDED, ended_on=date.fromisoformat(ended_on))
        assert runs_out_on(ended) == runs_out
    suspended = replace(GRANTED, suspensions=[Span(date(2024, 1, 1), None)])
    assert runs_out_on(suspended) == date(2024, 11, 29)
    assert runs_out_on(Decisions([Span(date(2024, 1, 1), None)])) is None


@given(decisions(), DAYS)
def test_what_runs_out_stands_on_its_last_day_and_has_expired_on_the_next(decided: Decisions, day: date) -> None:
    last = runs_out_on(decided)
    if last is not None:
        assert status(last, decided) in STANDING
        assert status(last + timedelta(days=1), decided) is Status.EXPIRED
    elif decided.ended_on is None:
        assert not decided.periods


def test_the_audit_is_needed_from_the_opening_of_the_window_or_at_once() -> None:
    last = date(2028, 2, 21)
    assert audit_from(date(2026, 11, 22), last, 365) == date(2027, 2, 21)
    assert audit_from(date(2027, 2, 21), last, 365) == date(2027, 2, 21)
    assert audit_from(date(2027, 3, 1), last, 365) == date(2027, 3, 1)
