"""States and the moves between them, as data.

A lifecycle is one table: from these states this verb, by these roles, under these guards, leads to that
state and is told as that event. Services ask it, `actions` in responses list what may be done next from
it, the daily pass finds its states in it and the documentation is printed from it, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from programme.errors import Forbidden, NotAllowed, Reason
from programme.sentences import Sentence


class Role(StrEnum):
    """Who acts. `worker` is the system itself, `public` whoever reads without a credential: neither has a key."""

    PROVIDER = "provider"
    COORDINATOR = "coordinator"
    PROJECT_MANAGER = "project_manager"
    AUDITOR = "auditor"
    REVIEWER = "reviewer"
    AWARDER = "awarder"
    SUPERVISOR = "supervisor"
    PARTNER = "partner"
    OPS = "ops"
    WORKER = "worker"
    PUBLIC = "public"


class Facts(Protocol):
    """What a lifecycle needs to know of a thing; each resource's facts say more for its guards."""

    @property
    def state(self) -> str: ...


F = TypeVar("F", bound=Facts)
N = TypeVar("N", bound=str)


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the table. `to` is None where the state stays as it is. `events`: what it is told as; where there are
    several, what was decided says which. `path`: the last part of its address."""

    name: str
    sources: frozenset[str]
    to: str | None
    who: frozenset[Role]
    events: tuple[str, ...]
    guards: tuple[str, ...]
    path: str

    @property
    def event(self) -> str:
        """The one event of a move that has one."""
        (event,) = self.events
        return event


def move(
    name: str,
    sources: Iterable[str],
    to: str | None,
    who: Iterable[Role],
    event: str | tuple[str, ...],
    *guards: str,
    at: str | None = None,
) -> Move:
    """`at`: where its address is not its name."""
    events = (event,) if isinstance(event, str) else event
    return Move(name, frozenset(sources), to, frozenset(who), events, guards, at or name.replace("_", "-"))


WRONG_STATE = Reason(
    "wrong_state",
    Sentence(
        lt="Dabartinė būsena „{state_name}“ šio veiksmo neleidžia; jis galimas esant būsenai: {from_names}.",
        en="The current state, {state_name}, does not allow this; it is possible from: {from_names}.",
    ),
)
REFUSED = Sentence(lt="Šio veiksmo dabar atlikti negalima.", en="This cannot be done now.")
REFUSED_TO_YOU = Sentence(
    lt="Šio veiksmo jūs atlikti negalite: spręsti turi kitas asmuo.",
    en="You cannot do this: somebody else has to.",
)


@dataclass(frozen=True, slots=True)
class Action:
    """A move as a caller sees it: whether it is open to them now and, if not, why."""

    name: str
    path: str
    reasons: tuple[Reason, ...]


class Lifecycle(Generic[F]):
    """The table of one resource. `guards` holds those that the state of things decides; a guard that is named
    in a move and not held here is about the body of the request and is checked where the body is."""

    def __init__(
        self,
        resource: str,
        states: Mapping[N, Sentence],
        moves: Iterable[Move],
        guards: Mapping[str, Callable[[F], Reason | None]],
    ) -> None:
        self.resource = resource
        self.states: dict[str, Sentence] = {str(state): name for state, name in states.items()}
        self.moves = {one.name: one for one in moves}
        self.guards = dict(guards)

    def reasons(self, name: str, facts: F) -> tuple[Reason, ...]:
        """Everything that stands in the way of the move now; empty where nothing does."""
        one = self.moves[name]
        if facts.state not in one.sources:
            return (self._wrong_state(facts.state, one.sources),)
        found = (self.guards[guard](facts) for guard in one.guards if guard in self.guards)
        return tuple(reason for reason in found if reason is not None)

    def check(self, name: str, facts: F) -> Move:
        """The move, or a refusal that says why not: `Forbidden` where who asks stands in the way, whatever else does."""
        if reasons := self.reasons(name, facts):
            if any(reason.personal for reason in reasons):
                raise Forbidden(REFUSED_TO_YOU, code="conflict_of_interest", reasons=reasons)
            raise NotAllowed(REFUSED, reasons=reasons)
        return self.moves[name]

    def require(self, state: str, *sources: str) -> None:
        """Refuses what is no move of its own, such as writing a draft anew, in any state but these."""
        if state not in sources:
            raise NotAllowed(REFUSED, reasons=[self._wrong_state(state, sources)])

    def actions(self, facts: F, role: Role) -> list[Action]:
        """The moves that the role can ever make, each with what stands in its way now."""
        return [
            Action(one.name, one.path, self.reasons(one.name, facts)) for one in self.moves.values() if role in one.who
        ]

    def _wrong_state(self, state: str, sources: Iterable[str]) -> Reason:
        right = sorted(sources)
        return WRONG_STATE.given(
            state=state,
            state_name=self.states[state],
            from_names=_joined([self.states[source] for source in right]),
            **{"from": right},
        )

    def sources(self, name: str) -> list[str]:
        """The states that the move can start from: what a sweep has to look for."""
        return sorted(self.moves[name].sources)


def _joined(names: list[Sentence]) -> Sentence:
    return Sentence(lt=", ".join(f"„{name.lt}“" for name in names), en=", ".join(name.en for name in names))


def guard(reason: Reason, stands_in_the_way: Callable[[Any], bool]) -> Callable[[Any], Reason | None]:
    """A guard that says `reason` whenever the condition holds of the facts."""
    return lambda facts: reason if stands_in_the_way(facts) else None
