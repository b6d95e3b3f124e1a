"""The whole of an explanation: the day, what the periods were counted from and by which policy, what was decided since, and
then the very lines of the rule that gives the status, the flags or the state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from programme.rules import annual_reports, certificates
from programme.rules.annual_reports import Obligation, State
from programme.rules.calendar import add_months, day_ends_at
from programme.rules.certificates import DECISION_NAMES, Decisions
from programme.rules.enrolments import STATE_NAMES as ENROLMENT_STATES
from programme.rules.steps import Step, Told, day_steps, state_steps
from programme.sentences import Sentence


@dataclass(frozen=True, slots=True)
class PolicyThen:
    """What the version's owner had decided by the certification date; months are counted from that date."""

    standard_version: str
    effective_from: date
    validity_months: int | None
    annual_reports_at_months: Sequence[int]
    report_opens_days: int


@dataclass(frozen=True, slots=True)
class DecisionThen:
    """One decision about a certificate. `effective_on`: the first day of its effect."""

    number: int
    kind: str
    effective_on: date
    decided_at: datetime
    reason_code: str | None = None
    decision_ref: str | None = None


@dataclass(frozen=True, slots=True)
class ProjectThen:
    """The project that an enrolment belongs to; bounds that are not known are None."""

    code: str
    starts_on: date | None
    ends_on: date | None


def certificate(
    on: date,
    known_at: datetime | None,
    certified_on: date | None,
    policy: PolicyThen | None,
    decisions: Sequence[DecisionThen],
    decided: Decisions,
) -> list[Step]:
    """Why the certificate has its status on the day; the last step decides it."""
    steps = day_steps(on, known_at)
    if certified_on is not None:
        steps.append(Step("anchor", ANCHOR, {"certified_on": certified_on}))
        steps += _validity(certified_on, policy, decided)
    for one in decisions:
        values = {
            "number": one.number, "kind": one.kind, "kind_name": DECISION_NAMES.get(one.kind, ANOTHER),
            "effective_on": one.effective_on, "decided_at": one.decided_at, "reason_code": one.reason_code,
            "decision_ref": one.decision_ref,
        }  # fmt: skip
        ahead = one.effective_on > on
        steps.append(Step("decision_ahead" if ahead else "decision", DECISION_AHEAD if ahead else DECISION, values))
    return [*steps, *certificates.status_steps(on, decided)]


def _validity(certified_on: date, policy: PolicyThen | None, decided: Decisions) -> Iterator[Step]:
    """How the last valid day was counted, and what it is."""
    counted = None
    if policy is not None:
        yield _policy(policy)
        if policy.validity_months is not None:
            counted = add_months(certified_on, policy.validity_months)
            yield _counted("validity", certified_on, policy.validity_months, VALIDITY, VALIDITY_CLAMPED)
    for period in decided.periods:
        if period.last is not None:
            values = {"first_day": period.first, "last_day": period.last, "ends_at": day_ends_at(period.last)}
            as_counted = period.last == counted
            yield Step("period" if as_counted else "period_decided", PERIOD if as_counted else PERIOD_DECIDED, values)


def annual_report(
    on: date,
    known_at: datetime | None,
    certified_on: date | None,
    sequence: int,
    policy: PolicyThen | None,
    told: Sequence[Told],
    owed: Obligation,
) -> list[Step]:
    """Why the report is in its state and has its flags on the day."""
    steps = day_steps(on, known_at)
    counted = due = annual_reports.due_on(on, owed)
    if certified_on is not None:
        steps.append(Step("anchor", ANCHOR, {"certified_on": certified_on}))
    if policy is not None and certified_on is not None:
        steps.append(_policy(policy))
        if sequence <= len(policy.annual_reports_at_months):
            months = policy.annual_reports_at_months[sequence - 1]
            counted = add_months(certified_on, months)
            steps.append(_counted("due", certified_on, months, DUE, DUE_CLAMPED, sequence=sequence))
    if counted != due:
        steps.append(Step("due_moved", DUE_MOVED, {"due_on": due, "counted_on": counted}))
    days = (due - owed.opens_on).days
    window = {"opens_on": owed.opens_on, "due_on": due, "days": days, "ends_at": day_ends_at(due)}
    grace = {"grace_days": owed.grace_days, "grace_until": due + timedelta(days=owed.grace_days)}
    steps += [Step("window", WINDOW, window), Step("grace", GRACE, grace)]
    if told and told[0].state == State.SCHEDULED:
        told = [replace(told[0], effective_on=min(on, told[0].effective_on)), *told[1:]]  # of all days before the next
        steps += state_steps(on, told, annual_reports.STATE_NAMES)
    else:  # whoever asks does not see how it began
        steps += state_steps(on, told, annual_reports.STATE_NAMES, owed.state)
    return [*steps, *annual_reports.flag_steps(on, owed)]


def enrolment(on: date, known_at: datetime | None, project: ProjectThen, told: Sequence[Told]) -> list[Step]:
    """Why the enrolment is in its state on the day; the last step decides it."""
    bounds = {"project": project.code, "starts_on": project.starts_on, "ends_on": project.ends_on}
    known = project.starts_on is not None and project.ends_on is not None
    steps = [*day_steps(on, known_at), Step("project", PROJECT if known else PROJECT_UNBOUNDED, bounds)]
    return [*steps, *state_steps(on, told, ENROLMENT_STATES)]


def _policy(policy: PolicyThen) -> Step:
    values = {"standard_version": policy.standard_version, "effective_from": policy.effective_from}
    return Step("policy", POLICY, values)


def _counted(code: str, anchor: date, months: int, sentence: Sentence, clamped: Sentence, **values: int) -> Step:
    """A day counted in months from the anchor; another sentence where the month has no such day."""
    day = add_months(anchor, months)
    shorter = day.day != anchor.day
    found = {**values, "certified_on": anchor, "months": months, "day": day, "clamped": shorter}
    return Step(code, clamped if shorter else sentence, found)


ANCHOR = Sentence(
    lt="Sertifikavimo data – {certified_on}; visi terminai skaičiuojami nuo jos.",
    en="The certification date is {certified_on}; all periods are counted from it.",
)
POLICY = Sentence(
    lt="Taikomos {standard_version} taisyklės, galiojusios sertifikavimo dieną (nuo {effective_from}).",
    en="The policy of {standard_version} in force on that date applies (from {effective_from}).",
)
VALIDITY = Sentence(
    lt="Pridėjus {months} mėn., paskutinė galiojimo diena – {day}.",
    en="With {months} months added, the last valid day is {day}.",
)
VALIDITY_CLAMPED = Sentence(
    lt="Pridėjus {months} mėn., tokios dienos mėnesyje nėra, todėl paskutinė galiojimo diena – mėnesio paskutinė, {day}.",
    en="With {months} months added there is no such day, so the last valid day is the last of its month, {day}.",
)
PERIOD = Sentence(
    lt="Galiojimo laikas – nuo {first_day} iki {last_day} imtinai, t. y. iki {ends_at}.",
    en="The validity runs from {first_day} to {last_day} inclusive, that is until {ends_at}.",
)
PERIOD_DECIDED = Sentence(
    lt="Pagal sprendimą galiojimo laikas – nuo {first_day} iki {last_day} imtinai, t. y. iki {ends_at}.",
    en="By decision the validity runs from {first_day} to {last_day} inclusive, that is until {ends_at}.",
)
DECISION = Sentence(
    lt="Sprendimas Nr. {number}: {kind_name}; galioja nuo {effective_on}.",
    en="Decision {number}: {kind_name}; in effect from {effective_on}.",
)
DECISION_AHEAD = Sentence(
    lt="Sprendimas Nr. {number}: {kind_name}; galios tik nuo {effective_on}.",
    en="Decision {number}: {kind_name}; in effect from {effective_on} only.",
)
ANOTHER = Sentence(lt="kitas sprendimas", en="another decision")
DUE = Sentence(
    lt="Ataskaita Nr. {sequence}: pridėjus {months} mėn., terminas – {day}.",
    en="Report {sequence}: with {months} months added, its last day is {day}.",
)
DUE_CLAMPED = Sentence(
    lt="Ataskaita Nr. {sequence}: pridėjus {months} mėn., tokios dienos mėnesyje nėra, todėl terminas – mėnesio paskutinė "
    "diena, {day}.",
    en="Report {sequence}: with {months} months added there is no such day, so its last day is the last of the month, {day}.",
)
DUE_MOVED = Sentence(
    lt="Terminas pakeistas: vietoj {counted_on} – {due_on}.", en="The last day was moved from {counted_on} to {due_on}."
)
WINDOW = Sentence(
    lt="Pateikti galima nuo {opens_on} ({days} d. iki termino) iki {due_on} imtinai, t. y. iki {ends_at}.",
    en="It can be handed in from {opens_on} ({days} days before) to {due_on} inclusive, that is until {ends_at}.",
)
GRACE = Sentence(
    lt="Po termino dar skiriama {grace_days} d. papildomo laiko, iki {grace_until}.",
    en="After it there are {grace_days} days of grace, to {grace_until}.",
)
PROJECT = Sentence(
    lt="Projektas {project} vykdomas nuo {starts_on} iki {ends_on}.",
    en="The project {project} runs from {starts_on} to {ends_on}.",
)
PROJECT_UNBOUNDED = Sentence(
    lt="Projekto {project} pradžia ar pabaiga nežinoma, todėl jo laikas nieko neriboja.",
    en="The beginning or end of the project {project} is not known, so its period bounds nothing.",
)
