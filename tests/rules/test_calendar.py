"""Adding months and the day in Vilnius: the vectors of the programme, and what holds for all days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import programme
from programme.rules.calendar import VILNIUS, add_months, day_begins_at, day_ends_at, noon_in_vilnius, today

VECTORS: dict[str, Any] = yaml.safe_load(
    (Path(programme.__file__).parent / "data" / "vectors.yaml").read_text(encoding="utf-8")
)
DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2150, 12, 31))


@pytest.mark.parametrize("vector", VECTORS["add_months"], ids=lambda vector: vector["from"])
@pytest.mark.parametrize("months", [12, 24, 36, 48])
def test_months_are_added_as_the_vectors_say(vector: dict[str, str], months: int) -> None:
    assert add_months(date.fromisoformat(vector["from"]), months) == date.fromisoformat(vector[f"m{months}"])


@pytest.mark.parametrize("vector", VECTORS["ends_at_utc"], ids=lambda vector: vector["last_valid_day"])
def test_a_day_ends_when_the_next_one_begins_in_vilnius(vector: dict[str, str]) -> None:
    assert day_ends_at(date.fromisoformat(vector["last_valid_day"])) == datetime.fromisoformat(vector["ends_at"])


@pytest.mark.parametrize("vector", VECTORS["today"], ids=lambda vector: vector["now"])
def test_today_is_the_day_in_vilnius(vector: dict[str, str]) -> None:
    assert today(datetime.fromisoformat(vector["now"])) == date.fromisoformat(vector["today"])


@given(DAYS, st.integers(min_value=0, max_value=600))
def test_adding_months_keeps_the_day_of_the_month_or_takes_the_last_one(anchor: date, months: int) -> None:
    later = add_months(anchor, months)
    assert (later.year * 12 + later.month) - (anchor.year * 12 + anchor.month) == months
    assert later.day == anchor.day or (later.day < anchor.day and (later + timedelta(days=1)).month != later.month)


@given(DAYS, st.integers(min_value=0, max_value=600), st.integers(min_value=0, max_value=600))
def test_adding_more_months_is_never_earlier(anchor: date, one: int, other: int) -> None:
    assert (add_months(anchor, one) <= add_months(anchor, other)) == (one <= other)


@pytest.mark.parametrize(("anchor", "months"), [(date(9999, 12, 1), 1), (date(1, 1, 1), -1), (date(2, 1, 1), -13)])
def test_a_month_beyond_the_calendar_is_an_error_not_another_day(anchor: date, months: int) -> None:
    with pytest.raises(OverflowError):
        add_months(anchor, months)


def test_the_calendar_reaches_from_its_first_month_to_its_last() -> None:
    assert add_months(date(9999, 11, 30), 1) == date(9999, 12, 30)
    assert add_months(date(1, 2, 28), -1) == date(1, 1, 28)


def test_noon_in_vilnius_is_ten_utc_in_winter_and_nine_in_summer() -> None:
    assert noon_in_vilnius(date(2026, 11, 22)) == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert noon_in_vilnius(date(2026, 7, 22)) == datetime(2026, 7, 22, 9, tzinfo=UTC)


@given(DAYS)
def test_the_last_moment_of_a_day_is_that_day_and_the_next_is_not(day: date) -> None:
    end = day_ends_at(day)
    assert today(end - timedelta(microseconds=1)) == day
    assert today(end) == day + timedelta(days=1)
    assert today(noon_in_vilnius(day)) == day
    assert day_begins_at(day + timedelta(days=1)) == end


@given(st.datetimes(min_value=datetime(1991, 1, 1), max_value=datetime(2150, 1, 1), timezones=st.just(UTC)))
def test_today_is_what_a_wall_clock_in_vilnius_shows(now: datetime) -> None:
    assert today(now) == now.astimezone(VILNIUS).date()
