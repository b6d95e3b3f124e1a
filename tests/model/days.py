"""Calendar rules of domain.md: months are counted from the anchor and clamped to the month's end."""

from __future__ import annotations

from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


def months_after(anchor: date, months: int) -> date:
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    for day in range(anchor.day, 27, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    return date(year, month + 1, anchor.day)


def days_before(day: date, count: int) -> date:
    return day - timedelta(days=count)


def days_after(day: date, count: int) -> date:
    return day + timedelta(days=count)
