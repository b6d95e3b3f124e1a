"""`docs/lifecycles.md` and `docs/permissions.md`, printed from the tables that the service itself goes by.

`python -m programme.diagrams` prints them, `--write` keeps them, `--check` fails when a kept one is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from programme.rules.certificates import VALID
from programme.rules.lifecycle import Lifecycle, Move, Role
from programme.rules.permissions import LIFECYCLES, PERMISSIONS
from programme.rules.sight import SEES

DOCS = Path(__file__).resolve().parent.parent / "docs"

INTRODUCTION = """\
# Lifecycles

Printed from `programme/rules/` by `make openapi`; do not edit. A move is `POST /v1/<resource>/{id}/<move>`, and every
resource lists its moves in `actions` with the reasons why one is not open now. A certificate's status is derived from
decisions and the day: its moves start from the status *today*, and `valid` stands for not_yet_valid, active and expiring.
"""

PERMISSIONS_INTRODUCTION = """\
# Who may do what

Printed from `programme/rules/` by `make openapi`; do not edit. Every operation names one permission; without it the
answer is 403. Which rows there are for a role is its *sight*: what is not in it is not found (404). Of assessments,
`assigned` means one's own audits and the self-assessments that were handed in, `docket` whatever was handed in at least
once. Without a key there is the public register alone.
"""


def lifecycles() -> str:
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
        f"| {', '.join(move.guards) or '–'} | {' or '.join(f'`{event}`' for event in move.events)} |"
        for move in lifecycle.moves.values()
    ]
    return "\n".join(["| move | from | to | who | guards | event |", "|---|---|---|---|---|---|", *rows])


def permissions() -> str:
    roles = [role for role in Role if role is not Role.PUBLIC and role is not Role.WORKER]
    rows = [
        f"| | {' | '.join(role.replace('_', ' ') for role in roles)} |",
        f"|---|{'---|' * len(roles)}",
        f"| *sees* | {' | '.join(SEES[role] for role in roles)} |",
        *(
            f"| `{name}` | {' | '.join('✓' if role in may else '' for role in roles)} |"
            for name, may in sorted(PERMISSIONS.items())
            if may != {Role.WORKER}
        ),
    ]
    return PERMISSIONS_INTRODUCTION + "\n" + "\n".join(rows) + "\n"


DOCUMENTS = {"lifecycles.md": lifecycles, "permissions.md": permissions}


def main() -> None:
    for name, text in DOCUMENTS.items():
        kept = DOCS / name
        match sys.argv[1:]:
            case ["--write"]:
                kept.write_text(text(), encoding="utf-8")
            case ["--check"]:
                if not kept.exists() or kept.read_text(encoding="utf-8") != text():
                    sys.exit(f"docs/{name} is stale: run make openapi and commit it")
            case _:
                sys.stdout.write(text())


if __name__ == "__main__":
    main()
