"""What a standard's owner can do: bring in versions and their trees, put them in force, and set policies day by day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from programme.errors import FieldError, Invalid
from programme.queries.standards import VERSIONS
from programme.rules import standards as rules
from programme.rules.imports import Text, merged
from programme.rules.mappings import criteria_of
from programme.rules.ratings import PLAIN_SCALE, scale_flaws
from programme.rules.standards import LIFECYCLE, NodeKind, VersionState
from programme.sentences import Sentence
from programme.services.moves import judge, within
from programme.tables import CriterionMapping, Policy, Standard, StandardVersion
from programme.work import Work

TREE = frozenset({"node_kind", "principles", "scale"})
"""What of a version is frozen once it is in force: assessments and certificates rest on it."""

LEVEL_IN_USE = Sentence(
    lt="Lygio „{code}“ atsisakyti negalima: galima tik jį pervadinti.",
    en="The level {code} cannot be left out; it can only be renamed.",
)
CRITERION_MAPPED = Sentence(
    lt="Su kitos versijos kriterijais susieto kriterijaus „{criterion}“ atsisakyti negalima, kol sąsaja nepanaikinta.",
    en="The criterion {criterion} is mapped to another version's and cannot be left out before the mapping is removed.",
)
CODE_TWICE = Sentence(lt="Kodas pasikartoja.", en="The code stands there twice.")


async def add_standard(
    work: Work,
    *,
    code: str,
    name: Mapping[str, str],
    levels: list[dict[str, Any]],
    owner: Mapping[str, str] | None = None,
    national_licence_holder: Mapping[str, str] | None = None,
    reference_pattern: str | None = None,
    marks: list[dict[str, Any]] | None = None,
) -> Standard:
    """A new standard, without versions yet."""
    _refuse_twice("/levels", levels)
    standard = Standard(
        code=code,
        name=name,
        owner=owner,
        national_licence_holder=national_licence_holder,
        reference_pattern=reference_pattern,
        levels=levels,
        marks=marks or [],
    )
    return await work.add(standard, "standard.added")


async def amend_standard(work: Work, standard_id: UUID, **changes: Any) -> Standard:
    """New particulars. Levels can be added and renamed, never left out: certificates name them."""
    standard = await work.take(Standard, standard_id)
    if "levels" in changes:
        _refuse_twice("/levels", changes["levels"])
        kept = {level["code"] for level in changes["levels"]}
        for level in standard.levels:
            if level["code"] not in kept:
                raise Invalid(FieldError("/levels", "level_in_use", LEVEL_IN_USE, {"code": level["code"]}))
    standard.assign(changes)
    await work.record("standard.amended", standard)
    return standard


def _refuse_twice(pointer: str, items: list[dict[str, Any]]) -> None:
    codes = [one["code"] for one in items]
    errors = [
        FieldError(f"{pointer}/{place}/code", "repeated", CODE_TWICE)
        for place, code in enumerate(codes)
        if code in codes[:place]
    ]
    if errors:
        raise Invalid(*errors)


async def draft_version(
    work: Work,
    standard_id: UUID,
    *,
    code: str,
    in_force_from: date | None = None,
    in_force_to: date | None = None,
    node_kind: NodeKind = NodeKind.PRINCIPLE,
    counts: Mapping[str, int] | None = None,
    display_type: Mapping[str, str] | None = None,
    criteria_official: bool = False,
    principles: list[dict[str, Any]] | None = None,
    scale: Mapping[str, Any] = PLAIN_SCALE,
) -> StandardVersion:
    """A version to work on. Nothing is assessed or granted by it before it is published and has a policy."""
    standard = await work.session.get_one(Standard, standard_id)
    _refuse_flaws(principles or [], scale)
    _refuse_unknown_levels(standard, display_type or {})
    _refuse_reversed(in_force_from, in_force_to)
    version = StandardVersion(
        standard=standard.code,
        code=code,
        state=VersionState.DRAFT,
        in_force_from=in_force_from,
        in_force_to=in_force_to,
        node_kind=node_kind,
        counts=dict(counts or {}),
        display_type=dict(display_type or {}),
        criteria_official=criteria_official,
        principles=principles or [],
        scale=scale,
    )
    return await work.add(version, "standard_version.added")


async def amend_version(work: Work, version_id: UUID, **changes: Any) -> StandardVersion:
    """New particulars; the tree only while the version is a draft."""
    version = await work.take(StandardVersion, version_id)
    if TREE & changes.keys():
        LIFECYCLE.require(version.state, VersionState.DRAFT)
    if "scale" in changes:
        changes["scale"] = {**version.scale, **changes["scale"]}
    _refuse_flaws(changes.get("principles", []), changes.get("scale", PLAIN_SCALE))
    if "principles" in changes:
        await _refuse_losing_mapped(work, version, changes["principles"])
    if "display_type" in changes:
        standard = (await work.session.scalars(select(Standard).where(Standard.code == version.standard))).one()
        _refuse_unknown_levels(standard, changes["display_type"])
    _refuse_reversed(
        changes.get("in_force_from", version.in_force_from), changes.get("in_force_to", version.in_force_to)
    )
    version.assign(changes)
    await work.record("standard_version.amended", version)
    return version


def _refuse_flaws(principles: list[dict[str, Any]], scale: Mapping[str, Any]) -> None:
    if flaws := [*rules.flaws(principles), *scale_flaws(scale)]:
        raise Invalid(*flaws)


async def _refuse_losing_mapped(work: Work, version: StandardVersion, principles: list[dict[str, Any]]) -> None:
    lost = criteria_of(version.principles) - criteria_of(principles)
    from_here = select(CriterionMapping.from_criterion).where(CriterionMapping.from_version == version.code)
    to_here = select(CriterionMapping.to_criterion).where(CriterionMapping.to_version == version.code)
    if needed := sorted(lost & set(await work.session.scalars(from_here.union(to_here)))):
        raise Invalid(FieldError("/principles", "criterion_mapped", CRITERION_MAPPED, {"criterion": needed[0]}))


async def put_texts(work: Work, version_id: UUID, texts: Mapping[str, tuple[Text, Text | None]]) -> StandardVersion:
    """The owner's own titles and texts, by number, in the place of what was there; what the numbers are and mean stays.
    `services.imports` says which versions take which."""
    version = await work.take(StandardVersion, version_id)
    version.principles, version.criteria_official = merged(version.principles, texts), True
    await work.record("standard_version.texts_imported", version)
    return version


def _refuse_unknown_levels(standard: Standard, by_level: Mapping[str, Any]) -> None:
    if set(by_level) - {level["code"] for level in standard.levels}:
        raise Invalid(FieldError("/display_type", "unknown_level", rules.UNKNOWN_LEVEL))


def _refuse_reversed(first: date | None, last: date | None) -> None:
    if last is not None:
        within("/in_force_to", last, earliest=[first])


async def start_drafting(work: Work, version_id: UUID) -> StandardVersion:
    """The text of an announced version is there: its tree can be written."""
    return await _move(work, version_id, "start_drafting")


async def publish(work: Work, version_id: UUID) -> StandardVersion:
    """Puts the version in force; its tree does not change any more. Versions before it stay as they are, as
    certificates of two versions are given side by side for a while."""
    return await _move(work, version_id, "publish")


async def retire(work: Work, version_id: UUID) -> StandardVersion:
    """Takes the version out of use. What was granted by it stays valid."""
    return await _move(work, version_id, "retire")


async def _move(work: Work, version_id: UUID, verb: str) -> StandardVersion:
    version = await work.take(StandardVersion, version_id)
    move = await judge(work, VERSIONS, version.id, verb)
    version.state = move.to or version.state
    await work.record(move.event, version)
    return version


async def set_policy(work: Work, version_id: UUID, *, effective_from: date, **said: Any) -> Policy:
    """What holds of the version from a day on; what is not said stays as the policy before has it.

    The day comes after that of every earlier policy, so that none is rewritten; it may be past, as owners decide
    later than their decisions hold. What was computed by then stays as it is.
    """
    version = await work.take(StandardVersion, version_id)
    standard = (await work.session.scalars(select(Standard).where(Standard.code == version.standard))).one()
    latest = await work.session.scalar(
        select(Policy).where(Policy.standard_version == version.code).order_by(Policy.effective_from.desc()).limit(1)
    )
    before = dict(rules.PROPOSED_POLICY)
    if latest is not None:
        within("/effective_from", effective_from, earliest=[latest.effective_from + timedelta(days=1)])
        before = {name: getattr(latest, name) for name in rules.PROPOSED_POLICY}
    values = before | said
    if flaws := list(rules.policy_flaws(values, {level["code"] for level in standard.levels})):
        raise Invalid(*flaws)
    policy = Policy(standard_version=version.code, effective_from=effective_from, **values)
    return await work.add(policy, "policy.set")
