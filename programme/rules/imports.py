"""Files that are brought in: what each row of the criteria's texts says, what it would do to the version, and when the
whole may be done."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from programme.errors import FieldError, Reason
from programme.rules.lifecycle import Lifecycle, Role, guard, move
from programme.rules.standards import STATE_NAMES as VERSION_STATES
from programme.rules.standards import VersionState
from programme.rules.texts import LONGEST_LINE, LONGEST_PROSE, UNSEEN
from programme.sentences import Sentence


class Kind(StrEnum):
    """What a file holds. `criteria`: the owner's texts of a version's criteria."""

    CRITERIA = "criteria"


class State(StrEnum):
    STAGED = "staged"
    COMMITTED = "committed"
    DISCARDED = "discarded"


class RowStatus(StrEnum):
    """What a row would do. `new`: the version has no such criterion yet and can take it; `unknown`: it has none and
    takes none; `error`: the row cannot be read."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    UNKNOWN = "unknown"
    ERROR = "error"


STATE_NAMES: dict[str, Sentence] = {
    State.STAGED: Sentence(lt="parengtas", en="staged"),
    State.COMMITTED: Sentence(lt="įvykdytas", en="committed"),
    State.DISCARDED: Sentence(lt="atmestas", en="discarded"),
}

COLUMNS = ("number", "title_lt", "title_en", "text_lt", "text_en")
"""What a row has. A principle's `title` is its name, its `text` the description."""

NUMBER = re.compile(r"[1-9][0-9]?(?:\.[1-9][0-9]{0,2})?", re.ASCII)
"""Of a principle (3) or of a criterion (3.2)."""

COMMAND = re.compile(r"\s*(?:[=@＝＠]|[+＋\-－](?!\s))")
"""How a spreadsheet's cell begins that the next spreadsheet would carry out. A hyphen with a space begins a list."""

MISSING = Sentence(lt="Šis laukas privalomas.", en="This field is required.")
NO_SUCH_FIELD = Sentence(lt="Tokio lauko nėra.", en="There is no such field.")
NO_TEXT = Sentence(lt="Čia turi būti tekstas.", en="A text is expected here.")
NO_NUMBER = Sentence(
    lt="Numeris turi būti tekstas, pavyzdžiui, „3.2“ (kriterijus) arba „3“ (principas); skaičius 3.10 skaitomas kaip 3.1.",
    en='The number has to be text such as "3.2" (a criterion) or "3" (a principle); as a number, 3.10 is 3.1.',
)
TWICE = Sentence(lt="Toks numeris faile jau yra.", en="The file already has this number.")
OUT_OF_ORDER = Sentence(
    lt="Numeriai turi eiti iš eilės; toliau turėtų būti {expected}.",
    en="Numbers have to run without a gap; the next one should be {expected}.",
)
UNKNOWN_NUMBER = Sentence(lt="Versija tokio numerio neturi.", en="The version has no such number.")
TOO_LONG = Sentence(
    lt="Tekstas per ilgas: daugiausia {max_length} ženklai (-ų).", en="The text is too long: at most {max_length}."
)
UNSEEN_IN_IT = Sentence(lt="Tekste yra nematomų ar valdymo ženklų.", en="The text has invisible or control characters.")
NOT_ONE_LINE = Sentence(lt="Tekstas turi būti vienoje eilutėje.", en="The text has to be one line.")
IS_COMMAND = Sentence(
    lt="Langelis prasideda kaip formulė (=, +, - arba @).", en="The cell begins like a formula (=, +, - or @)."
)

Text = dict[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a file. `place`: the row of the sheet, whose heading is the first, or the entry of the list, from 1."""

    place: int
    number: str | None = None
    title: Text | None = None
    text: Text | None = None
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a row would do to the version. `changes`: {field, before, after}, the field as a pointer into the entry."""

    row: Row
    status: RowStatus
    changes: tuple[Mapping[str, Any], ...] = ()
    errors: tuple[FieldError, ...] = ()


def read(place: int, cells: Mapping[str, Any], *, of_a_sheet: bool) -> Row:
    """The row that these cells are, with everything that is wrong with it. `of_a_sheet`: no cell may begin like a
    formula."""
    errors = [FieldError(_pointer(name), "extra_forbidden", NO_SUCH_FIELD) for name in cells if name not in COLUMNS]
    number = _number(cells.get("number"))
    if number is None:
        what = ("missing", MISSING) if _is_empty(cells.get("number")) else ("number_malformed", NO_NUMBER)
        errors.append(FieldError("/number", *what))
    texts: dict[str, Text] = {}
    for name, longest, is_needed in (("title", LONGEST_LINE, True), ("text", LONGEST_PROSE, False)):
        given = {language: _text(cells.get(f"{name}_{language}")) for language in ("lt", "en")}
        if all(map(_is_empty, given.values())) and not is_needed:
            continue
        wrong = [
            FieldError(f"/{name}/{language}", *flaw)
            for language, text in given.items()
            if (flaw := _wrong(text, longest, one_line=is_needed, of_a_sheet=of_a_sheet))
        ]
        if not wrong:
            texts[name] = given
        errors += wrong
    return Row(place, number, texts.get("title"), texts.get("text"), tuple(errors))


def _pointer(name: str) -> str:
    """A column's name, where it could be ours: an invented name may be anything, and is not repeated."""
    return f"/{name}" if re.fullmatch(r"[a-z][a-z_]{0,39}", name, re.ASCII) else ""


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _number(value: Any) -> str | None:
    """A principle's number may be a number in the file, a criterion's may not."""
    if type(value) is int or (isinstance(value, float) and value.is_integer()):
        value = str(int(value))
    text = value.strip() if isinstance(value, str) else ""
    return text if NUMBER.fullmatch(text) else None


def _text(value: Any) -> Any:
    """Text as it is kept: in NFC, its lines ended alike, nothing around it."""
    if not isinstance(value, str):
        return value
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()


def _wrong(text: Any, longest: int, *, one_line: bool, of_a_sheet: bool) -> tuple[Any, ...] | None:
    """Code, sentence and facts of what is wrong with the text, if anything is."""
    if _is_empty(text):
        return "missing", MISSING
    if not isinstance(text, str):
        return "string_type", NO_TEXT
    if len(text) > longest:
        return "string_too_long", TOO_LONG, {"max_length": longest}
    if UNSEEN.search(text):
        return "invisible_characters", UNSEEN_IN_IT
    if one_line and ("\n" in text or "\t" in text):
        return "more_than_one_line", NOT_ONE_LINE
    if of_a_sheet and COMMAND.match(text):
        return "formula", IS_COMMAND
    return None


def may_grow(state: str, principles: Sequence[Mapping[str, Any]]) -> bool:
    """Whether criteria may be added: while the version is a draft, and to one in force that has none yet, as nothing can
    have been assessed by it."""
    return state == VersionState.DRAFT or (
        state == VersionState.CURRENT and not any(principle["criteria"] for principle in principles)
    )


def compared(rows: Sequence[Row], principles: Sequence[Mapping[str, Any]], *, growing: bool) -> list[Found]:
    """What each row would do to a version with this tree. `growing`: it takes criteria that it does not have."""
    there = dict(_texts(principles))
    sound = {row.number for row in rows if row.number is not None and not row.errors}
    following = {number: _first_gap(number, there.keys() | sound) for number in there if "." not in number}
    seen: set[str] = set()
    found = []
    for row in rows:
        found.append(_compared(row, there, following if growing else {}, seen))
        seen.add(row.number or "")
    return found


def _compared(
    row: Row, there: Mapping[str, tuple[Text, Text | None]], following: Mapping[str, int], seen: set[str]
) -> Found:
    number = row.number or ""
    if row.errors:
        return Found(row, RowStatus.ERROR, errors=row.errors)
    if number in seen:
        return Found(row, RowStatus.ERROR, errors=(FieldError("/number", "repeated", TWICE),))
    if number in there:
        changes = tuple(_changes(there[number], (row.title, row.text)))
        return Found(row, RowStatus.CHANGED if changes else RowStatus.SAME, changes)
    principle, _, place = number.partition(".")
    if not place or principle not in following:
        return Found(row, RowStatus.UNKNOWN, errors=(FieldError("/number", "unknown_number", UNKNOWN_NUMBER),))
    if int(place) > following[principle]:
        expected = {"expected": f"{principle}.{following[principle]}"}
        return Found(row, RowStatus.ERROR, errors=(FieldError("/number", "not_in_order", OUT_OF_ORDER, expected),))
    return Found(row, RowStatus.NEW)


def _texts(principles: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, tuple[Text, Text | None]]]:
    """Title and text by number."""
    for principle in principles:
        yield str(principle["number"]), (principle["name"], principle["description"])
        for criterion in principle["criteria"]:
            yield criterion["number"], (criterion["title"], criterion["text"])


def _first_gap(principle: str, numbers: set[str]) -> int:
    """The place of the first criterion that the principle would still lack."""
    place = 1
    while f"{principle}.{place}" in numbers:
        place += 1
    return place


def _changes(before: Sequence[Text | None], after: Sequence[Text | None]) -> Iterator[dict[str, Any]]:
    for name, was, will_be in zip(("title", "text"), before, after, strict=True):
        for language in ("lt", "en"):
            old, new = (was or {}).get(language), (will_be or {}).get(language)
            if old != new:
                yield {"field": f"/{name}/{language}", "before": old, "after": new}


def not_in_file(rows: Sequence[Row], principles: Sequence[Mapping[str, Any]]) -> list[str]:
    """The criteria of the version that the file says nothing of."""
    numbers = {row.number for row in rows}
    return [number for number, _ in _texts(principles) if "." in number and number not in numbers]


def merged(
    principles: Sequence[Mapping[str, Any]], texts: Mapping[str, tuple[Text, Text | None]]
) -> list[dict[str, Any]]:
    """The tree with these titles and texts by number, and with the criteria that come after those it has."""
    tree = []
    for principle in principles:
        number, criteria = str(principle["number"]), []
        name, description = texts.get(number, (principle["name"], principle["description"]))
        for one in principle["criteria"]:
            title, text = texts.get(one["number"], (one["title"], one["text"]))
            criteria.append({**one, "title": title, "text": text})
        while (following := f"{number}.{len(criteria) + 1}") in texts:
            title, text = texts[following]
            criteria.append({"number": following, "title": title, "text": text})
        tree.append({**principle, "name": name, "description": description, "criteria": criteria})
    return tree


def counted(found: Sequence[Found]) -> dict[str, int]:
    """How many rows there are of each status."""
    counts = Counter(one.status for one in found)
    return {str(status): counts[status] for status in RowStatus}


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """What the guards of an import look at. `missing`: criteria that the file says nothing of. `official`: the version's
    criteria are the owner's text already. `outdated`: the version is not as it was when the file was compared with it."""

    state: str
    counts: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    official: bool = False
    version_state: str = VersionState.CURRENT
    outdated: bool = False


ROWS_IN_ERROR = Reason(
    "rows_in_error", Sentence(lt="Eilučių su klaidomis: {count}.", en="Rows that are in error: {count}.")
)
ROWS_UNKNOWN = Reason(
    "rows_unknown",
    Sentence(
        lt="Eilučių, kurių numerio versija neturi: {count}.", en="Rows whose number the version does not have: {count}."
    ),
)
INCOMPLETE = Reason(
    "criteria_missing",
    Sentence(
        lt="Faile nėra visų kriterijų, kurių oficialaus teksto dar neturime; trūksta: {criteria}.",
        en="The file lacks criteria whose official text is not here yet: {criteria}.",
    ),
)
NOTHING_NEW = Reason(
    "nothing_new",
    Sentence(
        lt="Failas nieko nekeičia: toks oficialus tekstas versijoje jau yra.",
        en="The file changes nothing: the version already has this official text.",
    ),
)
VERSION_CLOSED = Reason(
    "version_closed",
    Sentence(
        lt="Versijos būsena „{state_name}“; tekstai keičiami tik rengiamoje arba galiojančioje versijoje.",
        en="The state of the version is {state_name}; texts change only while it is a draft or current.",
    ),
)
OUTDATED = Reason(
    "version_changed",
    Sentence(
        lt="Versija pasikeitė po to, kai failas buvo su ja palygintas. Įkelkite jį iš naujo.",
        en="The version has changed since the file was compared with it. Bring the file in anew.",
    ),
)


def _rows(reason: Reason, facts: ImportFacts, status: RowStatus) -> Reason | None:
    count = facts.counts.get(status, 0)
    return reason.given(count=count) if count else None


def _incomplete(facts: ImportFacts) -> Reason | None:
    return INCOMPLETE.given(criteria=list(facts.missing)) if facts.missing and not facts.official else None


def _closed(facts: ImportFacts) -> Reason | None:
    if facts.version_state in (VersionState.DRAFT, VersionState.CURRENT):
        return None
    return VERSION_CLOSED.given(version_state=facts.version_state, state_name=VERSION_STATES[facts.version_state])


def _changes_nothing(facts: ImportFacts) -> bool:
    return facts.official and not any(facts.counts.get(status) for status in RowStatus if status is not RowStatus.SAME)


LIFECYCLE: Lifecycle[ImportFacts] = Lifecycle(
    "import",
    STATE_NAMES,
    [
        move(
            "commit", [State.STAGED], State.COMMITTED, [Role.COORDINATOR], "import.committed",
            "version_takes_texts", "version_as_compared", "no_row_in_error", "no_row_unknown", "official_text_complete",
            "something_changes",
        ),
        move("discard", [State.STAGED], State.DISCARDED, [Role.COORDINATOR], "import.discarded"),
    ],
    {
        "version_takes_texts": _closed,
        "version_as_compared": guard(OUTDATED, lambda facts: facts.outdated),
        "no_row_in_error": lambda facts: _rows(ROWS_IN_ERROR, facts, RowStatus.ERROR),
        "no_row_unknown": lambda facts: _rows(ROWS_UNKNOWN, facts, RowStatus.UNKNOWN),
        "official_text_complete": _incomplete,
        "something_changes": guard(NOTHING_NEW, _changes_nothing),
    },
)  # fmt: skip
