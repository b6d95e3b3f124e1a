"""What can be done with a funded project and its strands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from programme.errors import FieldError, Invalid
from programme.rules.enrolments import UNDER_WAY
from programme.rules.projects import ProjectKind, StrandKind
from programme.sentences import Sentence
from programme.services.moves import within
from programme.tables import Enrolment, Project, Standard, Strand
from programme.work import Work

UNKNOWN_STANDARD = Sentence(lt="Tokio standarto nėra.", en="There is no such standard.")
STAGE_TWICE = Sentence(lt="Etapas pasikartoja.", en="The stage stands there twice.")
TOO_FEW_PLACES = Sentence(
    lt="Jau užimta vietų: {places_taken}; mažiau jų būti negali.",
    en="{places_taken} places are taken already; there cannot be fewer.",
)


async def add_project(
    work: Work,
    *,
    code: str,
    name: Mapping[str, str],
    kind: ProjectKind,
    starts_on: date | None = None,
    ends_on: date | None = None,
    **particulars: Any,
) -> Project:
    """A funded project, without strands yet. Unknown bounds refuse nothing."""
    _refuse_reversed(starts_on, ends_on)
    project = Project(code=code, name=name, kind=kind, starts_on=starts_on, ends_on=ends_on, **particulars)
    return await work.add(project, "project.added")


async def amend_project(work: Work, project_id: UUID, **changes: Any) -> Project:
    """New particulars. Enrolments keep what was decided under the old ones; where the project ends on another day, the
    daily pass looks at all that are under way anew."""
    project = await work.take(Project, project_id)
    _refuse_reversed(changes.get("starts_on", project.starts_on), changes.get("ends_on", project.ends_on))
    project.assign(changes)
    if "ends_on" in changes:
        await work.session.execute(
            update(Enrolment)
            .where(Enrolment.project_id == project.id, Enrolment.state.in_(UNDER_WAY))
            .values(next_change_on=work.today)
            .execution_options(synchronize_session=False)
        )
    await work.record("project.amended", project)
    return project


def _refuse_reversed(first: date | None, last: date | None) -> None:
    if last is not None:
        within("/ends_on", last, earliest=[first])


async def add_strand(
    work: Work,
    project_id: UUID,
    *,
    code: str,
    standard: str,
    kind: StrandKind,
    capacity: int | None = None,
    stages: list[str] | None = None,
    opens_in: str | None = None,
) -> Strand:
    """A part of the project with one standard. Without `capacity` its places have no bound."""
    if await work.session.scalar(select(Standard.id).where(Standard.code == standard)) is None:
        raise Invalid(FieldError("/standard", "unknown_standard", UNKNOWN_STANDARD))
    _refuse_twice(stages or [])
    strand = Strand(
        project_id=project_id,
        code=code,
        standard=standard,
        kind=kind,
        capacity=capacity,
        stages=stages or [],
        opens_in=opens_in,
    )
    return await work.add(strand, "strand.added")


async def amend_strand(work: Work, strand_id: UUID, **changes: Any) -> Strand:
    """New particulars. Its places cannot become fewer than are taken; enrolments keep the stages they began with."""
    strand = await work.take(Strand, strand_id)
    capacity = changes.get("capacity")
    if capacity is not None and capacity < strand.places_taken:
        raise Invalid(FieldError("/capacity", "too_few_places", TOO_FEW_PLACES, {"places_taken": strand.places_taken}))
    _refuse_twice(changes.get("stages", []))
    strand.assign(changes)
    await work.record("strand.amended", strand)
    return strand


def _refuse_twice(stages: list[str]) -> None:
    errors = [
        FieldError(f"/stages/{place}", "repeated", STAGE_TWICE)
        for place, stage in enumerate(stages)
        if stage in stages[:place]
    ]
    if errors:
        raise Invalid(*errors)
