"""Versions of a standard: their tree of principles and criteria, and their way from announced to retired."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from programme.errors import FieldError, Reason
from programme.rules.lifecycle import Lifecycle, Role, guard, move
from programme.sentences import Sentence


class VersionState(StrEnum):
    ANNOUNCED = "announced"
    DRAFT = "draft"
    CURRENT = "current"
    RETIRED = "retired"


class NodeKind(StrEnum):
    """What a version calls the upper level of its tree."""

    PRINCIPLE = "principle"
    SECTION = "section"
    PART = "part"


STATE_NAMES: dict[str, Sentence] = {
    VersionState.ANNOUNCED: Sentence(lt="paskelbta, kad bus", en="announced"),
    VersionState.DRAFT: Sentence(lt="rengiama", en="draft"),
    VersionState.CURRENT: Sentence(lt="galiojanti", en="current"),
    VersionState.RETIRED: Sentence(lt="nebenaudojama", en="retired"),
}

ASSESSED_BY = (VersionState.CURRENT,)
"""States in which an assessment by the version can be planned."""

GRANTED_BY = (VersionState.CURRENT, VersionState.RETIRED)
"""States in which a certificate of the version can be granted: of a retired one on audits that were planned before, until
its last day (`in_force_to`), where it has one."""

NOT_IN_FORCE = Reason(
    "version_not_in_force",
    Sentence(
        lt="Pagal šią standarto versiją to daryti negalima: jos būsena – „{state_name}“.",
        en="This cannot be done by this version of the standard: its state is {state_name}.",
    ),
)


def not_in_force(state: str, allowed: Collection[str]) -> Reason | None:
    """Why nothing new can be done by a version in this state, where it is none of the allowed."""
    return None if state in allowed else NOT_IN_FORCE.given(version_state=state, state_name=STATE_NAMES[state])


NOT_IN_ORDER = Sentence(
    lt="Numeriai turi eiti iš eilės nuo 1; čia turėtų būti {expected}.",
    en="Numbers have to run from 1 without a gap; this one should be {expected}.",
)
CODE_TWICE = Sentence(lt="Toks kodas šioje versijoje jau yra.", en="The version already has this code.")
UNKNOWN_LEVEL = Sentence(lt="Šis standartas tokio lygio neturi.", en="The standard has no such level.")
NO_THRESHOLDS = Sentence(
    lt="Slenksčių taisyklei reikia reikšmių: overall, principle arba abiejų.",
    en="A rule of thresholds needs its values: overall, principle, or both.",
)
NEEDLESS_THRESHOLDS = Sentence(
    lt="Taisyklė „tenkinami visi kriterijai“ slenksčių neturi.",
    en="A rule that all criteria are met has no thresholds.",
)
REPORT_AFTER_END = Sentence(
    lt="Sertifikatas galioja {validity_months} mėn., todėl ataskaitos vėliau nereikia.",
    en="A certificate is valid for {validity_months} months, so no report is owed after that.",
)

PROPOSED_POLICY: dict[str, Any] = {
    "validity_months": None,
    "annual_reports_at_months": [],
    "report_opens_days": 60,
    "report_due_soon_days": 30,
    "report_grace_days": 30,
    "report_extension_days": 60,
    "expiring_days": 180,
    "expiry_notice_days": [180, 90, 30],
    "renewal_opens_days": 365,
    "extension_months": 6,
    "restoration_months": 6,
    "decision_quorum": None,
    "pass_rules": {},
}
"""What holds of a version until its owner decides otherwise. Days and windows are the programme's own proposals (that of
restoration is ISO/IEC 17021-1, 9.6.3.2.5); how long a certificate is valid and what passes nobody but the owner can say."""


def flaws(principles: Sequence[Mapping[str, Any]]) -> Iterator[FieldError]:
    """What is wrong with a tree: principles are numbered 1, 2, 3…, their criteria 3.1, 3.2, 3.3…, codes are unique.

    Ratings, scores and comparisons find a criterion by its number, so numbers may neither repeat nor skip.
    """
    codes = set()
    for place, principle in enumerate(principles):
        number = place + 1
        if principle["number"] != number:
            yield FieldError(f"/principles/{place}/number", "not_in_order", NOT_IN_ORDER, {"expected": number})
        if principle["code"] in codes:
            yield FieldError(f"/principles/{place}/code", "code_in_use", CODE_TWICE)
        codes.add(principle["code"])
        for below, criterion in enumerate(principle["criteria"]):
            expected = f"{number}.{below + 1}"
            if criterion["number"] != expected:
                pointer = f"/principles/{place}/criteria/{below}/number"
                yield FieldError(pointer, "not_in_order", NOT_IN_ORDER, {"expected": expected})


def policy_flaws(policy: Mapping[str, Any], levels: Collection[str]) -> Iterator[FieldError]:
    """What is wrong with a policy of a version whose standard has these levels."""
    validity = policy["validity_months"]
    if validity is not None and any(months > validity for months in policy["annual_reports_at_months"]):
        yield FieldError(
            "/annual_reports_at_months", "report_after_end", REPORT_AFTER_END, {"validity_months": validity}
        )
    for level, rule in policy["pass_rules"].items():
        if level not in levels:
            yield FieldError("/pass_rules", "unknown_level", UNKNOWN_LEVEL)
        elif rule["type"] == "threshold" and not rule.get("values"):
            yield FieldError(f"/pass_rules/{level}/values", "missing", NO_THRESHOLDS)
        elif rule["type"] == "all_met" and rule.get("values"):
            yield FieldError(f"/pass_rules/{level}/values", "extra_forbidden", NEEDLESS_THRESHOLDS)


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What the guards of a version look at."""

    state: str
    principles: int = 0


NO_PRINCIPLES = Reason(
    "principles_missing",
    Sentence(lt="Versija dar neturi nė vieno principo.", en="The version has no principles yet."),
)

LIFECYCLE: Lifecycle[VersionFacts] = Lifecycle(
    "standard_version",
    STATE_NAMES,
    [
        move(
            "start_drafting", [VersionState.ANNOUNCED], VersionState.DRAFT, [Role.COORDINATOR],
            "standard_version.drafting_started",
        ),
        move(
            "publish", [VersionState.DRAFT], VersionState.CURRENT, [Role.COORDINATOR], "standard_version.published",
            "principles_given",
        ),
        move("retire", [VersionState.CURRENT], VersionState.RETIRED, [Role.COORDINATOR], "standard_version.retired"),
    ],
    {"principles_given": guard(NO_PRINCIPLES, lambda facts: not facts.principles)},
)  # fmt: skip
