"""Funded projects and their strands, as they cross the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from programme.rules.enrolments import Outcome
from programme.rules.enrolments import State as EnrolmentState
from programme.rules.projects import ProjectKind, StrandKind
from schemas.base import Answer, Bilingual, BilingualText, Body, Code, Count, Day, Line, Prose, Reference, unchanged
from schemas.page import PageQuery, Search, Several

Euros = Annotated[int, Field(strict=True, ge=0, le=2_000_000_000)]
Word = Annotated[str, Field(strict=True, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]
Month = Annotated[str, Field(strict=True, pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")]
YearOrMonth = Annotated[str, Field(strict=True, pattern=r"^(19|20|21)[0-9]{2}(-(0[1-9]|1[0-2]))?$")]
Stages = Annotated[list[Word], Field(max_length=30)]
Targets = Annotated[dict[Word, Annotated[float, Field(strict=True, ge=0, le=1_000_000_000)]], Field(max_length=30)]

_NAME = {"lt": "Socialinių paslaugų kokybės užtikrinimas Lietuvoje", "en": "Assuring the quality of social services"}


class Partner(Body):
    """An organisation that carries the project out with the promoter."""

    name: Line = Field(examples=["VšĮ Valakupių reabilitacijos centras"])
    role: Line | None = Field(default=None, examples=["EQUASS application, maintenance, supervision"])


class ProjectNew(Body):
    """A project to enter. What is not known yet is left out."""

    code: Code = Field(examples=["QUALITY-LT-3"])
    name: Bilingual = Field(examples=[_NAME])
    kind: ProjectKind
    official_code: Reference | None = Field(default=None, examples=["07-008-P-0001"])
    promoter: Line | None = Field(default=None, examples=["Europos socialinio fondo agentūra (ESFA)"])
    partners: Annotated[list[Partner], Field(max_length=30)] = []
    funding: Line | None = Field(default=None, examples=["ESF+ 2021-2027"])
    budget_eur: Euros | None = Field(default=None, examples=[4403297])
    starts_on: Day | None = Field(default=None, examples=["2029-02-01"])
    starts_in: Month | None = Field(default=None, description="The month, where only that is known.")
    ends_on: Day | None = Field(default=None, examples=["2034-01-31"])
    targets: Targets = Field(default={}, examples=[{"organisations": 303}])
    requirements: Annotated[
        list[Prose], Field(max_length=30, description="What an organisation declares when it applies.")
    ] = []


class ProjectChange(Body):
    """New particulars; what is left out stays as it is."""

    name: Bilingual = unchanged(examples=[_NAME])
    kind: ProjectKind = unchanged()
    official_code: Reference | None = None
    promoter: Line | None = None
    partners: list[Partner] = unchanged(max_length=30)
    funding: Line | None = None
    budget_eur: Euros | None = None
    starts_on: Day | None = None
    starts_in: Month | None = None
    ends_on: Day | None = Field(default=None, examples=["2029-01-31"])
    targets: Targets = unchanged()
    requirements: list[Prose] = unchanged(max_length=30)


class StrandNew(Body):
    """A part of the project with one standard."""

    code: Code = Field(examples=["EQUASS_MAINTENANCE"])
    standard: Code = Field(description="Code of `/v1/standards`.", examples=["EQUASS"])
    kind: StrandKind
    capacity: Count | None = Field(default=None, description="How many can take part; null: no bound.", examples=[80])
    stages: Stages = Field(default=[], description="In their order.", examples=[["external_audit", "dissemination"]])
    opens_in: YearOrMonth | None = Field(default=None, examples=["2025"])


class StrandChange(Body):
    """New particulars of a strand; its standard stays."""

    kind: StrandKind = unchanged()
    capacity: Count | None = Field(default=None, description="Not fewer than are taken; null: no bound.", examples=[80])
    stages: Stages = unchanged()
    opens_in: YearOrMonth | None = None


class PartnerRead(Answer):
    name: str
    role: str | None


class StrandInProject(Answer):
    """A part of a project with one standard."""

    code: str = Field(examples=["EQUASS_MAINTENANCE"])
    standard: str = Field(examples=["EQUASS"])
    kind: StrandKind
    capacity: int | None = Field(description="Null: no bound.", examples=[80])
    places_taken: int = Field(description="Enrolments that are selected, active or completed.", examples=[2])
    stages: list[str] = Field(examples=[["staff_training_2_days", "external_audit"]])
    opens_in: str | None = Field(description="A year or a month.", examples=["2025"])


class Strand(Answer):
    """A part of a project with one standard."""

    id: UUID
    project_id: UUID
    code: str = Field(examples=["EQUASS_MAINTENANCE"])
    standard: str = Field(examples=["EQUASS"])
    kind: StrandKind
    capacity: int | None = Field(description="Null: no bound.", examples=[80])
    places_taken: int = Field(description="Enrolments that are selected, active or completed.", examples=[2])
    stages: list[str] = Field(examples=[["staff_training_2_days", "external_audit"]])
    opens_in: str | None = Field(description="A year or a month.", examples=["2025"])
    version: int


class Project(Answer):
    """A funded project with its partners and strands."""

    id: UUID
    code: str = Field(examples=["QUALITY-LT-2"])
    official_code: str | None = Field(examples=["07-008-P-0001"])
    name: BilingualText
    kind: ProjectKind
    promoter: str | None = Field(examples=["Europos socialinio fondo agentūra (ESFA)"])
    partners: list[PartnerRead]
    funding: str | None
    budget_eur: int | None
    starts_on: date | None = Field(description="Null: not known.", examples=["2023-08-18"])
    starts_in: str | None = Field(description="The month, where only that is known.", examples=["2017-03"])
    ends_on: date | None = Field(description="The last day; null: not known.", examples=["2029-01-31"])
    targets: dict[str, Any] = Field(examples=[{"organisations": 303}])
    requirements: list[str] = Field(description="What an organisation declares when it applies.")
    strands: list[StrandInProject]
    version: int


class StageProgress(Answer):
    """How far a stage is over all who take part in the strand."""

    code: str = Field(examples=["staff_training_2_days"])
    started: int = Field(description="How many have started it.", examples=[12])
    done: int = Field(description="How many have done it.", examples=[9])
    late: int = Field(description="How many have not done it although its planned day has passed.", examples=[1])


class StrandProgress(Answer):
    """How far a strand is on a day."""

    code: str = Field(examples=["EQUASS_MAINTENANCE"])
    standard: str = Field(examples=["EQUASS"])
    capacity: int | None = Field(description="Null: no bound.", examples=[80])
    places_taken: int = Field(description="Enrolments that are selected, active or completed.", examples=[14])
    enrolments: dict[EnrolmentState, int] = Field(description="How many are in each state.")
    stages_late: int = Field(description="Stages of selected and active enrolments past their plan.", examples=[1])
    stages: list[StageProgress] = Field(description="In their order, of all that hold a place.")
    support_hours: float = Field(description="Trainings and consultations that were held.", examples=[96.5])
    outcomes: dict[Outcome, int] = Field(description="What completed enrolments led to.")
    success_share: float | None = Field(description="As for the project, of this strand alone.", examples=[0.8571])


class ProjectProgress(Answer):
    """How far a project is on a day, against its targets."""

    project: str = Field(examples=["QUALITY-LT-2"])
    on: date
    ends_on: date | None = Field(description="The project's last day; null: not known.")
    organisations: int = Field(description="Organisations that hold a place.", examples=[14])
    organisations_target: float | None = Field(examples=[303])
    success_share: float | None = Field(
        description="Of the enrolments that were completed or terminated, the share whose outcome is `certified` or "
        "`maintained`, in four decimals; null while none was.",
        examples=[0.8571],
    )
    success_target: float | None = Field(description="The project's own target.", examples=[0.8])
    on_target: bool | None = Field(description="Whether the share reaches the target; null where one is not known.")
    support_hours: float = Field(description="Trainings and consultations that were held.", examples=[96.5])
    strands: list[StrandProgress]


class ProjectQuery(PageQuery):
    """Filters of the list of projects; sorts: `code`, `name` (Lithuanian order), `starts_on`, `ends_on`."""

    q: Search | None = None
    code: Several[str] | None = None
    official_code: Several[str] | None = None
    kind: Several[ProjectKind] | None = None
    standard: Several[str] | None = Field(default=None, description="Projects that have a strand with the standard.")
