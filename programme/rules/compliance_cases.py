"""What the coordinator has to follow up: opened by the daily pass, closed by a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from programme.rules.lifecycle import Lifecycle, Role, move
from programme.sentences import Sentence


class Kind(StrEnum):
    """`report_delinquent`: an annual report is not there although its days of grace have passed."""

    REPORT_DELINQUENT = "report_delinquent"


class State(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


STATE_NAMES = {
    State.OPEN: Sentence(lt="nebaigta", en="open"),
    State.CLOSED: Sentence(lt="baigta", en="closed"),
}


@dataclass(frozen=True, slots=True)
class CaseFacts:
    state: str


LIFECYCLE: Lifecycle[CaseFacts] = Lifecycle(
    "compliance_case",
    STATE_NAMES,
    [move("close", [State.OPEN], State.CLOSED, [Role.COORDINATOR], "compliance_case.closed", "resolution")],
    {},
)
