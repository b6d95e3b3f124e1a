"""What a certificate's holder owes each year: when the window opens, when it is late, and who moves it on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from programme.errors import Reason
from programme.rules.calendar import add_months
from programme.rules.lifecycle import Lifecycle, Role, guard, move
from programme.sentences import Sentence


class State(StrEnum):
    SCHEDULED = "scheduled"
    DRAFTING = "drafting"
    SUBMITTED = "submitted"
    WITH_AUDITOR = "with_auditor"
    COMMENTED = "commented"
    WITH_OFFICE = "with_office"
    RETURNED = "returned"
    APPROVED = "approved"
    WAIVED = "waived"
    VOID = "void"


class Flag(StrEnum):
    """Independent of one another and derived from a day."""

    OPEN = "open"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    DELINQUENT = "delinquent"
    LATE = "late"


class Timeliness(StrEnum):
    """How a report stands by its last day, each in exactly one of these on any day.

    `on_time`, `late`: first submitted by `due_on`, or after it. `overdue`: nothing submitted and the day has passed.
    `upcoming`: owed, and the day has not passed. `not_owed`: waived, void, or its certificate has ended.
    """

    ON_TIME = "on_time"
    LATE = "late"
    OVERDUE = "overdue"
    UPCOMING = "upcoming"
    NOT_OWED = "not_owed"


STATE_NAMES = {
    State.SCHEDULED: Sentence(lt="suplanuota", en="scheduled"),
    State.DRAFTING: Sentence(lt="rengiama", en="drafting"),
    State.SUBMITTED: Sentence(lt="pateikta", en="submitted"),
    State.WITH_AUDITOR: Sentence(lt="perduota auditoriui", en="with the auditor"),
    State.COMMENTED: Sentence(lt="auditoriaus įvertinta", en="commented"),
    State.WITH_OFFICE: Sentence(lt="perduota EQUASS biurui", en="with the office"),
    State.RETURNED: Sentence(lt="grąžinta taisyti", en="returned"),
    State.APPROVED: Sentence(lt="patvirtinta", en="approved"),
    State.WAIVED: Sentence(lt="atleista nuo pareigos", en="waived"),
    State.VOID: Sentence(lt="netekusi galios", en="void"),
}

CLOSED = (State.APPROVED, State.WAIVED, State.VOID)


class VoidReason(StrEnum):
    """`imported`: due before the certificate was brought in, so never owed here. `certificate_ended`: owed until then."""

    IMPORTED = "imported"
    CERTIFICATE_ENDED = "certificate_ended"


@dataclass(frozen=True, slots=True)
class Obligation:
    """One report that is owed. All are days in Vilnius, `opens_on` and `due_on` included in the window.

    `first_submitted_on`: the day of the first submission, which survives every return.
    `lapses_on`: the first day on which the certificate is no longer live; nothing is owed from then on.
    """

    opens_on: date
    due_on: date
    state: State = State.SCHEDULED
    void_reason: VoidReason | None = None
    first_submitted_on: date | None = None
    due_soon_days: int = 30
    grace_days: int = 30
    lapses_on: date | None = None


def flags(on: date, report: Obligation) -> list[Flag]:
    """The flags on the day `on`, also one long past; `queries.annual_reports.flags_on` says the same in SQL, proven
    equal by test."""
    found = []
    if _owed(on, report) and not _submitted(on, report):
        if on >= report.opens_on:
            found.append(Flag.OPEN)
        if report.due_on - timedelta(days=report.due_soon_days) <= on <= report.due_on:
            found.append(Flag.DUE_SOON)
        if on > report.due_on:
            found.append(Flag.OVERDUE)
        if on > report.due_on + timedelta(days=report.grace_days):
            found.append(Flag.DELINQUENT)
    if report.first_submitted_on is not None and report.due_on < report.first_submitted_on <= on:
        found.append(Flag.LATE)
    return found


def timeliness(on: date, report: Obligation) -> Timeliness:
    """How the report stands on the day `on`; `queries.annual_reports.timeliness_on` says the same in SQL, proven equal
    by test."""
    raised = flags(on, report)
    if _submitted(on, report):
        return Timeliness.LATE if Flag.LATE in raised else Timeliness.ON_TIME
    if Flag.OVERDUE in raised:
        return Timeliness.OVERDUE
    return Timeliness.UPCOMING if _owed(on, report) else Timeliness.NOT_OWED


def _submitted(on: date, report: Obligation) -> bool:
    return report.first_submitted_on is not None and report.first_submitted_on <= on


def _owed(on: date, report: Obligation) -> bool:
    """Whether a report is owed at all on the day, handed in or not."""
    excused = report.state is State.WAIVED or report.void_reason is VoidReason.IMPORTED
    return not excused and (report.lapses_on is None or on < report.lapses_on)


def due_dates(certified_on: date, months: Iterable[int]) -> list[date]:
    """When the reports of one cycle fall due, each counted from the certification date itself."""
    return [add_months(certified_on, count) for count in months]


def milestones(report: Obligation) -> dict[str, date]:
    """The days on which the daily pass has something to make known while nothing is submitted."""
    return {
        "opened": report.opens_on,
        "due_soon": report.due_on - timedelta(days=report.due_soon_days),
        "overdue": report.due_on + timedelta(days=1),
        "delinquent": report.due_on + timedelta(days=report.grace_days + 1),
    }


def next_change(after: date | None, report: Obligation) -> date | None:
    """The first day later than `after` (None: at all) on which the daily pass has something to do: a milestone
    while nothing is submitted, or the certificate's end."""
    if report.state in CLOSED:
        return None
    days = [] if report.first_submitted_on else list(milestones(report).values())
    if report.lapses_on is not None:
        days = [day for day in days if day < report.lapses_on] + [report.lapses_on]
    return min((day for day in days if after is None or day > after), default=None)


@dataclass(frozen=True, slots=True)
class AnnualReportFacts:
    """What the guards of an annual report look at."""

    state: str
    today: date
    opens_on: date
    certificate_ended: bool = False
    caller_commented: bool = False


NOT_OPEN = Reason(
    "window_not_open",
    Sentence(lt="Ataskaitą galima rengti nuo {opens_on}.", en="The report can be worked on from {opens_on}."),
)
CERTIFICATE_LIVE = Reason(
    "certificate_not_ended",
    Sentence(lt="Sertifikatas dar galioja.", en="The certificate has not ended."),
)
DECIDER_IS_AUDITOR = Reason(
    "decider_is_auditor",
    Sentence(
        lt="Ataskaitą vertinęs auditorius negali jos patvirtinti.",
        en="The auditor who commented on the report cannot approve it.",
    ),
    personal=True,
)
CERTIFICATE_ENDED = Reason(
    "certificate_ended",
    Sentence(
        lt="Sertifikatas nebegalioja, todėl ataskaitos nebereikia.",
        en="The certificate has ended, so no report is owed any more.",
    ),
)


def _not_open(facts: AnnualReportFacts) -> Reason | None:
    return NOT_OPEN.given(opens_on=facts.opens_on) if facts.today < facts.opens_on else None


_P, _C, _AU, _R, _AW, _W = (
    Role.PROVIDER, Role.COORDINATOR, Role.AUDITOR, Role.REVIEWER, Role.AWARDER, Role.WORKER,
)  # fmt: skip

LIFECYCLE: Lifecycle[AnnualReportFacts] = Lifecycle(
    "annual_report",
    STATE_NAMES,
    [
        move(
            "start", [State.SCHEDULED], State.DRAFTING, [_P, _C], "annual_report.started",
            "certificate_live", "today_not_before_opens_on",
        ),
        move(
            "submit", [State.SCHEDULED, State.DRAFTING, State.RETURNED], State.SUBMITTED, [_P, _C],
            "annual_report.submitted", "certificate_live", "today_not_before_opens_on", "required_parts_filled", "declaration",
        ),
        move(
            "forward_to_auditor", [State.SUBMITTED], State.WITH_AUDITOR, [_C], "annual_report.forwarded_to_auditor",
            "certificate_live",
        ),
        move(
            "comment", [State.WITH_AUDITOR], State.COMMENTED, [_AU], "annual_report.commented", "certificate_live",
            "feedback_per_criterion",
        ),
        move(
            "forward_to_office", [State.COMMENTED], State.WITH_OFFICE, [_C], "annual_report.forwarded_to_office",
            "certificate_live",
        ),
        move(
            "approve", [State.WITH_OFFICE], State.APPROVED, [_AW, _R], "annual_report.approved", "certificate_live",
            "decider_not_auditor",
        ),
        move(
            "return", [State.SUBMITTED, State.WITH_AUDITOR, State.COMMENTED, State.WITH_OFFICE], State.RETURNED,
            [_C, _AU, _AW, _R], "annual_report.returned", "certificate_live", "reason", "resubmit_by",
        ),
        move(
            "void",
            [
                State.SCHEDULED, State.DRAFTING, State.RETURNED, State.SUBMITTED, State.WITH_AUDITOR, State.COMMENTED,
                State.WITH_OFFICE,
            ],
            State.VOID, [_W, _C], "annual_report.voided", "certificate_ended",
        ),
    ],
    {
        "today_not_before_opens_on": _not_open,
        "decider_not_auditor": guard(DECIDER_IS_AUDITOR, lambda facts: facts.caller_commented),
        "certificate_live": guard(CERTIFICATE_ENDED, lambda facts: facts.certificate_ended),
        "certificate_ended": guard(CERTIFICATE_LIVE, lambda facts: not facts.certificate_ended),
    },
)  # fmt: skip
