"""What a certificate promises, and until when. Status is derived from decisions and a day, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from programme.errors import Reason
from programme.rules.calendar import add_months, day_ends_at
from programme.rules.lifecycle import Lifecycle, Role, guard, move
from programme.rules.steps import Step
from programme.sentences import Sentence


class Status(StrEnum):
    DRAFT = "draft"
    NOT_YET_VALID = "not_yet_valid"
    ACTIVE = "active"
    EXPIRING = "expiring"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


class RegisterStatus(StrEnum):
    """The four values that certificate registers share."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Source(StrEnum):
    """`decision`: granted here. `import`: brought in from the register of before."""

    DECISION = "decision"
    IMPORT = "import"


class ReasonCode(StrEnum):
    """Why a certificate is suspended, withdrawn or otherwise decided on."""

    REPORT_DELINQUENT = "report_delinquent"
    REQUIREMENTS_NOT_MET = "requirements_not_met"
    MISUSE_OF_MARK = "misuse_of_mark"
    COMPLAINT_UPHELD = "complaint_upheld"
    HOLDER_REQUEST = "holder_request"
    LEGAL_CHANGE = "legal_change"
    OTHER = "other"


STATUS_NAMES = {
    Status.DRAFT: Sentence(lt="rengiamas", en="draft"),
    Status.NOT_YET_VALID: Sentence(lt="dar neįsigaliojęs", en="not yet valid"),
    Status.ACTIVE: Sentence(lt="galiojantis", en="active"),
    Status.EXPIRING: Sentence(lt="baigia galioti", en="expiring"),
    Status.SUSPENDED: Sentence(lt="sustabdytas", en="suspended"),
    Status.EXPIRED: Sentence(lt="nebegaliojantis", en="expired"),
    Status.REFUSED: Sentence(lt="nesuteiktas", en="refused"),
    Status.WITHDRAWN: Sentence(lt="panaikintas", en="withdrawn"),
    Status.CANCELLED: Sentence(lt="nutrauktas turėtojo prašymu", en="cancelled"),
    Status.SUPERSEDED: Sentence(lt="pakeistas nauju", en="superseded"),
}

DECISION_NAMES = {
    "import": Sentence(lt="perėmimas iš ankstesnio registro", en="brought in from the register of before"),
    "grant": Sentence(lt="suteikimas", en="grant"),
    "refuse": Sentence(lt="atsisakymas suteikti", en="refusal"),
    "suspend": Sentence(lt="galiojimo sustabdymas", en="suspension"),
    "reinstate": Sentence(lt="galiojimo atnaujinimas", en="reinstatement"),
    "withdraw": Sentence(lt="panaikinimas", en="withdrawal"),
    "request_cancellation": Sentence(lt="turėtojo prašymas nutraukti galiojimą", en="the holder's request to cancel"),
    "cancel": Sentence(lt="nutraukimas turėtojo prašymu", en="cancellation at the holder's request"),
    "supersede": Sentence(lt="pakeitimas nauju sertifikatu", en="supersession by another certificate"),
    "revise_scope": Sentence(lt="apimties patikslinimas", en="revision of the scope"),
    "amend": Sentence(lt="duomenų patikslinimas", en="amendment"),
    "transfer": Sentence(lt="perdavimas kitam turėtojui", en="transfer to another holder"),
    "extend": Sentence(lt="galiojimo pratęsimas", en="extension"),
    "restore": Sentence(lt="galiojimo atkūrimas", en="restoration"),
}
"""What each kind of decision about a certificate is called."""

REGISTER_STATUS: dict[Status, RegisterStatus] = {
    Status.ACTIVE: RegisterStatus.ACTIVE,
    Status.EXPIRING: RegisterStatus.ACTIVE,
    Status.SUSPENDED: RegisterStatus.SUSPENDED,
    Status.WITHDRAWN: RegisterStatus.WITHDRAWN,
    Status.CANCELLED: RegisterStatus.WITHDRAWN,
    Status.EXPIRED: RegisterStatus.EXPIRED,
    Status.SUPERSEDED: RegisterStatus.EXPIRED,
}
"""Statuses that are not here are not in the public register."""

VALID = (Status.NOT_YET_VALID, Status.ACTIVE, Status.EXPIRING)
"""What the stored state `valid` of the lifecycle means today."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both included; no `last` means that no end is decided yet."""

    first: date
    last: date | None

    def __contains__(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was decided about a certificate: everything that its status depends on besides the day.

    `periods`: spans of validity in order, each ending on its last valid day; none before a grant.
    `ended_as`, `ended_on`: the terminal decision and its first day of effect.
    `expiring_days`: how long before the last valid day it counts as expiring (policy at the grant).
    """

    periods: Sequence[Span] = ()
    suspensions: Sequence[Span] = ()
    ended_as: Status | None = None
    ended_on: date | None = None
    expiring_days: int = 180


def status(on: date, decided: Decisions) -> Status:
    """The status on the day `on`. `queries.certificates.status_on` says the same in SQL, proven equal by test."""
    *_, last = status_steps(on, decided)
    return Status(str(last.decides))


def status_steps(on: date, decided: Decisions) -> Iterator[Step]:
    """The lines of the status in their order, up to the one that decides it."""
    if decided.ended_as is not None and decided.ended_on is not None:
        ended = {"ended_as_name": STATUS_NAMES[decided.ended_as], "ended_on": decided.ended_on}
        if decided.ended_on <= on:
            yield Step("ended", ENDED, ended, decided.ended_as)
            return
        yield Step("end_ahead", END_AHEAD, ended)
    if not decided.periods:
        yield Step("not_granted", NOT_GRANTED, decides=Status.DRAFT)
        return
    if on < decided.periods[0].first:
        yield Step("before_first_day", BEFORE_FIRST_DAY, {"valid_from": decided.periods[0].first}, Status.NOT_YET_VALID)
        return
    period = next((one for one in decided.periods if on in one), None)
    if period is None or period.last is None:
        over = [one.last for one in decided.periods if one.last is not None and one.last < on]
        yield Step("after_last_day", AFTER_LAST_DAY, {"last_day": max(over, default=None)}, Status.EXPIRED)
        return
    within = {"first_day": period.first, "last_day": period.last, "ends_at": day_ends_at(period.last)}
    yield Step("within_validity", WITHIN_VALIDITY, within)
    if (suspension := next((one for one in decided.suspensions if on in one), None)) is not None:
        values = {"suspended_from": suspension.first, "suspended_until": suspension.last}
        said = SUSPENDED if suspension.last is None else SUSPENDED_UNTIL
        yield Step("suspended", said, values, Status.SUSPENDED)
        return
    yield Step("not_suspended", NOT_SUSPENDED)
    expiring_from = period.last - timedelta(days=decided.expiring_days)
    notice = {"expiring_from": expiring_from, "expiring_days": decided.expiring_days}
    if on >= expiring_from:
        yield Step("within_notice", WITHIN_NOTICE, notice, Status.EXPIRING)
    else:
        yield Step("before_notice", BEFORE_NOTICE, notice, Status.ACTIVE)


ENDED = Sentence(
    lt="Nuo {ended_on} galioja sprendimas, kuriuo sertifikatas {ended_as_name}.",
    en="A decision holds from {ended_on} by which the certificate is {ended_as_name}.",
)
END_AHEAD = Sentence(
    lt="Sprendimas, kuriuo sertifikatas {ended_as_name}, galios tik nuo {ended_on}.",
    en="The decision by which the certificate is {ended_as_name} holds from {ended_on} only.",
)
NOT_GRANTED = Sentence(lt="Sertifikatas dar nesuteiktas.", en="The certificate has not been granted yet.")
BEFORE_FIRST_DAY = Sentence(
    lt="Pirmoji galiojimo diena, {valid_from}, dar neatėjo.", en="The first valid day, {valid_from}, has not come yet."
)
AFTER_LAST_DAY = Sentence(
    lt="Paskutinė galiojimo diena, {last_day}, jau praėjo.", en="The last valid day, {last_day}, is over."
)
WITHIN_VALIDITY = Sentence(
    lt="Ši diena patenka į galiojimo laiką nuo {first_day} iki {last_day} imtinai; jis baigiasi {ends_at}.",
    en="The day lies in the validity from {first_day} to {last_day} inclusive, which ends at {ends_at}.",
)
SUSPENDED = Sentence(
    lt="Nuo {suspended_from} sertifikato galiojimas sustabdytas.",
    en="The certificate is suspended from {suspended_from} on.",
)
SUSPENDED_UNTIL = Sentence(
    lt="Nuo {suspended_from} iki {suspended_until} imtinai sertifikato galiojimas sustabdytas.",
    en="The certificate is suspended from {suspended_from} to {suspended_until} inclusive.",
)
NOT_SUSPENDED = Sentence(
    lt="Tą dieną sertifikato galiojimas nesustabdytas.", en="The certificate is not suspended on this day."
)
WITHIN_NOTICE = Sentence(
    lt="Iki paskutinės galiojimo dienos liko ne daugiau kaip {expiring_days} d.: baigia galioti nuo {expiring_from}.",
    en="At most {expiring_days} days are left to the last valid day: it has been expiring from {expiring_from} on.",
)
BEFORE_NOTICE = Sentence(
    lt="Iki paskutinės galiojimo dienos liko daugiau kaip {expiring_days} d.: baigiančiu galioti jis taps {expiring_from}.",
    en="More than {expiring_days} days are left to the last valid day: it will be expiring from {expiring_from} on.",
)


def last_valid_day(certified_on: date, validity_months: int) -> date:
    """The certification date's anniversary, inclusive: 9 of 9 records of the public register."""
    return add_months(certified_on, validity_months)


def changes(expires_on: date, notice_days: Iterable[int]) -> list[date]:
    """The days on which the daily pass has something to make known: the notices, and the first day after the end."""
    return sorted({expires_on - timedelta(days=days) for days in notice_days} | {expires_on + timedelta(days=1)})


def next_change(
    after: date | None, expires_on: date, notice_days: Iterable[int], ended_on: date | None = None
) -> date | None:
    """The first of `changes` later than `after` (None: the first at all) that comes before a terminal decision."""
    return next(
        (
            day
            for day in changes(expires_on, notice_days)
            if (after is None or day > after) and (ended_on is None or day < ended_on)
        ),
        None,
    )


def next_change_of_import(today: date, expires_on: date, notice_days: Iterable[int]) -> date:
    """As `next_change` for a certificate brought in on `today`: its end is made known even when long past,
    notices from before the import are not raised."""
    return next_change(today, expires_on, notice_days) or expires_on + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What the guards of a certificate look at.

    `audits`: outcomes of finalised external audits of the same organisation, version and scope ("met" | "not_met").
    `auditor_of_all`: the caller audited every audit that could carry the grant, or the one that carried it.
    `override`: the awarder gives a reason for granting although the pass rule is not met.
    `end_decided_on`, `suspension_decided_on`: a decision already taken whose day has not come.
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


NO_AUDIT = Reason(
    "no_finalised_audit",
    Sentence(
        lt="Nėra užbaigto tos pačios apimties ir standarto versijos išorės audito.",
        en="There is no finalised external audit of the same scope and version.",
    ),
)
AUDIT_NOT_PASSED = Reason(
    "audit_not_passed",
    Sentence(
        lt="Išorės audito rezultatas neatitinka standarto vertinimo taisyklės.",
        en="The external audit does not meet the pass rule of the standard.",
    ),
)
VALIDITY_UNKNOWN = Reason(
    "validity_not_set",
    Sentence(
        lt="Standarto savininkas dar nenustatė, kiek laiko galioja šios versijos sertifikatas.",
        en="The owner of the standard has not yet set how long a certificate of this version is valid.",
    ),
)
PASS_RULE_UNKNOWN = Reason(
    "pass_rule_not_set",
    Sentence(
        lt="Šio lygio kriterijai ir vertinimo taisyklė dar nenustatyti.",
        en="The criteria and the pass rule of this level are not set yet.",
    ),
)
DECIDER_IS_AUDITOR = Reason(
    "decider_is_auditor",
    Sentence(
        lt="Auditą atlikęs asmuo negali spręsti dėl sertifikato.",
        en="Whoever audited cannot decide on the certificate.",
    ),
    personal=True,
)
END_DECIDED = Reason(
    "end_already_decided",
    Sentence(
        lt="Jau nuspręsta, kad sertifikatas netenka galios {effective_on}.",
        en="It is already decided that the certificate ends on {effective_on}.",
    ),
)
SUSPENSION_DECIDED = Reason(
    "suspension_already_decided",
    Sentence(
        lt="Jau nuspręsta sustabdyti sertifikatą nuo {effective_on}.",
        en="It is already decided to suspend the certificate from {effective_on}.",
    ),
)


def _end_decided(facts: CertificateFacts) -> Reason | None:
    return END_DECIDED.given(effective_on=facts.end_decided_on) if facts.end_decided_on else None


def _suspension_decided(facts: CertificateFacts) -> Reason | None:
    return SUSPENSION_DECIDED.given(effective_on=facts.suspension_decided_on) if facts.suspension_decided_on else None


_A = Role.AWARDER
_VALID_OR_SUSPENDED = (*VALID, Status.SUSPENDED)

LIFECYCLE: Lifecycle[CertificateFacts] = Lifecycle(
    "certificate",
    STATUS_NAMES,
    [
        move(
            "grant", [Status.DRAFT], "valid", [_A], "certificate.granted",
            "validity_months_known", "pass_rule_set", "finalised_external_audit_same_scope_and_version",
            "pass_rule_met_or_override_reason", "decider_not_auditor", "certified_on_not_before_audit_end",
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
        move("expire", _VALID_OR_SUSPENDED, Status.EXPIRED, [Role.WORKER], "certificate.expired", "today_after_expires_on"),
    ],
    {
        "validity_months_known": guard(VALIDITY_UNKNOWN, lambda facts: facts.validity_months is None),
        "pass_rule_set": guard(PASS_RULE_UNKNOWN, lambda facts: not facts.pass_rule_known),
        "finalised_external_audit_same_scope_and_version": guard(NO_AUDIT, lambda facts: not facts.audits),
        "pass_rule_met_or_override_reason": guard(
            AUDIT_NOT_PASSED, lambda facts: bool(facts.audits) and "met" not in facts.audits and not facts.override
        ),
        "decider_not_auditor": guard(DECIDER_IS_AUDITOR, lambda facts: facts.auditor_of_all),
        "no_end_decided": _end_decided,
        "no_suspension_decided": _suspension_decided,
    },
)  # fmt: skip
