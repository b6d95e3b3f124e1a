"""What stands in the way of a decision about a certificate (domain.md; decisions 20 to 23)."""

from __future__ import annotations

from tests.model.certificates import Certificate
from tests.model.days import days_before, months_after
from tests.model.moves import guard
from tests.model.programme import Actor, Programme, Said
from tests.model.standards import version_of


@guard
def version_in_force(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    return None if version_of(p, one.version).state in ("current", "retired") else "version_not_in_force"


@guard
def validity_months_known(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    policy = one.policy(p)
    return None if policy and policy.validity_months else "validity_not_set"


@guard
def pass_rule_set(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    policy = one.policy(p)
    return None if policy and policy.has_pass_rule else "pass_rule_not_set"


@guard
def finalised_external_audit_same_scope_and_version(
    p: Programme, one: Certificate, actor: Actor, said: Said
) -> str | None:
    return None if one.audits(p) else "no_finalised_audit"


@guard
def pass_rule_met_or_override_reason(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    outcomes = {audit.outcome for audit in one.audits(p)}
    return "audit_not_passed" if outcomes == {"not_met"} and not said.get("override_reason") else None


@guard
def committee_decides(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    policy = one.policy(p)
    return None if policy and policy.decision_quorum else "no_committee"


@guard
def quorum_reached(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    policy, cast = one.policy(p), [vote for vote, wording in one.votes.values() if wording == one.wording]
    if policy is None or policy.decision_quorum is None:
        return None
    if len(cast) < policy.decision_quorum:
        return "quorum_not_reached"
    return None if cast.count("for") > cast.count("against") else "majority_not_in_favour"


@guard
def no_end_decided(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    return "end_already_decided" if one.ended_on and one.ended_on > p.today else None


@guard
def no_suspension_decided(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    ahead = one.suspensions and one.suspensions[-1][0] > p.today
    return "suspension_already_decided" if ahead else None


@guard
def no_cancellation_requested(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    return "cancellation_already_requested" if one.requested_on else None


@guard
def cancellation_requested(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    return None if one.requested_on else "no_cancellation_request"


@guard
def within_policy_extension_limit(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    policy = one.policy(p)
    if policy is None or policy.extension_months is None:
        return "extension_not_allowed"
    return "extension_used_up" if one.expires_on >= one.extension_until(p) else None


@guard
def policy_allows_restore(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    policy = one.policy(p)
    return None if policy and policy.restoration_months else "restoration_not_allowed"


@guard
def within_restore_window(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    policy = one.policy(p)
    if policy is None or policy.restoration_months is None:
        return None
    return "restoration_window_over" if p.today > months_after(one.expires_on, policy.restoration_months) else None


@guard
def recertification_done(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    since = [audit for audit in one.audits(p) if audit.ended_on and audit.ended_on >= one.valid_from]
    return None if any(audit.outcome == "met" for audit in since) else "recertification_not_done"


@guard
def renewal_window_open(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    policy = one.policy(p)
    opens_on = days_before(one.expires_on, policy.renewal_opens_days if policy else 0)
    return "window_not_open" if p.today < opens_on else None


@guard
def no_successor_drafted(p: Programme, one: Certificate, actor: Actor, said: Said) -> str | None:
    return "successor_drafted" if one.successor(p) else None
