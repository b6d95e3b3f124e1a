"""`docs/lifecycles.md`, printed from the tables that the service itself goes by.

`python -m programme.diagrams` prints it, `--write` keeps it, `--check` fails when the kept one is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from programme.rules.certificates import VALID
from programme.rules.lifecycle import Lifecycle, Move
from programme.rules.permissions import LIFECYCLES

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "lifecycles.md"

INTRODUCTION = """\
# Lifecycles

Printed from `programme/rules/` by `make openapi`; do not edit. A move is `POST /v1/<resource>/{id}/<move>`, and every
resource lists its moves in `actions` with the reasons why one is not open now. A certificate's status is derived from
decisions and the day: its moves start from the status *today*, and `valid` stands for not_yet_valid, active and expiring.
"""


def text() -> str:
    parts = [INTRODUCTION]
    for plural, lifecycle in LIFECYCLES.items():
        parts += [
            f"## {plural.replace('_', ' ').capitalize()}",
            _diagram(lifecycle),
            _states(lifecycle),
            _moves(lifecycle),
        ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _diagram(lifecycle: Lifecycle[Any]) -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    for move in lifecycle.moves.values():
        lines += [f"    {source} --> {move.to or source}: {move.name}" for source in _sources(move)]
    return "\n".join([*lines, "```"])


def _sources(move: Move) -> list[str]:
    """The states that the move starts from, the three kinds of valid certificate as one."""
    rest = sorted(move.sources - set(VALID))
    return ["valid", *rest] if set(VALID) <= move.sources else rest


def _states(lifecycle: Lifecycle[Any]) -> str:
    rows = [f"| `{state}` | {name.lt} | {name.en} |" for state, name in lifecycle.states.items()]
    return "\n".join(["| state | lietuviškai | English |", "|---|---|---|", *rows])


def _moves(lifecycle: Lifecycle[Any]) -> str:
    rows = [
        f"| `{move.path}` | {', '.join(_sources(move))} | {move.to or '='} | {', '.join(sorted(move.who))} "
        f"| {', '.join(move.guards) or '–'} | `{move.event}` |"
        for move in lifecycle.moves.values()
    ]
    return "\n".join(["| move | from | to | who | guards | event |", "|---|---|---|---|---|---|", *rows])


def main() -> None:
    match sys.argv[1:]:
        case ["--write"]:
            DOCUMENT.write_text(text(), encoding="utf-8")
        case ["--check"]:
            if not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != text():
                sys.exit("docs/lifecycles.md is stale: run make openapi and commit it")
        case _:
            sys.stdout.write(text())


if __name__ == "__main__":
    main()
