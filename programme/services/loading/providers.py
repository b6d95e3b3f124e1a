"""The entries of the organisations' file: what each says, checked against the catalogue of the same folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from programme.queries.timeline import LISTED
from programme.rules.legal_codes import is_legal_code
from programme.rules.scopes import scope
from programme.services.loading.catalogue import MONTH, Catalogue, Values
from programme.services.loading.files import Entry, Once, Wrong, read_list

FILE = "organisations.yaml"
STANDARD = "EQUASS"
"""What an entry is certified against that does not say."""

CONFIDENCE = ("A", "B", "C")
KINDS = ("budgetary_institution", "public_institution", "ngo", "private", "agency")
YEAR, KEY = r"[0-9]{4}", r"[a-z0-9]+(-[a-z0-9]+)*"


@dataclass(frozen=True, slots=True)
class Agreement:
    project: str
    strand: str
    number: str | None
    signed_on: date


@dataclass(frozen=True, slots=True)
class Fact:
    """`happened`: a year, a month or a day, as precise as it is known; None for what has no time."""

    kind: str
    happened: str | None
    details: Values


@dataclass(frozen=True, slots=True)
class Provider:
    """One entry. `facts`: what no record can carry whatever else is known."""

    key: str
    values: Values
    confidence: str
    standard: str
    certified_on: date | None
    expires_on: date | None
    particulars: Values
    scope: Values
    agreements: list[Agreement]
    submitted: dict[int, date]
    facts: list[Fact]


def read(directory: Path, catalogue: Catalogue) -> list[Provider]:
    """Every entry of the file, where its codes stand in the catalogue of the same directory."""
    keys, references, numbers = Once(), Once(), Once()

    def provider(entry: Entry) -> Provider:
        found = _provider(entry, catalogue)
        keys.take("key", found.key)
        references.take("reference", found.particulars["reference"])
        for agreement in found.agreements:
            numbers.take("agreements, number", agreement.number and f"{agreement.project} {agreement.number}")
        return found

    return read_list(directory, FILE, provider)


def slug(name: str) -> str:
    """`Leliūnų globos namai` → `leliunu-globos-namai`."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(one))
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-")


def _provider(entry: Entry, catalogue: Catalogue) -> Provider:
    name, former = entry.text("name"), entry.maybe_text("former_name")
    services = entry.some_of("services", [one["code"] for one in catalogue.service_types])
    legal_code = entry.maybe_text("legal_code")
    if legal_code is not None and not is_legal_code(legal_code):
        raise Wrong("legal_code", "tai nėra juridinio asmens kodas.", "is not a legal-entity code.")
    certified_on, expires_on = entry.maybe_day("certified_on"), entry.maybe_day("expires_on")
    reference = entry.maybe_text("reference")
    if certified_on is None and (reference or expires_on):
        raise Wrong("certified_on", "privalomas, kai yra numeris ar pabaigos diena.", "is required with a reference.")
    if certified_on is not None and expires_on is not None and expires_on < certified_on:
        raise Wrong("expires_on", "negali būti ankstesnė už certified_on.", "cannot be before certified_on.")
    standard = entry.maybe_one_of("standard", [one.values["code"] for one in catalogue.standards]) or STANDARD
    strands, reports = Once(), Once()
    submitted = dict(entry.entries("progress_reports", lambda one: _submitted(one, reports)))
    return Provider(
        key=entry.maybe_matching("key", KEY, "leliunu-globos-namai") or slug(former or name),
        values={
            "legal_code": legal_code,
            "name": name,
            "kind": entry.maybe_one_of("kind", KINDS),
            "municipality": entry.maybe_one_of("municipality", [one["code"] for one in catalogue.municipalities]),
            "address": entry.maybe_text("address"),
            "website": entry.maybe_text("website"),
            "former_names": [former] if former else [],
        },
        confidence=entry.one_of("confidence", CONFIDENCE),
        standard=standard,
        certified_on=certified_on,
        expires_on=expires_on,
        particulars={
            "reference": reference,
            "service_users": entry.maybe_whole("service_users"),
            "staff": entry.maybe_whole("staff"),
        },
        scope=scope(services, unit=entry.maybe_text("unit")),
        agreements=entry.entries("agreements", lambda one: _agreement(one, catalogue, strands)),
        submitted=submitted,
        facts=[*_facts(entry, standard), *(_of_report(sequence, day) for sequence, day in submitted.items())],
    )


def _agreement(entry: Entry, catalogue: Catalogue, strands: Once) -> Agreement:
    known = {one.values["code"]: one for one in catalogue.projects}
    project = known[entry.one_of("project", known)]
    code, codes = project.values["code"], [strand["code"] for strand in project.strands]
    strand = entry.maybe_one_of("strand", codes) or codes[0]
    strands.take("strand", f"{code} {strand}")
    signed_on, starts_on, ends_on = entry.day("signed_on"), project.values["starts_on"], project.values["ends_on"]
    if (starts_on is not None and signed_on < starts_on) or (ends_on is not None and signed_on > ends_on):
        raise Wrong("signed_on", "turi būti projekto laikotarpiu.", "has to be within the project's period.")
    return Agreement(code, strand, entry.maybe_text("number"), signed_on)


def _submitted(entry: Entry, reports: Once) -> tuple[int, date]:
    sequence, day = entry.whole("sequence", least=1, most=99), entry.day("submitted_on")
    reports.take("sequence", str(sequence))
    reports.take("submitted_on", day.isoformat())
    return sequence, day


def _of_report(sequence: int, day: date) -> Fact:
    return Fact("report_submitted", day.isoformat(), {"sequence": sequence})


def _facts(entry: Entry, standard: str) -> Iterable[Fact]:
    """`details` repeats the file's own field, so that everybody finds where it comes from."""
    for kind, name, form, example in (
        ("certified", "certified_year", YEAR, "2019"),
        ("certified", "certified_year_month", MONTH, "2021-09"),
        ("first_certified", "first_certified_year", YEAR, "2019"),
    ):
        if (when := entry.maybe_matching(name, form, example)) is not None:
            yield Fact(kind, when, {name: entry.value(name), "standard": standard})
    for kind, name in (("handed_over", "handed_over_on"), ("enrolled", "enrolled_since")):
        if (day := entry.maybe_day(name)) is not None:
            yield Fact(kind, day.isoformat(), {name: day.isoformat()})
    if entry.truth("participant_only"):
        yield Fact("participant", None, {"participant_only": True})
    note = entry.maybe_text("note")
    yield Fact(LISTED, None, {} if note is None else {"note": note})
