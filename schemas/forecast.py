"""What lies ahead, as it crosses the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from schemas.base import Answer
from schemas.page import PastFilters, Several


class ForecastQuery(PastFilters):
    """From which day, how far, and of which certificates."""

    by: Literal["month"] = Field(default="month", description="The length of a step.")
    horizon: Annotated[int, Field(ge=1, le=120, description="How many months, the first one included.")] = 36
    standard: Several[str] | None = None
    municipality: Several[str] | None = Field(default=None, description="Of the holder; ISO 3166-2:LT codes.")
    county: Several[str] | None = Field(default=None, description="That its municipality lies in; ISO 3166-2:LT codes.")


class ForecastItem(Answer):
    """One month, of the first one the days from `as_of` on."""

    month: str = Field(description="YYYY-MM.", examples=["2027-02"])
    expiries: int = Field(description="Certificates whose last valid day lies in the month.", examples=[3])
    reports_due: int | None = Field(
        description="Annual reports that are due in the month and not handed in. Null for who may not read them.",
        examples=[1],
    )
    audits_needed: int | None = Field(
        description="Certificates that need their recertification audit from this month on, so that no gap arises: "
        "their renewal window (by policy 365 days before the end) opens in it, or is open already (in the first month), "
        "and no external audit was passed since. Null for who may not read assessments.",
        examples=[2],
    )


class Forecast(Answer):
    """What lies ahead of the certificates that stand on the day, as far as the caller sees them."""

    as_of: date = Field(description="The day that it is seen from.", examples=["2026-11-22"])
    items: list[ForecastItem] = Field(description="Every month of the horizon, in order.")
    outlives_project: list[UUID] = Field(
        description="Ids of certificates whose last valid day lies behind the end of a project that runs on the day "
        "for their standard (2029-01-31 for QUALITY-LT-2), those that end first before the others."
    )
