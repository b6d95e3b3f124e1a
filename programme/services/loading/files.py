"""Reading the programme's YAML files, strictly: what is not understood is refused, with the file, the entry and why.

Each file is read to its end, so that one attempt names everything that is wrong with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar, TypeGuard, TypeVar

import yaml

from programme.errors import FieldError, Refusal
from programme.sentences import Sentence

T = TypeVar("T")

BUILT_IN = Path(__file__).resolve().parents[2] / "data"
"""The public facts that the service carries with it."""

FIRST, LAST = date(1990, 1, 1), date(2199, 12, 31)
"""Days outside these bounds are slips of the pen."""

_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]*", re.ASCII)
_UNSEEN = ("Cc", "Cs")
"""Unicode categories that no text has: control characters and halves of surrogate pairs."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class _Reader(yaml.CSafeLoader):
    """Plain YAML in which days stay text, to be refused where they stand, and no key stands twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(found) < len(node.value):
            raise yaml.MarkedYAMLError(problem_mark=node.start_mark)
        return found


_Reader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class BrokenFile(Refusal):
    """A data file says something that cannot be, or cannot be read; nothing of it is kept."""

    code: ClassVar[str] = "broken_file"
    title: ClassVar[Sentence] = Sentence(lt="Netinkamas duomenų failas", en="Broken data file")

    def __init__(self, errors: Iterable[FieldError]) -> None:
        super().__init__(
            Sentence(
                lt="Duomenų failuose yra klaidų, todėl neįkelta nieko.",
                en="The data files have errors, so nothing was loaded.",
            ),
            errors=tuple(errors),
        )


class Wrong(Exception):
    """What is wrong with an entry; `read_list` adds where it stands."""

    def __init__(self, field: str, lt: str, en: str) -> None:
        super().__init__(en)
        self.error = FieldError(field, "broken_entry", Sentence(lt=lt, en=en))


class Entry:
    """One mapping of a file, read field by field. `finish` refuses whatever nobody asked for."""

    def __init__(self, content: Any) -> None:
        if not isinstance(content, dict):
            raise Wrong("", "turi būti laukų ir reikšmių poros.", "has to be pairs of fields and values.")
        self._content = content
        self._seen: set[str] = set()

    def value(self, name: str) -> Any:
        self._seen.add(name)
        return self._content.get(name)

    def ignore(self, *names: str) -> None:
        """Fields that are for whoever reads the file."""
        self._seen.update(names)

    def finish(self) -> None:
        if unknown := sorted(str(name) for name in self._content if name not in self._seen):
            raise Wrong(unknown[0], "tokio lauko nėra.", "there is no such field.")

    def text(self, name: str) -> str:
        return self._needed(name, self.maybe_text(name))

    def maybe_text(self, name: str) -> str | None:
        value = self.value(name)
        if value is None or _is_text(value):
            return value
        raise Wrong(name, "turi būti tekstas.", "has to be text.")

    def code(self, name: str) -> str:
        return self._needed(name, self.maybe_code(name))

    def maybe_code(self, name: str) -> str | None:
        value = self.maybe_text(name)
        if value is not None and not _CODE.fullmatch(value):
            raise Wrong(name, f"„{value}“ nėra kodas.", f"{value!r} is not a code.")
        return value

    def some_of(self, name: str, known: Iterable[str]) -> list[str]:
        values = self.texts(name)
        if unknown := sorted(set(values) - set(known)):
            raise Wrong(name, f"reikšmės „{unknown[0]}“ nėra.", f"there is no {unknown[0]!r}.")
        return values

    def texts(self, name: str) -> list[str]:
        value = self.value(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(map(_is_text, value)):
            raise Wrong(name, "turi būti tekstų sąrašas.", "has to be a list of texts.")
        return value

    def one_of(self, name: str, known: Iterable[str]) -> str:
        return self._needed(name, self.maybe_one_of(name, known))

    def maybe_one_of(self, name: str, known: Iterable[str]) -> str | None:
        value = self.maybe_text(name)
        if value is not None and value not in known:
            raise Wrong(name, f"reikšmės „{value}“ nėra.", f"there is no {value!r}.")
        return value

    def whole(self, name: str, *, least: int = 0, most: int = 1_000_000_000) -> int:
        return self._needed(name, self.maybe_whole(name, least=least, most=most))

    def maybe_whole(self, name: str, *, least: int = 0, most: int = 1_000_000_000) -> int | None:
        value = self.value(name)
        if value is None or (type(value) is int and least <= value <= most):
            return value
        raise Wrong(
            name, f"turi būti sveikasis skaičius nuo {least} iki {most}.", f"has to be a number from {least} to {most}."
        )

    def wholes(self, name: str) -> list[int]:
        value = self.value(name) or []
        if not isinstance(value, list) or not all(type(one) is int for one in value):
            raise Wrong(name, "turi būti sveikųjų skaičių sąrašas.", "has to be a list of whole numbers.")
        return value

    def maybe_share(self, name: str) -> float | None:
        value = self.value(name)
        if value is None or (_is_number(value) and 0 <= value <= 1):
            return None if value is None else float(value)
        raise Wrong(name, "turi būti dalis nuo 0 iki 1.", "has to be a share from 0 to 1.")

    def truth(self, name: str) -> bool:
        value = self.value(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise Wrong(name, "turi būti true arba false.", "has to be true or false.")

    def day(self, name: str) -> date:
        return self._needed(name, self.maybe_day(name))

    def maybe_day(self, name: str) -> date | None:
        value = self.value(name)
        if value is None:
            return None
        with suppress(ValueError):
            if isinstance(value, str) and _DAY.fullmatch(value) and FIRST <= (day := date.fromisoformat(value)) <= LAST:
                return day
        raise Wrong(name, "turi būti data, pavyzdžiui, 2019-04-29.", "has to be a day, such as 2019-04-29.")

    def maybe_matching(self, name: str, form: str, example: str) -> str | None:
        """Text of a form, also where YAML reads it as a number (2019)."""
        value = self.value(name)
        text = str(value) if type(value) is int else value
        if text is None or (isinstance(text, str) and re.fullmatch(form, text, re.ASCII)):
            return text
        raise Wrong(name, f"turi būti kaip {example}.", f"has to be like {example}.")

    def both(self, name: str) -> dict[str, str]:
        """Text in both languages."""
        return self._needed(name, self.maybe_both(name))

    def maybe_both(self, name: str) -> dict[str, str] | None:
        return self.inside(name, lambda text: {"lt": text.text("lt"), "en": text.text("en")})

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.value(name)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(_is_text(one) or _is_number(one) for one in value.values()):
            raise Wrong(
                name, "turi būti laukų ir paprastų reikšmių poros.", "has to be pairs of fields and plain values."
            )
        return value

    def entries(self, name: str, read: Callable[[Entry], T]) -> list[T]:
        """A list of mappings within this one, each read to its end."""
        value = self.value(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise Wrong(name, "turi būti sąrašas.", "has to be a list.")
        found = []
        for place, content in enumerate(value, start=1):
            try:
                found.append(_whole(content, read))
            except Wrong as wrong:
                raise _deeper(f"{name} {place}", wrong) from wrong
        return found

    def inside(self, name: str, read: Callable[[Entry], T]) -> T | None:
        """A mapping within this one, read to its end."""
        value = self.value(name)
        if value is None:
            return None
        try:
            return _whole(value, read)
        except Wrong as wrong:
            raise _deeper(name, wrong) from wrong

    def _needed(self, name: str, value: T | None) -> T:
        if value is None:
            raise Wrong(name, "privalomas.", "is required.")
        return value


class Once:
    """Values that may stand in a file once only."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def take(self, field: str, value: str | None) -> None:
        if value is None:
            return
        if value in self._seen:
            raise Wrong(field, f"„{value}“ pasikartoja.", f"{value!r} stands there twice.")
        self._seen.add(value)


def _is_text(value: Any) -> TypeGuard[str]:
    """Text that says something and that the database can keep."""
    return (
        isinstance(value, str)
        and value.strip() != ""
        and not any(unicodedata.category(one) in _UNSEEN for one in value)
    )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and isfinite(value)


def _whole(content: Any, read: Callable[[Entry], T]) -> T:
    entry = Entry(content)
    found = read(entry)
    entry.finish()
    return found


def _deeper(place: str, wrong: Wrong) -> Wrong:
    field = f"{place}, {wrong.error.pointer}" if wrong.error.pointer else place
    return Wrong(field, wrong.error.sentence.lt, wrong.error.sentence.en)


def read_list(directory: Path, file: str, read: Callable[[Entry], T], *, under: str | None = None) -> list[T]:
    """Every entry of the file's list (`under`: the list's name, where it is not the whole file)."""
    content = _parsed(directory, file)
    if under is not None:
        content = content.get(under) if isinstance(content, dict) else None
    if not isinstance(content, list):
        raise BrokenFile([mistake(file, "", "turi būti sąrašas.", "has to be a list.")])
    found, errors = [], []
    for place, one in enumerate(content, start=1):
        try:
            found.append(_whole(one, read))
        except Wrong as wrong:
            entry = _deeper(f"{place} ({_called(one)})", wrong).error
            errors.append(mistake(file, entry.pointer, entry.sentence.lt, entry.sentence.en))
    if errors:
        raise BrokenFile(errors)
    return found


def _parsed(directory: Path, file: str) -> Any:
    try:
        text = (directory / file).read_text(encoding="utf-8")
    except OSError as error:
        why = error.strerror or str(error)
        raise BrokenFile(
            [mistake(file, "", f"failo perskaityti nepavyko ({why}).", f"cannot be read ({why}).")]
        ) from error
    except UnicodeDecodeError as error:
        raise BrokenFile([mistake(file, "", "turi būti UTF-8 tekstas.", "has to be UTF-8 text.")]) from error
    try:
        return yaml.load(unicodedata.normalize("NFC", text), Loader=_Reader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"{mark.line + 1}" if mark else "?"
        raise BrokenFile(
            [
                mistake(
                    file,
                    "",
                    f"{line} eilutė nėra YAML arba kartoja lauką.",
                    f"line {line} is not YAML, or repeats a field.",
                )
            ]
        ) from error


def mistake(file: str, entry: str, lt: str, en: str) -> FieldError:
    """One error of a `BrokenFile`: the file, the place in it, and what is wrong there."""
    return FieldError(f"{file}, {entry}" if entry else file, "broken_entry", Sentence(lt=lt, en=en))


def _called(content: Any) -> str:
    """What a person would call the entry."""
    if not isinstance(content, dict):
        return "?"
    return str(next((content[name] for name in ("code", "name") if isinstance(content.get(name), str)), "?"))
