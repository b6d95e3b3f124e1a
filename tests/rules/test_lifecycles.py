"""The lifecycles in code are those of `programme/data/lifecycles.yaml`: which move, from where, whereto, by whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import programme
from programme.rules import compliance_cases
from programme.rules.certificates import VALID
from programme.rules.compliance_cases import CaseFacts
from programme.rules.lifecycle import Lifecycle, Move, Role
from programme.rules.permissions import LIFECYCLES

DOCUMENT: dict[str, Any] = yaml.safe_load(
    (Path(programme.__file__).parent / "data" / "lifecycles.yaml").read_text(encoding="utf-8")
)
IN_CODE = {lifecycle.resource: lifecycle for lifecycle in LIFECYCLES.values() if lifecycle.resource in DOCUMENT}

OURS = {"compliance_case", "import", "indicator", "support_activity"}
"""Lifecycles that the document leaves to us."""

BOTH = [
    pytest.param(lifecycle.moves[line["do"]], line, id=f"{resource}.{line['do']}")
    for resource, lifecycle in IN_CODE.items()
    for line in DOCUMENT[resource]["transitions"]
    if line["do"] in lifecycle.moves
]


def _states(stored: str) -> set[str]:
    """What a stored state of the document means as a status."""
    return set(VALID) if stored == "valid" else {stored}


def test_the_document_and_the_code_have_the_same_lifecycles() -> None:
    assert set(IN_CODE) == set(DOCUMENT)
    assert {lifecycle.resource for lifecycle in LIFECYCLES.values()} - set(DOCUMENT) == OURS


@pytest.mark.parametrize("resource", IN_CODE)
def test_every_move_that_is_written_down_is_built_and_no_other(resource: str) -> None:
    written = {line["do"] for line in DOCUMENT[resource]["transitions"]}
    built = set(IN_CODE[resource].moves)
    assert built == written


@pytest.mark.parametrize(("move", "line"), BOTH)
def test_a_move_is_the_one_that_is_written_down(move: Move, line: dict[str, Any]) -> None:
    assert move.sources == {state for stored in line["from"] for state in _states(stored)}
    assert move.to == (None if line["to"] == "same" else line["to"])
    assert move.who == set(line["who"])
    assert move.events == (tuple(line["event"]) if isinstance(line["event"], list) else (line["event"],))
    assert set(line.get("guards", [])) <= set(move.guards), "the code may guard more, never less"


@pytest.mark.parametrize("lifecycle", IN_CODE.values(), ids=IN_CODE)
def test_what_ends_a_lifecycle_has_no_way_out(lifecycle: Lifecycle[Any]) -> None:
    terminal = set(DOCUMENT[lifecycle.resource]["terminal"])
    assert terminal <= set(lifecycle.states)
    assert all(not terminal & move.sources for move in lifecycle.moves.values())


@pytest.mark.parametrize("lifecycle", IN_CODE.values(), ids=IN_CODE)
def test_a_lifecycle_begins_where_it_is_written_down(lifecycle: Lifecycle[Any]) -> None:
    assert any(DOCUMENT[lifecycle.resource]["initial"] in move.sources for move in lifecycle.moves.values())


def test_every_transition_names_its_event_in_the_past_tense_of_its_resource_or_of_a_part_of_it() -> None:
    for resource, lifecycle in DOCUMENT.items():
        for line in lifecycle["transitions"]:
            events = line["event"] if isinstance(line["event"], list) else [line["event"]]
            assert all(event.startswith((f"{resource}.", f"{resource}_")) for event in events)


def test_a_case_is_closed_once_by_the_coordinator() -> None:
    moves = compliance_cases.LIFECYCLE.moves
    assert {name: set(move.who) for name, move in moves.items()} == {"close": {Role.COORDINATOR}}
    assert compliance_cases.LIFECYCLE.check("close", CaseFacts("open")).to == "closed"
    assert compliance_cases.LIFECYCLE.reasons("close", CaseFacts("closed")) != ()
