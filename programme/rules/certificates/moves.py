"""What may be done with a certificate, by whom, and what stands in the way: the lifecycle and its guards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from programme.errors import Reason
from programme.rules.calendar import add_months
from programme.rules.certificates import reasons as why
from programme.rules.certificates.status import STATUS_NAMES, VALID, Status
from programme.rules.lifecycle import Lifecycle, Role, guard, move
from programme.rules.standards import GRANTED_BY, VersionState, not_in_force


@dataclass(frozen=True, slots=True)
class Votes:
    """The committee's votes on a draft as it stands now."""

    in_favour: int = 0
    against: int = 0
    abstained: int = 0

    @property
    def cast(self) -> int:
        return self.in_favour + self.against + self.abstained


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What the guards of a certificate look at.

    `audits`: outcomes of finalised external audits of the same organisation, version and scope ("met" | "not_met").
    `auditor_of_all`: the caller audited every audit that could carry the grant, or the one that carried it.
    `override`: the awarder gives a reason for granting although the pass rule is not met.
    `end_decided_on`, `suspension_decided_on`: a decision already taken whose day has not come.
    `quorum`: how many votes the policy asks for; none: one awarder decides.
    `expires_on`: the last valid day; `regular_end`: the one that was set before any extension of the period.
    `extension_months`, `restoration_months`: how far beyond its regular end the policy lets a certificate be extended, and
    until how long after its end it may be restored; none: not at all. `recertified`: an external audit since the period
    began passed. `renewal_opens_days`: how long before the last valid day a successor may be prepared; `successor_id`:
    one that is being prepared. `cancellation_requested_on`: the holder has asked, and nobody has decided.
    """

    state: str
    today: date
    audits: tuple[str, ...] = ()
    auditor_of_all: bool = False
    validity_months: int | None = None
    pass_rule_known: bool = False
    override: bool = False
    end_decided_on: date | None = None
    suspension_decided_on: date | None = None
    quorum: int | None = None
    votes: Votes = Votes()
    expires_on: date | None = None
    regular_end: date | None = None
    extension_months: int | None = None
    restoration_months: int | None = None
    recertified: bool = False
    renewal_opens_days: int = 0
    successor_id: UUID | None = None
    cancellation_requested_on: date | None = None
    version_state: str = VersionState.CURRENT

    @property
    def extension_until(self) -> date | None:
        """The latest last valid day that an extension may set."""
        if self.regular_end is None or not self.extension_months:
            return None
        return add_months(self.regular_end, self.extension_months)

    @property
    def restoration_until(self) -> date | None:
        """The last day on which the certificate, once expired, may be restored."""
        if self.expires_on is None or not self.restoration_months:
            return None
        return add_months(self.expires_on, self.restoration_months)

    @property
    def renewal_opens_on(self) -> date | None:
        """The first day on which a successor may be prepared."""
        return None if self.expires_on is None else self.expires_on - timedelta(days=self.renewal_opens_days)


def _end_decided(facts: CertificateFacts) -> Reason | None:
    return why.END_DECIDED.given(effective_on=facts.end_decided_on) if facts.end_decided_on else None


def _suspension_decided(facts: CertificateFacts) -> Reason | None:
    return (
        why.SUSPENSION_DECIDED.given(effective_on=facts.suspension_decided_on) if facts.suspension_decided_on else None
    )


def _quorum(facts: CertificateFacts) -> Reason | None:
    """So many have voted, and more of them for it than against."""
    votes = facts.votes
    if facts.quorum is None:
        return None
    if votes.cast < facts.quorum:
        return why.QUORUM_NOT_REACHED.given(quorum=facts.quorum, cast=votes.cast)
    if votes.in_favour <= votes.against:
        return why.NOT_IN_FAVOUR.given(in_favour=votes.in_favour, against=votes.against)
    return None


def _extension_limit(facts: CertificateFacts) -> Reason | None:
    latest = facts.extension_until
    if latest is None:
        return why.EXTENSION_NOT_ALLOWED
    used_up = facts.expires_on is not None and facts.expires_on >= latest
    return why.EXTENSION_USED_UP.given(latest=latest) if used_up else None


def _restoration_window(facts: CertificateFacts) -> Reason | None:
    until = facts.restoration_until
    return why.RESTORATION_OVER.given(until=until) if until is not None and facts.today > until else None


def _renewal_window(facts: CertificateFacts) -> Reason | None:
    opens_on = facts.renewal_opens_on
    return why.WINDOW_NOT_OPEN.given(opens_on=opens_on) if opens_on is not None and facts.today < opens_on else None


def _successor(facts: CertificateFacts) -> Reason | None:
    return why.SUCCESSOR_DRAFTED.given(certificate_id=facts.successor_id) if facts.successor_id else None


def _requested_already(facts: CertificateFacts) -> Reason | None:
    day = facts.cancellation_requested_on
    return why.CANCELLATION_REQUESTED.given(requested_on=day) if day else None


_A, _C, _P = Role.AWARDER, Role.COORDINATOR, Role.PROVIDER
_VALID_OR_SUSPENDED = (*VALID, Status.SUSPENDED)

LIFECYCLE: Lifecycle[CertificateFacts] = Lifecycle(
    "certificate",
    STATUS_NAMES,
    [
        move(
            "vote", [Status.DRAFT], None, [_A], "certificate_vote.recorded", "committee_decides", "decider_not_auditor",
            at="votes",
        ),
        move(
            "grant", [Status.DRAFT], "valid", [_A], "certificate.granted",
            "version_in_force", "validity_months_known", "pass_rule_set", "finalised_external_audit_same_scope_and_version",
            "pass_rule_met_or_override_reason", "quorum_reached", "decider_not_auditor", "certified_on_not_before_audit_end",
        ),
        move("refuse", [Status.DRAFT], Status.REFUSED, [_A], "certificate.refused", "reason", "decider_not_auditor"),
        move(
            "suspend", VALID, Status.SUSPENDED, [_A], "certificate.suspended", "reason", "effective_on", "review_by",
            "no_end_decided", "no_suspension_decided", "decider_not_auditor",
        ),
        move(
            "reinstate", [Status.SUSPENDED], "valid", [_A], "certificate.reinstated", "cause_resolved", "not_past_expiry",
            "decider_not_auditor",
        ),
        move(
            "withdraw", _VALID_OR_SUSPENDED, Status.WITHDRAWN, [_A], "certificate.withdrawn", "reason", "effective_on",
            "no_end_decided", "decider_not_auditor",
        ),
        move(
            "request_cancellation", _VALID_OR_SUSPENDED, None, [_P], "certificate.cancellation_requested", "reason",
            "no_end_decided", "no_cancellation_requested",
        ),
        move(
            "withdraw_cancellation_request", _VALID_OR_SUSPENDED, None, [_P], "certificate.cancellation_request_withdrawn",
            "cancellation_requested",
        ),
        move(
            "decline_cancellation", _VALID_OR_SUSPENDED, None, [_C, _A], "certificate.cancellation_declined", "reason",
            "cancellation_requested",
        ),
        move(
            "cancel", _VALID_OR_SUSPENDED, Status.CANCELLED, [_C, _A], "certificate.cancelled", "holder_request_ref",
            "no_end_decided",
        ),
        move(
            "revise_scope", _VALID_OR_SUSPENDED, None, [_A], ("certificate.restricted", "certificate.supplemented"),
            "decision_ref", "no_end_decided", "decider_not_auditor",
        ),
        move("amend", [*_VALID_OR_SUSPENDED, Status.EXPIRED], None, [_C, _A], "certificate.amended", "reason"),
        move(
            "transfer", _VALID_OR_SUSPENDED, None, [_A], "certificate.transferred", "legal_succession_document",
            "decision_ref", "no_end_decided", "no_successor_drafted",
        ),
        move(
            "extend", VALID, None, [_A], "certificate.extended", "decision_ref", "no_end_decided",
            "within_policy_extension_limit", "decider_not_auditor",
        ),
        move(
            "restore", [Status.EXPIRED], "valid", [_A], "certificate.restored", "policy_allows_restore",
            "within_restore_window", "recertification_done", "validity_months_known", "decider_not_auditor",
        ),
        move(
            "renew", [*_VALID_OR_SUSPENDED, Status.EXPIRED], None, [_C, _A], "certificate.drafted", "no_end_decided",
            "renewal_window_open", "no_successor_drafted",
        ),
        move("expire", _VALID_OR_SUSPENDED, Status.EXPIRED, [Role.WORKER], "certificate.expired", "today_after_expires_on"),
    ],
    {
        "version_in_force": lambda facts: not_in_force(facts.version_state, GRANTED_BY),
        "validity_months_known": guard(why.VALIDITY_UNKNOWN, lambda facts: facts.validity_months is None),
        "pass_rule_set": guard(why.PASS_RULE_UNKNOWN, lambda facts: not facts.pass_rule_known),
        "finalised_external_audit_same_scope_and_version": guard(why.NO_AUDIT, lambda facts: not facts.audits),
        "pass_rule_met_or_override_reason": guard(
            why.AUDIT_NOT_PASSED, lambda facts: bool(facts.audits) and "met" not in facts.audits and not facts.override
        ),
        "committee_decides": guard(why.NO_COMMITTEE, lambda facts: facts.quorum is None),
        "quorum_reached": _quorum,
        "decider_not_auditor": guard(why.DECIDER_IS_AUDITOR, lambda facts: facts.auditor_of_all),
        "no_end_decided": _end_decided,
        "no_suspension_decided": _suspension_decided,
        "no_cancellation_requested": _requested_already,
        "cancellation_requested": guard(
            why.NO_CANCELLATION_REQUEST, lambda facts: facts.cancellation_requested_on is None
        ),
        "within_policy_extension_limit": _extension_limit,
        "policy_allows_restore": guard(why.RESTORATION_NOT_ALLOWED, lambda facts: facts.restoration_until is None),
        "within_restore_window": _restoration_window,
        "recertification_done": guard(why.NOT_RECERTIFIED, lambda facts: not facts.recertified),
        "renewal_window_open": _renewal_window,
        "no_successor_drafted": _successor,
    },
)  # fmt: skip
