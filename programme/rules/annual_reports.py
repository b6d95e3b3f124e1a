"""What a certificate's holder owes each year: when the window opens, when it is late, and who moves it on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from programme.errors import Reason
from programme.rules.calendar import add_months, day_ends_at
from programme.rules.lifecycle import Lifecycle, Role, guard, move
from programme.rules.steps import Step, decided
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


PARTS = ("performance", "progress", "development")
"""The parts that no report goes without."""

STATE_NAMES: dict[str, Sentence] = {
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
UNSUBMITTED = (State.SCHEDULED, State.DRAFTING)
"""States in which nothing has been handed in yet, so that the deadline still means something."""


class VoidReason(StrEnum):
    """`imported`: due before the certificate was brought in, so never owed here. `certificate_ended`: owed until then."""

    IMPORTED = "imported"
    CERTIFICATE_ENDED = "certificate_ended"


@dataclass(frozen=True, slots=True)
class Extension:
    """A later last day that the holder asked for. `due_on`: the one that held until then. `granted` and `decided_on`,
    the day from which the answer holds, are unknown while it waits."""

    due_on: date
    new_due_on: date
    granted: bool | None = None
    decided_on: date | None = None


@dataclass(frozen=True, slots=True)
class Obligation:
    """One report that is owed. All are days in Vilnius, `opens_on` and `due_on` included in the window.

    `due_on`: the last day after all `extensions`. `first_submitted_on`: the day of the first submission, which survives
    every return. `waived_on`: the day from which nothing is owed, as it was waived. `lapses_on`: the first day on which
    the certificate is no longer live; nothing is owed from then on.
    """

    opens_on: date
    due_on: date
    state: State = State.SCHEDULED
    void_reason: VoidReason | None = None
    first_submitted_on: date | None = None
    due_soon_days: int = 30
    grace_days: int = 30
    lapses_on: date | None = None
    waived_on: date | None = None
    extensions: tuple[Extension, ...] = ()


def due_on(on: date, report: Obligation) -> date:
    """The last day to submit in time, as it stood on the day `on`: what was granted later did not hold yet."""
    not_yet = [one.due_on for one in report.extensions if one.granted and one.decided_on and one.decided_on > on]
    return min(not_yet, default=report.due_on)


def first_due_on(report: Obligation) -> date:
    """The last day as the policy had set it, before any extension."""
    return min((one.due_on for one in report.extensions if one.granted), default=report.due_on)


def latest_due_on(report: Obligation, extension_days: int) -> date:
    """How far the last day can be moved at most: `extension_days` beyond the first one, within the certificate's life."""
    latest = first_due_on(report) + timedelta(days=extension_days)
    return latest if report.lapses_on is None else min(latest, report.lapses_on - timedelta(days=1))


def flags(on: date, report: Obligation) -> list[Flag]:
    """The flags on the day `on`, also one long past; `queries.annual_reports.flags_on` says the same in SQL, proven
    equal by test."""
    return [Flag(flag) for flag in decided(flag_steps(on, report))]


def flag_steps(on: date, report: Obligation) -> Iterator[Step]:
    """The lines of the flags in their order: what stops the clock, then each flag that may be raised, and whether it is."""
    first = report.first_submitted_on if _submitted(on, report) else None
    if (excuse := _excuse(on, report)) is not None:
        yield excuse
    elif first is not None:
        yield Step("submitted", SUBMITTED, {"first_submitted_on": first})
    else:
        yield Step("owed", OWED)
        yield from _clock(on, report)
    if first is not None:
        due = due_on(first, report)
        late = {"first_submitted_on": first, "due_on": due}
        yield _raised(Flag.LATE, first > due, LATE, IN_TIME, late)


def _excuse(on: date, report: Obligation) -> Step | None:
    """Why nothing is owed on the day; None where it is."""
    if report.waived_on is not None and on >= report.waived_on:
        return Step("waived", WAIVED, {"waived_on": report.waived_on})
    if report.void_reason is VoidReason.IMPORTED:
        return Step("never_owed", NEVER_OWED)
    if report.lapses_on is not None and on >= report.lapses_on:
        return Step("lapsed", LAPSED, {"lapses_on": report.lapses_on})
    return None


def _clock(on: date, report: Obligation) -> Iterator[Step]:
    """The flags of what is owed and not handed in."""
    due = due_on(on, report)
    soon = due - timedelta(days=report.due_soon_days)
    grace_until = due + timedelta(days=report.grace_days)
    grace = {"due_on": due, "grace_days": report.grace_days, "grace_until": grace_until}
    ends = {"due_on": due, "ends_at": day_ends_at(due)}
    yield _raised(Flag.OPEN, on >= report.opens_on, OPENED, NOT_OPENED, {"opens_on": report.opens_on})
    yield _raised(
        Flag.DUE_SOON, soon <= on <= due, DUE_SOON, NOT_DUE_SOON,
        {"due_soon_from": soon, "due_soon_days": report.due_soon_days, "due_on": due},
    )  # fmt: skip
    yield _raised(Flag.OVERDUE, on > due, OVERDUE, NOT_OVERDUE, ends)
    yield _raised(Flag.DELINQUENT, on > grace_until, DELINQUENT, NOT_DELINQUENT, grace)


def _raised(flag: Flag, holds: bool, yes: Sentence, no: Sentence, values: Mapping[str, Any]) -> Step:
    return Step(flag if holds else f"not_{flag}", yes if holds else no, values, flag if holds else None)


WAIVED = Sentence(
    lt="Nuo pareigos pateikti ataskaitą atleista nuo {waived_on}.",
    en="The duty to report was waived from {waived_on} on.",
)
NEVER_OWED = Sentence(
    lt="Terminas baigėsi dar prieš įkeliant sertifikatą, todėl čia ataskaitos nereikia.",
    en="It was due before the certificate was brought in, so it was never owed here.",
)
LAPSED = Sentence(
    lt="Nuo {lapses_on} sertifikatas nebegalioja, todėl ataskaitos nebereikia.",
    en="From {lapses_on} on the certificate is not live any more, so no report is owed.",
)
SUBMITTED = Sentence(
    lt="Ataskaita pirmą kartą pateikta {first_submitted_on}; nuo tada terminai nebeskaičiuojami.",
    en="The report was first submitted on {first_submitted_on}, from when on no deadline runs.",
)
OWED = Sentence(lt="Ataskaitos reikia, ir ji dar nepateikta.", en="The report is owed and not submitted yet.")
OPENED = Sentence(lt="Pateikti galima nuo {opens_on}.", en="It can be handed in from {opens_on} on.")
NOT_OPENED = Sentence(lt="Pateikti bus galima tik nuo {opens_on}.", en="It can be handed in from {opens_on} on only.")
DUE_SOON = Sentence(
    lt="Iki termino, {due_on}, liko ne daugiau kaip {due_soon_days} d. (nuo {due_soon_from}).",
    en="At most {due_soon_days} days are left to the last day, {due_on} (from {due_soon_from} on).",
)
NOT_DUE_SOON = Sentence(
    lt="Ši diena nepatenka į paskutines {due_soon_days} d. iki termino: nuo {due_soon_from} iki {due_on}.",
    en="The day is not among the last {due_soon_days} days, from {due_soon_from} to {due_on}.",
)
OVERDUE = Sentence(
    lt="Terminas, {due_on}, praleistas: paskutinė diena baigėsi {ends_at}.",
    en="The last day, {due_on}, was missed: it ended at {ends_at}.",
)
NOT_OVERDUE = Sentence(
    lt="Terminas, {due_on}, dar nepraėjo: paskutinė diena baigsis {ends_at}.",
    en="The last day, {due_on}, is not over: it ends at {ends_at}.",
)
DELINQUENT = Sentence(
    lt="Papildomas laikas, {grace_days} d. po termino (iki {grace_until}), taip pat praėjo.",
    en="The {grace_days} days of grace (to {grace_until}) are over too.",
)
NOT_DELINQUENT = Sentence(
    lt="Papildomas laikas, {grace_days} d. po termino, tęsiasi iki {grace_until}.",
    en="The {grace_days} days of grace last to {grace_until}.",
)
LATE = Sentence(
    lt="Pirmą kartą pateikta {first_submitted_on}, po termino {due_on}: pavėluota.",
    en="It was first submitted on {first_submitted_on}, after the last day {due_on}: late.",
)
IN_TIME = Sentence(
    lt="Pirmą kartą pateikta {first_submitted_on}, ne vėliau kaip {due_on}: laiku.",
    en="It was first submitted on {first_submitted_on}, not after {due_on}: in time.",
)


def timeliness(on: date, report: Obligation) -> Timeliness:
    """How the report stands on the day `on`; `queries.annual_reports.timeliness_on` says the same in SQL, proven equal
    by test."""
    raised = flags(on, report)
    if _submitted(on, report):
        return Timeliness.LATE if Flag.LATE in raised else Timeliness.ON_TIME
    if Flag.OVERDUE in raised:
        return Timeliness.OVERDUE
    return Timeliness.UPCOMING if _excuse(on, report) is None else Timeliness.NOT_OWED


def _submitted(on: date, report: Obligation) -> bool:
    return report.first_submitted_on is not None and report.first_submitted_on <= on


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
    """What the guards of an annual report look at. `asked_for`: the last day that a pending request asks for.
    `latest_due_on`: how far the last day can be moved, None where it is as far already."""

    state: str
    today: date
    opens_on: date
    due_on: date
    latest_due_on: date | None = None
    asked_for: date | None = None
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

EXTENSION_ASKED_FOR = Reason(
    "extension_already_requested",
    Sentence(
        lt="Jau prašoma terminą pratęsti iki {new_due_on}; dėl to dar nenuspręsta.",
        en="An extension to {new_due_on} has been asked for already and is not decided yet.",
    ),
)
EXTENSION_NOT_ASKED_FOR = Reason(
    "extension_not_requested",
    Sentence(lt="Termino pratęsti neprašoma.", en="No extension of the deadline is asked for."),
)
EXTENSION_LIMIT = Reason(
    "extension_limit_reached",
    Sentence(
        lt="Vėlesnio termino, negu {due_on}, nustatyti negalima.",
        en="The deadline, {due_on}, cannot be moved any further.",
    ),
)


def _not_open(facts: AnnualReportFacts) -> Reason | None:
    return NOT_OPEN.given(opens_on=facts.opens_on) if facts.today < facts.opens_on else None


def _asked_for_already(facts: AnnualReportFacts) -> Reason | None:
    return None if facts.asked_for is None else EXTENSION_ASKED_FOR.given(new_due_on=facts.asked_for)


def _no_further(facts: AnnualReportFacts) -> Reason | None:
    return EXTENSION_LIMIT.given(due_on=facts.due_on) if facts.latest_due_on is None else None


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
            "request_extension", UNSUBMITTED, None, [_P, _C], "annual_report.extension_requested", "certificate_live",
            "no_extension_requested", "within_extension_limit", "reason", "new_due_on",
        ),
        move(
            "decide_extension", UNSUBMITTED, None, [_C], "annual_report.extension_decided", "certificate_live",
            "extension_requested", "reason",
        ),
        move(
            "waive", [State.SCHEDULED, State.DRAFTING, State.RETURNED], State.WAIVED, [_AW], "annual_report.waived",
            "certificate_live", "reason",
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
        "no_extension_requested": _asked_for_already,
        "within_extension_limit": _no_further,
        "extension_requested": guard(EXTENSION_NOT_ASKED_FOR, lambda facts: facts.asked_for is None),
        "decider_not_auditor": guard(DECIDER_IS_AUDITOR, lambda facts: facts.caller_commented),
        "certificate_live": guard(CERTIFICATE_ENDED, lambda facts: facts.certificate_ended),
        "certificate_ended": guard(CERTIFICATE_LIVE, lambda facts: not facts.certificate_ended),
    },
)  # fmt: skip
