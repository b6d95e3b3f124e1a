"""Taking part in a strand of a project: from a draft to a signed agreement to the outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from programme.errors import Reason
from programme.rules.lifecycle import Lifecycle, Role, guard, move
from programme.sentences import Sentence


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_SELECTION = "in_selection"
    SELECTED = "selected"
    RESERVE = "reserve"
    REJECTED = "rejected"
    ACTIVE = "active"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    WITHDRAWN = "withdrawn"


class Source(StrEnum):
    """`entry`: applied for here. `import`: brought in with the programme."""

    ENTRY = "entry"
    IMPORT = "import"


class Outcome(StrEnum):
    """What taking part led to."""

    CERTIFIED = "certified"
    MAINTAINED = "maintained"
    NOT_CERTIFIED = "not_certified"


class Flag(StrEnum):
    """Derived from the plan of the stages and a day, independent of one another."""

    STAGE_OVERDUE = "stage_overdue"
    OUTLIVES_PROJECT = "outlives_project"


STATE_NAMES: dict[str, Sentence] = {
    State.DRAFT: Sentence(lt="rengiama", en="draft"),
    State.SUBMITTED: Sentence(lt="pateikta", en="submitted"),
    State.IN_SELECTION: Sentence(lt="vertinama", en="in selection"),
    State.SELECTED: Sentence(lt="atrinkta", en="selected"),
    State.RESERVE: Sentence(lt="rezerviniame sąraše", en="on the reserve list"),
    State.REJECTED: Sentence(lt="atmesta", en="rejected"),
    State.ACTIVE: Sentence(lt="vykdoma", en="active"),
    State.COMPLETED: Sentence(lt="baigta", en="completed"),
    State.TERMINATED: Sentence(lt="nutraukta", en="terminated"),
    State.WITHDRAWN: Sentence(lt="atsiimta", en="withdrawn"),
}

OPEN = (State.DRAFT, State.SUBMITTED, State.IN_SELECTION, State.SELECTED, State.RESERVE, State.ACTIVE)
"""States in which no second enrolment of the same organisation, strand and scope may exist."""

HOLDING_A_PLACE = (State.SELECTED, State.ACTIVE, State.COMPLETED)
"""States that count against the strand's capacity."""

UNDER_WAY = (State.SELECTED, State.ACTIVE)
"""States in which the plan of the stages is worked by."""

ENDED = (State.REJECTED, State.WITHDRAWN, State.COMPLETED, State.TERMINATED)
"""States that no move leads out of."""


@dataclass(frozen=True, slots=True)
class EnrolmentFacts:
    """What the guards of an enrolment look at. A project with unknown bounds refuses nothing by them, a strand
    without a capacity is never full, and `stages_open` are the codes of those that are not done."""

    state: str
    today: date
    project_starts_on: date | None = None
    project_ends_on: date | None = None
    declared: bool = False
    scope_named: bool = False
    capacity: int | None = None
    places_taken: int = 0
    stages_open: tuple[str, ...] = ()


PROJECT_NOT_BEGUN = Reason(
    "project_not_open",
    Sentence(lt="Projektas prasideda {starts_on}.", en="The project starts on {starts_on}."),
)
PROJECT_OVER = Reason(
    "project_not_open",
    Sentence(lt="Projektas baigėsi {ends_on}.", en="The project ended on {ends_on}."),
)
NOT_DECLARED = Reason(
    "declaration_missing",
    Sentence(
        lt="Organizacija dar nepatvirtino, kad atitinka projekto reikalavimus.",
        en="The organisation has not yet declared that it meets the project's requirements.",
    ),
)
NO_SCOPE = Reason(
    "scope_missing",
    Sentence(
        lt="Nenurodyta, kas dalyvauja: kurios paslaugos, vietos ar padalinys.",
        en="It is not said what takes part: which services, sites or unit.",
    ),
)
STRAND_FULL = Reason(
    "strand_full",
    Sentence(
        lt="Visos vietos ({capacity}) užimtos; organizaciją galima įrašyti į rezervinį sąrašą.",
        en="All places ({capacity}) are taken; the organisation can be put on the reserve list.",
    ),
)
STRAND_STILL_FULL = Reason(
    "strand_full",
    Sentence(
        lt="Visos vietos ({capacity}) tebėra užimtos; organizacija lieka rezerviniame sąraše.",
        en="All places ({capacity}) are still taken; the organisation stays on the reserve list.",
    ),
)
STAGES_OPEN = Reason(
    "stages_open",
    Sentence(lt="Dar nebaigti etapai: {stages}.", en="Stages not done yet: {stages}."),
)


def _project_not_open(facts: EnrolmentFacts) -> Reason | None:
    if facts.project_starts_on is not None and facts.today < facts.project_starts_on:
        return PROJECT_NOT_BEGUN.given(starts_on=facts.project_starts_on)
    if facts.project_ends_on is not None and facts.today > facts.project_ends_on:
        return PROJECT_OVER.given(ends_on=facts.project_ends_on)
    return None


def _strand_full(facts: EnrolmentFacts) -> Reason | None:
    if facts.capacity is None or facts.places_taken < facts.capacity:
        return None
    if facts.state == State.RESERVE:
        return STRAND_STILL_FULL.given(capacity=facts.capacity)
    return STRAND_FULL.given(capacity=facts.capacity, offer="put_on_reserve")


def _stages_open(facts: EnrolmentFacts) -> Reason | None:
    return STAGES_OPEN.given(stages=list(facts.stages_open)) if facts.stages_open else None


def new_stages(codes: Iterable[str]) -> list[dict[str, Any]]:
    """The strand's stages as an enrolment begins with them: nothing planned, nothing done."""
    return [{"code": code, "planned_on": None, "started_on": None, "done_on": None} for code in codes]


def stages_open(stages: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Codes of the stages that have no day on which they were done; all of them are mandatory."""
    return tuple(stage["code"] for stage in stages if stage["done_on"] is None)


def _planned(stages: Iterable[Mapping[str, Any]]) -> dict[str, date]:
    """By when the stages that are not done are to be, where that is planned."""
    open_stages = (stage for stage in stages if stage["done_on"] is None and stage["planned_on"] is not None)
    return {stage["code"]: date.fromisoformat(stage["planned_on"]) for stage in open_stages}


def _ends_too_late(stages: Iterable[Mapping[str, Any]], project_ends_on: date) -> bool:
    return any(day > project_ends_on for day in _planned(stages).values())


def stages_late(on: date, stages: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Codes of the stages that are not done although the day by which they were planned has passed."""
    return tuple(code for code, day in _planned(stages).items() if day < on)


def flags(on: date, state: str, stages: Sequence[Mapping[str, Any]], project_ends_on: date | None) -> list[Flag]:
    """The flags on the day `on`; `queries.enrolments.flags_on` says the same in SQL, proven equal by test."""
    if state not in UNDER_WAY:
        return []
    found = []
    if stages_late(on, stages):
        found.append(Flag.STAGE_OVERDUE)
    if project_ends_on is not None and (on > project_ends_on or _ends_too_late(stages, project_ends_on)):
        found.append(Flag.OUTLIVES_PROJECT)
    return found


def milestones(
    on: date, state: str, stages: Sequence[Mapping[str, Any]], project_ends_on: date | None
) -> dict[str, tuple[Flag, date]]:
    """What there is to make known of an enrolment and on which day, as the plan is on the day `on`, each under a key by
    which it is made known once: a stage for each day that was planned for it, the project's end for each such end."""
    if state not in UNDER_WAY:
        return {}
    found = {f"{code}:{day}": (Flag.STAGE_OVERDUE, day + timedelta(days=1)) for code, day in _planned(stages).items()}
    if project_ends_on is not None:
        over_on = project_ends_on + timedelta(days=1)
        known_on = min(on, over_on) if _ends_too_late(stages, project_ends_on) else over_on
        found[f":{project_ends_on}"] = (Flag.OUTLIVES_PROJECT, known_on)
    return found


def is_named(scope: Mapping[str, Any]) -> bool:
    """Whether the scope says what takes part; one that is empty would be the whole organisation unsaid."""
    return bool(scope["services"] or scope["sites"] or scope["unit"])


def success_share(outcomes: Iterable[str | None]) -> float | None:
    """Of those who signed an agreement and whose taking part has ended, the share that was certified or kept its
    certificate, in four decimals; None where nobody's has. `outcomes`: one for each, None of a terminated one."""
    reached = [outcome in (Outcome.CERTIFIED, Outcome.MAINTAINED) for outcome in outcomes]
    return round(sum(reached) / len(reached), 4) if reached else None


def places(state: str) -> int:
    """How many of the strand's places an enrolment in that state holds: one or none."""
    return int(state in HOLDING_A_PLACE)


_P, _C, _M = Role.PROVIDER, Role.COORDINATOR, Role.PROJECT_MANAGER

LIFECYCLE: Lifecycle[EnrolmentFacts] = Lifecycle(
    "enrolment",
    STATE_NAMES,
    [
        move(
            "submit", [State.DRAFT], State.SUBMITTED, [_P, _C], "enrolment.submitted",
            "project_open", "declaration_complete", "scope_named", "no_other_open_enrolment_same_scope",
        ),
        move("return", [State.SUBMITTED], State.DRAFT, [_C], "enrolment.returned", "reason"),
        move("start_review", [State.SUBMITTED], State.IN_SELECTION, [_C], "enrolment.review_started"),
        move(
            "select", [State.IN_SELECTION, State.RESERVE], State.SELECTED, [_C], "enrolment.selected",
            "strand_capacity_left", "commission_decision_ref",
        ),
        move("put_on_reserve", [State.IN_SELECTION], State.RESERVE, [_C], "enrolment.put_on_reserve"),
        move(
            "reject", [State.IN_SELECTION, State.RESERVE], State.REJECTED, [_C], "enrolment.rejected", "reason"
        ),
        move(
            "withdraw", [State.DRAFT, State.SUBMITTED, State.IN_SELECTION, State.RESERVE, State.SELECTED],
            State.WITHDRAWN, [_P, _C], "enrolment.withdrawn",
        ),
        move(
            "sign_agreement", [State.SELECTED], State.ACTIVE, [_C], "enrolment.agreement_signed",
            "agreement_number_unique_in_project", "signed_on_within_project",
        ),
        move(
            "complete", [State.ACTIVE], State.COMPLETED, [_C, _M], "enrolment.completed",
            "all_mandatory_stages_done", "outcome_given",
        ),
        move("terminate", [State.ACTIVE], State.TERMINATED, [_C, _M], "enrolment.terminated", "reason"),
    ],
    {
        "project_open": _project_not_open,
        "declaration_complete": guard(NOT_DECLARED, lambda facts: not facts.declared),
        "scope_named": guard(NO_SCOPE, lambda facts: not facts.scope_named),
        "strand_capacity_left": _strand_full,
        "all_mandatory_stages_done": _stages_open,
    },
)  # fmt: skip
