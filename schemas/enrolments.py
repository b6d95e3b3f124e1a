"""Enrolments as they cross the wire: the application, the bodies of its moves, the stages."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import Field

from programme.rules.enrolments import Flag, Outcome, Source, State
from schemas.base import (
    ActionRead,
    Answer,
    Body,
    Code,
    Day,
    Explained,
    Id,
    Move,
    Prose,
    Reference,
    Scope,
    ScopeRead,
    StepRead,
    unchanged,
)
from schemas.organisations import Organisation
from schemas.page import PageQuery, PastFilters, Search, Several


class EnrolmentNew(Body):
    """A draft of an application to take part in one strand of a project."""

    organisation_id: Id
    project: Code = Field(description="Code of `/v1/projects`.", examples=["QUALITY-LT-2"])
    strand: Code = Field(description="Code of one of the project's strands.", examples=["EQUASS_MAINTENANCE"])
    scope: Scope = Field(examples=[{"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}])
    declared_on: Day | None = Field(
        default=None,
        description="The day on which the organisation declared that it meets the project's requirements.",
        examples=["2026-11-20"],
    )


class EnrolmentChange(Body):
    """What may be written anew in a draft."""

    scope: Scope = unchanged(examples=[{"services": ["DAY_CARE_INSTITUTION"], "sites": [], "unit": None}])
    declared_on: Day | None = Field(default=None, examples=["2026-11-20"])


class EnrolmentReasonedMove(Move):
    """A move that has to say why."""

    reason: Prose = Field(examples=["Pritrūko patvirtinimo, kad sumokėti mokesčiai."])


class EnrolmentWithdraw(Move):
    """The organisation steps back; it may say why."""

    reason: Prose | None = Field(default=None, examples=["Organizacija reorganizuojama."])


class EnrolmentSelect(Move):
    """The commission's decision that the application is fundable."""

    commission_decision_ref: Reference = Field(examples=["KOM-2026-14"])


class EnrolmentPutOnReserve(Move):
    """The application waits for a place."""

    commission_decision_ref: Reference | None = Field(default=None, examples=["KOM-2026-14"])


class EnrolmentReject(EnrolmentReasonedMove):
    """The commission does not fund the application."""

    commission_decision_ref: Reference | None = Field(default=None, examples=["KOM-2026-14"])


class EnrolmentSignAgreement(Move):
    """The agreement by which the organisation takes part."""

    agreement_number: Reference = Field(description="Unique in the project.", examples=["EQUASS-83"])
    signed_on: Day = Field(description="Within the project's period, and not ahead.", examples=["2026-11-20"])


class EnrolmentComplete(Move):
    """What taking part led to."""

    outcome: Outcome


class EnrolmentStageChange(Body):
    """How far a stage is. The days follow one another; one that is left out is not known."""

    planned_on: Day | None = Field(default=None, examples=["2026-10-01"])
    started_on: Day | None = Field(default=None, description="Not ahead.", examples=["2026-10-05"])
    done_on: Day | None = Field(
        default=None, description="Not ahead; the stage is done from then on.", examples=["2026-11-20"]
    )


class EnrolmentStage(Answer):
    """One stage of taking part."""

    code: str = Field(examples=["staff_training_2_days"])
    planned_on: date | None
    started_on: date | None
    done_on: date | None = Field(description="Null while it is not done.")


class EnrolmentStages(Answer):
    """The stages of an enrolment, in the strand's order."""

    items: list[EnrolmentStage]


class Enrolment(Answer):
    """One organisation's taking part in one strand of a project, for one scope, by a signed agreement."""

    id: UUID
    organisation_id: UUID
    project: str = Field(description="Code of the project.", examples=["QUALITY-LT-2"])
    strand: str = Field(description="Code of its strand.", examples=["EQUASS_MAINTENANCE"])
    scope: ScopeRead
    state: State
    declared_on: date | None = Field(
        description="The day on which the organisation declared that it meets the project's requirements."
    )
    commission_decision_ref: str | None = Field(examples=["KOM-2026-14"])
    reason: str | None = Field(description="Why it is in its present state, where that had to be said.")
    agreement_number: str | None = Field(examples=["EQUASS-83"])
    signed_on: date | None = Field(examples=["2019-01-10"])
    outcome: Outcome | None = Field(description="Null until it is completed.")
    ended_on: date | None = Field(description="The day of its completion or other end.")
    stages: list[EnrolmentStage]
    flags: list[Flag] = Field(
        description="Derived from the plan and the day while it is selected or active. `stage_overdue`: the planned day "
        "of a stage that is not done has passed; `outlives_project`: a stage is planned for after the project's end, or "
        "that has passed.",
        examples=[["stage_overdue"]],
    )
    source: Source
    version: int
    organisation: Organisation | None = Field(default=None, description="With `expand=organisation`.")
    actions: list[ActionRead] = Field(default=[], description="On single enrolments; in lists with `include=actions`.")


class EnrolmentExplained(Explained):
    """Why an enrolment is in its state on a day."""

    state: State
    steps: list[StepRead] = Field(description="Its dated moves; the last step decides the state.")


class EnrolmentFilters(PastFilters):
    """What enrolments can be asked for by."""

    q: Search | None = None
    state: Several[State] | None = None
    flag: Several[Flag] | None = Field(default=None, description="Enrolments that have any of these flags on the day.")
    organisation_id: Id | None = None
    project: Several[str] | None = None
    strand: Several[str] | None = None
    standard: Several[str] | None = Field(default=None, description="Of the strand.")
    municipality: Several[str] | None = Field(default=None, description="Of the organisation; ISO 3166-2:LT codes.")
    county: Several[str] | None = Field(default=None, description="That its municipality lies in; ISO 3166-2:LT codes.")
    service: str | None = Field(default=None, max_length=60, description="A service type that the scope names.")
    agreement_number: Several[str] | None = None
    signed_on_gte: Day | None = Field(default=None, alias="signed_on[gte]")
    signed_on_lte: Day | None = Field(default=None, alias="signed_on[lte]")


class EnrolmentQuery(EnrolmentFilters, PageQuery):
    """Filters of the list of enrolments; sorts: `signed_on`, `agreement_number`, `organisation`, `id` (age)."""
