"""Trainings and consultations as they cross the wire, and their sums."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from programme.rules.support_activities import Kind, State
from schemas.base import ActionRead, Answer, Bilingual, BilingualText, Body, Count, Day, Id, Line, Prose, unchanged
from schemas.page import PageQuery, Search, Several

Hours = Annotated[float, Field(strict=True, gt=0, le=1000, multiple_of=0.25, examples=[6])]

_TOPIC = {"lt": "EQUASS kokybės principai darbuotojams", "en": "EQUASS principles for staff"}


class SupportActivityNew(Body):
    """A training or consultation within an enrolment."""

    kind: Kind = Field(examples=["training"])
    topic: Bilingual = Field(examples=[_TOPIC])
    held_on: Day = Field(
        description="Its day, within the project's period; one ahead is planned.", examples=["2026-11-12"]
    )
    hours: Hours = Field(description="How long it took, in quarters of an hour.")
    people: Count = Field(description="How many people of the organisation took part; never who.", examples=[14])
    consultant: Id | None = Field(
        default=None, description="The client who gave it; nobody of the organisation itself."
    )
    provided_by: Line | None = Field(
        default=None, description="The body for which it was given.", examples=["VšĮ Valakupių reabilitacijos centras"]
    )


class SupportActivityChange(Body):
    """New particulars; what is left out stays as it is."""

    kind: Kind = unchanged(examples=["consultation"])
    topic: Bilingual = unchanged(examples=[_TOPIC])
    held_on: Day = unchanged(examples=["2026-11-13"])
    hours: Hours = unchanged()
    people: Count = unchanged(examples=[12])
    consultant: Id | None = None
    provided_by: Line | None = Field(default=None, examples=["VšĮ Valakupių reabilitacijos centras"])


class SupportActivityCancel(Body):
    """Why it does not count."""

    reason: Prose = Field(examples=["Mokymai perkelti į kitą pusmetį."])


class SupportActivity(Answer):
    """A training or consultation that an organisation gets within an enrolment."""

    id: UUID
    organisation_id: UUID
    enrolment_id: UUID
    kind: Kind
    topic: BilingualText
    held_on: date = Field(description="Its day; ahead while it is planned.", examples=["2026-11-12"])
    hours: float = Field(examples=[6])
    people: int = Field(description="How many people of the organisation took part.", examples=[14])
    consultant: UUID | None = Field(description="The client who gave it.")
    provided_by: str | None = Field(description="The body for which it was given.")
    state: State = Field(description="Derived from the day: planned until `held_on`, held from then on, or cancelled.")
    cancelled_on: date | None
    reason: str | None = Field(description="Why it was cancelled.")
    version: int
    actions: list[ActionRead] = Field(default=[], description="On single ones; in lists with `include=actions`.")


class SupportActivityQuery(PageQuery):
    """Filters of the list of support activities; sorts: `held_on`, `id` (age)."""

    q: Search | None = None
    kind: Several[Kind] | None = None
    state: Several[State] | None = None
    consultant: Id | None = Field(default=None, description="A client's id.")
    held_on_gte: Day | None = Field(default=None, alias="held_on[gte]")
    held_on_lte: Day | None = Field(default=None, alias="held_on[lte]")


class SupportOfKind(Answer):
    held: int = Field(description="How many were held.", examples=[3])
    hours: float = Field(examples=[18])
    attendances: int = Field(description="The people of all of them, each as often as they came.", examples=[42])


class Support(Answer):
    """The support that an enrolment has had until today; what is planned or cancelled does not count."""

    enrolment_id: UUID
    hours: float = Field(description="Of all that was held.", examples=[23.5])
    latest_on: date | None = Field(description="The day of the latest one.")
    trainings: SupportOfKind
    consultations: SupportOfKind
