"""Legal days: adding months, and what day it is in Vilnius. The clock is always an argument."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

VILNIUS = ZoneInfo("Europe/Vilnius")


def add_months(anchor: date, months: int) -> date:
    """The same day of the month `months` after `anchor`, clamped to that month's last day.

    Always counted from the anchor (the certification date), never from an earlier result:
    2024-02-29 + 36 = 2027-02-28, + 48 = 2028-02-29. `OverflowError` beyond the year 9999.
    """
    count = anchor.year * 12 + anchor.month - 1 + months
    year, month = count // 12, count % 12 + 1
    if not 1 <= year <= 9999:
        raise OverflowError("date value out of range")
    return date(year, month, min(anchor.day, monthrange(year, month)[1]))


def today(now: datetime) -> date:
    """The calendar day in Lithuania at the moment `now` (aware), which legal dates are counted in."""
    return now.astimezone(VILNIUS).date()


def day_ends_at(last_valid_day: date) -> datetime:
    """The first moment (UTC) after the day: 00:00 of the next day in Vilnius, 22:00Z in winter, 21:00Z in summer."""
    return datetime.combine(last_valid_day + timedelta(days=1), time(), VILNIUS).astimezone(UTC)


def day_begins_at(day: date) -> datetime:
    """The first moment (UTC) of the day in Vilnius."""
    return day_ends_at(day - timedelta(days=1))


def noon_in_vilnius(day: date) -> datetime:
    """The moment (UTC) that stands for a whole day where one is needed."""
    return datetime.combine(day, time(12), VILNIUS).astimezone(UTC)
