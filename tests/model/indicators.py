"""What an organisation measures itself by, as far as it moves (domain.md)."""

from __future__ import annotations

from datetime import date

from tests.model.moves import Move
from tests.model.programme import TAKEN, Actor, Programme, Said, Thing, require


class Indicator(Thing):
    kind = "indicator"

    def __init__(self, organisation: str, called: str) -> None:
        super().__init__(organisation)
        self.called = called
        self.state = "active"

    @classmethod
    def opened(cls, p: Programme, actor: Actor, said: Said) -> Indicator:
        p.known(actor, said["organisation_id"])
        new = cls(said["organisation_id"], said["name"]["lt"])
        new.alone(p)
        return new

    def alone(self, p: Programme) -> None:
        """Active indicators of one organisation have different names."""
        others = (one for one in p.of(Indicator) if one is not self and one.state == "active")
        require(all((one.organisation, one.called) != (self.organisation, self.called) for one in others), TAKEN)

    def stands(self, on: date) -> str:
        return self.state

    def moved(self, p: Programme, actor: Actor, move: Move, said: Said) -> None:
        if move.name == "resume":
            self.alone(p)
        self.state = move.to or self.state
