"""What can be done with an enrolment, from the application to its outcome. Each verb is one function and one event.

A place in the strand is held exactly while the enrolment is selected, active or completed; `places_taken` changes with
the state in one transaction, under the lock of the strand's row, which is taken after the enrolment's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from programme.errors import FieldError, Invalid, NotFound
from programme.queries.enrolments import ENROLMENTS
from programme.rules import enrolments as rules
from programme.rules.enrolments import LIFECYCLE, Outcome, Source, State
from programme.rules.lifecycle import Move
from programme.sentences import Sentence
from programme.services.moves import checked_scope, judge, known_organisation, within
from programme.tables import Enrolment, Event, Project, Strand
from programme.work import Work

MOVED = [move.event for move in LIFECYCLE.moves.values()]

UNKNOWN_PROJECT = Sentence(lt="Tokio projekto nėra.", en="There is no such project.")
UNKNOWN_STRAND = Sentence(lt="Projektas tokios veiklos neturi.", en="The project has no such strand.")


async def apply(
    work: Work,
    *,
    organisation_id: UUID,
    project: str,
    strand: str,
    scope: Mapping[str, Any],
    declared_on: date | None = None,
) -> Enrolment:
    """A draft of an application. `declared_on`: the day on which the organisation declared that it meets the project's
    requirements."""
    organisation = await known_organisation(work, organisation_id)
    wanted = await _strand_of(work, project, strand)
    if declared_on is not None:
        within("/declared_on", declared_on, latest=[work.today])
    enrolment = Enrolment(
        organisation_id=organisation.id,
        project_id=wanted.project_id,
        strand_id=wanted.id,
        scope=await checked_scope(work, organisation.id, scope),
        state=State.DRAFT,
        declared_on=declared_on,
        stages=rules.new_stages(wanted.stages),
        source=Source.ENTRY,
    )
    return await work.add(enrolment, "enrolment.drafted")


async def _strand_of(work: Work, project: str, strand: str) -> Strand:
    """The strand that a body names by the codes of its project and its own."""
    funded = await work.session.scalar(sa.select(Project.id).where(Project.code == project))
    if funded is None:
        raise Invalid(FieldError("/project", "unknown_project", UNKNOWN_PROJECT))
    found = await work.session.scalar(sa.select(Strand).where(Strand.project_id == funded, Strand.code == strand))
    if found is None:
        raise Invalid(FieldError("/strand", "unknown_strand", UNKNOWN_STRAND))
    return found


async def revise_draft(work: Work, enrolment_id: UUID, **changes: Any) -> Enrolment:
    """What the application says (scope, declaration) may change until it is submitted."""
    enrolment = await work.take(Enrolment, enrolment_id)
    LIFECYCLE.require(enrolment.state, State.DRAFT)
    if changes.get("declared_on") is not None:
        within("/declared_on", changes["declared_on"], latest=[work.today])
    if "scope" in changes:
        changes["scope"] = await checked_scope(work, enrolment.organisation_id, changes["scope"], over=enrolment.scope)
    enrolment.assign(changes)
    await work.record("enrolment.draft_revised", enrolment)
    return enrolment


async def submit(work: Work, enrolment_id: UUID, *, effective_on: date | None = None) -> Enrolment:
    """Hands the application in. That no other one is open for the same scope, a unique index has seen to since the
    draft."""
    enrolment, move = await _allowed(work, enrolment_id, "submit")
    return await _moved(work, enrolment, move, effective_on)


async def return_(work: Work, enrolment_id: UUID, *, reason: str, effective_on: date | None = None) -> Enrolment:
    """Makes the application a draft again, in which the organisation mends what `reason` says."""
    enrolment, move = await _allowed(work, enrolment_id, "return")
    return await _moved(work, enrolment, move, effective_on, reason=reason)


async def start_review(work: Work, enrolment_id: UUID, *, effective_on: date | None = None) -> Enrolment:
    """The commission begins to judge the application."""
    enrolment, move = await _allowed(work, enrolment_id, "start_review")
    return await _moved(work, enrolment, move, effective_on)


async def select(
    work: Work, enrolment_id: UUID, *, commission_decision_ref: str, effective_on: date | None = None
) -> Enrolment:
    """The commission found the application fundable: it takes one of the strand's places, where one is left."""
    enrolment, move = await _allowed(work, enrolment_id, "select")
    return await _moved(work, enrolment, move, effective_on, commission_decision_ref=commission_decision_ref)


async def put_on_reserve(
    work: Work, enrolment_id: UUID, *, commission_decision_ref: str | None = None, effective_on: date | None = None
) -> Enrolment:
    """Waits for a place that somebody gives back; holds none."""
    enrolment, move = await _allowed(work, enrolment_id, "put_on_reserve")
    return await _moved(work, enrolment, move, effective_on, commission_decision_ref=commission_decision_ref)


async def reject(
    work: Work,
    enrolment_id: UUID,
    *,
    reason: str,
    commission_decision_ref: str | None = None,
    effective_on: date | None = None,
) -> Enrolment:
    """The commission does not fund the application. The organisation may apply anew."""
    enrolment, move = await _allowed(work, enrolment_id, "reject")
    return await _moved(
        work, enrolment, move, effective_on, reason=reason, commission_decision_ref=commission_decision_ref
    )


async def withdraw(
    work: Work, enrolment_id: UUID, *, reason: str | None = None, effective_on: date | None = None
) -> Enrolment:
    """The organisation steps back before an agreement is signed; a place that it held is free again."""
    enrolment, move = await _allowed(work, enrolment_id, "withdraw")
    return await _moved(work, enrolment, move, effective_on, reason=reason)


async def sign_agreement(
    work: Work, enrolment_id: UUID, *, agreement_number: str, signed_on: date, effective_on: date | None = None
) -> Enrolment:
    """Taking part begins. The number is unique in the project, and the day lies in the project's period."""
    enrolment, move = await _allowed(work, enrolment_id, "sign_agreement")
    project = await work.session.get_one(Project, enrolment.project_id)
    within("/signed_on", signed_on, earliest=[project.starts_on], latest=[project.ends_on, work.today])
    if effective_on is not None:
        within("/effective_on", effective_on, earliest=[signed_on])
    return await _moved(work, enrolment, move, effective_on, agreement_number=agreement_number, signed_on=signed_on)


async def complete(work: Work, enrolment_id: UUID, *, outcome: Outcome, effective_on: date | None = None) -> Enrolment:
    """All stages are done and it is known what they led to. The place stays taken."""
    enrolment, move = await _allowed(work, enrolment_id, "complete")
    return await _moved(work, enrolment, move, effective_on, outcome=outcome)


async def terminate(work: Work, enrolment_id: UUID, *, reason: str, effective_on: date | None = None) -> Enrolment:
    """The agreement ends before its time; the place is free again."""
    enrolment, move = await _allowed(work, enrolment_id, "terminate")
    return await _moved(work, enrolment, move, effective_on, reason=reason)


async def record_stage(
    work: Work,
    enrolment_id: UUID,
    code: str,
    *,
    planned_on: date | None = None,
    started_on: date | None = None,
    done_on: date | None = None,
) -> Enrolment:
    """How far one stage is, all three days written anew. `planned_on`: the day by which it is to be done."""
    enrolment = await work.take(Enrolment, enrolment_id)
    if code not in {stage["code"] for stage in enrolment.stages}:
        raise NotFound
    LIFECYCLE.require(enrolment.state, *rules.UNDER_WAY)
    if started_on is not None:
        within("/started_on", started_on, latest=[work.today])
    if done_on is not None:
        within("/done_on", done_on, earliest=[started_on], latest=[work.today])
    days = {"planned_on": planned_on, "started_on": started_on, "done_on": done_on}
    written = {"code": code, **{name: day and day.isoformat() for name, day in days.items()}}
    enrolment.stages = [written if stage["code"] == code else stage for stage in enrolment.stages]
    enrolment.next_change_on = work.today
    await work.record("enrolment.stage_recorded", enrolment)
    return enrolment


async def _allowed(work: Work, enrolment_id: UUID, name: str) -> tuple[Enrolment, Move]:
    """The enrolment, locked, and the move that its state allows.

    Where the move takes a place or gives one back, the strand is locked before it is judged, so that the places counted
    are those of all who came earlier.
    """
    enrolment = await work.take(Enrolment, enrolment_id)
    if _places_moved(enrolment, LIFECYCLE.moves[name]):
        await work.session.execute(
            sa.select(Strand.id).where(Strand.id == enrolment.strand_id).with_for_update(key_share=True)
        )
    return enrolment, await judge(work, ENROLMENTS, enrolment.id, name)


async def _moved(
    work: Work, enrolment: Enrolment, move: Move, effective_on: date | None, *, reason: str | None = None, **said: Any
) -> Enrolment:
    """The move carried out, with what its body said, as one event. What it left out stays as it was."""
    day = await _day_of(work, enrolment, effective_on)
    if change := _places_moved(enrolment, move):
        await work.session.execute(
            sa.update(Strand)
            .where(Strand.id == enrolment.strand_id)
            .values(places_taken=Strand.places_taken + change)
            .execution_options(synchronize_session=False)
        )
    enrolment.state = move.to or enrolment.state
    enrolment.next_change_on = work.today if enrolment.state in rules.UNDER_WAY else None
    enrolment.reason = reason
    if enrolment.state in rules.ENDED:
        enrolment.ended_on = day
    for name, value in said.items():
        if value is not None:
            setattr(enrolment, name, value)
    await work.record(move.event, enrolment, effective_on=day)
    return enrolment


def _places_moved(enrolment: Enrolment, move: Move) -> int:
    """By how many the move changes the places that are taken: 1, 0 or -1."""
    return rules.places(move.to or enrolment.state) - rules.places(enrolment.state)


async def _day_of(work: Work, enrolment: Enrolment, effective_on: date | None) -> date:
    """The day on which a move takes effect: today, or an earlier day that is not before the last move's."""
    if effective_on is None:
        return work.today
    before = await work.session.scalar(
        sa.select(sa.func.max(Event.effective_on)).where(Event.resource_id == enrolment.id, Event.type.in_(MOVED))
    )
    within("/effective_on", effective_on, earliest=[before, enrolment.signed_on], latest=[work.today])
    return effective_on
