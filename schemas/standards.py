"""Standards, their versions and policies, as they cross the wire."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from programme.rules.standards import NodeKind, VersionState
from schemas.base import (
    ActionRead,
    Answer,
    Bilingual,
    BilingualText,
    Body,
    Code,
    Count,
    Day,
    Line,
    Prose,
    unchanged,
)
from schemas.page import PageQuery, Search, Several


class PassRuleType(StrEnum):
    """`all_met`: every applicable criterion is met. `threshold`: the shares in `values` are reached."""

    ALL_MET = "all_met"
    THRESHOLD = "threshold"


def _pattern(value: str) -> str:
    try:
        re.compile(value, re.ASCII)
    except re.error:
        raise PydanticCustomError("pattern_invalid", "This is not a regular expression.") from None
    return value


Pattern = Annotated[str, Field(strict=True, min_length=1, max_length=100), AfterValidator(_pattern)]
Word = Annotated[str, Field(strict=True, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]
Days = Annotated[int, Field(strict=True, ge=0, le=730)]
Months = Annotated[int, Field(strict=True, ge=1, le=120)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]


class BilingualProse(Body):
    """Longer text in Lithuanian and English."""

    lt: Prose
    en: Prose


class Level(Body):
    """One level of a standard. `rank`: 1 is the lowest."""

    code: Code = Field(examples=["ASSURANCE"])
    name: Bilingual = Field(examples=[{"lt": "EQUASS Assurance", "en": "EQUASS Assurance"}])
    rank: Annotated[int, Field(strict=True, ge=1, le=9)]


class Mark(Body):
    """A mark that the standard's owner gives besides its levels."""

    code: Code = Field(examples=["COMMITTED"])
    name: Bilingual = Field(examples=[{"lt": "įsipareigojimo kokybei ženklas", "en": "commitment mark"}])
    is_certificate: bool = False


class StandardNew(Body):
    """A standard to bring in."""

    code: Code = Field(examples=["NOKAS"])
    name: Bilingual = Field(
        examples=[{"lt": "NVO socialinių paslaugų kokybės standartas", "en": "NGO Social Service Quality Standard"}]
    )
    levels: Annotated[list[Level], Field(min_length=1, max_length=9)]
    owner: Bilingual | None = None
    national_licence_holder: Bilingual | None = None
    reference_pattern: Pattern | None = Field(
        default=None,
        description="A regular expression that every reference of a certificate matches.",
        examples=[r"^LIT\d{4}-\d{3}$"],
    )
    marks: Annotated[list[Mark], Field(max_length=20)] = []


class StandardChange(Body):
    """New particulars. Levels can be added and renamed, never left out."""

    name: Bilingual = unchanged()
    levels: list[Level] = unchanged(min_length=1, max_length=9)
    owner: Bilingual | None = None
    national_licence_holder: Bilingual | None = None
    reference_pattern: Pattern | None = Field(default=None, examples=[r"^LIT\d{4}-\d{3}$"])
    marks: list[Mark] = unchanged(max_length=20)


class LevelRead(Answer):
    code: str = Field(examples=["ASSURANCE"])
    name: BilingualText
    rank: int


class MarkRead(Answer):
    code: str
    name: BilingualText
    is_certificate: bool


class VersionInShort(Answer):
    code: str = Field(examples=["EQUASS-2018"])
    state: VersionState
    in_force_from: date | None
    in_force_to: date | None


class Standard(Answer):
    """A quality standard with its levels and, in short, its versions."""

    id: UUID
    code: str = Field(examples=["EQUASS"])
    name: BilingualText
    owner: BilingualText | None
    national_licence_holder: BilingualText | None
    reference_pattern: str | None = Field(description="A regular expression that references of certificates match.")
    levels: list[LevelRead]
    marks: list[MarkRead]
    versions: list[VersionInShort]
    version: int


class StandardQuery(PageQuery):
    """Filters of the list of standards; sorts: `code`, `name` (Lithuanian order)."""

    q: Search | None = None
    code: Several[str] | None = None


class Criterion(Body):
    """One requirement. `number`: the principle's number, a dot, and its place there."""

    number: Annotated[
        str, Field(strict=True, max_length=7, pattern=r"^[1-9][0-9]?\.[1-9][0-9]{0,2}$", examples=["1.1"])
    ]
    title: Bilingual = Field(examples=[{"lt": "Vizija, misija ir vertybės", "en": "Vision, mission and values"}])
    text: BilingualProse | None = None


class Principle(Body):
    """One principle, section or part with its criteria."""

    number: Annotated[int, Field(strict=True, ge=1, le=99)]
    code: Code = Field(examples=["LEADERSHIP"])
    name: Bilingual = Field(examples=[{"lt": "Lyderystė", "en": "Leadership"}])
    description: BilingualProse | None = None
    criteria: Annotated[list[Criterion], Field(max_length=200)] = []


class Perspective(Body):
    """A side from which results are judged. The owner's names of them may not be known."""

    number: Annotated[int, Field(strict=True, ge=1, le=20)]
    name: Bilingual | None = Field(default=None, examples=[{"lt": "Paslaugų gavėjai", "en": "Service users"}])


class Scale(Body):
    """What levels of ratings mean: from the lowest to the highest, from each perspective."""

    lowest: Annotated[int, Field(strict=True, ge=0, le=10)] = 0
    highest: Annotated[int, Field(strict=True, ge=0, le=10)] = 10
    perspectives: Annotated[list[Perspective], Field(max_length=20, description="Numbered 1, 2, 3…")] = []


_SCALE = {"lowest": 0, "highest": 4, "perspectives": [{"number": 1, "name": None}]}

Tree = Annotated[
    list[Principle],
    Field(max_length=50, description="Numbered 1, 2, 3…; the criteria of the third are 3.1, 3.2, 3.3…"),
]
Counts = Annotated[
    dict[Word, Count],
    Field(max_length=20, description="What the owner says that the version has.", examples=[{"criteria": 50}]),
]
DisplayType = Annotated[
    dict[Code, Line],
    Field(
        max_length=9,
        description="By level, what a certificate is called.",
        examples=[{"ASSURANCE": "EQUASS Assurance (2018)"}],
    ),
]


class VersionNew(Body):
    """A version to work on: it begins as a draft."""

    code: Code = Field(examples=["EQUASS-2027"])
    in_force_from: Day | None = None
    in_force_to: Day | None = None
    node_kind: NodeKind = NodeKind.PRINCIPLE
    counts: Counts = {}
    display_type: DisplayType = {}
    criteria_official: bool = Field(default=False, description="Whether the criteria are the owner's own text.")
    principles: Tree = []
    scale: Scale = Field(default_factory=Scale, examples=[_SCALE])


class VersionChange(Body):
    """New particulars; `node_kind`, `principles` and `scale` only while the version is a draft."""

    in_force_from: Day | None = None
    in_force_to: Day | None = None
    node_kind: NodeKind = unchanged()
    counts: Counts = unchanged()
    display_type: DisplayType = unchanged()
    criteria_official: bool = unchanged()
    principles: Tree = unchanged()
    scale: Scale = unchanged(examples=[_SCALE])


class Thresholds(Body):
    """Shares of applicable criteria that have to be met: of all of them, and of each principle's."""

    overall: Share | None = Field(default=None, examples=[0.8])
    principle: Share | None = Field(default=None, examples=[0.6])


class PassRule(Body):
    """When an audit passes. `values`: for a rule of thresholds only."""

    type: PassRuleType
    values: Thresholds | None = None


class PolicyNew(Body):
    """What holds of the version from a day on. What is left out stays as the policy before has it."""

    effective_from: Day = Field(description="Later than every policy before.", examples=["2027-01-01"])
    validity_months: Months | None = Field(
        default=None, description="How long a certificate is valid; null: not known, so none is granted.", examples=[36]
    )
    annual_reports_at_months: list[Months] = unchanged(
        max_length=20, description="When reports fall due after certification.", examples=[[12, 24]]
    )
    report_opens_days: Days = unchanged(description="How long before it falls due a report can be handed in.")
    report_due_soon_days: Days = unchanged(description="How long before it falls due the holder is reminded.")
    report_grace_days: Days = unchanged(description="How long after it fell due a report becomes delinquent.")
    report_extension_days: Days = unchanged(
        description="By how long at most the deadline of a report can be moved when its holder asks."
    )
    expiring_days: Days = unchanged(description="How long before its last valid day a certificate is expiring.")
    expiry_notice_days: list[Days] = unchanged(
        max_length=20, description="How long before the last valid day notices are raised.", examples=[[180, 90, 30]]
    )
    renewal_opens_days: Days = unchanged(
        description="How long before its last valid day recertification can be begun.", examples=[365]
    )
    extension_months: Months | None = Field(
        default=None,
        description="How far beyond its regular end a certificate may be extended; null: not at all.",
        examples=[6],
    )
    restoration_months: Months | None = Field(
        default=None,
        description="Until how long after its end a certificate may be restored (ISO/IEC 17021-1, 9.6.3.2.5: six months); "
        "null: not at all.",
        examples=[6],
    )
    decision_quorum: Annotated[int, Field(strict=True, ge=1, le=50)] | None = Field(
        default=None,
        description="How many members of the committee have to vote on a grant; null: one awarder decides.",
        examples=[3],
    )
    pass_rules: dict[Code, PassRule] = unchanged(
        max_length=9,
        description="By level, when an audit passes; a level without a rule is not granted.",
        examples=[{"ASSURANCE": {"type": "all_met"}}],
    )


class CriterionRead(Answer):
    number: str = Field(examples=["1.1"])
    title: BilingualText
    text: BilingualText | None


class PrincipleRead(Answer):
    number: int
    code: str = Field(examples=["LEADERSHIP"])
    name: BilingualText
    description: BilingualText | None
    criteria: list[CriterionRead]


class PassRuleRead(Answer):
    type: PassRuleType
    values: Thresholds | None = None


class Policy(Answer):
    """What holds of a version from `effective_from` until the next policy begins."""

    effective_from: date
    validity_months: int | None = Field(description="Null: not known, so nothing is granted.", examples=[36])
    annual_reports_at_months: list[int] = Field(examples=[[12, 24]])
    report_opens_days: int
    report_due_soon_days: int
    report_grace_days: int
    report_extension_days: int
    expiring_days: int
    expiry_notice_days: list[int]
    renewal_opens_days: int
    extension_months: int | None = Field(description="Null: a certificate is not extended.", examples=[6])
    restoration_months: int | None = Field(description="Null: a certificate is not restored.", examples=[6])
    decision_quorum: int | None = Field(description="Null: one awarder decides on a grant.", examples=[3])
    pass_rules: dict[str, PassRuleRead] = Field(
        description="By level; a level without a rule is not granted.",
        examples=[{"ASSURANCE": {"type": "all_met"}}],
    )


class PerspectiveRead(Answer):
    number: int = Field(examples=[1])
    name: BilingualText | None = Field(description="Null where the owner's name of it is not known.")


class ScaleRead(Answer):
    """What levels of ratings mean."""

    lowest: int = Field(examples=[0])
    highest: int = Field(examples=[10])
    perspectives: list[PerspectiveRead]


class StandardVersion(Answer):
    """One edition of a standard: its tree of criteria, and its policies from day to day."""

    id: UUID
    standard: str = Field(examples=["EQUASS"])
    code: str = Field(examples=["EQUASS-2018"])
    state: VersionState
    levels: list[LevelRead] = Field(description="The standard's.")
    in_force_from: date | None = Field(description="First day on which certificates are granted by it, where known.")
    in_force_to: date | None = Field(description="Last such day, where known.")
    node_kind: NodeKind
    counts: dict[str, Any] = Field(description="What the owner says that the version has.")
    display_type: dict[str, str] = Field(description="By level, what a certificate is called.")
    criteria_official: bool = Field(description="Whether the criteria are the owner's own text, or a paraphrase.")
    principles: list[PrincipleRead]
    scale: ScaleRead
    policy: Policy | None = Field(description="The one in effect today.")
    policies: list[Policy] = Field(description="All of them, oldest first.")
    version: int
    actions: list[ActionRead] = Field(default=[], description="On single versions; in lists with `include=actions`.")


class VersionQuery(PageQuery):
    """Filters of the list of versions; sorts: `in_force_from`, `code`."""

    state: Several[VersionState] | None = None
