"""Certificates as they cross the wire."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from programme.rules.certificates import ReasonCode, RegisterStatus, Source, Status
from schemas.base import (
    ActionRead,
    Answer,
    Body,
    Code,
    Count,
    Day,
    Explained,
    Id,
    Moment,
    Prose,
    ReasonRead,
    Reference,
    Scope,
    ScopeRead,
    StepRead,
    unchanged,
)
from schemas.organisations import Organisation
from schemas.page import PageQuery, PastFilters, PastPageQuery, Search, Several


class CertificateNew(Body):
    """A draft to decide on. The standard follows from the version."""

    organisation_id: Id
    standard_version: Code = Field(examples=["EQUASS-2018"])
    level: Code = Field(examples=["ASSURANCE"])
    scope: Scope = Field(examples=[{"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}])
    predecessor_id: Id | None = Field(
        default=None, description="The certificate that this one takes the place of when it is granted."
    )
    service_users: Count | None = Field(default=None, description="How many people are served.", examples=[28])
    staff: Count | None = Field(default=None, description="How many people work there.", examples=[26])


class CertificateChange(Body):
    """What may be written anew in a draft. Votes on what it was before no longer count."""

    level: Code = unchanged(examples=["ASSURANCE"])
    scope: Scope = unchanged()
    predecessor_id: Id | None = Field(default=None, description="The certificate that this one takes the place of.")
    service_users: Count | None = None
    staff: Count | None = None


class Grant(Body):
    """The decision that the scope meets the version. The last valid day is the certification date plus the version's
    validity, the same calendar day; obligations to report are created with it."""

    certified_on: Day = Field(
        description="The day from which every period runs; not before the audit's last day.", examples=["2026-11-20"]
    )
    reference: Reference = Field(
        description="As the office gave it; never made or parsed here.", examples=["LIT2026-101"]
    )
    assessment_id: Id = Field(description="The finalised external audit that the decision rests on.")
    decision_ref: Reference = Field(description="Number of the decision.", examples=["AC-2026-31"])
    override_reason: Prose | None = Field(
        default=None, description="Why it is granted although the pass rule is not met."
    )


class Refuse(Body):
    """The decision that the scope does not meet the version."""

    reason: Prose = Field(examples=["Neįgyvendinti 3.2 ir 5.4 kriterijai."])
    effective_on: Day | None = Field(default=None, description="Today where it is left out.")
    decision_ref: Reference | None = None
    mark: Code | None = Field(
        default=None,
        description="A mark of the standard that is given instead: `COMMITTED` of EQUASS, below the threshold of recognition.",
        examples=["COMMITTED"],
    )


class Suspend(Body):
    """Takes the certificate out of force for a while (ISO/IEC 17021-1, 9.6.5)."""

    reason_code: ReasonCode
    reason: Prose = Field(examples=["Metinė ataskaita nepateikta praėjus 30 dienų po termino."])
    review_by: Day = Field(description="The last day to decide what follows.", examples=["2027-05-20"])
    effective_on: Day | None = Field(default=None, description="First day without force; today where it is left out.")
    decision_ref: Reference | None = None


class Reinstate(Body):
    """The cause of the suspension is resolved; the dates of the certificate stay."""

    reason: Prose = Field(description="How the cause was resolved.", examples=["Ataskaita pateikta ir patvirtinta."])
    effective_on: Day | None = Field(default=None, description="First day in force again; today where it is left out.")
    decision_ref: Reference | None = None


class Withdraw(Body):
    """Ends the certificate for good. A day ahead takes effect by itself."""

    reason_code: ReasonCode
    reason: Prose = Field(examples=["Nustatyti neatitikimai nepašalinti per nustatytą laiką."])
    effective_on: Day | None = Field(default=None, description="First day of the effect; today where it is left out.")
    decision_ref: Reference | None = None


class RequestCancellation(Body):
    """The holder asks for an end. Nothing ends by it: it is kept and shown until it is decided."""

    reason: Prose = Field(examples=["Įstaiga nuo naujų metų šios paslaugos nebeteiks."])
    effective_on: Day | None = Field(
        default=None, description="From which day on; today where it is left out.", examples=["2026-12-31"]
    )
    holder_request_ref: Reference | None = Field(
        default=None, description="Number of the holder's letter.", examples=["S-114"]
    )


class WithdrawCancellationRequest(Body):
    """The holder takes the request back."""

    reason: Prose | None = Field(default=None, examples=["Paslauga teikiama toliau."])


class DeclineCancellation(Body):
    """The request is not met."""

    reason: Prose = Field(examples=["Prašymą pasirašė ne įstaigos vadovas."])
    decision_ref: Reference | None = None


class Cancel(Body):
    """Ends the certificate at its holder's request, for good."""

    holder_request_ref: Reference = Field(description="Number of what the holder asked by.", examples=["S-114"])
    reason: Prose | None = None
    effective_on: Day | None = Field(default=None, description="First day of the effect; today where it is left out.")
    decision_ref: Reference | None = None


class ReviseScope(Body):
    """The certificate covers less (restricted) or something that it did not (supplemented). The scope is given whole."""

    scope: Scope = Field(examples=[{"services": ["LONG_TERM_CARE", "DAY_CARE_HOME"], "sites": [], "unit": None}])
    decision_ref: Reference = Field(description="Number of the decision.", examples=["AC-2027-8"])
    reason: Prose | None = None
    effective_on: Day | None = Field(default=None, description="Not ahead; today where it is left out.")


class Amend(Body):
    """New particulars; what is left out stays as it is."""

    reason: Prose = Field(examples=["Darbuotojų skaičius pasikeitė po struktūros pertvarkos."])
    service_users: Count | None = Field(default=None, description="How many people are served.", examples=[30])
    staff: Count | None = Field(default=None, description="How many people work there.", examples=[24])
    effective_on: Day | None = Field(default=None, description="Not ahead; today where it is left out.")
    decision_ref: Reference | None = None


class Transfer(Body):
    """The certificate passes to its holder's legal successor. Number, services and dates stay."""

    organisation_id: Id = Field(description="The new holder.")
    document_ref: Reference = Field(description="What the legal succession stands in.", examples=["REORG-2027-3"])
    decision_ref: Reference = Field(description="Number of the decision.", examples=["AC-2027-9"])
    sites: Annotated[list[Id], Field(max_length=100)] = Field(
        default=[], description="Where the scope names sites: the same places as sites of the new holder."
    )
    reason: Prose | None = None
    effective_on: Day | None = Field(default=None, description="Not ahead; today where it is left out.")


class Extend(Body):
    """A later last valid day, within the policy's `extension_months` beyond the regular one."""

    expires_on: Day = Field(description="The new last valid day, inclusive.", examples=["2030-03-31"])
    decision_ref: Reference = Field(description="Number of the decision.", examples=["AC-2029-2"])
    reason: Prose | None = Field(default=None, examples=["Auditas nukeltas dėl karantino."])
    effective_on: Day | None = Field(default=None, description="Not ahead; today where it is left out.")


class Restore(Body):
    """In force again after its end, once it is recertified (ISO/IEC 17021-1, 9.6.3.2.5). The new last valid day is the one
    of before plus the version's validity; the days between stay without validity."""

    assessment_id: Id = Field(description="The finalised external audit of its recertification.")
    decision_ref: Reference = Field(description="Number of the decision.", examples=["AC-2029-14"])
    reason: Prose | None = None
    effective_on: Day | None = Field(
        default=None, description="The day of the decision, on which the new period begins; today where it is left out."
    )


class Renew(Body):
    """A draft that is to take this certificate's place; what is left out is as in this one."""

    standard_version: Code | None = Field(
        default=None,
        description="Where it is left out and this certificate's version is no longer current: the standard's current one.",
        examples=["EQUASS-2018"],
    )
    level: Code | None = Field(default=None, examples=["ASSURANCE"])
    scope: Scope | None = None
    service_users: Count | None = None
    staff: Count | None = None


class Choice(StrEnum):
    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"


class VoteCast(Body):
    """A committee member's vote on a draft, which may be changed until it is decided."""

    vote: Choice
    comment: Prose | None = Field(default=None, examples=["Įrodymai pakankami."])


class CommitteeVote(Answer):
    """It counts while the draft stands as it was voted on."""

    voter: UUID = Field(description="The member's client.")
    vote: Choice
    comment: str | None
    voted_at: Moment
    draft_version: int = Field(description="The version of the draft that was voted on.")


class Votes(Answer):
    """The committee's votes on a draft."""

    items: list[CommitteeVote]


class CertificateItem(Answer):
    """A decision that a scope (services at sites) meets a version of a standard, for a period."""

    id: UUID
    reference: str | None = Field(
        description="As the office gave it. Its year is not the year of certification.", examples=["LIT2021-044"]
    )
    organisation_id: UUID
    standard: str = Field(examples=["EQUASS"])
    standard_version: str = Field(examples=["EQUASS-2018"])
    level: str = Field(examples=["ASSURANCE"])
    scope: ScopeRead
    certified_on: date | None = Field(examples=["2021-11-29"])
    valid_from: date | None = Field(examples=["2021-11-29"])
    expires_on: date | None = Field(description="The last valid day, inclusive.", examples=["2024-11-29"])
    status: Status = Field(description="Derived from the decisions and the day.")
    register_status: RegisterStatus | None = Field(description="Null for what is not in the public register.")
    review_by: date | None = Field(description="Of a suspension: the last day to decide what follows.")
    extended_from: date | None = Field(description="The last valid day as it was before an extension.")
    ended_on: date | None = Field(description="First day of effect of a refusal, withdrawal or other end.")
    mark: str | None = Field(description="Of a refusal: the mark that was given instead.", examples=["COMMITTED"])
    cancellation_requested_on: date | None = Field(description="The holder has asked, and it is not decided.")
    cancellation_wanted_on: date | None = Field(description="The day on which the holder wants it to end.")
    revision: int = Field(description="How often its wording was decided; each is at `/revisions`.")
    predecessor_id: UUID | None
    assessment_id: UUID | None
    service_users: int | None
    staff: int | None
    source: Source
    version: int
    organisation: Organisation | None = Field(default=None, description="With `expand=organisation`.")


class Certificate(CertificateItem):
    __doc__ = CertificateItem.__doc__

    actions: list[ActionRead] = Field(
        default=[], description="On single certificates; in lists with `include=actions`."
    )


class CertificateExplained(Explained):
    """Why a certificate has its status on a day."""

    status: Status
    register_status: RegisterStatus | None = Field(description="Null for what is not in the public register.")
    steps: list[StepRead] = Field(description="The last one decides the status.")


class CertificateFilters(PastFilters):
    """What certificates can be asked for by."""

    q: Search | None = None
    status: Several[Status] | None = None
    register_status: Several[RegisterStatus] | None = None
    organisation_id: Id | None = None
    standard: Several[str] | None = None
    standard_version: Several[str] | None = None
    level: Several[str] | None = None
    source: Several[Source] | None = None
    predecessor_id: Id | None = None
    reference: Several[str] | None = None
    municipality: Several[str] | None = Field(default=None, description="Of the holder; ISO 3166-2:LT codes.")
    county: Several[str] | None = Field(default=None, description="That its municipality lies in; ISO 3166-2:LT codes.")
    service: str | None = Field(default=None, max_length=60, description="A service type that the scope names.")
    certified_on_gte: Day | None = Field(default=None, alias="certified_on[gte]")
    certified_on_lte: Day | None = Field(default=None, alias="certified_on[lte]")
    expires_on_gte: Day | None = Field(default=None, alias="expires_on[gte]")
    expires_on_lte: Day | None = Field(default=None, alias="expires_on[lte]")
    cancellation_requested_on_gte: Day | None = Field(default=None, alias="cancellation_requested_on[gte]")
    cancellation_requested_on_lte: Day | None = Field(default=None, alias="cancellation_requested_on[lte]")


class CertificateQuery(CertificateFilters, PageQuery):
    """Filters of the list of certificates; sorts: `certified_on`, `expires_on`, `reference`, `organisation`."""


class Decision(Answer):
    """One decision about a certificate, as it was recorded."""

    number: int
    kind: str = Field(description="The move, or `import`.", examples=["suspend"])
    effective_on: date
    decided_at: Moment
    reason_code: str | None
    reason: str | None
    decision_ref: str | None
    details: dict[str, Any] = Field(
        description="What belongs to this kind alone, such as `review_by` of a suspension.",
        examples=[{"review_by": "2027-05-20"}],
    )


class History(Answer):
    """Every decision about a certificate, and every request for one, oldest first."""

    items: list[Decision]


class Revision(Answer):
    """What a certificate says from a decision on, until the next one."""

    number: int
    decision: int = Field(description="The number of the decision in the history.")
    effective_on: date
    organisation_id: UUID = Field(description="The holder by this revision.")
    scope: ScopeRead
    valid_from: date
    expires_on: date = Field(description="The last valid day, inclusive.")
    service_users: int | None
    staff: int | None


class Revisions(Answer):
    """The wording of a certificate from its grant on, oldest first."""

    items: list[Revision]


class Neighbour(Answer):
    """The certificate before or after one."""

    id: UUID
    reference: str | None
    certified_on: date | None
    expires_on: date | None
    granted: bool = Field(description="False of a draft.")


class RenewalInfo(Answer):
    """When and how a certificate can be renewed. Dates are null where there is nothing to renew."""

    certificate_id: UUID
    reference: str | None = Field(examples=["LIT2025-001"])
    status: Status
    expires_on: date | None = Field(description="The last valid day, inclusive.", examples=["2028-02-21"])
    opens_on: date | None = Field(
        description="The first day on which a successor can be prepared.", examples=["2027-02-22"]
    )
    audit_by: date | None = Field(
        description="The latest last day of the audit that leaves no day without validity.", examples=["2028-02-22"]
    )
    decide_by: date | None = Field(
        description="The latest certification date of a successor that leaves no day without validity.",
        examples=["2028-02-22"],
    )
    extension_until: date | None = Field(description="The latest last valid day that an extension may set.")
    restoration_until: date | None = Field(description="The last day on which it may be restored after its end.")
    predecessor: Neighbour | None
    successor: Neighbour | None = Field(description="The one granted in its place, or the draft of one.")
    missing: list[ReasonRead] = Field(description="What stands between now and the grant of a successor.")


class RegisterOrganisation(Answer):
    name: str
    legal_code: str | None
    municipality: str | None


class RegisterHistory(Answer):
    kind: str = Field(
        description="`granted`, `suspended`, `reinstated`, `scope_revised`, `transferred`, `extended`, `expired`, `restored`, "
        "`withdrawn`, `cancelled` or `superseded`.",
        examples=["granted"],
    )
    effective_on: date


class RegisterEntry(Answer):
    """A certificate as the public sees it; no personal data."""

    reference: str = Field(examples=["LIT2021-044"])
    organisation: RegisterOrganisation
    standard: str
    level: str
    version: str = Field(description="The version of the standard.", examples=["EQUASS-2018"])
    services: list[str]
    sites: list[str] = Field(description="Names of the places; empty means all of the organisation.")
    certified_on: date
    expires_on: date = Field(description="The last valid day, inclusive.")
    status: RegisterStatus
    history: list[RegisterHistory]


class RegisterQuery(PastPageQuery):
    """Filters of the public register; sorts: `certified_on`, `expires_on`, `reference`, `organisation`."""

    q: Search | None = None
    status: Several[RegisterStatus] | None = None
    standard: Several[str] | None = None
    level: Several[str] | None = None
    municipality: Several[str] | None = None
    service: str | None = Field(default=None, max_length=60)
