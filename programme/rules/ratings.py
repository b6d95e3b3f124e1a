"""How far a criterion is: levels on the scale of a version, seen from its perspectives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from programme.errors import FieldError
from programme.rules.standards import NOT_IN_ORDER
from programme.sentences import Sentence

PLAIN_SCALE: dict[str, Any] = {"lowest": 0, "highest": 10, "perspectives": []}
"""What levels mean in a version that says nothing of them: the assessor's own scale."""

OFF_SCALE = Sentence(
    lt="Lygis turi būti nuo {lowest} iki {highest}: tokia šio vertinimo skalė.",
    en="The level has to be from {lowest} to {highest}: that is the scale of this assessment.",
)
UNKNOWN_PERSPECTIVE = Sentence(
    lt="Šio vertinimo standarto versijoje tokios perspektyvos nėra.",
    en="The version that this assessment is against has no such perspective.",
)
PERSPECTIVE_TWICE = Sentence(
    lt="Šios perspektyvos lygis jau nurodytas.", en="The level from this perspective stands there already."
)
SCALE_REVERSED = Sentence(
    lt="Aukščiausias lygis turi būti didesnis už žemiausią.", en="The highest level has to be above the lowest."
)


def scale_flaws(scale: Mapping[str, Any]) -> Iterator[FieldError]:
    """What is wrong with a scale: its levels rise, its perspectives are numbered 1, 2, 3…"""
    if scale["highest"] <= scale["lowest"]:
        yield FieldError("/scale/highest", "scale_reversed", SCALE_REVERSED)
    for place, one in enumerate(scale["perspectives"]):
        if one["number"] != place + 1:
            pointer = f"/scale/perspectives/{place}/number"
            yield FieldError(pointer, "not_in_order", NOT_IN_ORDER, {"expected": place + 1})


def perspective_levels(levels: Iterable[Iterable[Mapping[str, int]]]) -> list[dict[str, Any]]:
    """How far the criteria of one principle are, seen from each perspective that somebody judged them from.

    `levels`: of each criterion [{perspective, level}]. Gives, in the order of the perspectives, the mean level in two
    decimals, half up, and of how many criteria it is. `queries.ratings` says the same in SQL, proven equal by test.
    """
    seen: dict[int, list[int]] = {}
    for one in (one for of_criterion in levels for one in of_criterion):
        seen.setdefault(one["perspective"], []).append(one["level"])
    return [
        {
            "perspective": perspective,
            "level": (Decimal(sum(found)) / len(found)).quantize(Decimal("0.01"), ROUND_HALF_UP),
            "criteria": len(found),
        }
        for perspective, found in sorted(seen.items())
    ]


def off_scale(scale: Mapping[str, Any], level: int | None, levels: Sequence[Mapping[str, int]]) -> Iterator[FieldError]:
    """What of a rating does not fit the scale that its assessment is judged on: {lowest, highest, perspectives}."""
    bounds = {"lowest": scale["lowest"], "highest": scale["highest"]}

    def fits(value: int) -> bool:
        return bool(bounds["lowest"] <= value <= bounds["highest"])

    if level is not None and not fits(level):
        yield FieldError("/level", "level_off_scale", OFF_SCALE, bounds)
    known = {one["number"] for one in scale["perspectives"]}
    named = [one["perspective"] for one in levels]
    for place, one in enumerate(levels):
        if one["perspective"] not in known:
            yield FieldError(f"/levels/{place}/perspective", "unknown_perspective", UNKNOWN_PERSPECTIVE)
        elif one["perspective"] in named[:place]:
            yield FieldError(f"/levels/{place}/perspective", "repeated", PERSPECTIVE_TWICE)
        if not fits(one["level"]):
            yield FieldError(f"/levels/{place}/level", "level_off_scale", OFF_SCALE, bounds)
