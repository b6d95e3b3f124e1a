"""What an audit found not to be met: how grave it is, until when the organisation answers, and who verifies the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from programme.errors import Reason
from programme.rules.assessments import OWN_WORK, Kind, is_handed_in
from programme.rules.lifecycle import Lifecycle, Role, guard, move
from programme.sentences import Sentence


class Severity(StrEnum):
    """Words of ISO/IEC 17021-1: a major or minor nonconformity, or an observation, which nobody has to answer."""

    MAJOR = "major"
    MINOR = "minor"
    OBSERVATION = "observation"


class State(StrEnum):
    OPEN = "open"
    PLANNED = "planned"
    ANSWERED = "answered"
    REOPENED = "reopened"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


STATE_NAMES: dict[str, Sentence] = {
    State.OPEN: Sentence(lt="nustatyta", en="open"),
    State.PLANNED: Sentence(lt="suplanuoti veiksmai", en="planned"),
    State.ANSWERED: Sentence(lt="atsakyta", en="answered"),
    State.REOPENED: Sentence(lt="atsakymas nepriimtas", en="reopened"),
    State.CLOSED: Sentence(lt="pašalinta", en="closed"),
    State.WITHDRAWN: Sentence(lt="atšaukta", en="withdrawn"),
}

AWAITED = (State.OPEN, State.PLANNED, State.REOPENED)
"""States in which an answer of the organisation is due."""

STANDING = (*AWAITED, State.ANSWERED)
"""States that some move leads out of."""


def is_overdue(on: date, state: str, due_on: date | None, assessment_state: str) -> bool:
    """Whether the answer is due since before the day `on`; an organisation owes none for what was not handed in to it.
    `queries.findings` says the same in SQL, proven equal by test."""
    owed = state in AWAITED and is_handed_in(assessment_state)
    return owed and due_on is not None and on > due_on


@dataclass(frozen=True, slots=True)
class FindingFacts:
    """What the guards of a finding look at. `owner`: the organisation that has to answer; `caller_organisation`: the one
    that the caller belongs to, if any. `assessor`: the auditor of its assessment. `answered_by`: the client who answered last."""

    state: str
    assessment_state: str
    kind: Kind
    role: Role
    owner: UUID
    assessor: UUID | None = None
    caller: UUID | None = None
    caller_organisation: UUID | None = None
    answered_by: UUID | None = None


NOT_HANDED_IN = Reason(
    "assessment_not_handed_in",
    Sentence(
        lt="Vertinimas, kurio neatitiktis tai yra, nepateiktas arba atšauktas.",
        en="The assessment that the finding belongs to is not handed in, or was cancelled.",
    ),
)
VERIFIER_IS_OWNER = Reason(
    "verifier_is_owner",
    Sentence(
        lt="Neatitikties pašalinimo negali tikrinti pati organizacija.",
        en="The organisation cannot verify its own finding.",
    ),
    personal=True,
)
VERIFIER_ANSWERED = Reason(
    "verifier_answered",
    Sentence(
        lt="Neatitikties pašalinimo negali tikrinti tas, kas pateikė atsakymą.",
        en="Whoever answered the finding cannot verify the answer.",
    ),
    personal=True,
)
NOT_FOUND_BY_YOU = Reason(
    "not_the_assessor",
    Sentence(
        lt="Neatitiktį atšaukti gali tik vertinimą atlikęs arba jį peržiūrintis asmuo.",
        en="Only whoever assessed, or reviews and decides, can withdraw the finding.",
    ),
    personal=True,
)


def _somebody_elses(facts: FindingFacts) -> bool:
    """Whether who asks neither assessed nor decides: an auditor also reads what an organisation found of itself."""
    if facts.role is Role.PROVIDER:
        return facts.kind not in OWN_WORK
    return facts.role is Role.AUDITOR and facts.caller != facts.assessor


_P, _AU, _R, _AW = Role.PROVIDER, Role.AUDITOR, Role.REVIEWER, Role.AWARDER

LIFECYCLE: Lifecycle[FindingFacts] = Lifecycle(
    "finding",
    STATE_NAMES,
    [
        move(
            "plan", AWAITED, State.PLANNED, [_P], "finding.planned", "assessment_handed_in", "cause_and_action",
        ),
        move(
            "answer", [State.PLANNED, State.REOPENED], State.ANSWERED, [_P], "finding.answered",
            "assessment_handed_in", "evidence_given",
        ),
        move(
            "verify", [State.ANSWERED], State.CLOSED, [_AU, _R, _AW], "finding.closed",
            "assessment_handed_in", "verifier_is_not_owner", "verifier_did_not_answer",
        ),
        move(
            "reopen", [State.ANSWERED], State.REOPENED, [_AU, _R, _AW], "finding.reopened",
            "assessment_handed_in", "verifier_is_not_owner", "verifier_did_not_answer", "reason", "due_on",
        ),
        move(
            "extend", AWAITED, None, [_AU, _R, _AW], "finding.extended",
            "assessment_handed_in", "reason", "due_on",
        ),
        move(
            "withdraw", STANDING, State.WITHDRAWN, [_P, _AU, _R, _AW], "finding.withdrawn",
            "own_findings_only", "reason",
        ),
    ],
    {
        "assessment_handed_in": guard(NOT_HANDED_IN, lambda facts: not is_handed_in(facts.assessment_state)),
        "verifier_is_not_owner": guard(VERIFIER_IS_OWNER, lambda facts: facts.caller_organisation == facts.owner),
        "verifier_did_not_answer": guard(
            VERIFIER_ANSWERED, lambda facts: facts.caller is not None and facts.caller == facts.answered_by
        ),
        "own_findings_only": guard(NOT_FOUND_BY_YOU, _somebody_elses),
    },
)  # fmt: skip
