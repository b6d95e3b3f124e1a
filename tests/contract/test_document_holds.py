"""schemathesis draws requests from `openapi.json`, and what a real process answers has to be in the document."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from programme.database import Database
from programme.services import loading
from programme.services.clients import create_client
from programme.settings import Settings
from tests.conftest import TEMPLATE, administer, url_of
from tests.platform.serving import Server, serving

DOCUMENT = Path(__file__).parents[2] / "openapi.json"
HOOKS = Path(__file__).with_name("drawing.py")
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance", "unsupported_method", "allow_header_conformance",
]  # fmt: skip
ROLES = ["coordinator", "awarder", "auditor", "provider", "ops"]
KEEPS_NOTHING = ["--generation-database", "none", "--continue-on-failure"]
CASES = 20_000
"""Of a soak, over all roles."""


@pytest.fixture(scope="module")
async def loaded(settings: Settings) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """A database with the real programme, and a key in each role."""
    name = f"document_{uuid4().hex}"
    await administer(f"create database {name} template {TEMPLATE} strategy wal_log")
    async with Database.open(settings, url_of(name)) as database:
        await loading.load_programme(database)
        async with database.reading() as connection:
            holder = await connection.fetchval("select organisation_id from certificate order by reference limit 1")
        keys = {
            role: (await create_client(database, role, role, holder if role == "provider" else None))["key"]
            for role in ROLES
        }
    yield url_of(name), keys
    await administer(f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def server(loaded: tuple[str, dict[str, str]]) -> Iterator[Server]:
    with serving(loaded[0], RATE_LIMITS="off") as made:
        yield made


def draw(server: Server, key: str, *more: str) -> int:
    """How many requests were drawn and answered as documented."""
    words = [
        str(Path(sys.executable).with_name("st")), "run", str(DOCUMENT), "--url", f"http://127.0.0.1:{server.port}",
        "--header", f"Authorization: Bearer {key}", "--checks", ",".join(CHECKS), "--workers", "1", "--no-color",
        "--suppress-health-check", "all", *more,
    ]  # fmt: skip
    with TemporaryDirectory() as folder:  # for what it keeps of failures
        told = os.environ | {"SCHEMATHESIS_HOOKS": str(HOOKS)}
        run = subprocess.run(words, cwd=folder, env=told, capture_output=True, text=True, check=False)
    wrong = run.stdout.partition("= WARNINGS =")[0]
    assert run.returncode == 0, wrong[-10_000:] + run.stderr[-2000:]
    found = re.search(r"([\d,]+) generated", run.stdout)
    assert found is not None, run.stdout[-2000:]
    return int(found[1].replace(",", ""))


def test_both_answers_of_what_can_be_tried_without_keeping_it_are_in_the_document() -> None:
    for path in json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"].values():
        for operation in path.values():
            takes = {one["$ref"].rpartition("/")[2] for one in operation.get("parameters", []) if "$ref" in one}
            if "ValidateOnly" in takes and {"201", "202"} & operation["responses"].keys():
                assert "200" in operation["responses"], operation["operationId"]


def test_what_is_drawn_from_the_document_is_answered_as_it_says(
    server: Server, loaded: tuple[str, dict[str, str]]
) -> None:
    drawn = draw(
        server, loaded[1]["coordinator"], "--phases", "fuzzing", "--max-examples", "2", "--generation-deterministic"
    )
    assert drawn >= 150


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_twenty_thousand_requests_are_answered_as_documented(
    server: Server, loaded: tuple[str, dict[str, str]]
) -> None:
    keys = loaded[1]
    everything, anything = ("--phases", "examples,coverage"), ("--phases", "fuzzing", "--max-examples", "10")
    drawn = sum(draw(server, keys[role], *everything, *KEEPS_NOTHING) for role in ("coordinator", "provider"))
    drawn += sum(draw(server, key, *anything, *KEEPS_NOTHING) for key in keys.values())
    assert drawn >= CASES
    print(f"{drawn:,} requests", file=sys.stderr)  # noqa: T201 - the figure of the soak
