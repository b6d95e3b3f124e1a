"""Annual reports as they cross the wire: what is owed, what is handed in, and the bodies of the moves."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from programme.rules.annual_reports import Flag, State, Timeliness, VoidReason
from programme.rules.indicators import Direction
from schemas.base import (
    ActionRead,
    Amount,
    Answer,
    BilingualText,
    Body,
    Day,
    Explained,
    Id,
    Moment,
    Move,
    Prose,
    StepRead,
    unchanged,
)
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


class Feedback(Body):
    """What is said of one criterion."""

    criterion: Criterion
    text: Prose = Field(examples=["Pažanga įrodyta gavėjų apklausos rezultatais."])


ByCriterion = Annotated[list[Feedback], Field(max_length=200)]

_IMPROVED = [{"criterion": "3.5", "text": "Atnaujinta skundų nagrinėjimo tvarka."}]
_PLANNED = [{"criterion": "5.2", "text": "Į paslaugų planavimą įtrauksime pačius gavėjus."}]


class Parts(Body):
    """The parts of a report: performance, progress and development are required."""

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
    improvements: ByCriterion = Field(
        default=[], description="The progress, criterion by criterion: what was improved.", examples=[_IMPROVED]
    )
    plans: ByCriterion = Field(
        default=[], description="The development, criterion by criterion: what will be.", examples=[_PLANNED]
    )


class PartsDraft(Body):
    """Parts of a report that is being written; what is left out stays as it is."""

    performance: Prose | None = Field(default=None, examples=["Įgyvendinti 9 iš 10 metinio plano tikslų."])
    progress: Prose | None = Field(default=None, examples=["Atnaujinta skundų nagrinėjimo tvarka."])
    development: Prose | None = Field(default=None, examples=["Kitais metais įtrauksime gavėjus į planavimą."])
    improvements: ByCriterion = unchanged(examples=[_IMPROVED])
    plans: ByCriterion = unchanged(examples=[_PLANNED])


class Result(Body):
    """What was measured of one of the holder's indicators (`/v1/indicators`) in the year."""

    indicator_id: Id
    value: Amount = Field(description="The measured result.", examples=[92.5])
    target: Amount | None = Field(
        default=None,
        description="The defined result of the year; the indicator's target where it is left out.",
        examples=[90],
    )
    comment: Prose | None = Field(default=None, examples=["Apklausti 148 iš 160 gavėjų."])


Results = Annotated[list[Result], Field(max_length=200)]


class AnnualReportDraftChange(Body):
    """What is written so far, whole or not. Results come whole, or stay as they are."""

    parts: PartsDraft = unchanged(examples=[{"progress": "Atnaujinta skundų nagrinėjimo tvarka."}])
    results: Results = unchanged(
        examples=[[{"indicator_id": "019ab2c4-0000-7000-8000-000000000001", "value": 92.5, "target": 90}]]
    )


class AnnualReportSubmit(Body):
    """A version of the report, which is kept as it is. What is left out is taken from the draft."""

    parts: Parts | None = None
    results: Results | None = Field(default=None, description="What was measured of the holder's indicators.")
    declaration: Literal[True] = Field(description="The holder declares that the report is true.")
    effective_on: Day | None = Field(
        default=None,
        description="Only today: the day of a submission is the day on which it comes in.",
        examples=["2027-02-15"],
    )


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


class AnnualReportExtensionRequest(Move):
    """Asks for a later last day."""

    new_due_on: Day = Field(
        description="Later than `due_on` and than today; by how much at most, the policy of the standard's version says.",
        examples=["2027-03-21"],
    )
    reason: Prose = Field(examples=["Dėl persikėlimo į kitas patalpas gavėjų apklausa vyks tik kovą."])


class AnnualReportExtensionDecision(Move):
    """Grants the extension that was asked for, or refuses it."""

    granted: Annotated[bool, Field(strict=True)]
    reason: Prose = Field(examples=["Priežastis svarbi, terminas pratęsiamas."])


class AnnualReportWaive(Move):
    """Why nothing is owed for the year."""

    reason: Prose = Field(examples=["Paslaugos metus nebuvo teikiamos dėl pastato rekonstrukcijos."])


class Extension(Answer):
    """A later last day that was asked for."""

    due_on: date = Field(description="The last day until then.", examples=["2027-02-21"])
    new_due_on: date = Field(description="The one that was asked for.", examples=["2027-03-21"])
    reason: str
    requested_on: date
    granted: bool | None = Field(description="Null while it is not decided.")
    decided_on: date | None = Field(description="The day from which the decision holds.")
    decision_reason: str | None


class AnnualReportItem(Answer):
    """What the holder of a certificate owes for one year of it."""

    id: UUID
    certificate_id: UUID
    organisation_id: UUID
    sequence: int = Field(description="1 for the first year of the certificate, 2 for the second.", examples=[1])
    opens_on: date = Field(description="The first day on which it can be handed in.", examples=["2026-12-23"])
    due_on: date = Field(
        description="The last day on which it is in time, extensions included; with `as_of`, as it stood then.",
        examples=["2027-02-21"],
    )
    first_due_on: date = Field(description="The same before any extension.", examples=["2027-02-21"])
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
    extensions: list[Extension] = Field(description="Later days that were asked for, oldest first.")
    waived_on: date | None = Field(description="The day from which nothing is owed, where the awarder waived it.")
    reason: str | None = Field(description="Why it was waived.")
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
    extension_requested: bool | None = Field(
        default=None, description="`true`: reports of which an extension is asked for and not decided."
    )
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


class FeedbackRead(Answer):
    criterion: str = Field(examples=["3.2"])
    text: str


class PartsRead(Answer):
    """The parts of a report as it was submitted."""

    performance: str
    progress: str
    development: str
    improvements: list[FeedbackRead] = Field(description="What was improved, criterion by criterion.")
    plans: list[FeedbackRead] = Field(description="What will be, criterion by criterion.")


class PartsDraftRead(Answer):
    """The parts of a report as it is written; null where nothing is yet."""

    performance: str | None
    progress: str | None
    development: str | None
    improvements: list[FeedbackRead]
    plans: list[FeedbackRead]


class ResultDraftRead(Answer):
    indicator_id: UUID
    value: float
    target: float | None
    comment: str | None


class AnnualReportDraft(Answer):
    """A report as it is written. A submission is a copy of it, and a returned report goes on from there."""

    annual_report_id: UUID
    parts: PartsDraftRead
    results: list[ResultDraftRead]
    saved_at: Moment | None = Field(description="Null while nothing was written.")
    version: int = Field(description="The version of the annual report itself.")


class ResultRead(Answer):
    """What was reported of an indicator, with what the indicator was at the time."""

    indicator_id: UUID
    name: BilingualText
    unit: str = Field(examples=["proc."])
    direction: Direction
    value: float = Field(description="The measured result.", examples=[92.5])
    target: float | None = Field(description="The defined result of the year.", examples=[90])
    comment: str | None


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
    results: list[ResultRead] = Field(description="What was measured of the holder's indicators.")
    reviews: list[Review] = Field(description="What was found of it, oldest first.")


class Submissions(Answer):
    """Every version of a report, oldest first."""

    items: list[Submission]
