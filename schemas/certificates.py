"""Certificates as they cross the wire."""

from __future__ import annotations

from datetime import date
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
    """What may be written anew in a draft."""

    level: Code = unchanged(examples=["ASSURANCE"])
    scope: Scope = unchanged()
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
    ended_on: date | None = Field(description="First day of effect of a refusal, withdrawal or other end.")
    revision: int
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
    reference: Several[str] | None = None
    municipality: Several[str] | None = Field(default=None, description="Of the holder; ISO 3166-2:LT codes.")
    county: Several[str] | None = Field(default=None, description="That its municipality lies in; ISO 3166-2:LT codes.")
    service: str | None = Field(default=None, max_length=60, description="A service type that the scope names.")
    certified_on_gte: Day | None = Field(default=None, alias="certified_on[gte]")
    certified_on_lte: Day | None = Field(default=None, alias="certified_on[lte]")
    expires_on_gte: Day | None = Field(default=None, alias="expires_on[gte]")
    expires_on_lte: Day | None = Field(default=None, alias="expires_on[lte]")


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


class History(Answer):
    """Every decision about a certificate, oldest first."""

    items: list[Decision]


class RegisterOrganisation(Answer):
    name: str
    legal_code: str | None
    municipality: str | None


class RegisterHistory(Answer):
    kind: str = Field(examples=["granted"])
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
