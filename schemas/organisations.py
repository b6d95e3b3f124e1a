"""Organisations, their sites and contacts, as they cross the wire."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from programme.rules.contacts import Ground
from programme.rules.legal_codes import is_legal_code
from schemas.base import Answer, Body, Code, Day, Id, Line, Moment, unchanged
from schemas.page import PageQuery, Search, Several


class Kind(StrEnum):
    BUDGETARY_INSTITUTION = "budgetary_institution"
    PUBLIC_INSTITUTION = "public_institution"
    NGO = "ngo"
    PRIVATE = "private"
    AGENCY = "agency"


def _legal_code(value: str) -> str:
    if not is_legal_code(value):
        raise PydanticCustomError("legal_code_invalid", "This is not a legal-entity code.")
    return value


LegalCode = Annotated[str, Field(strict=True, min_length=9, max_length=9), AfterValidator(_legal_code)]
Website = Annotated[str, Field(strict=True, max_length=500, pattern=r"^https?://[^\s/?#@]+([/?#][^\s]*)?$")]
Email = Annotated[str, Field(strict=True, max_length=254, pattern=r"^[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+$")]
Telephone = Annotated[str, Field(strict=True, max_length=40, pattern=r"^\+?[0-9][0-9 ()-]{3,}$")]


class ExternalId(Body):
    """The number of this organisation in another system."""

    system: Annotated[str, Field(strict=True, min_length=1, max_length=40, pattern=r"^[a-z0-9_-]+$", examples=["spis"])]
    value: Line


class OrganisationNew(Body):
    """An organisation to register. Demonstration data uses legal codes that begin with 999."""

    legal_code: LegalCode = Field(description="Legal-entity code, nine digits.", examples=["999000017"])
    name: Line = Field(examples=["Ąžuolyno socialinės globos namai"])
    kind: Kind
    municipality: Code = Field(description="ISO 3166-2:LT code of `/v1/municipalities`.", examples=["LT-57"])
    address: Line | None = Field(default=None, examples=["Ąžuolyno g. 3, Vilnius"])
    website: Website | None = Field(default=None, examples=["https://azuolynas.example.lt"])
    former_names: Annotated[list[Line], Field(max_length=20, description="Oldest first.")] = []
    external_ids: Annotated[list[ExternalId], Field(max_length=20)] = []
    test_clock_id: Id | None = Field(
        default=None, description="In whose world it is to be; the programme's if left out."
    )
    succeeds_id: Id | None = Field(
        default=None, description="The organisation whose rights and duties it has taken over by law."
    )


class OrganisationChange(Body):
    """New particulars; what is left out stays as it is. A new name puts the present one among the former names."""

    legal_code: LegalCode = unchanged(examples=["999000017"])
    name: Line = unchanged(examples=["Ąžuolyno globos namai"])
    kind: Kind = unchanged()
    municipality: Code = unchanged(examples=["LT-57"])
    address: Line | None = None
    website: Website | None = None
    former_names: list[Line] = unchanged(max_length=20)
    external_ids: list[ExternalId] = unchanged(max_length=20)
    succeeds_id: Id | None = None


class ExternalIdRead(Answer):
    system: str
    value: str


class Organisation(Answer):
    """A provider of social services, or a partner agency."""

    id: UUID
    legal_code: str | None = Field(description="Null only where an imported organisation's code is not known.")
    name: str = Field(examples=["Utenos rajono savivaldybės Leliūnų socialinės globos namai"])
    kind: Kind | None
    municipality: str | None = Field(examples=["LT-54"])
    address: str | None
    website: str | None
    former_names: list[str] = Field(description="What it was called before, oldest first.")
    external_ids: list[ExternalIdRead]
    source: str = Field(
        description="`entry`: entered here; `import`: brought in with the programme.", examples=["import"]
    )
    succeeds_id: UUID | None = Field(description="The organisation whose rights and duties it has taken over by law.")
    test_clock_id: UUID | None = Field(description="The test clock in whose world it is; null in the programme.")
    version: int


class OrganisationQuery(PageQuery):
    """Filters of the list of organisations; sorts: `name` (Lithuanian order)."""

    q: Search | None = None
    municipality: Several[str] | None = None
    kind: Several[Kind] | None = None
    legal_code: Several[str] | None = None
    external_id: Annotated[
        str | None, Field(pattern=r"^[a-z0-9_-]+:.+$", max_length=350, description="`system:value`.")
    ] = None


class SiteNew(Body):
    """A place at which the organisation gives services."""

    name: Line = Field(examples=["Dienos centras Pabradėje"])
    address: Line = Field(examples=["Vilniaus g. 1, Pabradė"])
    municipality: Code = Field(examples=["LT-49"])


class SiteChange(Body):
    """New particulars of a site."""

    name: Line = unchanged(examples=["Dienos centras Švenčionyse"])
    address: Line = unchanged()
    municipality: Code = unchanged()
    closed_on: Day | None = Field(default=None, description="The last day on which services were given there.")


class Site(Answer):
    """A place at which an organisation gives services."""

    id: UUID
    organisation_id: UUID
    name: str
    address: str
    municipality: str
    closed_on: date | None = Field(description="The last day on which services were given there.")
    version: int


class ContactNew(Body):
    """A person to reach. Personal data: kept for a purpose, on a legal basis, until a day."""

    name: Line = Field(examples=["Ona Pavyzdė"])
    position: Line | None = Field(default=None, examples=["direktorė"])
    email: Email | None = Field(default=None, examples=["ona@azuolynas.example.lt"])
    telephone: Telephone | None = Field(default=None, examples=["+370 600 00000"])
    purpose: Line = Field(examples=["ryšiams dėl sertifikavimo"])
    legal_basis: Line = Field(examples=["BDAR 6 str. 1 d. e p."])
    retain_until_on: Day = Field(description="The last day on which it may be kept.", examples=["2029-12-31"])


class ContactChange(Body):
    """New particulars of a contact."""

    name: Line = unchanged()
    position: Line | None = Field(default=None, examples=["direktorės pavaduotoja"])
    email: Email | None = None
    telephone: Telephone | None = None
    purpose: Line = unchanged()
    legal_basis: Line = unchanged()
    retain_until_on: Day = unchanged()


class ContactHold(Body):
    """Why the data are kept, and how long."""

    ground: Ground = Field(description="One of those of GDPR 17(3).", examples=["legal_claims"])
    until_on: Day = Field(description="The last day of the hold: today or later.", examples=["2029-12-31"])


class Contact(Answer):
    """A person to reach at an organisation. Operators see it masked."""

    id: UUID
    organisation_id: UUID
    name: str
    position: str | None
    email: str | None
    telephone: str | None
    purpose: str
    legal_basis: str
    retain_until_on: date = Field(description="The last day on which it may be kept; the daily pass erases it then.")
    erasure_requested_at: Moment | None
    hold_ground: Ground | None = Field(description="Why it is kept whoever asks, until `hold_until_on`.")
    hold_until_on: date | None
    erased_at: Moment | None = Field(description="Since when name, position, e-mail and telephone are empty.")
    version: int


class PlainQuery(PageQuery):
    """A list without filters of its own."""
