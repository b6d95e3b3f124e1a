"""Trainings and consultations: what a day makes of them, and until when they can be cancelled."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from programme.rules import enrolments
from programme.rules.support_activities import LIFECYCLE, State, SupportActivityFacts, state

DAY = date(2026, 11, 22)
BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("held_on", "cancelled_on", "expected"),
    [
        (AFTER, None, State.PLANNED), (DAY, None, State.HELD), (BEFORE, None, State.HELD),
        (BEFORE, AFTER, State.HELD), (AFTER, AFTER, State.PLANNED), (BEFORE, DAY, State.CANCELLED),
        (AFTER, DAY, State.CANCELLED),
    ],
)  # fmt: skip
def test_the_day_says_what_it_is(held_on: date, cancelled_on: date | None, expected: State) -> None:
    assert state(DAY, held_on, cancelled_on) is expected


@pytest.mark.parametrize("enrolled", enrolments.State)
@pytest.mark.parametrize("now", State)
def test_it_is_cancelled_once_and_while_the_organisation_takes_part(enrolled: enrolments.State, now: State) -> None:
    codes = [one.code for one in LIFECYCLE.reasons("cancel", SupportActivityFacts(now, enrolled))]
    if now is State.CANCELLED:
        assert codes == ["wrong_state"]
    else:
        assert codes == ([] if enrolled in ("selected", "active") else ["enrolment_not_active"])
