"""Which moves there are: those of `lifecycles.yaml`, those that it leaves to the programme, and what is written without
being a move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import programme

VALID = frozenset({"not_yet_valid", "active", "expiring"})
"""What the stored state `valid` means (rulings 1)."""


@dataclass(frozen=True)
class Move:
    """`to`: None where the state stays, or follows from days. `listed`: it stands in `actions`; what does not is refused
    alike."""

    kind: str
    name: str
    sources: frozenset[str]
    to: str | None
    who: frozenset[str]
    guards: tuple[str, ...]
    listed: bool = True

    @property
    def path(self) -> str:
        return {"vote": "votes", "rate": "ratings/bulk"}.get(self.name, self.name.replace("_", "-"))


MORE = {
    "assessment": {
        "start": ["assessor_assigned"],
        "carry_forward": ["caller_assesses", "auditor_licence_valid_on_dates", "auditor_independent_2_years"],
        "submit": ["caller_assesses", "findings_due_ahead"],
        "resubmit": ["caller_improves"],
        "finalise": ["pass_rule_known"],
        "finalise_self": ["pass_rule_known"],
    },
    "certificate": {
        "grant": ["version_in_force", "pass_rule_set"],
        "suspend": ["no_end_decided", "no_suspension_decided"],
        **{
            name: ["no_end_decided"]
            for name in ("withdraw", "request_cancellation", "cancel", "revise_scope", "extend", "renew")
        },
        "transfer": ["no_end_decided", "no_successor_drafted"],
        "restore": ["validity_months_known"],
    },
}
"""Guards that follow from domain.md and the decisions, where `lifecycles.yaml` does not name them."""

OURS = [
    ("compliance_case", "close", ["open"], "closed", ["coordinator"], []),
    ("indicator", "retire", ["active"], "retired", ["provider", "coordinator"], []),
    ("indicator", "resume", ["retired"], "active", ["provider", "coordinator"], []),
    ("support_activity", "cancel", ["planned", "held"], None, ["coordinator"], ["enrolment_open"]),
    ("standard_version", "start_drafting", ["announced"], "draft", ["coordinator"], []),
    ("standard_version", "publish", ["draft"], "current", ["coordinator"], ["principles_given"]),
    ("standard_version", "retire", ["current"], "retired", ["coordinator"], []),
]
"""Lifecycles that the document leaves to the programme."""

WRITTEN = [
    ("enrolment", "revise", ["draft"], None, ["provider", "coordinator"], []),
    ("enrolment", "stage", ["selected", "active"], None, ["coordinator"], []),
    ("assessment", "rate", ["in_progress"], None, ["provider", "auditor"],
     ["caller_assesses", "auditor_licence_valid_on_dates", "auditor_independent_2_years"]),
    ("certificate", "revise", ["draft"], None, ["coordinator", "awarder"], []),
]  # fmt: skip
"""What is written while a state lasts."""


def _read() -> dict[str, dict[str, Move]]:
    lines = (Path(programme.__file__).parent / "data" / "lifecycles.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Move]] = {}
    for kind, lifecycle in yaml.safe_load(lines).items():
        for line in lifecycle["transitions"]:
            who = frozenset(line["who"]) - {"worker"}
            if kind == "test_clock" or not who:
                continue
            live = ["certificate_live"] if kind == "annual_report" and line["do"] != "void" else []
            guards = (*line.get("guards", ()), *live, *MORE.get(kind, {}).get(line["do"], ()))
            sources = frozenset(line["from"])
            if "valid" in sources:
                sources = sources - {"valid"} | VALID
            to = None if kind == "certificate" or line["to"] == "same" else line["to"]
            found.setdefault(kind, {})[line["do"]] = Move(kind, line["do"], sources, to, who, guards)
    for listed, lines_of_ours in ((True, OURS), (False, WRITTEN)):
        for kind, name, origins, to, roles, guards in lines_of_ours:
            move = Move(kind, name, frozenset(origins), to, frozenset(roles), tuple(guards), listed)
            found.setdefault(kind, {})[name] = move
    return found


MOVES = _read()
"""By kind and name."""

OFFICE = frozenset({"coordinator", "project_manager", "supervisor", "ops"})
"""Who sees everything."""
_NEAR = OFFICE | {"provider", "auditor", "reviewer", "awarder"}

READERS = {
    **dict.fromkeys(("enrolment", "certificate", "support_activity", "standard_version"), _NEAR | {"partner"}),
    **dict.fromkeys(("assessment", "finding", "annual_report", "indicator"), _NEAR),
    "compliance_case": OFFICE | {"awarder"},
}

WRITERS = {
    "enrolment": {"provider", "coordinator"},
    "assessment": {"provider", "coordinator"},
    "finding": {"provider", "auditor"},
    "certificate": {"coordinator", "awarder"},
    "indicator": {"provider", "coordinator"},
    "support_activity": {"coordinator"},
}
"""Who may begin one."""

PERSONAL = frozenset({"assessor_role_does_not_fit", "not_the_assessor"})
"""Reasons that lie in who asks: they answer 403 (rulings 17). Those of other roles than the move's cannot occur: nobody who
audits decides, reviews or answers."""

Guard = Callable[[Any, Any, Any, dict[str, Any]], str | None]
GUARDS: dict[str, Guard] = {}
"""By the name that `lifecycles.yaml` gives them: the code of the reason, where they stand in the way. Guards that are not
here are about the body of the request."""


def guard(check: Guard) -> Guard:
    GUARDS[check.__name__] = check
    return check
