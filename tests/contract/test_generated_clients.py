"""Clients that well-kept generators make of the document, without a word changed, walk the main road on a real process: one
in TypeScript, checked by tsc, and one in Python, checked by mypy. They are made by the commands of `docs/callers.md`, and
what that page says to write with them is checked and run too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from programme.database import Database, migrate
from programme.services import loading
from programme.services.clients import create_client
from programme.settings import Settings
from tests.feed.conftest import a_cluster, run_on
from tests.platform.serving import serving

ROOT = Path(__file__).parents[2]
WALKS = Path(__file__).with_name("clients")
GUIDE = (ROOT / "docs" / "callers.md").read_text(encoding="utf-8").partition("## A client in your language")[2]
TO_TYPESCRIPT, IN_TYPESCRIPT, TO_PYTHON, IN_PYTHON = re.findall(r"```\w+\n(.*?)```", GUIDE, re.DOTALL)

NO_FILES = ["text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/yaml"]
"""Media types that openapi-python-client has no bodies for. Its client takes criteria as JSON."""

FOUND: dict[str, Any] = {
    "me": ["coordinator", True],
    "found": ["Utenos rajono savivaldybės Leliūnų socialinės globos namai", 1],
    "every": {"pages": 3, "listed": 29, "different": 29},
    "repeated": "true",
    "action": [False, ["declaration_missing"]],
    "early": {
        "type": "/problems/not_allowed", "code": "not_allowed", "status": 409,
        "errors": [], "reasons": ["declaration_missing"],
    },
    "bad": {
        "type": "/problems/invalid", "code": "invalid", "status": 422,
        "errors": [["/scope/services/1", "unknown_service"]], "reasons": [],
    },
    "stale": {"type": "/problems/stale_version", "code": "stale_version", "status": 412, "errors": [], "reasons": []},
    "states": ["draft", "draft", "submitted"],
    "told": [["enrolment.drafted", 1], ["enrolment.draft_revised", 2], ["enrolment.submitted", 3]],
    "register": ["LIT2021-044", True],
    "unauthorised": {
        "type": "/problems/invalid_credential", "code": "invalid_credential", "status": 401,
        "errors": [], "reasons": [],
    },
}  # fmt: skip

HANDED_IN = "Dabartinė būsena „pateikta“ šio veiksmo neleidžia; jis galimas esant būsenai: „rengiama“."


@pytest.fixture
def database_url() -> Iterator[str]:
    """In a cluster of its own, where nobody's open transaction holds up the feed."""
    with a_cluster() as cluster:
        migrate(cluster.url)
        yield cluster.url


@pytest.fixture
async def service(database_url: str, settings: Settings) -> AsyncIterator[tuple[str, str]]:
    """The address of a process with the real programme, and a coordinator's key."""
    async with Database.open(settings, database_url) as database:
        await loading.load_programme(database)
        key = (await create_client(database, "coordinator", "coordinator", None))["key"]
    await run_on(database_url, "update project set ends_on = null")  # the walks outlive it
    with serving(database_url) as server:
        yield f"http://127.0.0.1:{server.port}", key


class Stranger:
    """Somebody with a folder of their own, the programs that they have installed, and the service."""

    def __init__(self, folder: Path, programs: Path, api: str, key: str) -> None:
        self.folder, self.service = folder, (api, key)
        self._environment = os.environ | {"API": api, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        folder.mkdir()

    def generate(self, commands: str) -> str:
        """What the generator says. That it is installed, as the first command sees to, is taken for granted."""
        return self.run("sh", "-c", commands.splitlines()[-1])

    def run(self, *words: str) -> str:
        done = subprocess.run(
            words, cwd=self.folder, env=self._environment, capture_output=True, text=True, check=False, timeout=100
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def walk(self, *words: str) -> None:
        """The walk, and then what the guide says to write, which hands in what the walk has handed in already."""
        found = json.loads(self.run(*words, "walk", *self.service))
        enrolment = found.pop("enrolment")
        assert found == FOUND
        assert json.loads(self.run(*words, "guide", *self.service, enrolment)) == HANDED_IN


def test_both_walk_the_main_road(service: tuple[str, str], tmp_path: Path) -> None:
    in_python(Stranger(tmp_path / "python", Path(sys.executable).parent, *service))
    if shutil.which("npm") is None:
        pytest.skip("npm is missing: the client for TypeScript was not made")
    in_typescript(Stranger(tmp_path / "typescript", installed(), *service))


def in_python(stranger: Stranger) -> None:
    said = stranger.generate(TO_PYTHON)
    warned = re.findall(r"^(?:WARNING parsing|Unable to) (.*)\n\n(.*)$", said, re.MULTILINE)
    assert warned == [("POST /v1/imports within imports.", f"Unsupported content type {one}") for one in NO_FILES]
    shutil.copy(WALKS / "walk.py", stranger.folder)
    (stranger.folder / "guide.py").write_text(IN_PYTHON, encoding="utf-8")
    stranger.run("mypy", "--strict", "--cache-dir", os.devnull, "kokybe_client", "walk.py", "guide.py")
    stranger.walk(
        "python", "-c",
        "import json, sys, walk, guide\n"
        "do = {'walk': walk.walk, 'guide': guide.submit}[sys.argv[1]]\n"
        "print(json.dumps(do(*sys.argv[2:])))",
    )  # fmt: skip


def in_typescript(stranger: Stranger) -> None:
    (stranger.folder / "node_modules").symlink_to(ROOT / "node_modules")
    (stranger.folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    said = stranger.generate(TO_TYPESCRIPT)
    assert "⚠" not in said, said
    for name in ("walk.ts", "tsconfig.json"):
        shutil.copy(WALKS / name, stranger.folder)
    (stranger.folder / "guide.ts").write_text(IN_TYPESCRIPT, encoding="utf-8")
    assert stranger.run("tsc") == ""
    stranger.walk(
        "node", "--input-type=module", "--eval",
        'import { walk } from "./built/walk.js"; import { submit } from "./built/guide.js";\n'
        "const [what, ...given] = process.argv.slice(1);\n"
        "console.log(JSON.stringify(await { walk, guide: submit }[what](...given)));",
    )  # fmt: skip


def installed() -> Path:
    """Where the programs of package-lock.json are, installed as `make check` does it."""
    lock, stamp = ROOT / "package-lock.json", ROOT / "node_modules" / ".package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime <= lock.stat().st_mtime:
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=ROOT, check=True)
    return stamp.with_name(".bin")
