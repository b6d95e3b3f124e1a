"""XLSX files as a person saves them, and as nobody does."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import xlsxwriter


def workbook(
    rows: Sequence[Sequence[Any]], *, formulas: bool = True, far_away: bool = False, entity: bool = False
) -> bytes:
    """A workbook of one sheet. `far_away`: with one more cell in its last corner; `entity`: with one in its XML."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": formulas})
    sheet = book.add_worksheet()
    for place, row in enumerate(rows):
        sheet.write_row(place, 0, row)
    if far_away:
        sheet.write(1_048_575, 16_383, "x")
    book.close()
    if entity:
        return _rewritten(content.getvalue(), lambda part: part.replace(b"?>", b'?><!DOCTYPE a [<!ENTITY b "c">]>', 1))
    return content.getvalue()


def bomb() -> bytes:
    """A sheet of 60 MB in 60 kB."""
    return _rewritten(workbook([["number"]]), lambda part: part + b" " * 60_000_000)


def lying() -> bytes:
    """The same, but it says that it is small."""
    content = bytearray(bomb())
    place = content.rindex(b"PK\x01\x02")
    while place >= 0:
        name = content[place + 46 : place + 46 + int.from_bytes(content[place + 28 : place + 30], "little")]
        if name == b"xl/worksheets/sheet1.xml":
            content[place + 24 : place + 28] = (1000).to_bytes(4, "little")
        place = content.rfind(b"PK\x01\x02", 0, place)
    return bytes(content)


def _rewritten(content: bytes, write: Any) -> bytes:
    """The workbook with its first sheet written anew."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            inside = old.read(part)
            new.writestr(part.filename, write(inside) if part.filename == "xl/worksheets/sheet1.xml" else inside)
    return changed.getvalue()
