"""Result indicators as they cross the wire, and the series of what was reported."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from programme.rules.indicators import Direction, State, Trend
from schemas.annual_reports import Criterion
from schemas.base import (
    ActionRead,
    Amount,
    Answer,
    Bilingual,
    BilingualText,
    Body,
    Code,
    Id,
    Line,
    Moment,
    unchanged,
)
from schemas.organisations import Organisation
from schemas.page import PageQuery, Search, Several

Principle = Annotated[int, Field(strict=True, ge=1, le=99)]

_NAME = {"lt": "Paslaugų gavėjų pasitenkinimas", "en": "Satisfaction of service users"}


class IndicatorNew(Body):
    """Something that the organisation measures itself by."""

    organisation_id: Id
    name: Bilingual = Field(examples=[_NAME])
    unit: Line = Field(examples=["proc."])
    direction: Direction = Field(description="Which way is better.", examples=["higher"])
    target: Amount | None = Field(
        default=None, description="The defined result; a report may name another one for its year.", examples=[90]
    )
    standard_version: Code | None = Field(
        default=None, description="The version of a standard that it bears on, if any.", examples=["EQUASS-2018"]
    )
    principle: Principle | None = Field(default=None, description="Of that version.", examples=[9])
    criterion: Criterion | None = Field(default=None, description="Of that version; it names its principle by itself.")


class IndicatorChange(Body):
    """New particulars. Unit and direction stay once a value was reported."""

    name: Bilingual = unchanged(examples=[_NAME])
    unit: Line = unchanged(examples=["proc."])
    direction: Direction = unchanged(examples=["higher"])
    target: Amount | None = Field(default=None, examples=[95])
    standard_version: Code | None = Field(default=None, examples=["EQUASS-2018"])
    principle: Principle | None = Field(default=None, examples=[9])
    criterion: Criterion | None = None


class Indicator(Answer):
    """Something that an organisation measures itself by, over years and certificates."""

    id: UUID
    organisation_id: UUID
    name: BilingualText
    unit: str = Field(examples=["proc."])
    direction: Direction = Field(description="Which way is better.")
    target: float | None = Field(description="The defined result, as it is now.", examples=[90])
    standard_version: str | None = Field(examples=["EQUASS-2018"])
    principle: int | None = Field(examples=[9])
    criterion: str | None = Field(examples=["9.2"])
    state: State
    retired_on: date | None
    version: int
    organisation: Organisation | None = Field(default=None, description="With `expand=organisation`.")
    actions: list[ActionRead] = Field(default=[], description="On single indicators; in lists with `include=actions`.")


class IndicatorQuery(PageQuery):
    """Filters of the list of indicators; sorts: `name` (Lithuanian order), `id` (age)."""

    q: Search | None = None
    organisation_id: Id | None = None
    state: Several[State] | None = None
    standard_version: Several[str] | None = None
    principle: Several[Annotated[int, Field(ge=1, le=99)]] | None = None
    criterion: Several[str] | None = None


class EarlierValue(Answer):
    """What an earlier submission of the same report said, before it was corrected."""

    submission: int
    submitted_at: Moment
    value: float
    target: float | None
    comment: str | None


class Point(Answer):
    """What the report of one year says, as it was submitted last."""

    annual_report_id: UUID
    certificate_id: UUID
    reference: str | None = Field(description="Of the certificate.", examples=["LIT2025-001"])
    sequence: int = Field(description="The year of the certificate.", examples=[1])
    due_on: date
    submission: int = Field(description="Number of the submission that says so.", examples=[1])
    submitted_at: Moment
    value: float = Field(description="The measured result.", examples=[92.5])
    target: float | None = Field(description="The defined result of the year.", examples=[90])
    comment: str | None
    met: bool | None = Field(description="Whether the value is as good as the target; null where there is none.")
    change: float | None = Field(description="Against the point before; null at the first one.", examples=[2.5])
    earlier: list[EarlierValue] = Field(description="What earlier submissions of the report said, the latest first.")


class Series(Answer):
    """An indicator over years and certificates."""

    indicator_id: UUID
    name: BilingualText
    unit: str
    direction: Direction
    target: float | None = Field(description="The defined result, as it is now.")
    trend: Trend | None = Field(
        description="Of all pairs of an earlier and a later value, whether more became better or worse (Kendall's S); "
        "null for fewer than two values."
    )
    points: list[Point] = Field(description="In the order of certificates and years.")
