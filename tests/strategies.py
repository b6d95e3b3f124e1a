"""What hypothesis draws: days of the programme's time, and histories of decisions that could have been taken."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from programme.rules.certificates import Decisions, Span, Status

DAYS = st.dates(min_value=date(2017, 1, 1), max_value=date(2035, 12, 31))
SOME_DAYS = st.integers(min_value=0, max_value=900).map(lambda count: timedelta(days=count))
ONE_DAY = timedelta(days=1)


@st.composite
def decisions(draw: st.DrawFn) -> Decisions:
    """Periods with gaps between them, suspensions that may overhang, perhaps an end: before, within or after."""
    periods: list[Span] = []
    suspensions: list[Span] = []
    day = draw(DAYS)
    for _ in range(draw(st.integers(min_value=0, max_value=3))):
        last = day + draw(SOME_DAYS)
        periods.append(Span(day, last))
        day = last + 2 * ONE_DAY + draw(SOME_DAYS)
    if periods:
        day = periods[0].first
        for _ in range(draw(st.integers(min_value=0, max_value=2))):
            first = day + draw(SOME_DAYS)
            until = draw(st.one_of(st.none(), SOME_DAYS.map(lambda length, first=first: first + length)))
            suspensions.append(Span(first, until))
            if until is None:
                break
            day = until + 2 * ONE_DAY
    ended_on = draw(st.one_of(st.none(), DAYS))
    ways = [Status.WITHDRAWN, Status.CANCELLED, Status.SUPERSEDED] if periods else [Status.REFUSED]
    return Decisions(
        periods=tuple(periods),
        suspensions=tuple(suspensions),
        ended_as=draw(st.sampled_from(ways)) if ended_on else None,
        ended_on=ended_on,
        expiring_days=draw(st.integers(min_value=0, max_value=400)),
    )
