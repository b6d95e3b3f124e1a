"""Two assessments side by side: what became better, what worse, and what only one of them looked at.

Criteria are told apart by the code of their principle and their place in it: within one version that is their number,
and across versions it finds a principle again that was moved. What has no counterpart is added or removed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from fractions import Fraction
from typing import Any

from programme.rules.assessments import RatingValue

Node = Mapping[str, Any]
"""A principle of an assessment as it is read, {number, code, name, score, met, applicable, criteria}, or a criterion of
one, {number, title, rating}, its rating {rating, level, …} or None."""


class Direction(StrEnum):
    IMPROVED = "improved"
    SAME = "same"
    WORSE = "worse"


class Presence(StrEnum):
    """`added`: only the assessment has it. `removed`: only the one that it is compared with has it."""

    BOTH = "both"
    ADDED = "added"
    REMOVED = "removed"


_RANK = {RatingValue.NOT_MET: 0, RatingValue.PARTLY_MET: 1, RatingValue.MET: 2}


def _direction(before: Any, after: Any) -> Direction:
    if before == after:
        return Direction.SAME
    return Direction.IMPROVED if after > before else Direction.WORSE


def of_ratings(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, *, same_scale: bool
) -> Direction | None:
    """From one rating of a criterion to another; of two alike the level decides, where both have one on one scale.
    None where either is missing or says that the criterion does not apply."""
    if before is None or after is None:
        return None
    was, found = _RANK.get(before["rating"]), _RANK.get(after["rating"])
    if was is None or found is None:
        return None
    if was == found and same_scale and None not in (before["level"], after["level"]):
        return _direction(before["level"], after["level"])
    return _direction(was, found)


def of_scores(before: Node | None, after: Node | None) -> Direction | None:
    """From one score of a principle to another; None where nothing applies in either."""
    if not before or not after or not before["applicable"] or not after["applicable"]:
        return None
    return _direction(Fraction(before["met"], before["applicable"]), Fraction(after["met"], after["applicable"]))


def principles(before: Iterable[Node], after: Iterable[Node], *, same_scale: bool) -> Iterator[dict[str, Any]]:
    """Every principle of either, those of `after` first and in its order; their criteria likewise."""
    for known, was, found in _paired(before, after, lambda one: one["code"]):
        yield {
            "number": known["number"],
            "code": known["code"],
            "name": known["name"],
            "presence": _presence(was, found),
            "score": found["score"] if found else None,
            "with_score": was["score"] if was else None,
            "direction": of_scores(was, found),
            "criteria": list(
                _criteria(was["criteria"] if was else [], found["criteria"] if found else [], same_scale=same_scale)
            ),
        }


def _paired(
    before: Iterable[Node], after: Iterable[Node], key: Callable[[Node], str]
) -> Iterator[tuple[Node, Node | None, Node | None]]:
    """Those with the same key together, as (either, before, after): all of `after` in their order, then what only
    `before` has."""
    left = {key(one): one for one in before}
    for one in after:
        yield one, left.pop(key(one), None), one
    for one in left.values():
        yield one, one, None


def _presence(was: object, found: object) -> Presence:
    if was is None:
        return Presence.ADDED
    return Presence.REMOVED if found is None else Presence.BOTH


def _criteria(before: Iterable[Node], after: Iterable[Node], *, same_scale: bool) -> Iterator[dict[str, Any]]:
    for known, was, found in _paired(before, after, lambda one: one["number"].partition(".")[2]):
        rating, with_rating = _confirmed(found), _confirmed(was)
        yield {
            "number": known["number"],
            "with_number": was["number"] if was else None,
            "title": known["title"],
            "presence": _presence(was, found),
            "rating": _shown(rating),
            "with_rating": _shown(with_rating),
            "direction": of_ratings(with_rating, rating, same_scale=same_scale),
        }


def _confirmed(criterion: Node | None) -> Mapping[str, Any] | None:
    """The criterion's rating, where somebody gave it in this assessment."""
    rating = criterion["rating"] if criterion else None
    return rating if rating and rating["carried_from"] is None else None


def _shown(rating: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What a comparison tells of a rating."""
    return {name: rating[name] for name in ("rating", "level", "levels", "comment")} if rating else None


def summary(compared: Iterable[Node]) -> dict[str, int]:
    """How many criteria went which way; `unknown`: both have it and either is not rated, or does not apply."""
    criteria = [criterion for principle in compared for criterion in principle["criteria"]]
    counted = Counter(
        (criterion["direction"] or "unknown") if criterion["presence"] is Presence.BOTH else criterion["presence"]
        for criterion in criteria
    )
    return {str(name): counted[name] for name in (*Direction, "unknown", Presence.ADDED, Presence.REMOVED)}
