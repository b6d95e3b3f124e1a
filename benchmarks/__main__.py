"""`make bench`: measures, prints, and writes docs/benchmarks.json and the page beside it."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import deliveries, overviews, passes, paths
from benchmarks.data import CRITERIA, Size
from benchmarks.house import House, say
from benchmarks.load import Player
from benchmarks.paths import Bench
from benchmarks.report import Report

OUTPUT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.json"

MEASUREMENTS: dict[str, Callable[[Bench], None]] = {
    "one": paths.one,
    "lists": paths.lists,
    "ratings": paths.ratings,
    "surroundings": paths.surroundings,
    "overviews": overviews.overviews,
    "growth": paths.growth,
    "quiet": passes.quiet,
    "daily": passes.daily,
    "deliveries": deliveries.deliveries,
    "large": passes.large,
}


def main() -> None:
    asked = _options()
    names = asked.only or [name for name in MEASUREMENTS if name != "large" or asked.large]
    unrated = min(asked.rounds * asked.requests // CRITERIA + 1, asked.assessments)
    size = Size(asked.organisations, asked.certificates, asked.assessments, unrated)
    report = Report(
        {
            "organisations": size.organisations,
            "certificates": size.certificates,
            "ratings": (size.assessments - size.unrated) * CRITERIA,
            "rounds": asked.rounds,
        }
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # ends what was started, as Ctrl-C does
    started = time.monotonic()
    with House.opened() as house, Player.started() as player:
        bench = Bench(house, player, report, size, asked.rounds, asked.requests)
        for name in names:
            say(f"\n{name}: {(MEASUREMENTS[name].__doc__ or '').strip()}")
            MEASUREMENTS[name](bench)
    say(f"\n{time.monotonic() - started:.0f} s")
    if asked.output or not asked.only:
        output: Path = asked.output or OUTPUT
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(report.as_json(), encoding="utf-8")
        output.with_suffix(".md").write_text(report.as_markdown(), encoding="utf-8")
        say(f"written to {output} and {output.with_suffix('.md').name}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures the service.")
    parser.add_argument("--certificates", type=int, default=200_000)
    parser.add_argument("--organisations", type=int, default=100_000)
    parser.add_argument("--assessments", type=int, default=10_000, help="with 50 ratings each")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1000, help="of a look-up in one round; lists take a fifth")
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS), help="may be given more than once")
    parser.add_argument("--large", action="store_true", help="a day without changes in ten times the data, too")
    parser.add_argument("--output", type=Path, help="the JSON file; a page for people is written beside it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
