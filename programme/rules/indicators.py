"""Result indicators: what an organisation measures itself by, whether a target was met, and where a series goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from programme.errors import Reason
from programme.rules.lifecycle import Lifecycle, Role, move
from programme.sentences import Sentence


class Direction(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"


class Trend(StrEnum):
    IMPROVING = "improving"
    STEADY = "steady"
    WORSENING = "worsening"


class State(StrEnum):
    ACTIVE = "active"
    RETIRED = "retired"


STATE_NAMES = {
    State.ACTIVE: Sentence(lt="stebimas", en="active"),
    State.RETIRED: Sentence(lt="nebestebimas", en="retired"),
}

MEASURE_FIXED = Reason(
    "indicator_in_use",
    Sentence(
        lt="Šio rodiklio reikšmių jau pateikta, todėl matavimo vienetas ir kryptis nebekeičiami; apibrėžkite naują rodiklį.",
        en="Values of this indicator have been reported, so unit and direction stay; define a new indicator.",
    ),
)


def meets(value: float, target: float | None, direction: Direction) -> bool | None:
    """Whether a measured result is as good as the defined one; None where none was defined."""
    if target is None:
        return None
    return value >= target if direction is Direction.HIGHER else value <= target


def trend(values: Sequence[float], direction: Direction) -> Trend | None:
    """Where a series goes: of all pairs of an earlier and a later value, those that rose against those that fell
    (Kendall's S). No single year decides, and neither unit nor size matters. None for fewer than two values."""
    if len(values) < 2:
        return None
    score = sum((later > earlier) - (later < earlier) for earlier, later in combinations(values, 2))
    if direction is Direction.LOWER:
        score = -score
    return Trend.IMPROVING if score > 0 else Trend.WORSENING if score < 0 else Trend.STEADY


@dataclass(frozen=True, slots=True)
class IndicatorFacts:
    """What the guards of an indicator look at: nothing but its state."""

    state: str


_HOLDERS = [Role.PROVIDER, Role.COORDINATOR]

LIFECYCLE: Lifecycle[IndicatorFacts] = Lifecycle(
    "indicator",
    STATE_NAMES,
    [
        move("retire", [State.ACTIVE], State.RETIRED, _HOLDERS, "indicator.retired"),
        move("resume", [State.RETIRED], State.ACTIVE, _HOLDERS, "indicator.resumed"),
    ],
    {},
)
