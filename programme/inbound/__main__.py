"""The process that reads one file: its bytes on standard input, its rows as JSON on standard output."""

from __future__ import annotations

import csv
import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from python_calamine import CalamineWorkbook

from programme.inbound import MOST_ROWS

COMPUTING = 5
"""Seconds of the processor."""
MEMORY = 768 * 1024 * 1024
MOST_COLUMNS = 50
MOST_TEXT = 20_000_000
"""Characters of all cells together."""
UNPACKED = 50 * 1000 * 1000
MOST_PARTS = 1000
RATIO = 100
"""How many times larger than the file its parts may be together."""

FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
Row = tuple[int, dict[str, Any]]


class Wrong(Exception):
    def __init__(self, code: str, columns: Iterable[str] = ()) -> None:
        super().__init__(code)
        self.told = {"wrong": code, "columns": list(columns)}


class Plain(yaml.CSafeLoader):
    """YAML in which days stay text and no key stands twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(found) < len(node.value):
            raise yaml.YAMLError
        return found


Plain.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def read(content: bytes, format_: str, columns: list[str], needed: list[str]) -> list[Row]:
    match format_:
        case "xlsx":
            found = _table(_xlsx(content), columns, needed)
        case "csv":
            found = _table(_csv(_text(content)), columns, needed)
        case "yaml":
            found = _entries(_yaml(_text(content)))
        case _:
            found = _entries(json.loads(_text(content), object_pairs_hook=_once))
    rows, characters = [], 0
    for place, cells in found:
        rows.append((place, {name: _scalar(value) for name, value in cells.items()}))
        characters += sum(len(value) for value in cells.values() if isinstance(value, str))
        if len(rows) > MOST_ROWS or characters > MOST_TEXT:
            raise Wrong("file_too_costly")
    return rows


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Wrong("file_not_utf8") from None


def _scalar(value: Any) -> Any:
    """What a cell can hold; anything else (a day, a list) is told as an empty list, which no field takes."""
    return value if value is None or isinstance(value, str | int | float) else []


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _yaml(text: str) -> Any:
    """Without aliases: by those a small file becomes a large one."""
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Plain)):
        raise Wrong("file_with_aliases")
    return yaml.load(text, Plain)  # noqa: S506 - a safe loader


def _entries(content: Any) -> Iterator[Row]:
    if isinstance(content, dict) and content.keys() == {"criteria"}:
        content = content["criteria"]
    if not isinstance(content, list):
        raise Wrong("entries_missing")
    for place, entry in enumerate(content, start=1):
        cells: dict[str, Any] = {}
        for name, value in entry.items() if isinstance(entry, dict) else [("", entry)]:
            if isinstance(value, dict):
                cells |= {f"{name}_{language}": text for language, text in value.items()}
            elif value is not None:
                cells[str(name)] = value
        yield place, cells


def _csv(text: str) -> Iterator[list[Any]]:
    """Separated by whatever separates the names in the first row: a spreadsheet of Lithuania writes semicolons."""
    first = text.partition("\n")[0]
    return csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)


def _xlsx(content: bytes) -> Iterator[list[Any]]:
    """The rows of the first sheet."""
    _look_inside(content)
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).iter_rows()


def _look_inside(content: bytes) -> None:
    """Before anything is unpacked, how much it would be; then whether the parts are what they declare, and plain."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        listed = parts.infolist()
        unpacked = sum(part.file_size for part in listed)
        if unpacked > min(UNPACKED, RATIO * len(content)) or len(listed) > MOST_PARTS:
            raise Wrong("file_too_costly")
        for part in listed:
            if part.filename.endswith((".xml", ".rels")):
                inside = parts.read(part)
                if b"<!DOCTYPE" in inside or b"<!ENTITY" in inside:
                    raise Wrong("file_unreadable")
                if part.filename.startswith("xl/worksheets/") and FORMULA.search(inside):
                    raise Wrong("file_with_formulas")


def _table(rows: Iterator[list[Any]], columns: list[str], needed: list[str]) -> Iterator[Row]:
    heading = [str(cell).strip().lower() for cell in next(rows, [])]
    while heading and not heading[-1]:
        heading.pop()
    if missing := [name for name in needed if name not in heading]:
        raise Wrong("columns_missing", missing)
    if len(heading) > MOST_COLUMNS or len(set(heading)) < len(heading) or set(heading) - set(columns):
        raise Wrong("columns_unknown", columns)
    for place, cells in enumerate(rows, start=2):
        if any(cell not in ("", None) for cell in cells):
            without_a_name = [cell for cell in cells[len(heading) :] if cell not in ("", None)]
            yield place, dict(zip(heading, cells, strict=False)) | dict.fromkeys(without_a_name and [""])


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (COMPUTING, COMPUTING))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    format_, columns, needed = sys.argv[1:]
    try:
        told = json.dumps({"rows": read(sys.stdin.buffer.read(), format_, columns.split(","), needed.split(","))})
    except Wrong as wrong:
        told = json.dumps(wrong.told)
    except MemoryError:
        told = json.dumps({"wrong": "file_too_costly"})
    except Exception:  # whatever the readers of four formats say of a file that is not theirs
        told = json.dumps({"wrong": "file_unreadable"})
    sys.stdout.write(told)


if __name__ == "__main__":
    main()
