"""What the body of a move says: mostly what is right, sometimes a day on the edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from tests.model import Programme, Thing
from tests.model.moves import Move
from tests.walks.chance import Chance

PROOF = [{"name": "Tvarkos aprašas", "location": "Archyvas, byla 12", "sha256": "0" * 64}]
PARTS = {"performance": "Tikslai pasiekti.", "progress": "Tvarka atnaujinta.", "development": "Įtrauksime gavėjus."}
WHY = "Pagrįsta dokumentais."
SCOPES: list[list[str]] = [["LONG_TERM_CARE"], ["DAY_CARE_HOME"], ["DAY_CARE_HOME", "LONG_TERM_CARE"], []]

UNDATED = frozenset({
    "vote", "grant", "revise", "withdraw_cancellation_request", "decline_cancellation", "renew", "assign", "rate",
    "carry_forward", "stage",
})  # fmt: skip
"""Moves that take no `effective_on`."""
AHEAD = frozenset({"suspend", "withdraw", "cancel"})
"""Decisions about a certificate that may be taken for a day to come."""
UNDATED_KINDS = frozenset({"indicator", "support_activity", "standard_version"})


def around(p: Programme, thing: Thing) -> list[date]:
    """Days on which something turns for it, the days beside them, days around today, and a leap day."""
    near = {p.today + timedelta(days=distance) for distance in (-30, -1, 0, 1, 30)} | {date(2028, 2, 29)}
    turns = {day + timedelta(days=distance) for day in thing.days(p) for distance in (-1, 0)}
    return sorted(day for day in near | turns if date(1990, 1, 1) <= day <= date(2199, 12, 31))


def body(p: Programme, move: Move, thing: Any, chance: Chance, auditors: Sequence[str]) -> dict[str, Any]:
    """Every third body has its days from around those that matter."""
    days, edge = around(p, thing), chance.random() < 0.3

    def day(usual: date) -> date:
        return chance.choice(days) if edge else usual

    said = _SAY.get((move.kind, move.name), lambda *_: {})(p, thing, chance, day, auditors)
    if edge and move.name not in UNDATED and move.kind not in UNDATED_KINDS:
        said["effective_on"] = chance.choice(days)
    elif move.kind == "certificate" and move.name in AHEAD and chance.random() < 0.4:
        said["effective_on"] = _in_days(p, chance.randrange(1, 60))
    return dict(said)


Say = Callable[[Programme, Any, Chance, Callable[[date], date], Sequence[str]], dict[str, Any]]


def _in_days(p: Programme, count: int) -> date:
    return p.today + timedelta(days=count)


def _ratings(thing: Any, chance: Chance) -> dict[str, tuple[str, bool]]:
    """All met; or all but the last; or one without its evidence; or the first alone; or one that does not apply."""
    whole = dict.fromkeys(thing.criteria, ("met", True))
    last = thing.criteria[-1:]
    return chance.choice([
        whole, whole, whole,
        whole | dict.fromkeys(last, ("not_met", True)),
        whole | dict.fromkeys(last, ("met", False)),
        dict.fromkeys(thing.criteria[:1], ("partly_met", False)),
        whole | dict.fromkeys(last, ("not_applicable", False)),
    ])  # fmt: skip


def _audit_for(p: Programme, thing: Any, chance: Chance) -> str:
    """Mostly one that can carry the certificate; sometimes any."""
    every = [one for one in p.things if one.kind == "assessment"]
    fitting = thing.audits(p) if chance.random() < 0.9 else []
    return str(chance.pick(fitting or every, lambda one: one.mark).key)


def _grant(p: Programme, thing: Any, chance: Chance, day: Any, auditors: Any) -> dict[str, Any]:
    audit = p.named(key := _audit_for(p, thing, chance))
    first = max(audit.ended_on or p.today, p.today - timedelta(days=chance.randrange(40)))
    said = {"certified_on": day(first), "assessment_id": key, "decision_ref": "AC-1"}
    return said | ({"override_reason": WHY} if chance.random() < 0.2 else {})


def _stage(p: Programme, thing: Any, chance: Chance, day: Any, auditors: Any) -> dict[str, Any]:
    open_ones = [code for code, (_, __, done) in thing.stages.items() if not done]
    done = {"done_on": day(p.today)} if chance.random() < 0.7 else {}
    return {"code": chance.choice(open_ones or list(thing.stages)), "planned_on": day(_in_days(p, 30)), **done}


_SAY: dict[tuple[str, str], Say] = {
    ("enrolment", "return"): lambda *_: {"reason": WHY},
    ("enrolment", "reject"): lambda *_: {"reason": WHY},
    ("enrolment", "terminate"): lambda *_: {"reason": WHY},
    ("enrolment", "select"): lambda *_: {"commission_decision_ref": "KOM-1"},
    ("enrolment", "sign_agreement"): lambda p, one, chance, day, _: {
        "agreement_number": f"S-{chance.randrange(40)}", "signed_on": day(p.today),
    },
    ("enrolment", "complete"): lambda *_: {"outcome": "certified"},
    ("enrolment", "revise"): lambda p, one, chance, day, _: {"declared_on": day(p.today)},
    ("enrolment", "stage"): _stage,
    ("assessment", "assign"): lambda p, one, chance, day, auditors: {"assessor": chance.choice(auditors)},
    ("assessment", "return"): lambda *_: {"reason": WHY},
    ("assessment", "cancel"): lambda *_: {"reason": WHY},
    ("assessment", "require_improvement"): lambda p, one, chance, day, _: {"plan_due_on": day(_in_days(p, 60))},
    ("assessment", "rate"): lambda p, one, chance, day, _: {"ratings": _ratings(one, chance)},
    ("finding", "plan"): lambda p, one, chance, day, _: {
        "cause": WHY, "action": WHY, "action_due_on": day(max(p.today, min(one.due_on or p.today, _in_days(p, 7)))),
    },
    ("finding", "answer"): lambda *_: {"answer": WHY, "evidence": PROOF},
    ("finding", "reopen"): lambda p, one, chance, day, _: {"reason": WHY, "due_on": day(_in_days(p, 30))},
    ("finding", "extend"): lambda p, one, chance, day, _: {
        "reason": WHY, "due_on": day(max(one.due_on or p.today, _in_days(p, 30))),
    },
    ("finding", "withdraw"): lambda *_: {"reason": WHY},
    ("certificate", "vote"): lambda p, one, chance, day, _: {
        "vote": chance.choice(["for", "for", "for", "against", "abstain"])
    },
    ("certificate", "revise"): lambda p, one, chance, day, _: {
        "scope": {"services": chance.choice(SCOPES), "sites": [], "unit": None}
    },
    ("certificate", "grant"): _grant,
    ("certificate", "refuse"): lambda *_: {"reason": WHY},
    ("certificate", "suspend"): lambda p, one, chance, day, _: {
        "reason_code": "other", "reason": WHY, "review_by": day(_in_days(p, 40)),
    },
    ("certificate", "reinstate"): lambda *_: {"reason": WHY},
    ("certificate", "withdraw"): lambda *_: {"reason_code": "other", "reason": WHY},
    ("certificate", "cancel"): lambda *_: {"holder_request_ref": "S-114"},
    ("certificate", "request_cancellation"): lambda *_: {"reason": WHY},
    ("certificate", "decline_cancellation"): lambda *_: {"reason": WHY},
    ("certificate", "revise_scope"): lambda p, one, chance, day, _: {
        "scope": {"services": chance.choice(SCOPES), "sites": [], "unit": None}, "decision_ref": "AC-1",
    },
    ("certificate", "amend"): lambda p, one, chance, day, _: {"reason": WHY, "staff": chance.randrange(90)},
    ("certificate", "transfer"): lambda p, one, chance, day, _: {
        "organisation_id": chance.choice(sorted(p.organisations)), "document_ref": "R-1", "decision_ref": "AC-1",
    },
    ("certificate", "extend"): lambda p, one, chance, day, _: {
        "expires_on": day((one.expires_on if one.periods else p.today) + timedelta(days=1 + chance.randrange(60))),
        "decision_ref": "AC-1",
    },
    ("certificate", "restore"): lambda p, one, chance, day, _: {
        "assessment_id": _audit_for(p, one, chance), "decision_ref": "AC-1",
    },
    ("annual_report", "submit"): lambda *_: {"parts": PARTS, "declaration": True},
    ("annual_report", "comment"): lambda *_: {"feedback": [{"criterion": "1.1", "text": WHY}]},
    ("annual_report", "return"): lambda p, one, chance, day, _: {"reason": WHY, "resubmit_by": day(_in_days(p, 20))},
    ("annual_report", "request_extension"): lambda p, one, chance, day, _: {
        "reason": WHY, "new_due_on": day(one.latest_due_on),
    },
    ("annual_report", "decide_extension"): lambda p, one, chance, day, _: {
        "granted": chance.random() < 0.7, "reason": WHY,
    },
    ("annual_report", "waive"): lambda *_: {"reason": WHY},
    ("compliance_case", "close"): lambda *_: {"resolution": WHY},
    ("support_activity", "cancel"): lambda *_: {"reason": WHY},
}  # fmt: skip
