"""Test clocks: a day that stands still in a world of its own until somebody advances it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from programme.rules.lifecycle import Lifecycle, Role, move
from programme.sentences import Sentence

FARTHEST = timedelta(days=3653)
"""Ten years: what one advance goes at most."""


class State(StrEnum):
    READY = "ready"
    ADVANCING = "advancing"
    ENDED = "ended"


STATE_NAMES = {
    State.READY: Sentence(lt="stovi", en="ready"),
    State.ADVANCING: Sentence(lt="sukamas", en="advancing"),
    State.ENDED: Sentence(lt="baigtas", en="ended"),
}


@dataclass(frozen=True, slots=True)
class TestClockFacts:
    state: str


_MANAGERS = [Role.COORDINATOR, Role.OPS]

LIFECYCLE: Lifecycle[TestClockFacts] = Lifecycle(
    "test_clock",
    STATE_NAMES,
    [
        move(
            "advance", [State.READY], State.ADVANCING, _MANAGERS, "test_clock.advance_asked", "to_not_before_today",
            "within_horizon",
        ),
        move("arrive", [State.ADVANCING], State.READY, [Role.WORKER], "test_clock.advanced"),
        move("break_off", [State.ADVANCING], State.READY, [Role.WORKER], "test_clock.advance_failed"),
        move("end", [State.READY, State.ADVANCING], State.ENDED, _MANAGERS, "test_clock.ended"),
    ],
    {},
)  # fmt: skip
