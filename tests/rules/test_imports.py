"""A file of criteria by the pure rules: what a row says, what it would do to a tree, when the whole may be done."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.errors import NotAllowed
from programme.rules import imports as rules
from programme.rules.imports import LIFECYCLE, ImportFacts, Row, RowStatus
from programme.rules.lifecycle import Role
from programme.rules.mappings import criteria_of
from programme.rules.standards import VersionState, flaws

NAME = {"lt": "Lyderystė", "en": "Leadership"}
OTHER = {"lt": "Vadovavimas", "en": "Leading"}
SIZES = st.lists(st.integers(0, 4), min_size=1, max_size=4)


def tree(sizes: list[int]) -> list[dict[str, Any]]:
    """A version's principles with so many criteria, each with a text but the first."""
    return [
        {
            "number": number,
            "code": f"P{number}",
            "name": NAME,
            "description": None,
            "criteria": [
                {"number": f"{number}.{place}", "title": NAME, "text": NAME if place > 1 else None}
                for place in range(1, size + 1)
            ],
        }
        for number, size in enumerate(sizes, start=1)
    ]


def row(number: str, place: int = 1, title: Any = NAME, text: Any = None) -> Row:
    return Row(place, number, title, text)


def as_it_is(principles: list[dict[str, Any]]) -> list[Row]:
    """What a file of the tree as it is would hold."""
    rows = []
    for principle in principles:
        rows.append(row(str(principle["number"]), len(rows) + 1, principle["name"], principle["description"]))
        for one in principle["criteria"]:
            rows.append(row(one["number"], len(rows) + 1, one["title"], one["text"]))
    return rows


def texts_of(rows: list[Row]) -> dict[str, Any]:
    return {str(one.number): (one.title, one.text) for one in rows}


CELLS: dict[str, Any] = {
    "number": "3.2",
    "title_lt": "Planas",
    "title_en": "A plan",
    "text_lt": "a\r\nb",
    "text_en": "c",
}


def test_a_row_is_read_as_it_is_kept() -> None:
    said = CELLS | {"number": " 3.2 ", "title_lt": " Z\u030cemaite\u0307 "}
    assert rules.read(7, said, of_a_sheet=True) == Row(
        7, "3.2", {"lt": "Žemaitė", "en": "A plan"}, {"lt": "a\nb", "en": "c"}
    )
    bare = {name: value for name, value in CELLS.items() if not name.startswith("text")}
    assert rules.read(1, bare, of_a_sheet=False).text is None
    assert rules.read(1, CELLS | {"text_lt": "", "text_en": " "}, of_a_sheet=False).text is None


@pytest.mark.parametrize(
    ("value", "number"),
    [("3.2", "3.2"), ("3", "3"), (3, "3"), (3.0, "3"), ("99.999", "99.999")],
)
def test_a_number_is_a_principle_s_or_a_criterion_s(value: Any, number: str) -> None:
    assert rules.read(1, CELLS | {"number": value}, of_a_sheet=False).number == number


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"number": None}, "/number", "missing"),
        ({"number": " "}, "/number", "missing"),
        ({"number": 3.1}, "/number", "number_malformed"),
        ({"number": float("inf")}, "/number", "number_malformed"),
        ({"number": float("nan")}, "/number", "number_malformed"),
        ({"number": True}, "/number", "number_malformed"),
        ({"number": []}, "/number", "number_malformed"),
        ({"number": 0}, "/number", "number_malformed"),
        ({"number": "3."}, "/number", "number_malformed"),
        ({"number": "0.1"}, "/number", "number_malformed"),
        ({"number": "3.2.1"}, "/number", "number_malformed"),
        ({"number": "٣.٢"}, "/number", "number_malformed"),
        ({"title_lt": None}, "/title/lt", "missing"),
        ({"title_en": ""}, "/title/en", "missing"),
        ({"title_en": 7}, "/title/en", "string_type"),
        ({"title_lt": "a" * 301}, "/title/lt", "string_too_long"),
        ({"title_lt": "a\nb"}, "/title/lt", "more_than_one_line"),
        ({"title_lt": "a\tb"}, "/title/lt", "more_than_one_line"),
        ({"title_lt": "a\u200bb"}, "/title/lt", "invisible_characters"),
        ({"text_en": None}, "/text/en", "missing"),
        ({"text_lt": "a" * 10_001}, "/text/lt", "string_too_long"),
        ({"text_lt": " =A1"}, "/text/lt", "formula"),
        ({"text_lt": "＋1"}, "/text/lt", "formula"),
        ({"title_en": "-1"}, "/title/en", "formula"),
        ({"pastaba": "x"}, "/pastaba", "extra_forbidden"),
        ({"Pastaba dėl teksto": "x"}, "", "extra_forbidden"),
    ],
)
def test_what_is_wrong_in_a_row_is_said_at_its_place(change: dict[str, Any], pointer: str, code: str) -> None:
    found = rules.read(1, CELLS | change, of_a_sheet=True)
    assert [(error.pointer, error.code) for error in found.errors] == [(pointer, code)]
    assert found.errors[0].say("lt")["message"] != found.errors[0].say("en")["message"]


def test_the_longest_texts_and_lists_are_taken_and_formulas_in_lists_of_entries() -> None:
    for change in (
        {"title_lt": "a" * 300, "text_lt": "b" * 10_000},
        {"text_lt": "- viena;\n- kita.", "text_en": "+ one"},
        {"text_lt": "a\tb\nc"},
    ):
        assert rules.read(1, CELLS | change, of_a_sheet=True).errors == ()
    assert rules.read(1, CELLS | {"text_lt": "=1+1"}, of_a_sheet=False).errors == ()


def test_everything_that_is_wrong_is_said_at_once() -> None:
    found = rules.read(1, {"x": 1}, of_a_sheet=False)
    assert [error.pointer for error in found.errors] == ["/x", "/number", "/title/lt", "/title/en"]
    assert (found.number, found.title, found.text) == (None, None, None)
    half = rules.read(1, CELLS | {"title_en": ""}, of_a_sheet=False)
    assert (half.number, half.title, half.text) == ("3.2", None, {"lt": "a\nb", "en": "c"})


@given(SIZES, st.booleans())
def test_a_file_of_the_tree_as_it_is_changes_nothing(sizes: list[int], growing: bool) -> None:
    principles = tree(sizes)
    rows = as_it_is(principles)
    found = rules.compared(rows, principles, growing=growing)
    assert rules.counted(found) == {"new": 0, "changed": 0, "same": len(rows), "unknown": 0, "error": 0}
    assert [one.changes for one in found] == [()] * len(rows)
    assert rules.merged(principles, texts_of(rows)) == principles
    assert rules.not_in_file(rows, principles) == []


@given(SIZES, st.data())
def test_a_commit_does_what_the_report_says_and_nothing_else(sizes: list[int], data: st.DataObject) -> None:
    principles = tree(sizes)
    numbers = [str(one.number) for one in as_it_is(principles)]
    numbers += [f"{number}.{size + ahead}" for number, size in enumerate(sizes, start=1) for ahead in (1, 2)]
    chosen = data.draw(st.permutations(data.draw(st.lists(st.sampled_from(numbers), unique=True))))
    title = data.draw(st.sampled_from((NAME, OTHER)))
    rows = [row(number, place, title) for place, number in enumerate(chosen, start=1)]
    growing = data.draw(st.booleans())

    found = rules.compared(rows, principles, growing=growing)

    taken = [one.row for one in found if one.status not in (RowStatus.UNKNOWN, RowStatus.ERROR)]
    after = rules.merged(principles, texts_of(taken))
    before, now = texts_of(as_it_is(principles)), texts_of(as_it_is(after))
    assert list(flaws(after)) == []
    assert now == before | texts_of(taken)
    new = {str(one.row.number) for one in found if one.status is RowStatus.NEW}
    assert criteria_of(after) - criteria_of(principles) == new
    assert growing or not new
    changed = {str(one.row.number) for one in found if one.status is RowStatus.CHANGED}
    assert {number for number in before if now[number] != before[number]} == changed
    assert [(one["number"], one["code"]) for one in after] == [(one["number"], one["code"]) for one in principles]


def test_changes_are_told_text_by_text() -> None:
    (found,) = rules.compared([row("1.2", title={"lt": "Planas", "en": "Leadership"})], tree([2]), growing=False)
    assert found.status is RowStatus.CHANGED
    assert found.changes == (
        {"field": "/title/lt", "before": "Lyderystė", "after": "Planas"},
        {"field": "/text/lt", "before": "Lyderystė", "after": None},
        {"field": "/text/en", "before": "Leadership", "after": None},
    )


def statuses(rows: list[Row], sizes: list[int], *, growing: bool) -> list[tuple[str, list[str]]]:
    found = rules.compared(rows, tree(sizes), growing=growing)
    return [(str(one.status), [error.code for error in one.errors]) for one in found]


def test_what_does_not_fit_the_tree_is_named() -> None:
    rows = [row("1.3"), row("1.4"), row("1.6"), row("3.1"), row("4"), row("1.3"), Row(7, "1.5", None, None, ())]
    broken = Row(8, "2.1", errors=rules.read(1, {}, of_a_sheet=False).errors)
    assert statuses([*rows[:6], broken, row("2.2")], [2, 0], growing=True) == [
        ("new", []), ("new", []), ("error", ["not_in_order"]), ("unknown", ["unknown_number"]),
        ("unknown", ["unknown_number"]), ("error", ["repeated"]), ("error", ["missing"] * 3), ("error", ["not_in_order"]),
    ]  # fmt: skip
    assert statuses(rows[:4], [2, 0], growing=False) == [("unknown", ["unknown_number"])] * 4
    (_, _, gap, *_) = rules.compared(rows[:3], tree([2]), growing=True)
    assert gap.errors[0].facts == {"expected": "1.5"}


def test_what_the_file_says_nothing_of() -> None:
    assert rules.not_in_file([row("1"), row("1.2")], tree([2, 1])) == ["1.1", "2.1"]


@pytest.mark.parametrize(
    ("state", "sizes", "grows"),
    [
        ("announced", [0], False), ("draft", [2], True), ("draft", [], True), ("current", [0, 0], True),
        ("current", [0, 1], False), ("retired", [0], False),
    ],
)  # fmt: skip
def test_criteria_are_added_where_nothing_can_rest_on_them(state: str, sizes: list[int], grows: bool) -> None:
    assert rules.may_grow(state, tree(sizes)) is grows


CHANGED = {"changed": 2, "same": 1}


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({}, []),
        ({"version_state": "draft"}, []),
        ({"counts": {"same": 3}}, []),
        ({"official": True}, []),
        ({"official": True, "counts": {"new": 1}}, []),
        ({"official": True, "missing": ("1.2",)}, []),
        ({"version_state": "announced"}, ["version_closed"]),
        ({"version_state": "retired"}, ["version_closed"]),
        ({"outdated": True}, ["version_changed"]),
        ({"counts": CHANGED | {"error": 1}}, ["rows_in_error"]),
        ({"counts": CHANGED | {"unknown": 1}}, ["rows_unknown"]),
        ({"missing": ("1.2", "3.4")}, ["criteria_missing"]),
        ({"official": True, "counts": {"same": 3}}, ["nothing_new"]),
        (
            {"version_state": "retired", "outdated": True, "counts": {"error": 1, "unknown": 1}, "missing": ("1.1",)},
            ["version_closed", "version_changed", "rows_in_error", "rows_unknown", "criteria_missing"],
        ),
    ],
)
def test_when_a_file_may_be_committed(facts: dict[str, Any], codes: list[str]) -> None:
    found = LIFECYCLE.reasons("commit", ImportFacts("staged", **{"counts": CHANGED, **facts}))
    assert [reason.code for reason in found] == codes
    assert LIFECYCLE.reasons("discard", ImportFacts("staged", **facts)) == ()


def test_reasons_name_what_is_missing() -> None:
    facts = ImportFacts("staged", {"error": 2}, missing=("1.2", "3.4"), version_state=VersionState.RETIRED)
    closed, in_error, missing = LIFECYCLE.reasons("commit", facts)
    assert closed.say("lt")["message"] == (
        "Versijos būsena „nebenaudojama“; tekstai keičiami tik rengiamoje arba galiojančioje versijoje."
    )
    assert in_error.say("en") == {"code": "rows_in_error", "message": "Rows that are in error: 2.", "count": 2}
    assert missing.say("en")["message"].endswith(": 1.2, 3.4.")
    assert missing.say("en")["criteria"] == ["1.2", "3.4"]


def test_an_import_ends_either_way() -> None:
    assert {role for move in LIFECYCLE.moves.values() for role in move.who} == {Role.COORDINATOR}
    for state in ("committed", "discarded"):
        for move in LIFECYCLE.moves:
            with pytest.raises(NotAllowed):
                LIFECYCLE.check(move, ImportFacts(state, CHANGED))
