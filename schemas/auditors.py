"""Auditors with their licences, as they cross the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.base import Answer, Body, Code, Day, Id, unchanged
from schemas.page import PageQuery, Several


class Licence(Body):
    """The right to audit against a standard, from its first to its last day."""

    standard: Code = Field(examples=["EQUASS"])
    valid_from: Day = Field(examples=["2025-01-01"])
    valid_until: Day = Field(description="The last day.", examples=["2027-12-31"])


class Advice(Body):
    """Advice to an organisation: for two years from its last day the auditor does not audit it."""

    organisation_id: Id
    until_on: Day = Field(description="The last day, perhaps ahead.", examples=["2026-06-30"])


class AuditorNew(Body):
    """What is known of a client whose role is auditor."""

    client_id: Id
    licences: Annotated[list[Licence], Field(max_length=100)] = []
    advised: Annotated[list[Advice], Field(max_length=1000)] = []


class AuditorChange(Body):
    """New licences or advice, each given whole; what is left out stays as it is."""

    licences: list[Licence] = unchanged(max_length=100)
    advised: list[Advice] = unchanged(max_length=1000)


class LicenceRead(Answer):
    standard: str = Field(examples=["EQUASS"])
    valid_from: date
    valid_until: date = Field(description="The last day.")


class AdviceRead(Answer):
    organisation_id: UUID
    until_on: date = Field(description="The last day.")


class Auditor(Answer):
    """An auditor with licences and ties. `client_id` is what an assessment names as its `assessor`."""

    id: UUID
    client_id: UUID
    name: str = Field(examples=["Jonas Pavyzdys"])
    licences: list[LicenceRead]
    advised: list[AdviceRead] = Field(description="Whom the auditor advised, and until when.")
    version: int


class AuditorQuery(PageQuery):
    """Filters of the list of auditors; sorts: `id`, which is the order of their entering."""

    client_id: Id | None = None
    standard: Several[str] | None = Field(default=None, description="Licensed for it at any time.")
