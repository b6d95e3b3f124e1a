"""Annual reports as they cross the wire: what is owed, what is handed in, and the bodies of the moves."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from programme.rules.annual_reports import Flag, State, Timeliness, VoidReason
from schemas.base import ActionRead, Answer, Body, Day, Explained, Id, Moment, Move, Prose, StepRead
from schemas.certificates import CertificateItem
from schemas.organisations import Organisation
from schemas.page import PageQuery, PastFilters, Search, Several

Criterion = Annotated[
    str,
    Field(
        strict=True,
        max_length=10,
        pattern=r"^[1-9][0-9]*\.[1-9][0-9]*$",
        description="Number of a criterion of the certificate's version of the standard.",
        examples=["3.2"],
    ),
]


class Parts(Body):
    """The three parts of a report; all are required."""

    performance: Prose = Field(
        description="What was achieved in the year.",
        examples=["Įgyvendinti 9 iš 10 metinio plano tikslų."],
    )
    progress: Prose = Field(
        description="What was improved, and by which criteria.",
        examples=["Atnaujinta skundų nagrinėjimo tvarka (3.5 kriterijus)."],
    )
    development: Prose = Field(
        description="What is planned for the year ahead.",
        examples=["Kitais metais įtrauksime paslaugų gavėjus į paslaugų planavimą."],
    )


class AnnualReportSubmit(Body):
    """A version of the report, which is kept as it is."""

    parts: Parts
    declaration: Literal[True] = Field(description="The holder declares that the report is true.")
    effective_on: Day | None = Field(
        default=None,
        description="Only today: the day of a submission is the day on which it comes in.",
        examples=["2027-02-15"],
    )


class Feedback(Body):
    """What the auditor says of one criterion."""

    criterion: Criterion
    text: Prose = Field(examples=["Pažanga įrodyta gavėjų apklausos rezultatais."])


class AnnualReportComment(Move):
    """The auditor's feedback, criterion by criterion."""

    feedback: Annotated[list[Feedback], Field(min_length=1, max_length=200)]


class AnnualReportReturn(Move):
    """Sends the report back for another version."""

    reason: Prose = Field(examples=["Trūksta rezultatų rodiklių už antrąjį pusmetį."])
    resubmit_by: Day = Field(
        description="The last day to submit anew: from today to the last valid day of the certificate.",
        examples=["2026-12-20"],
    )


class AnnualReportItem(Answer):
    """What the holder of a certificate owes for one year of it."""

    id: UUID
    certificate_id: UUID
    organisation_id: UUID
    sequence: int = Field(description="1 for the first year of the certificate, 2 for the second.", examples=[1])
    opens_on: date = Field(description="The first day on which it can be handed in.", examples=["2026-12-23"])
    due_on: date = Field(description="The last day on which it is in time.", examples=["2027-02-21"])
    resubmit_by: date | None = Field(description="Of a report that was returned: the last day to submit it anew.")
    state: State
    flags: list[Flag] = Field(
        description="Derived from the dates and the day, independent of one another. `open`: the window has begun; "
        "`due_soon`: the last 30 days before `due_on`; `overdue`: `due_on` has passed; `delinquent`: the days of grace "
        "too. All four end with the first submission; `late`: that one came after `due_on`, which stays so.",
        examples=[["open", "due_soon"]],
    )
    first_submitted_at: Moment | None = Field(description="It survives every return.")
    submitted_at: Moment | None = Field(description="When the latest version was handed in.")
    submissions: int = Field(description="How many versions were handed in.")
    void_reason: VoidReason | None = Field(
        description="Why nothing is owed: it was due before the certificate was brought in, or the certificate ended."
    )
    version: int
    certificate: CertificateItem | None = Field(default=None, description="With `expand=certificate`.")
    organisation: Organisation | None = Field(default=None, description="With `expand=organisation`.")


class AnnualReport(AnnualReportItem):
    __doc__ = AnnualReportItem.__doc__

    actions: list[ActionRead] = Field(
        default=[], description="On single annual reports; in lists with `include=actions`."
    )


class AnnualReportExplained(Explained):
    """Why an annual report is in its state and has its flags on a day."""

    state: State
    flags: list[Flag]
    steps: list[StepRead] = Field(description="The step `state` decides the state; those that follow, each flag.")


class AnnualReportFilters(PastFilters):
    """What annual reports can be asked for by."""

    q: Search | None = None
    state: Several[State] | None = None
    flag: Several[Flag] | None = Field(default=None, description="Reports that have any of these flags on the day.")
    certificate_id: Id | None = None
    organisation_id: Id | None = None
    sequence: Annotated[int, Field(ge=1, le=99)] | None = None
    timeliness: Several[Timeliness] | None = Field(default=None, description="How they stand by `due_on` on the day.")
    standard: Several[str] | None = Field(default=None, description="Of the certificate.")
    municipality: Several[str] | None = Field(default=None, description="Of the holder; ISO 3166-2:LT codes.")
    county: Several[str] | None = Field(default=None, description="That its municipality lies in; ISO 3166-2:LT codes.")
    due_on_gte: Day | None = Field(default=None, alias="due_on[gte]")
    due_on_lte: Day | None = Field(default=None, alias="due_on[lte]")
    opens_on_gte: Day | None = Field(default=None, alias="opens_on[gte]")
    opens_on_lte: Day | None = Field(default=None, alias="opens_on[lte]")


class AnnualReportQuery(AnnualReportFilters, PageQuery):
    """Filters of the list of annual reports; sorts: `due_on`, `opens_on`."""


class PartsRead(Answer):
    """The three parts of a report."""

    performance: str
    progress: str
    development: str


class FeedbackRead(Answer):
    criterion: str = Field(examples=["3.2"])
    text: str


class Review(Answer):
    """What was found of a submission."""

    kind: Literal["comment", "return"] = Field(description="The auditor's comment, or that it was sent back.")
    reviewed_at: Moment
    reason: str | None = Field(description="Why it was sent back.")
    resubmit_by: date | None
    feedback: list[FeedbackRead] = Field(description="The auditor's, criterion by criterion.")


class Submission(Answer):
    """One version of a report, as it was handed in."""

    number: int = Field(examples=[1])
    submitted_at: Moment
    parts: PartsRead
    reviews: list[Review] = Field(description="What was found of it, oldest first.")


class Submissions(Answer):
    """Every version of a report, oldest first."""

    items: list[Submission]
