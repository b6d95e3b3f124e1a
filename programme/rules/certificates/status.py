"""The status of a certificate, derived from decisions and a day and never stored, and the days that make changes known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from programme.rules.calendar import add_months, day_ends_at
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

REGISTER_VERDICTS = {
    RegisterStatus.ACTIVE: Sentence(lt="Sertifikatas galioja.", en="The certificate is valid."),
    RegisterStatus.SUSPENDED: Sentence(
        lt="Sertifikato galiojimas sustabdytas.", en="The certificate is suspended: it is not valid at present."
    ),
    RegisterStatus.WITHDRAWN: Sentence(
        lt="Sertifikatas panaikintas: jis nebegalioja.", en="The certificate was withdrawn: it is not valid any more."
    ),
    RegisterStatus.EXPIRED: Sentence(
        lt="Sertifikato galiojimas pasibaigė.", en="The certificate has expired: it is not valid any more."
    ),
}
"""What somebody is told who was shown a certificate."""

DECISION_NAMES = {
    "import": Sentence(lt="perėmimas iš ankstesnio registro", en="brought in from the register of before"),
    "grant": Sentence(lt="suteikimas", en="grant"),
    "refuse": Sentence(lt="atsisakymas suteikti", en="refusal"),
    "suspend": Sentence(lt="galiojimo sustabdymas", en="suspension"),
    "reinstate": Sentence(lt="galiojimo atnaujinimas", en="reinstatement"),
    "withdraw": Sentence(lt="panaikinimas", en="withdrawal"),
    "request_cancellation": Sentence(lt="turėtojo prašymas nutraukti galiojimą", en="the holder's request to cancel"),
    "withdraw_cancellation_request": Sentence(lt="turėtojo prašymo atsiėmimas", en="the holder's request taken back"),
    "decline_cancellation": Sentence(lt="turėtojo prašymo atmetimas", en="the holder's request declined"),
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


ENDING = frozenset({"withdraw", "cancel", "supersede"})
"""Decisions that end a certificate in force."""

AHEAD = frozenset({"grant", "suspend"}) | ENDING
"""Decisions that may be taken for a day to come: they take effect by themselves, and on that day it is made known."""


class Change(StrEnum):
    """What a day makes known of a certificate. `decision_took_effect`: of a decision that was taken ahead; one for today
    or the past told everything when it was taken."""

    EXPIRY_NOTICED = "expiry_noticed"
    REVIEW_OVERDUE = "review_overdue"
    DECISION_TOOK_EFFECT = "decision_took_effect"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Course:
    """What lies before a certificate in force, as far as it is decided.

    `expires_on`: the last valid day. `notice_days`: how long before it a notice is due. `ended_on`: first day of a terminal
    decision. `review_by`: of a suspension, the last day to decide what follows. `ahead`: decisions that were taken for a
    day to come: each one's kind and day.
    """

    expires_on: date
    notice_days: Sequence[int] = ()
    ended_on: date | None = None
    review_by: date | None = None
    ahead: Sequence[tuple[str, date]] = ()


def changes(course: Course) -> list[tuple[date, Change]]:
    """The days on which the daily pass has something to make known, in order. What an earlier end cuts off is not told;
    the end itself is, where it was decided ahead."""
    one_day = timedelta(days=1)
    found = [(course.expires_on - timedelta(days=days), Change.EXPIRY_NOTICED) for days in set(course.notice_days)]
    found.append((course.expires_on + one_day, Change.EXPIRED))
    if course.review_by is not None and course.review_by < course.expires_on:
        found.append((course.review_by + one_day, Change.REVIEW_OVERDUE))
    found += [(day, Change.DECISION_TOOK_EFFECT) for kind, day in course.ahead if kind not in ENDING]
    if course.ended_on is not None:
        found = [(day, change) for day, change in found if day < course.ended_on]
    return sorted(found + [(day, Change.DECISION_TOOK_EFFECT) for kind, day in course.ahead if kind in ENDING])


def next_change(after: date | None, course: Course) -> date | None:
    """The first of the days of `changes` later than `after` (None: the first at all)."""
    return next((day for day, _ in changes(course) if after is None or day > after), None)


def next_change_of_import(today: date, course: Course) -> date:
    """As `next_change` for a certificate brought in on `today`: its end is made known even when long past,
    notices from before the import are not raised."""
    return next_change(today, course) or course.expires_on + timedelta(days=1)
