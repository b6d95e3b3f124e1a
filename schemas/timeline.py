"""What is known of an organisation's past, as it crosses the wire."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from schemas.base import Answer


class Confidence(StrEnum):
    """A: the public register. B: the organisation's own site, or the press. C: partly inferred."""

    A = "A"
    B = "B"
    C = "C"


class TimelineSource(StrEnum):
    """The record that says it; `fact`: known, though no record of ours carries it."""

    FACT = "fact"
    CERTIFICATE = "certificate"
    ENROLMENT = "enrolment"


class TimelineItem(Answer):
    """One thing that happened, or is known."""

    happened: str | None = Field(
        description="A day, a month or a year, as precise as it is known; null for what has no date.",
        examples=["2019-05-09"],
    )
    kind: str = Field(
        description="`certified`, `certificate_expired`, `certificate_suspended` …, `certificate_handed_over`, `agreement_signed`, `handed_over`, "
        "`first_certified`, `enrolled`, `participant`, `report_submitted`, `scope`, `listed`.",
        examples=["handed_over"],
    )
    details: dict[str, Any] = Field(examples=[{"handed_over_on": "2019-05-09"}])
    confidence: Confidence | None = Field(description="Of what was brought in with the programme; null: recorded here.")
    source: TimelineSource


class Timeline(Answer):
    """What is known of an organisation's past, oldest first."""

    items: list[TimelineItem]
