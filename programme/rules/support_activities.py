"""Trainings and consultations within an enrolment: planned, held or cancelled, as the day says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from programme.errors import Reason
from programme.rules.enrolments import UNDER_WAY
from programme.rules.lifecycle import Lifecycle, Role, guard, move
from programme.sentences import Sentence


class Kind(StrEnum):
    TRAINING = "training"
    CONSULTATION = "consultation"


class State(StrEnum):
    """Derived from a day: nobody has to say that what was planned was held."""

    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"


STATE_NAMES = {
    State.PLANNED: Sentence(lt="suplanuota", en="planned"),
    State.HELD: Sentence(lt="įvykusi", en="held"),
    State.CANCELLED: Sentence(lt="atšaukta", en="cancelled"),
}

ENROLMENT_CLOSED = Reason(
    "enrolment_not_active",
    Sentence(
        lt="Organizacija šioje veikloje nedalyvauja, todėl mokymų ir konsultacijų įrašai nebekeičiami.",
        en="The organisation does not take part in the strand, so its trainings and consultations stay as they are.",
    ),
)


def state(on: date, held_on: date, cancelled_on: date | None) -> State:
    """What an activity is on the day; `queries.support_activities.state_on` says the same in SQL, proven equal by test."""
    if cancelled_on is not None and on >= cancelled_on:
        return State.CANCELLED
    return State.PLANNED if on < held_on else State.HELD


@dataclass(frozen=True, slots=True)
class SupportActivityFacts:
    state: str
    enrolment_state: str


LIFECYCLE: Lifecycle[SupportActivityFacts] = Lifecycle(
    "support_activity",
    STATE_NAMES,
    [
        move(
            "cancel", [State.PLANNED, State.HELD], State.CANCELLED, [Role.COORDINATOR], "support_activity.cancelled",
            "enrolment_open", "reason",
        )
    ],
    {"enrolment_open": guard(ENROLMENT_CLOSED, lambda facts: facts.enrolment_state not in UNDER_WAY)},
)  # fmt: skip
