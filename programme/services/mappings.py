"""Which criteria of two versions are mapped: what is met here counts there as evidence."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from programme.errors import FieldError, Invalid
from programme.rules.mappings import Relation, criteria_of
from programme.sentences import Sentence
from programme.services.moves import UNKNOWN_VERSION
from programme.tables import CriterionMapping, StandardVersion
from programme.work import Work

SAME_VERSION = Sentence(
    lt="Siejami dviejų skirtingų versijų kriterijai.", en="Criteria of two different versions are mapped."
)
UNKNOWN_CRITERION = Sentence(lt="Versija tokio kriterijaus neturi.", en="The version has no such criterion.")


async def add(
    work: Work,
    from_version_id: UUID,
    *,
    from_criterion: str,
    to_version: str,
    to_criterion: str,
    relation: Relation,
    note: str | None = None,
) -> CriterionMapping:
    """What is met by the first criterion is evidence for the second from now on, in every assessment of its version."""
    there = {
        version.id: version
        for version in await work.session.scalars(
            select(StandardVersion)
            .where((StandardVersion.id == from_version_id) | (StandardVersion.code == to_version))
            .order_by(StandardVersion.id)
            .with_for_update(read=True)  # a draft's criterion does not go while it is being mapped
        )
    }
    source = there[from_version_id]
    target = next((version for version in there.values() if version.code == to_version), None)
    if target is None:
        raise Invalid(FieldError("/to_version", "unknown_version", UNKNOWN_VERSION))
    if target is source:
        raise Invalid(FieldError("/to_version", "same_version", SAME_VERSION))
    errors = [
        FieldError(f"/{name}", "unknown_criterion", UNKNOWN_CRITERION)
        for name, criterion, version in (
            ("from_criterion", from_criterion, source),
            ("to_criterion", to_criterion, target),
        )
        if criterion not in criteria_of(version.principles)
    ]
    if errors:
        raise Invalid(*errors)
    mapping = CriterionMapping(
        from_version=source.code,
        from_criterion=from_criterion,
        to_version=target.code,
        to_criterion=to_criterion,
        relation=relation,
        note=note,
    )
    return await work.add(mapping, "criterion_mapping.added")


async def amend(work: Work, mapping_id: UUID, **changes: Any) -> CriterionMapping:
    """Another relation or note. Another pair is another mapping."""
    mapping = await work.take(CriterionMapping, mapping_id)
    mapping.assign(changes)
    await work.record("criterion_mapping.amended", mapping)
    return mapping


async def remove(work: Work, mapping_id: UUID) -> None:
    """The first criterion says nothing of the second any more."""
    await work.remove(await work.take(CriterionMapping, mapping_id), "criterion_mapping.removed")
