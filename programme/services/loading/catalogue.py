"""The catalogue from its files: standards with versions and policies, code lists, projects with strands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from programme.rules import standards as rules
from programme.rules.projects import ProjectKind, StrandKind
from programme.rules.ratings import PLAIN_SCALE
from programme.services.loading.files import FIRST, Entry, Once, Wrong, read_list
from programme.services.loading.keeping import Memory, keep, same
from programme.tables import Municipality, Policy, Project, ServiceType, Standard, StandardVersion, Strand
from programme.work import Work

CATALOGUE, MUNICIPALITIES = "catalogue.yaml", "municipalities.yaml"
SERVICE_TYPES, PROJECTS = "service_types.yaml", "projects.yaml"

SINCE_EVER = FIRST
"""From when a policy holds whose version has no known beginning: the first day that the service takes."""

ONLY_STRAND = {"code": "EQUASS_IMPLEMENTATION", "standard": "EQUASS"}
"""A project that names no strands is one strand of EQUASS, with the project's own kind, places and stages."""

AUTHORISATIONS = ("accreditation", "licence")
MONTH = r"[0-9]{4}-(0[1-9]|1[0-2])"
YEAR_OR_MONTH = r"[0-9]{4}(-(0[1-9]|1[0-2]))?"

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    values: Values
    policy: Values
    same_names_as: str | None


@dataclass(frozen=True, slots=True)
class Family:
    """One standard with its versions."""

    values: Values
    versions: list[Version]


@dataclass(frozen=True, slots=True)
class FundedProject:
    values: Values
    strands: list[Values]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything of the four files, as the tables' columns have it."""

    standards: list[Family]
    municipalities: list[Values]
    service_types: list[Values]
    projects: list[FundedProject]

    @classmethod
    def read(cls, directory: Path) -> Catalogue:
        codes = [Once() for _ in range(5)]
        standards = read_list(directory, CATALOGUE, lambda one: _standard(one, codes[0], codes[1]), under="standards")
        known = [one.values["code"] for one in standards]
        return cls(
            standards,
            read_list(directory, MUNICIPALITIES, lambda one: _municipality(one, codes[2])),
            read_list(directory, SERVICE_TYPES, lambda one: _service_type(one, codes[3])),
            read_list(directory, PROJECTS, lambda one: _project(one, codes[4], known)),
        )

    def counts(self) -> dict[str, int]:
        versions = [version.values for one in self.standards for version in one.versions]
        principles = [principle for values in versions for principle in values["principles"]]
        return {
            "standards": len(self.standards),
            "versions": len(versions),
            "principles": len(principles),
            "criteria": sum(len(principle["criteria"]) for principle in principles),
            "municipalities": len(self.municipalities),
            "service_types": len(self.service_types),
            "projects": len(self.projects),
            "strands": sum(len(project.strands) for project in self.projects),
        }


def _standard(entry: Entry, standards: Once, versions: Once) -> Family:
    pattern = entry.maybe_text("reference_pattern")
    try:
        re.compile(pattern or "")
    except re.error as error:
        raise Wrong("reference_pattern", "nėra reguliarusis reiškinys.", "is not a regular expression.") from error
    levels = entry.entries("levels", _level)
    values: Values = {
        "code": _new_code(entry, standards),
        "name": entry.both("name"),
        "owner": entry.maybe_both("owner"),
        "national_licence_holder": entry.maybe_both("national_licence_holder"),
        "reference_pattern": pattern,
        "levels": levels,
        "marks": entry.entries("marks", _mark),
    }
    codes = [level["code"] for level in levels]
    found = entry.entries("versions", lambda version: _version(version, versions, values["code"], codes))
    trees = {version.values["code"]: version.values["principles"] for version in found}
    for version in found:
        if version.same_names_as is not None:
            if version.same_names_as not in trees:
                code = version.same_names_as
                raise Wrong("versions, principles_ref", f"versijos „{code}“ nėra.", f"there is no version {code!r}.")
            version.values["principles"] = [_name_of(one) for one in trees[version.same_names_as]]
    return Family(values, found)


def _new_code(entry: Entry, codes: Once) -> str:
    code = entry.code("code")
    codes.take("code", code)
    return code


def _name_of(principle: Values) -> Values:
    """Of a principle that another version has too, only what is known to be the same."""
    return principle | {"description": None, "criteria": []}


def _level(entry: Entry) -> Values:
    entry.ignore("offered_by")
    return {"code": entry.code("code"), "name": entry.both("name"), "rank": entry.whole("rank", least=1, most=9)}


def _mark(entry: Entry) -> Values:
    entry.ignore("evidence")
    return {
        "code": entry.code("code"),
        "name": entry.both("name"),
        "is_certificate": entry.truth("is_certificate"),
    }


def _version(entry: Entry, versions: Once, standard: str, levels: list[str]) -> Version:
    entry.ignore("note", "counts_excellence", "approved_on", "implementation_steps")
    code = _new_code(entry, versions)
    begins, ends = entry.inside("in_force", _period) or (None, None)
    principles = entry.entries("principles", _principle)
    if flaw := next(rules.flaws(principles), None):
        raise Wrong(flaw.pointer, flaw.sentence.say("lt", flaw.facts), flaw.sentence.say("en", flaw.facts))
    values: Values = {
        "standard": standard,
        "code": code,
        "state": entry.one_of("status", list(rules.VersionState)),
        "in_force_from": begins,
        "in_force_to": ends,
        "node_kind": entry.maybe_one_of("node_kind", list(rules.NodeKind)) or rules.NodeKind.PRINCIPLE,
        "counts": entry.mapping("counts"),
        "display_type": entry.inside("display_type", lambda names: _by_level(names, levels)) or {},
        "criteria_official": entry.truth("criteria_official"),
        "principles": principles,
        "scale": PLAIN_SCALE | {"perspectives": _perspectives(entry.maybe_whole("perspectives", least=1, most=20))},
    }
    policy: Values = rules.PROPOSED_POLICY | {
        "standard_version": code,
        "effective_from": begins or SINCE_EVER,
        "validity_months": entry.maybe_whole("validity_months", least=1, most=120),
        "annual_reports_at_months": entry.wholes("annual_reports_at_months"),
        "pass_rules": entry.inside("pass_rule", lambda rule: _pass_rules(rule, levels)) or {},
    }
    if flaw := next(rules.policy_flaws(policy, levels), None):
        raise Wrong(flaw.pointer, flaw.sentence.say("lt", flaw.facts), flaw.sentence.say("en", flaw.facts))
    return Version(values, policy, entry.maybe_code("principles_ref"))


def _perspectives(count: int | None) -> list[Values]:
    """So many perspectives whose names nobody knows."""
    return [{"number": number, "name": None} for number in range(1, (count or 0) + 1)]


def _by_level(entry: Entry, levels: list[str]) -> Values:
    return {level: text for level in levels if (text := entry.maybe_text(level)) is not None}


def _period(entry: Entry) -> tuple[date | None, date | None]:
    return entry.maybe_day("from"), entry.maybe_day("to")


def _pass_rules(entry: Entry, levels: list[str]) -> Values:
    """The rule under each level that it is for. A threshold whose values nobody knows is no rule yet."""
    entry.ignore("evidence", "below_threshold_mark")
    kind = entry.one_of("type", ("all_met", "threshold"))
    named, thresholds = entry.maybe_one_of("level", levels), entry.inside("values", _thresholds)
    if kind == "threshold" and not thresholds:
        return {}
    rule = {"type": kind, "values": thresholds} if thresholds else {"type": kind}
    return dict.fromkeys([named] if named else levels, rule)


def _thresholds(entry: Entry) -> Values:
    shares = {name: entry.maybe_share(name) for name in ("overall", "principle")}
    return {name: share for name, share in shares.items() if share is not None}


def _principle(entry: Entry) -> Values:
    return {
        "number": entry.whole("number", least=1, most=99),
        "code": entry.code("code"),
        "name": entry.both("name"),
        "description": entry.maybe_both("description"),
        "criteria": entry.entries("criteria", _criterion),
    }


def _criterion(entry: Entry) -> Values:
    return {"number": entry.text("number"), "title": entry.both("title"), "text": entry.maybe_both("text")}


def _municipality(entry: Entry, codes: Once) -> Values:
    return {
        "code": _new_code(entry, codes),
        "name": {"lt": entry.text("lt"), "en": entry.text("en")},
        "kind": entry.text("iso_kind"),
        "county": entry.code("county"),
    }


def _service_type(entry: Entry, codes: Once) -> Values:
    return {
        "code": _new_code(entry, codes),
        "name": {"lt": entry.text("lt"), "en": entry.text("en")},
        "group": entry.text("group"),
        "authorisation": entry.maybe_one_of("authorisation", AUTHORISATIONS),
        "spis": entry.maybe_text("spis"),
    }


def _project(entry: Entry, codes: Once, standards: list[str]) -> FundedProject:
    entry.ignore("participation_months")
    stages = entry.texts("stages")
    values: Values = {
        "code": _new_code(entry, codes),
        "official_code": entry.maybe_text("official_code"),
        "name": entry.both("name"),
        "kind": entry.one_of("kind", list(ProjectKind)),
        "promoter": entry.maybe_text("promoter"),
        "funding": entry.maybe_text("funding"),
        "budget_eur": entry.maybe_whole("budget_eur"),
        "partners": entry.entries("partners", _partner),
        "targets": entry.mapping("targets"),
        "requirements": entry.texts("applicant_requirements"),
        "starts_on": entry.maybe_day("starts_on"),
        "starts_in": entry.maybe_matching("started", MONTH, "2017-03"),
        "ends_on": entry.maybe_day("ends_on"),
    }
    if entry.value("ended") is not None:
        raise Wrong(
            "ended", "projekto pabaigos diena rašoma lauke ends_on.", "the day of the end is written as ends_on."
        )
    within = Once()
    strands = entry.entries("strands", lambda strand: _strand(strand, within, standards))
    if not strands:
        if values["kind"] not in set(StrandKind):
            raise Wrong("strands", "projektas turi įvardyti savo veiklas.", "the project has to name its strands.")
        places = Entry(values["targets"]).maybe_whole("organisations")
        strands = [ONLY_STRAND | {"kind": values["kind"], "capacity": places, "stages": stages, "opens_in": None}]
    return FundedProject(values, strands)


def _partner(entry: Entry) -> Values:
    return {"name": entry.text("name"), "role": entry.maybe_text("role")}


def _strand(entry: Entry, codes: Once, standards: list[str]) -> Values:
    return {
        "code": _new_code(entry, codes),
        "standard": entry.one_of("standard", standards),
        "kind": entry.one_of("kind", list(StrandKind)),
        "capacity": entry.maybe_whole("capacity"),
        "stages": entry.texts("stages"),
        "opens_in": entry.maybe_matching("opens", YEAR_OR_MONTH, "2025"),
    }


async def keep_catalogue(work: Work, catalogue: Catalogue) -> int:
    """Brings the tables to what the files say anew; how many rows are new or changed."""
    touched = await _keep_codes(work, Municipality, catalogue.municipalities)
    touched += await _keep_codes(work, ServiceType, catalogue.service_types)
    touched += await _keep_standards(work, catalogue.standards)
    return touched + await _keep_projects(work, catalogue.projects)


async def _keep_codes(work: Work, kind: type[Municipality | ServiceType], entries: list[Values]) -> int:
    """Code lists belong to the files alone: nobody changes them here, and no event tells of them."""
    rows: Iterable[Municipality | ServiceType] = await work.session.scalars(select(kind))
    there = {row.code: row for row in rows}
    touched = 0
    for values in entries:
        row = there.get(values["code"])
        if row is None:
            work.session.add(kind(**values))
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
        else:
            continue
        touched += 1
    await work.session.flush()
    return touched


async def _keep_standards(work: Work, families: list[Family]) -> int:
    standards = {row.code: row for row in await work.session.scalars(select(Standard))}
    versions = {row.code: row for row in await work.session.scalars(select(StandardVersion))}
    policies = list(await work.session.scalars(select(Policy).order_by(Policy.id)))
    memory = await Memory.of(work, [*standards.values(), *versions.values(), *policies])
    touched = 0
    for family in families:
        _, new = await keep(work, memory, standards.get(family.values["code"]), Standard, family.values)
        touched += new
        for version in family.versions:
            code = version.values["code"]
            values = _without_texts(versions.get(code), version.values)
            _, new = await keep(work, memory, versions.get(code), StandardVersion, values)
            of_version = [row for row in policies if row.standard_version == code]
            touched += new + await _keep_policy(work, memory, of_version, version.policy)
    return touched


def _without_texts(row: StandardVersion | None, values: Values) -> Values:
    """Once the owner's own criteria were brought in, the files' paraphrase has no say about the tree."""
    if row is None or not row.criteria_official or values["criteria_official"]:
        return values
    return {name: value for name, value in values.items() if name not in ("principles", "criteria_official")}


async def _keep_policy(work: Work, memory: Memory, policies: list[Policy], values: Values) -> int:
    """A policy that the files say anew holds from the day of loading; earlier ones stay. Once the version's owner has
    set a policy here, theirs is the last word and the files have none."""
    if policies:
        latest = policies[-1]
        values = values | {"effective_from": work.today}
        anew = any(not same(value, getattr(latest, name)) for name, value in values.items() if name != "effective_from")
        if not anew or not memory.knows(latest):
            return 0
    await work.add(Policy(**values), "policy.set")
    return 1


async def _keep_projects(work: Work, funded: list[FundedProject]) -> int:
    projects = {row.code: row for row in await work.session.scalars(select(Project))}
    strands = {(row.project_id, row.code): row for row in await work.session.scalars(select(Strand))}
    memory = await Memory.of(work, [*projects.values(), *strands.values()])
    touched = 0
    for one in funded:
        project, new = await keep(work, memory, projects.get(one.values["code"]), Project, one.values)
        touched += new
        for values in one.strands:
            row = strands.get((project.id, values["code"]))
            _, new = await keep(work, memory, row, Strand, values | {"project_id": project.id})
            touched += new
    return touched
