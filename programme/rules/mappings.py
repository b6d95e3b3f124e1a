"""How a criterion of one version stands to a criterion of another: what was met here is evidence there, never a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any


class Relation(StrEnum):
    """What the first criterion asks, next to the second: `equivalent`: the same; `broader`: all of it and more;
    `narrower`: a part of it; `related`: something that bears on it."""

    EQUIVALENT = "equivalent"
    BROADER = "broader"
    NARROWER = "narrower"
    RELATED = "related"


def criteria_of(principles: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The numbers of a tree's criteria."""
    return frozenset(criterion["number"] for principle in principles for criterion in principle["criteria"])
