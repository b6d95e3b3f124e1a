"""One way to write a scope down, and the kinds of projects and strands, whose values are kept for ever."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.rules.projects import ProjectKind, StrandKind
from programme.rules.scopes import scope, supplements

SERVICES = st.lists(st.sampled_from(["CARE", "DAY", "HOME"]), max_size=5)
SITES = st.lists(st.sampled_from([UUID(int=number) for number in range(4)]), max_size=5)


def test_nothing_said_is_everything_that_the_organisation_has() -> None:
    assert scope() == {"services": [], "sites": [], "unit": None}
    assert scope(unit="Dienos centras")["unit"] == "Dienos centras"


@given(SERVICES, SITES)
def test_equal_scopes_are_equal_values_in_whatever_order_and_form(services: list[str], sites: list[UUID]) -> None:
    shuffled, reversed_sites = sorted(services, key=str.swapcase), [str(site) for site in reversed(sites)]
    written = scope(services, sites)
    assert written == scope(shuffled + services, reversed_sites)
    assert written == {
        "services": sorted(set(services)), "sites": sorted({str(site) for site in sites}), "unit": None,
    }  # fmt: skip


def test_kinds_are_those_of_the_records() -> None:
    assert [*ProjectKind] == ["implementation", "maintenance", "maintenance_and_implementation"]
    assert [*StrandKind] == ["implementation", "maintenance"]


@pytest.mark.parametrize(
    ("present", "new", "more"),
    [
        (scope(["A"]), scope(["A", "B"]), True),
        (scope(["A", "B"]), scope(["A"]), False),
        (scope(["A"]), scope(["B"]), True),
        (scope(), scope(["A"]), False),
        (scope(["A"]), scope(), True),
        (scope(["A"], sites=["1", "2"]), scope(["A"], sites=["1"]), False),
        (scope(["A"], sites=["1"]), scope(["A"]), True),
        (scope(["A"], sites=["1"]), scope(["A"], sites=["2"]), True),
        (scope(["A", "B"], sites=["1"]), scope(["A"], sites=["1", "2"]), True),
        (scope(["A"]), scope(["A"], unit="Dienos centras"), False),
        (scope(["A"], unit="Dienos centras"), scope(["A"]), True),
        (scope(["A"], unit="Dienos centras"), scope(["A"], unit="Dirbtuvės"), True),
        (scope(["A", "B"], unit="Dirbtuvės"), scope(["A"], unit="Dirbtuvės"), False),
    ],
)
def test_a_scope_is_supplemented_where_something_comes_in_and_else_restricted(
    present: dict[str, Any], new: dict[str, Any], more: bool
) -> None:
    assert supplements(present, new) is more
