"""The steps of a walk. Each is a number: it decides what is tried, of what there is when its turn comes, so that a walk
goes on where some of its steps are left out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from typing import Any

from tests.model import Actor, Thing
from tests.model.assessments import Assessment, Finding
from tests.model.certificates import Certificate
from tests.model.enrolments import Enrolment, SupportActivity
from tests.model.indicators import Indicator
from tests.model.moves import MOVES, WRITERS, Move
from tests.model.standards import Policy, Version
from tests.walks.bodies import SCOPES, WHY, body
from tests.walks.chance import Chance
from tests.walks.looks import look
from tests.walks.walk import Walk

LAST_DAY = date(2040, 1, 1)
"""Nobody waits longer."""

ENDING = frozenset({
    "cancel", "withdraw", "reject", "terminate", "refuse", "waive", "void", "retire", "transfer", "complete", "amend",
})  # fmt: skip
"""Moves after which little can be done, or as much as before."""

UNDONE = frozenset({
    "suspend", "reinstate", "request_cancellation", "withdraw_cancellation_request", "decline_cancellation", "submit",
    "start_review", "return", "require_improvement", "resubmit", "plan", "answer", "reopen", "retire", "resume",
})  # fmt: skip
"""Moves that another one undoes, and those."""


async def take(walk: Walk, number: int) -> None:
    """One step, and every other time a look at what has been moved or at anything else."""
    chance = walk.chance = Chance(number)
    (way,) = chance.choices(list(WAYS), list(WAYS.values()))
    await way(walk, chance)
    if chance.random() < 0.5:
        await look(walk, walk.at if walk.at and chance.random() < 0.4 else chance.pick(walk.p.things, mark), chance)


def mark(thing: Thing) -> str:
    """By which it is known also where fewer things came before it."""
    return thing.mark


def _road(move: Move) -> str:
    return f"{move.kind}.{move.name}"


def _name(actor: Actor) -> str:
    return actor.name


async def something_open(walk: Walk, chance: Chance) -> None:
    """A move that the model allows, by one of those who may make it: such as were made most seldom on the walks before."""
    moves = walk.open_moves()
    move = chance.pick(moves, _road, lambda one: 1 / (1 + walk.before[one.kind, one.name, 200]))
    thing = chance.pick(moves[move], mark)
    if walk.at is None or (len(MOVES[thing.kind]) > 3 and chance.random() < 0.3):
        walk.at = thing
    await _make(walk, move, thing, moves[move][thing], chance)


async def the_same_goes_on(walk: Walk, chance: Chance) -> None:
    """Another move of the same thing for a while, where there is one: stories grow long."""
    moves = {move: things[walk.at] for move, things in walk.open_moves().items() if walk.at in things}
    if not moves:
        await something_open(walk, chance)
        return
    move = chance.pick(moves, _road, lambda one: 0.3 if one.name in ENDING else 1)
    await _make(walk, move, walk.at, moves[move], chance)


async def there_and_back(walk: Walk, chance: Chance) -> None:
    """Something is done, undone and done again, on the same day or some days later: spans of days meet."""
    first = {move: things for move, things in walk.open_moves().items() if move.name in UNDONE}
    if not first:
        return
    thing = walk.at = chance.pick(first[chance.pick(first, _road)], mark)
    for _ in range(chance.randrange(3, 7)):
        open_now = {move: found[thing] for move, found in walk.open_moves().items() if thing in found}
        moves = {move: actors for move, actors in open_now.items() if move.name in UNDONE}
        if not moves:
            return
        move = chance.pick(moves, _road)
        await _make(walk, move, thing, moves[move], chance)
        walk.wait(min(walk.p.today + timedelta(days=chance.choice([0, 0, 1, 5])), LAST_DAY))


async def _make(walk: Walk, move: Move, thing: Thing, actors: list[Actor], chance: Chance) -> None:
    said = _said(walk, move, thing, chance)
    await walk.act(chance.pick(actors, _name), move, thing, said, trying=_only(chance))


async def anything(walk: Walk, chance: Chance) -> None:
    """Any move of anything, by somebody who ever may or by anybody."""
    thing = chance.pick(walk.p.things, mark)
    move = chance.choice(list(MOVES[thing.kind].values()))
    actors = list(walk.actors.values())
    if chance.random() < 0.7:
        actors = [actor for actor in actors if actor.role in move.who]
    await walk.act(chance.choice(actors), move, thing, _said(walk, move, thing, chance), trying=_only(chance))


def _said(walk: Walk, move: Any, thing: Any, chance: Chance) -> dict[str, Any]:
    return body(walk.p, move, thing, chance, _auditors(walk))


def _only(chance: Chance) -> bool:
    """Whether it is only tried."""
    return chance.random() < 0.1


def _auditors(walk: Walk) -> list[str]:
    """The first one more often: the other's licence ends."""
    first, second = (one.client for one in walk.actors.values() if one.role == "auditor")
    return [first, first, second]


async def time_passes(walk: Walk, chance: Chance) -> None:
    """Some days; or until something turns soon, the day before, or the day after. Mostly the daily pass comes then."""
    today = walk.p.today
    soon = sorted({day for thing in walk.p.things for day in thing.days(walk.p) if 0 < (day - today).days < 200})
    until = today + timedelta(days=chance.choice([1, 5, 30, 90]))
    if soon and chance.random() < 0.7:
        until = max(today, chance.choice(soon) + timedelta(days=chance.choice([-1, 0, 0, 1])))
    walk.wait(min(until, LAST_DAY))
    if chance.random() < 0.6:
        await walk.pass_day()


async def the_pass_comes(walk: Walk, chance: Chance) -> None:
    await walk.pass_day()


async def a_policy_changes(walk: Walk, chance: Chance) -> None:
    """The owner decides anew, as from a day that may be past or ahead."""
    version = chance.pick((one for one in walk.p.of(Version) if one.policies), mark)
    await walk.set_policy(version, Policy(
        walk.p.today + timedelta(days=chance.choice([-40, -1, 0, 1, 20])),
        validity_months=chance.choice([36, 36, 24, None]),
        annual_reports_at_months=chance.choice([(12, 24), (6,), ()]),
        report_opens_days=chance.choice([60, 10]),
        report_grace_days=chance.choice([30, 0]),
        expiring_days=chance.choice([180, 30]),
        renewal_opens_days=chance.choice([365, 60]),
        extension_months=chance.choice([6, 1, None]),
        restoration_months=chance.choice([6, 12, None]),
        decision_quorum=chance.choice([None, 1, 2]),
        has_pass_rule=chance.random() < 0.9,
    ))  # fmt: skip


async def something_new(walk: Walk, chance: Chance) -> None:
    """Mostly by somebody who may, of what is theirs."""
    (kind,) = chance.choices(list(NEW), [weight for _, weight in NEW.values()])
    said = NEW[kind][0](walk, chance)
    actors = list(walk.actors.values())
    if chance.random() < 0.85:
        actors = [one for one in actors if one.role in WRITERS[kind.kind] and _theirs(walk, one, said)] or actors
    await walk.open(chance.pick(actors, _name), kind, said)


def _theirs(walk: Walk, actor: Actor, said: dict[str, Any]) -> bool:
    """Whether it is of the actor's own organisation, or of an assessment that they carry out themselves."""
    if (assessment := said.get("assessment")) is not None:
        own_work = actor.role == "provider" and assessment.is_own_work and assessment.organisation == actor.organisation
        return own_work or assessment.assessor == actor.client
    if actor.role == "provider":
        return said["organisation_id"] == actor.organisation and said.get("assessor") is None
    return True


def _scope(services: Sequence[str] = (), unit: str | None = None) -> dict[str, Any]:
    return {"services": list(services), "sites": [], "unit": unit}


def _certificate(walk: Walk, chance: Chance) -> dict[str, Any]:
    """Mostly of a version that is in force."""
    versions = list(walk.p.of(Version))
    current = [one for one in versions if one.state == "current"]
    return {
        "organisation_id": chance.choice(sorted(walk.p.organisations)), "level": "BASIC",
        "standard_version": chance.pick(current if chance.random() < 0.8 and current else versions, mark).code,
        "scope": _scope(chance.choice(SCOPES)),
    }  # fmt: skip


def _assessment(walk: Walk, chance: Chance) -> dict[str, Any]:
    """Mostly an audit, by one of the auditors; often what a certificate needs for going on."""
    kinds = ["external_audit"] * 4 + ["self_assessment", "internal_audit", "follow_up"]
    said = _certificate(walk, chance) | {"kind": chance.choice(kinds)}
    if said["kind"] in ("external_audit", "follow_up") and chance.random() < 0.9:
        said["assessor"] = chance.choice(_auditors(walk))
    if chance.random() < 0.5:
        like = chance.pick(walk.p.of(Certificate), mark)
        said |= {
            "organisation_id": like.organisation,
            "standard_version": like.version,
            "scope": _scope(sorted(like.scope)),
        }
    return said


def _finding(walk: Walk, chance: Chance) -> dict[str, Any]:
    """Mostly of one that is in progress."""
    assessments = list(walk.p.of(Assessment))
    under_way = [one for one in assessments if one.state == "in_progress"]
    one = chance.pick(under_way if chance.random() < 0.9 and under_way else assessments, mark)
    return {
        "assessment": one, "assessment_id": one.key, "criterion": chance.choice(one.criteria), "statement": WHY,
        "severity": chance.choice(["minor", "major", "observation"]),
        "due_on": walk.p.today + timedelta(days=chance.choice([30, 30, 60, 1, 0, -1])),
    }  # fmt: skip


def _enrolment(walk: Walk, chance: Chance) -> dict[str, Any]:
    declared_on = walk.p.today + timedelta(days=chance.choice([0, -3, 1]))
    return {
        "organisation_id": chance.choice(sorted(walk.p.organisations)), "project": walk.p.project.code,
        "strand": walk.p.project.strand, "declared_on": declared_on if chance.random() < 0.8 else None,
        "scope": _scope(unit=chance.choice([None, "Dienos centras", "Namai", "Dirbtuvės"])),
    }  # fmt: skip


def _activity(walk: Walk, chance: Chance) -> dict[str, Any]:
    said = {
        "enrolment": chance.pick(walk.p.of(Enrolment), mark), "kind": "consultation", "hours": 2.5, "people": 3,
        "topic": {"lt": "Konsultacija", "en": "Consultation"},
        "held_on": walk.p.today + timedelta(days=chance.choice([-5, 0, 10, 400])),
    }  # fmt: skip
    return said | ({"consultant": chance.choice(_auditors(walk))} if chance.random() < 0.15 else {})


def _indicator(walk: Walk, chance: Chance) -> dict[str, Any]:
    name = chance.choice(["Pasitenkinimas", "Lankomumas", "Skundai"])
    return {
        "organisation_id": chance.choice(sorted(walk.p.organisations)), "name": {"lt": name, "en": name},
        "unit": "proc.", "direction": "higher",
    }  # fmt: skip


NEW: dict[Any, tuple[Callable[[Walk, Chance], dict[str, Any]], float]] = {
    Certificate: (_certificate, 1), Assessment: (_assessment, 4), Finding: (_finding, 3), Enrolment: (_enrolment, 1.5),
    SupportActivity: (_activity, 1), Indicator: (_indicator, 0.5),
}  # fmt: skip
"""What can be begun: its body, and how often."""

WAYS: dict[Callable[[Walk, Chance], Awaitable[None]], float] = {
    something_open: 6, the_same_goes_on: 7, there_and_back: 1.5, anything: 4, time_passes: 4, something_new: 4,
    the_pass_comes: 0.5, a_policy_changes: 0.3,
}  # fmt: skip
"""Kinds of step, and how often."""
