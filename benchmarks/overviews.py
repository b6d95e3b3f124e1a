"""What takes everything into account: statistics, the forecast, and what waits for a caller."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from statistics import median

from benchmarks.load import Request
from benchmarks.paths import Bench, whole
from benchmarks.report import Figure


def overviews(bench: Bench) -> None:
    """Statistics, the forecast and the work queue, over all that there is."""
    filled = bench.house.filled(bench.size)
    web = bench.house.served(filled)
    asked = {
        "statistics": ("/v1/statistics", filled.coordinator),
        "statistics of a day a year ago": (
            f"/v1/statistics?as_of={bench.house.today - timedelta(days=365)}",
            filled.coordinator,
        ),
        "certificates by status and county": ("/v1/statistics/certificates?by=status,county", filled.coordinator),
        "annual reports by timeliness": ("/v1/statistics/annual-reports", filled.coordinator),
        "forecast of 36 months": ("/v1/forecast", filled.coordinator),
        "work queue": ("/v1/work-queue", filled.coordinator),
        "work queue, counted": ("/v1/work-queue?include=total", filled.coordinator),
        "work queue of an auditor": ("/v1/work-queue", filled.auditor),
        "work queue of an auditor of nearly all": ("/v1/work-queue", filled.busiest),
    }

    def again(path: str, key: str) -> Iterator[Request]:
        return iter(lambda: Request(path, headers={"Authorization": f"Bearer {key}"}), None)

    played = bench.play(
        *(
            bench.over_http(web, name, lambda path=path, key=key: again(path, key), part=0.02)
            for name, (path, key) in asked.items()
        )
    )
    goals = {"statistics": 1000, "forecast of 36 months": 1000, "work queue": 50}
    bench.find(
        *(
            Figure(f"{name}, CPU in all", median(whole(one) for one in played[name]) / 1000, "ms", at_most=goal)
            for name, goal in goals.items()
        )
    )
