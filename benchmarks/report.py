"""What was measured, for programs (JSON) and for people (Markdown), with the machine that it was measured on."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks.load import Played
from programme.binaries import postgres_binaries, version


@dataclass(frozen=True, slots=True)
class Line:
    """The medians of one side's rounds. `process_us`: CPU microseconds for one request of the process that does the
    work (the web process; of bare SQL, its client); `postgres_us`: of PostgreSQL."""

    name: str
    process_us: float
    postgres_us: float
    per_second: float
    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, name: str, played: Sequence[Played]) -> Line:
        def middle(values: Any) -> float:
            return float(round(median(values), 2))

        return cls(
            name,
            middle(one.each(one.worker) for one in played),
            middle(one.each("postgres") for one in played),
            middle(one.rate for one in played),
            middle(one.percentile(0.5) for one in played),
            middle(one.percentile(0.99) for one in played),
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that says how good it is. `goal`: what it is to reach, None where it only informs."""

    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def goal(self) -> str:
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else ""

    @property
    def verdict(self) -> str:
        if not self.goal:
            return ""
        reached = (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )
        return "reached" if reached else "not reached"


@dataclass(slots=True)
class Report:
    """`about`: what the numbers were taken from, beside the machine."""

    about: Mapping[str, Any]
    lines: list[Line] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def as_json(self) -> str:
        figures = [
            {**asdict(one), "value": round(one.value, 3), **({"verdict": one.verdict} if one.goal else {})}
            for one in self.figures
        ]
        whole = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            **self.about,
            "figures": figures,
            "lines": [asdict(line) for line in self.lines],
        }
        return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"

    def as_markdown(self) -> str:
        described = "\n".join(f"| {name} | {value} |" for name, value in (machine() | dict(self.about)).items())
        figures = "\n".join(
            f"| {one.name} | {one.value:.2f} {one.unit} | {one.goal} | {one.verdict} |".replace("  ", " ")
            for one in self.figures
        )
        lines = "\n".join(
            f"| {one.name} | {one.process_us:.0f} | {one.postgres_us:.0f} | {one.per_second:.0f} | {one.p50_ms:.1f} |"
            f" {one.p99_ms:.1f} |"
            for one in self.lines
        )
        return _PAGE.format(date=datetime.now(UTC).date(), machine=described, figures=figures, lines=lines)


_PAGE = """# Benchmarks

Measured on {date} by `make bench`, which writes this page. How to read the numbers stands in `benchmarks/__init__.py`.

| | |
|---|---|
{machine}

## Goals

| | measured | goal | |
|---|---|---|---|
{figures}

## Every side

CPU microseconds for one request or statement (the web process, or the client of bare SQL; PostgreSQL), requests a
second and milliseconds until the answer, over four connections on one machine: medians of the rounds.

| | process µs | PostgreSQL µs | per second | p50 ms | p99 ms |
|---|---|---|---|---|---|
{lines}
"""


def machine() -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": version(postgres_binaries(None) / "postgres"),
    }


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
