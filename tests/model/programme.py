"""Who acts, what there is, who sees what, and how the service has to answer a move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, TypeVar

from tests.model.moves import GUARDS, MOVES, OFFICE, PERSONAL, READERS, WRITERS, Move

T = TypeVar("T", bound="Thing")
Said = dict[str, Any]
"""The body of a move, its days as days."""


@dataclass(frozen=True)
class Actor:
    """`client`: the id that records name. `organisation`: of a provider; of a partner the one that was granted."""

    name: str
    role: str
    client: str
    organisation: str | None = None


@dataclass(frozen=True)
class Organisation:
    key: str
    name: str
    succeeds: str | None = None


@dataclass(frozen=True)
class Project:
    code: str
    strand: str
    starts_on: date
    ends_on: date
    capacity: int
    stages: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """How the service has to answer: its status, and the codes of the reasons that it gives."""

    status: int
    codes: frozenset[str] = frozenset()


OPEN = Verdict(200)
FORBIDDEN, UNSEEN, WRONG_BODY, TAKEN = Verdict(403), Verdict(404), Verdict(422), Verdict(409)
"""`TAKEN`: something else holds the days, the number or the name; there are no reasons then."""


class Refused(Exception):
    def __init__(self, verdict: Verdict) -> None:
        super().__init__()
        self.verdict = verdict


def require(holds: Any, verdict: Verdict = WRONG_BODY) -> None:
    """What only the body can break: a day, a reference."""
    if not holds:
        raise Refused(verdict)


def meets(reason: str) -> Verdict:
    """The body names something that has the reason against it."""
    return Verdict(409, frozenset({reason}))


class Thing:
    """One record. `key`: its id once the service has told it. `mark`: what brought it about. `told`: what it was from which
    day on, in the order in which that was recorded; of a past day the last that had come by it counts."""

    kind: ClassVar[str]
    key: str
    organisation: str | None
    name: str
    mark: str

    def __init__(self, organisation: str | None) -> None:
        self.organisation = organisation
        self.key = ""
        self.name = self.mark = ""
        self.told: list[tuple[date, Any]] = []

    def stands(self, on: date) -> Any:
        """Its state or status on the day; None where there was nothing yet."""
        return self.then(on)

    def then(self, on: date) -> Any:
        return next((state for day, state in reversed(self.told) if day <= on), None)

    def shows(self, p: Programme, on: date) -> dict[str, Any] | None:
        """What a reader is shown of it on the day; None where there was nothing yet."""
        return {"state": self.stands(on)}

    def shown(self, p: Programme, actor: Actor, on: date) -> dict[str, Any] | None:
        """The same, where the actor sees it as of that day."""
        return self.shows(p, on) if p.sees(actor, self) else None

    def days(self, p: Programme) -> list[date]:
        """The days around which something turns."""
        return []

    def __repr__(self) -> str:
        return self.name


@dataclass
class Programme:
    today: date
    organisations: dict[str, Organisation]
    project: Project
    things: list[Any] = field(default_factory=list)
    new: list[Any] = field(default_factory=list)
    """What came about and whose id the service has not told yet."""
    licensed_until: dict[str, date] = field(default_factory=dict)
    """By auditor."""
    advised_until: dict[tuple[str, str], date] = field(default_factory=dict)
    """By auditor and organisation."""

    def of(self, kind: type[T]) -> Iterator[T]:
        return (one for one in self.things if isinstance(one, kind))

    def named(self, key: str | None) -> Any:
        return next((one for one in self.things if one.key == key), None)

    def begin(self, thing: Thing) -> None:
        self.new.append(thing)

    def introduce(self, thing: Thing, key: str, mark: str) -> None:
        """The service has told the id."""
        self.new.remove(thing)
        thing.mark = mark
        thing.key, thing.name = key, f"{thing.kind} {1 + sum(one.kind == thing.kind for one in self.things)}"
        self.things.append(thing)

    # Who sees what (rulings 23, docs/permissions.md)

    def knows(self, actor: Actor, organisation: str | None) -> bool:
        """Whether the organisation is in sight."""
        if organisation is None or actor.role in OFFICE:
            return True
        if actor.role in ("provider", "partner"):
            return actor.organisation == organisation
        audits = [one for one in self.things if one.kind == "assessment"]
        if actor.role == "auditor":
            return any(
                one.organisation == organisation and one.assessor == actor.client and one.state != "cancelled"
                for one in audits
            )
        docket = {one.organisation for one in audits if one.revision}
        docket |= {one.organisation for one in self.things if one.kind == "certificate"}
        return organisation in docket or self.organisations[organisation].succeeds in docket

    def sees(self, actor: Actor, thing: Any) -> bool:
        if not self.knows(actor, thing.organisation):
            return False
        audit = {"assessment": thing, "finding": getattr(thing, "assessment", None)}.get(thing.kind)
        if audit is None or actor.role in OFFICE:
            return True
        if actor.role == "provider":
            return thing.kind == "assessment" or audit.shows_to(actor)
        if actor.role == "auditor":
            return bool(audit.assessor == actor.client or (audit.what == "self_assessment" and audit.revision))
        return bool(audit.revision)

    def reads(self, actor: Actor, thing: Any) -> int:
        """The status of reading it."""
        if actor.role not in READERS[thing.kind]:
            return 403
        return 200 if self.sees(actor, thing) else 404

    # What may be done

    def against(self, actor: Actor, move: Move, thing: Thing, said: Said | None = None) -> frozenset[str]:
        """Codes of what stands in the way of the move now."""
        if thing.stands(self.today) not in move.sources:
            return frozenset({"wrong_state"})
        found = (GUARDS[name](self, thing, actor, said or {}) for name in move.guards if name in GUARDS)
        return frozenset(code for code in found if code is not None)

    def actions(self, actor: Actor, thing: Thing) -> dict[str, frozenset[str]]:
        """The moves that the role can ever make, each with what stands in its way."""
        return {
            move.name: self.against(actor, move, thing)
            for move in MOVES[thing.kind].values()
            if move.listed and actor.role in move.who
        }

    def do(self, actor: Actor, move: Move, thing: Any, said: Said) -> Verdict:
        """The move, where it is open and the body is right; else nothing but how it is refused."""
        if actor.role not in move.who:
            return FORBIDDEN
        if not self.sees(actor, thing):
            return UNSEEN
        if codes := self.against(actor, move, thing, said):
            return Verdict(403 if codes & PERSONAL else 409, codes)
        try:
            thing.moved(self, actor, move, said)
        except Refused as refused:
            return refused.verdict
        return OPEN

    def open(self, actor: Actor, kind: type[Any], said: Said) -> Verdict:
        """A new record of the kind; it stands in `new` then."""
        if actor.role not in WRITERS[kind.kind]:
            return FORBIDDEN
        try:
            self.begin(kind.opened(self, actor, said))
        except Refused as refused:
            return refused.verdict
        return OPEN

    def known(self, actor: Actor, organisation: str) -> None:
        """A body may name only what its sender knows of."""
        require(self.knows(actor, organisation))

    def pass_day(self) -> None:
        """The daily pass of today: what has come by then is made known, and what lapsed is voided."""
        for one in list(self.things):
            if one.kind == "annual_report":
                one.passed(self)
