"""What a step leaves to chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from math import log
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")


class Chance(Random):
    """All that follows from the number of a step."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    def pick(self, several: Iterable[T], name: Callable[[T], Any], weight: Callable[[T], float] = lambda _: 1) -> T:
        """One of several, each by its weight. It stays the same one while others come and go, so that a walk of which some
        steps are left out goes on as it did: each waits as long as its name has it, and the first one is it."""

        def waits(one: T) -> float:
            drawn = int.from_bytes(blake2b(f"{self.number} {name(one)}".encode(), digest_size=8).digest())
            return -log((drawn + 1) / 2**64) / weight(one)

        return min(several, key=waits)
