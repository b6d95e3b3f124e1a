"""Files that callers bring, read in a process of their own: what a file may cost is bounded, whatever is in it.

The process has no environment and no connections, so that it has nothing to lose; it ends with the file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from enum import StrEnum
from threading import BoundedSemaphore
from typing import Any

from programme.errors import FieldError, Invalid, Unavailable
from programme.sentences import Sentence

MOST_ROWS = 10_000
LARGEST = 5_000_000
"""Bytes of a file."""
PATIENCE = 8.0
"""Seconds, the start of the process included; it ends itself after 5 seconds of computing."""


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    YAML = "yaml"
    JSON = "json"


_PLACES = BoundedSemaphore(2)
"""How many files one process has read at the same time; a third one is answered 503 after a second."""

SHEETS = (Format.CSV, Format.XLSX)

WRONG = {
    "file_unreadable": Sentence(lt="Failo perskaityti nepavyko: tai nėra {format}.", en="The file is not {format}."),
    "file_not_utf8": Sentence(lt="Failas turi būti UTF-8 koduote.", en="The file has to be UTF-8."),
    "file_too_costly": Sentence(
        lt="Faile per daug duomenų: daugiausia {most_rows} eilučių ir 50 MB išskleisto turinio.",
        en="There is too much in the file: at most {most_rows} rows, and 50 MB unpacked.",
    ),
    "file_with_formulas": Sentence(
        lt="Lapuose yra formulių. Pakeiskite jas reikšmėmis.", en="The sheets have formulas. Replace them by values."
    ),
    "file_with_aliases": Sentence(
        lt="YAML faile yra nuorodų (*). Parašykite jų turinį.",
        en="The YAML has aliases (*). Write out what they stand for.",
    ),
    "columns_missing": Sentence(
        lt="Pirmoje eilutėje trūksta stulpelių: {columns}.", en="The first row lacks columns: {columns}."
    ),
    "columns_unknown": Sentence(
        lt="Pirmoje eilutėje yra nežinomų ar pasikartojančių stulpelių. Galimi: {columns}.",
        en="The first row has columns that are not known or stand there twice. Possible: {columns}.",
    ),
    "entries_missing": Sentence(
        lt="Faile turi būti įrašų sąrašas: pats savaime arba lauke criteria.",
        en="The file has to be a list of entries, by itself or under criteria.",
    ),
}


def read(
    content: bytes, format_: Format, columns: tuple[str, ...], needed: tuple[str, ...]
) -> list[tuple[int, dict[str, Any]]]:
    """The rows of a sheet or the entries of a list: the place of each, and its cells by column (`title_lt`; of nested
    fields too). `Invalid` where the file cannot be read within its bounds, `Unavailable` where too many are being read."""
    words = [sys.executable, "-I", "-m", "programme.inbound", format_, ",".join(columns), ",".join(needed)]
    if not _PLACES.acquire(timeout=1):
        raise Unavailable
    try:
        done = subprocess.run(words, input=content, capture_output=True, timeout=PATIENCE, env={}, check=False)  # noqa: S603 - our own module
    except subprocess.TimeoutExpired:
        told: dict[str, Any] = {"wrong": "file_too_costly"}
    else:
        if done.returncode > 0:
            raise RuntimeError("the process that reads files does not run")
        told = {"wrong": "file_too_costly"} if done.returncode else json.loads(done.stdout)  # ended by its bounds
    finally:
        _PLACES.release()
    if "rows" in told:
        return [(place, cells) for place, cells in told["rows"]]
    facts = {"format": format_.upper(), "most_rows": MOST_ROWS, "columns": told.get("columns", [])}
    raise Invalid(FieldError("", told["wrong"], WRONG[told["wrong"]], facts))
