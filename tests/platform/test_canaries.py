"""What is secret or somebody's own turns up nowhere but in its place: not in a log, an event, an error or a metric.

Real processes are walked along the main road and into every kind of ditch with values that exist once in the world;
afterwards they are looked for in everything that was written.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from programme import logs
from programme.database import Database
from tests.api.test_certificates import SCOPE
from tests.worker.test_worker import an_expired_certificate
from tests.world import Caller, World


@dataclass(frozen=True)
class Canaries:
    """Of an installation, of callers, and of a person; each exists once."""

    secret_key: str
    database_password: str
    mail_password: str
    bearer: str
    query_key: str
    email: str
    telephone: str
    name: str
    personal_code: str

    @property
    def secrets(self) -> dict[str, str]:
        return {one.name: getattr(self, one.name) for one in fields(self)[:5]}

    @property
    def everything(self) -> dict[str, str]:
        return {one.name: getattr(self, one.name) for one in fields(self)}


@pytest.fixture
def canaries() -> Canaries:
    once = uuid4().hex
    number = int(once, 16)
    return Canaries(
        secret_key=f"secret-key-{once}",
        database_password=f"password{once}",
        mail_password=f"mail{once}",
        bearer=f"kk_abcdefghijkl_{once}{once[:11]}",
        query_key=f"query{once}",
        email=f"ona.{once}@kanarele.example.lt",
        telephone=f"+370{number % 10**8:08d}",
        name=f"Ona Kanarėlė{''.join(chr(ord('a') + int(digit, 16)) for digit in once)}",
        personal_code=f"390010{number % 10**5:05d}",
    )


class Written:
    """Everything that was written where others read it; `about` says which test it was when one finds something."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: dict[str, str] = {}

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def everything(self) -> dict[str, str]:
        files = [*self.folder.glob("*.log"), *Path(os.environ["TEST_LOGS"]).glob("*.log")]
        return {path.name: path.read_text(encoding="utf-8", errors="replace") for path in files} | self.said

    def holds_none_of(self, canaries: dict[str, str]) -> None:
        found = [
            (canary, place)
            for place, text in self.everything().items()
            for canary, value in canaries.items()
            if value.casefold() in text.casefold()
        ]
        assert found == []


@contextmanager
def process(written: Written, name: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with written.file(name).open("ab") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", name], env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield started
        finally:
            if started.poll() is None:
                started.terminate()
            started.wait(25)


@asynccontextmanager
async def api(written: Written, environment: dict[str, str], app: Any, clone: Database) -> AsyncIterator[World]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        environment["KOKYBE_PORT"] = str(server.getsockname()[1])
    address = f"http://127.0.0.1:{environment['KOKYBE_PORT']}"
    with process(written, "api", environment) as running:
        async with httpx2.AsyncClient(base_url=address, timeout=20) as http:
            for _ in range(300):
                assert running.poll() is None, written.file("api").read_text()
                try:
                    await http.get("/livez")
                    break
                except httpx2.TransportError:
                    await asyncio.sleep(0.1)
            yield World(app, clone, http)


def kokybe(written: Written, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "programme.commands", *words], env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    written.said[f"kokybe {' '.join(words)}"] = done.stdout + done.stderr
    return done


async def as_owner(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def told(written: Written, answer: httpx2.Response, *expected: int) -> None:
    assert answer.status_code in expected, (answer.request.url.path, answer.text)
    if answer.status_code >= 400:
        written.said[f"{answer.request.method} {answer.request.url.path} {uuid4().hex}"] = (
            f"{answer.text}{answer.headers}"
        )


async def the_main_road(world: World) -> None:
    """An organisation, its audit from plan to the end, and its certificate."""
    holder = await world.organisation()
    awarder = await world.caller("awarder")
    audit = await world.finished_audit(holder["id"], scope=SCOPE)
    drafted = await awarder.post(
        "/v1/certificates",
        {"organisation_id": holder["id"], "standard_version": "EQUASS-2018", "level": "ASSURANCE", "scope": SCOPE},
    )
    async with world.at_work() as work:
        today = work.today.isoformat()
    granted = await awarder.move(
        f"/v1/certificates/{drafted.json()['id']}", "grant",
        {"certified_on": today, "reference": "LIT2026-777", "assessment_id": audit["id"], "decision_ref": "AC-1"},
    )  # fmt: skip
    assert granted.status_code == 200, granted.text


async def every_ditch(world: World, url: str, written: Written, canaries: Canaries, person: dict[str, Any]) -> None:
    """Refusals, malformed bodies, and faults that quote what was sent."""
    coordinator = await world.caller("coordinator")
    http = world.http
    holder = await world.organisation()
    path = f"/v1/organisations/{holder['id']}"
    await as_owner(
        url,
        "alter table contact add constraint forced check (position is distinct from 'sprogimas') not valid",
        "create function forced() returns trigger language plpgsql as"
        " $$begin raise exception 'no % at %', new.name, new.address; end$$",
        "create trigger forced before insert on site for each row execute function forced()",
    )
    for headers in (
        {"Authorization": f"Bearer {canaries.bearer}"},
        {"Authorization": f"Basic {canaries.query_key}"},
        {"Authorization": f"Bearer {canaries.query_key}.{canaries.query_key}.{canaries.query_key}"},
        {"X-API-Key": canaries.query_key},
    ):
        await told(written, await http.get("/v1/me", headers=headers), 401)
    await told(written, await http.get("/v1/me", params={"key": canaries.query_key}), 400, 401)
    await told(written, await coordinator.get("/v1/organisations", params={"q": canaries.email}), 200)
    await told(written, await coordinator.get("/v1/organisations", params={canaries.query_key: canaries.email}), 400)
    await told(written, await coordinator.get(f"/v1/{canaries.personal_code}"), 404)
    await told(written, await coordinator.get(f"/v1/organisations/{canaries.personal_code}"), 404)
    await told(written, await coordinator.get("/v1/organisations", params={"cursor": canaries.query_key}), 400)
    contacts = f"{path}/contacts"
    await told(written, await coordinator.post(contacts, person), 201)
    wrong = {**person, "purpose": 7, canaries.personal_code: 1, "retain_until_on": canaries.personal_code}
    await told(written, await coordinator.post(contacts, wrong), 422)
    await told(written, await coordinator.post("/v1/organisations", {"legal_code": canaries.personal_code}), 422)
    broken = f'{{"name": "{canaries.name}", "email": "{canaries.email}", '
    headers = {"Content-Type": "application/json"}
    await told(written, await coordinator.request("POST", contacts, content=broken.encode(), headers=headers), 400)
    await told(written, await coordinator.post(contacts, {**person, "position": "sprogimas"}), 500)
    site = {"name": canaries.name, "address": canaries.email, "municipality": "LT-57"}
    await told(written, await coordinator.post(f"{path}/sites", site), 500)
    used = {"Idempotency-Key": canaries.query_key, "If-Match": canaries.query_key}
    await told(written, await coordinator.post(contacts, person, headers=used), 201, 400)
    provider = await world.caller("provider", holder["id"])
    await told(written, await provider.post("/v1/organisations", {"name": canaries.name}), 403)


async def rows(database: Database) -> dict[str, str]:
    """Every table as text, what is kept as bytes read as text."""
    async with database.reading() as connection:
        names = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        tables = {
            name: "\n".join(row[0] for row in await connection.fetch(f'select t::text from "{name}" as t'))
            for (name,) in names
        }
        kept = await connection.fetch("select body from idempotency_key")
    return tables | {"idempotency_key.body": "\n".join(row[0].decode() for row in kept)}


@pytest.mark.parametrize("log_format", ["json", "console"])
async def test_no_secret_and_no_persons_particulars_are_written_anywhere_else(
    log_format: str, canaries: Canaries, clone: Database, clone_url: str, app: Any, tmp_path: Path
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KOKYBE_")} | {
        "KOKYBE_DATABASE_URL": clone_url.replace("://kokybe@", f"://kokybe:{canaries.database_password}@"),
        "KOKYBE_REDIS_URL": os.environ["TEST_REDIS_URL"],
        "KOKYBE_SECRET_KEY": canaries.secret_key,
        "KOKYBE_SMTP_URL": f"smtp://kokybe:{canaries.mail_password}@127.0.0.1:1",
        "KOKYBE_LOG_FORMAT": log_format,
    }
    assert canaries.database_password in environment["KOKYBE_DATABASE_URL"]
    written = Written(tmp_path)
    person = {
        "name": canaries.name, "email": canaries.email, "telephone": canaries.telephone, "purpose": "ryšiams",
        "legal_basis": "BDAR 6 str. 1 d. e p.", "retain_until_on": "2029-12-31",
    }  # fmt: skip

    made = kokybe(
        written, environment, "clients", "create", "--role", "coordinator", "--name", "Koordinatorė", "--json"
    )
    shown = written.said.pop("kokybe clients create --role coordinator --name Koordinatorė --json")
    (key,) = re.findall(r"kk_[0-9a-z]{12}_([\w-]{43})", shown)
    assert made.returncode == 0

    async with api(written, environment, app, clone) as world:
        await the_main_road(world)
        await every_ditch(world, clone_url, written, canaries, person)
        for path in ("/livez", "/readyz", "/metrics"):
            written.said[path] = (await world.http.get(path)).text
        keys = {f"key of {caller.client_id}": str(caller.key).split("_", 2)[2] for caller in known(world)}

        await an_expired_certificate(world)
        await as_owner(
            clone_url,
            "create function forbidden() returns trigger language plpgsql as"
            f" $$begin raise exception 'no {canaries.email}'; end$$",
            "create trigger forbidden before insert on event for each row"
            " when (new.type = 'certificate.expired') execute function forbidden()",
        )
        with process(written, "worker", environment) as worker:
            await asyncio.to_thread(worker.wait, 25)
        assert "RaiseError" in written.file("worker").read_text()
        if log_format == "json":
            assert kokybe(written, environment, "daily").returncode == 1
            nowhere = f"postgresql://kokybe:{canaries.database_password}@127.0.0.1:1/k"
            failed = kokybe(written, environment | {"KOKYBE_DATABASE_URL": nowhere}, "daily", "--on", "2026-11-22")
            assert failed.returncode == 1

    kept = await rows(clone)
    kept["contact"] = ""
    kept.pop("idempotency_key.body")
    kept.pop("idempotency_key")
    written.said |= kept
    assert "forced" in written.file("api").read_text(), "the faults are told"
    written.holds_none_of(canaries.everything | keys | {"key": key})
    written.said["answers kept"] = (await rows(clone))["idempotency_key.body"]
    written.holds_none_of(canaries.secrets | keys | {"key": key})


def known(world: World) -> list[Caller]:
    return [*world._callers.values()]


def test_what_is_no_utf8_is_logged_all_the_same() -> None:
    line = logs._as_json(None, "info", {"event": "request", "route": "/v1/\udcff"})
    assert line == b'{"event": "request", "route": "/v1/\\udcff"}'
    assert logs._as_json(None, "info", {"event": "paieška", "of": uuid4}).startswith(
        '{"event":"paieška","of":"'.encode()
    )


def test_the_line_of_a_request_is_written_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("wb", buffering=0) as file:
        monkeypatch.setattr(logs, "_write", file.write)
        logs.tell("request", request_id="0" * 32, route="/v1/\udcff", ms=0.4)
        line = (tmp_path / "log").read_text()
    assert re.fullmatch(
        r'{"request_id": "0{32}", "route": "/v1/\\udcff", "ms": 0.4, "event": "request", "level": "info",'
        r' "at": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z"}\n',
        line,
    )


def test_an_exceptions_words_are_not_in_its_trace() -> None:
    try:
        try:
            int("39001010000 is no number")
        except ValueError as error:
            raise ExceptionGroup("of 39001010000", [error, KeyError("39001010000")]) from error
    except ExceptionGroup as error:
        found = logs.trace(error)
    assert "39001010000" not in found.replace('int("39001010000 is no number")', "").replace(
        'raise ExceptionGroup("of 39001010000", [error, KeyError("39001010000")]) from error', ""
    )
    assert found.endswith("builtins.KeyError")
    assert found.count("builtins.ValueError") == 2
