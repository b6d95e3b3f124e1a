"""`make mutants`: changes the code of `[[tool.mutants.suites]]` one spot at a time and asks whether a test notices.

The changes are cosmic-ray's; each is tried in a process of its own, forked where pytest and everything of others is
already loaded, with the changed source in memory: no file is touched. Ends with 1 where too few changes are noticed.
`python -m tests.mutants [suite …] --every 5` tries a fifth of the changes, spread over all files.
"""

from __future__ import annotations

import argparse
import ast
import os
import resource
import signal
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.metadata import entry_points
from importlib.util import spec_from_file_location
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import hypothesis
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).resolve().parent.parent
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutants"]
LONGEST = 60
"""Seconds of the processor that the tests of one change may take; one that makes them run on is noticed. On a busy machine
they may take long."""
HANGS = 3600.0
"""Seconds after which tests that wait for something are not waited for."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file. `line`: the first that differs, as it was and as it is."""

    path: Path
    number: int
    source: str = field(repr=False)
    line: tuple[str, str]

    def __str__(self) -> str:
        return f"{self.path}:{self.number}: {self.line[0]} → {self.line[1]}"

    @property
    def is_equal(self) -> bool:
        """Whether somebody has found out, and written down why, that nothing could notice it."""
        return f"{self.line[0]} → {self.line[1]}" in CONFIG["equal"].get(str(self.path), {})


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every change of the file that can make a difference."""
    source = path.read_text(encoding="utf-8")
    pointless = list(_pointless(ast.parse(source)))
    lines = source.splitlines()
    seen = set()
    for name in operator_names():
        operator = get_operator(name)
        if operator.arguments() or name.removeprefix("core/") in CONFIG["pointless"]:
            continue
        places = (place for node in ast_nodes(get_ast(source)) for place in operator().mutation_positions(node))
        for occurrence, (start, _) in enumerate(places):
            changed = mutate_code(source, operator(), occurrence)
            if changed in seen or any(first <= start < last for first, last in pointless):
                continue
            if lines[start[0] - 1].startswith("*,", start[1]):  # parts the parameters of a function
                continue
            seen.add(changed)
            yield Mutant(path, start[0], changed, _difference(source, changed))


def _pointless(tree: ast.AST) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Annotations, which are never evaluated here, and whether a dataclass is frozen and has slots."""
    for node in ast.walk(tree):
        found = [getattr(node, name, None) for name in ("annotation", "returns")]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dataclass":
            found += [one.value for one in node.keywords]
        for one in found:
            if one is not None:
                yield (one.lineno, one.col_offset), (one.end_lineno, one.end_col_offset)


def _difference(before: str, after: str) -> tuple[str, str]:
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return next((old.strip(), new.strip()) for old, new in pairs if old != new)


class Changed(SourceLoader, MetaPathFinder):
    """Imports one module from the mutant's source, and leaves all others to Python."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.name = ".".join(mutant.path.with_suffix("").parts).removesuffix(".__init__")

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> Any:
        if fullname != self.name:
            return None
        below = [str(ROOT / self.mutant.path.parent)] if self.mutant.path.stem == "__init__" else None
        return spec_from_file_location(fullname, self.get_filename(), loader=self, submodule_search_locations=below)

    def get_filename(self, fullname: str = "") -> str:
        return str(ROOT / self.mutant.path)

    def get_data(self, path: str | bytes) -> bytes:
        return self.mutant.source.encode()


def _pass(options: list[str], tests: list[str]) -> bool:
    return (
        not tests
        or pytest.main(["-x", "-W", "ignore::pytest.PytestAssertRewriteWarning", *options, *tests])
        == pytest.ExitCode.OK
    )


def _try(mutant: Mutant, options: list[str], tests: list[str]) -> None:
    """Ends this process, with 0 where the mutant survives. Most are noticed by the tests of their own file."""
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.meta_path.insert(0, Changed(mutant))
    own = [test for test in tests if mutant.path.stem in test]
    survives = _pass(options, own) and _pass(options, [test for test in tests if test not in own])
    os._exit(not survives)


def survivors(mutants: list[Mutant], options: list[str], tests: list[str]) -> Iterator[Mutant]:
    """Those that no test notices, tried on every core at once, and in no order: what is known at any time is known of all."""
    running: dict[int, tuple[Mutant, float]] = {}
    waiting = Random(0).sample(mutants, len(mutants))
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            mutant = waiting.pop()
            if (child := os.fork()) == 0:
                _try(mutant, options, tests)
            if len(waiting) % 100 == 0:
                print(f"  {len(mutants) - len(waiting)} of {len(mutants)} tried", flush=True)
            running[child] = mutant, time.monotonic() + HANGS
        child, result = os.waitpid(-1, os.WNOHANG)
        if child in running:
            mutant, _ = running.pop(child)
            if result == 0:
                yield mutant
            continue
        for late in [one for one, (_, deadline) in running.items() if time.monotonic() > deadline]:
            os.kill(late, signal.SIGKILL)
        time.sleep(0.01)


def _serve(pipe: Connection) -> None:
    """Keeps PostgreSQL and Valkey for all the processes to come, until it is told to end."""
    conftest = import_module("tests.conftest")
    conftest.start_servers()
    pipe.send({name: value for name, value in os.environ.items() if name.startswith("TEST_")})
    pipe.recv()
    conftest.stop_servers()


def _preload() -> None:
    """What is not ours is loaded once; ours is loaded by each process, changed in one place."""
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    for name in ("asyncpg", "alembic.command", "cryptography.hazmat.primitives.asymmetric.ed25519", "fastapi_offline",
                 "granian", "httpx2", "pydantic_settings", "sqlalchemy.ext.asyncio", "structlog", "uvloop", "yaml"):  # fmt: skip
        import_module(name)
    # Each process draws the same examples and does not look for the smallest that fails.
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutants", derandomize=True, database=None, deadline=None, phases=phases)
    hypothesis.settings.load_profile("mutants")


def run(suite: dict[str, Any], every: int) -> bool:
    """Tries the changes of one suite, or one in `every`, and says how many are noticed; whether they are enough."""
    started = time.monotonic()
    files = sorted({path.relative_to(ROOT) for pattern in suite["of"] for path in ROOT.glob(pattern)})
    options = suite.get("options", [])
    tests = sorted(str(path.relative_to(ROOT)) for test in suite["by"] for path in ROOT.glob(test))
    control = Process(target=lambda: sys.exit(not _pass(options, tests)))
    control.start()
    control.join()
    if control.exitcode:
        print(f"The tests fail without any change: {' '.join(tests)}")
        return False
    found = [mutant for path in files for mutant in mutants_of(path)]
    equal = {mutant for mutant in found if mutant.is_equal}
    print(
        f"{', '.join(suite['of'])}: {len(found)} changes in {len(files)} files, {len(equal)} of them equal", flush=True
    )
    tried = [mutant for mutant in found if mutant not in equal][::every]
    alive = 0
    for mutant in survivors(tried, options, tests):
        alive += 1
        print(f"  survived  {mutant}", flush=True)
    share = 100 * (len(tried) - alive) / len(tried)
    print(
        f"  {len(tried) - alive} of {len(tried)} noticed: {share:.1f} % in {time.monotonic() - started:.0f} s",
        flush=True,
    )
    return share >= CONFIG["noticed"]


def main() -> None:
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument(
        "suites", nargs="*", metavar="suite", choices=[[], *CONFIG["suites"]], help="all, if none is named"
    )
    parser.add_argument("--every", type=int, default=1, help="one change in so many")
    asked = parser.parse_args()
    suites = [one for name, one in CONFIG["suites"].items() if not asked.suites or name in asked.suites]
    pipe, end = Pipe()
    servers = Process(target=_serve, args=(end,))
    servers.start()
    os.environ.update(pipe.recv())
    try:
        _preload()
        enough = [run(suite, asked.every) for suite in suites]
    finally:
        pipe.send("end")
        servers.join()
    sys.exit(not all(enough))


if __name__ == "__main__":
    main()
