"""What can be done with a test clock: opened with a world of its own, advanced, ended."""

from programme.services.test_clocks.advancing import ADVANCE, KIND, advance
from programme.services.test_clocks.standing import end, open_clock, sweep

__all__ = ["ADVANCE", "KIND", "advance", "end", "open_clock", "sweep"]
