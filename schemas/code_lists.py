"""Municipalities and kinds of social service, as they cross the wire."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from schemas.base import Answer, BilingualText
from schemas.page import PageQuery, Search, Several


class MunicipalityKind(StrEnum):
    CITY = "city"
    DISTRICT = "district"
    MUNICIPALITY = "municipality"


class Authorisation(StrEnum):
    """The statutory regime under which a service is given."""

    ACCREDITATION = "accreditation"
    LICENCE = "licence"


class Municipality(Answer):
    """One of the 60 municipalities."""

    code: str = Field(description="ISO 3166-2:LT.", examples=["LT-57"])
    name: BilingualText = Field(examples=[{"lt": "Vilniaus miesto savivaldybė", "en": "Vilnius City Municipality"}])
    kind: MunicipalityKind
    county: str = Field(description="ISO 3166-2:LT.", examples=["LT-VL"])


class MunicipalityQuery(PageQuery):
    """Filters of the list of municipalities; sorts: `name` (Lithuanian order), `code`."""

    q: Search | None = None
    code: Several[str] | None = None
    kind: Several[MunicipalityKind] | None = None
    county: Several[str] | None = None


class ServiceType(Answer):
    """A kind of social service."""

    code: str = Field(examples=["LONG_TERM_CARE"])
    name: BilingualText = Field(examples=[{"lt": "Ilgalaikė socialinė globa", "en": "Long-term social care"}])
    group: str = Field(examples=["care"])
    authorisation: Authorisation | None = Field(description="Null: neither is needed, or it is not known.")
    spis: str | None = Field(description="Its code in the information system SPIS, where known.", examples=["310"])


class ServiceTypeQuery(PageQuery):
    """Filters of the list of service types; sorts: `name` (Lithuanian order), `code`."""

    q: Search | None = None
    code: Several[str] | None = None
    group: Several[str] | None = None
    authorisation: Several[Authorisation] | None = None
