"""`kokybe dev`, which is `make run`: one command starts everything, one Ctrl-C ends everything."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.platform.processes import family, living, until

KOKYBE = [sys.executable, "-m", "programme.commands"]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KOKYBE_")}
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return inherited | {"KOKYBE_DATA_DIR": str(tmp_path / "data"), "KOKYBE_PORT": str(port)}


@pytest.fixture
def kokybe(environment: dict[str, str]) -> Run:
    def run(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*KOKYBE, *words], env=environment | settings, capture_output=True, text=True, timeout=60, check=False
        )

    return run


class Dev:
    """A running `kokybe dev`, seen as a person sees it."""

    def __init__(self, environment: dict[str, str], output: Path) -> None:
        self._output = output
        self._port = int(environment["KOKYBE_PORT"])
        with output.open("w") as file:
            self.process = subprocess.Popen([*KOKYBE, "dev"], env=environment, stdout=file, stderr=subprocess.STDOUT)
        until(lambda: "Ctrl-C stops everything." in self.screen or self.process.poll() is not None, 60, "the screen")
        assert self.process.poll() is None, self.screen
        self.family = family(self.process.pid)

    @property
    def screen(self) -> str:
        return self._output.read_text()

    @property
    def key(self) -> str:
        found = re.search(r"Coordinator key +(kk_\S+)", self.screen)
        assert found, self.screen
        return found.group(1)

    def status(self, path: str, key: str | None = None) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
            return connection.getresponse().status
        finally:
            connection.close()

    def child(self, module: str) -> psutil.Process | None:
        children = living(psutil.Process(self.process.pid).children())
        return next((one for one in children if one.cmdline()[1:] == ["-m", module]), None)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def dev(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[], Dev]]:
    started: list[Dev] = []

    def start() -> Dev:
        started.append(Dev(environment, tmp_path / f"screen{len(started)}"))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


def test_one_command_starts_everything_and_the_next_start_finds_the_data(dev: Callable[[], Dev], kokybe: Run) -> None:
    first = dev()
    assert first.status("/livez") == 200
    assert first.status("/v1/me", first.key) == 200
    assert all(word in first.screen for word in ("PostgreSQL 18", "Valkey 9", "/docs"))
    lines = re.findall(r"curl -s 'http://[^/]+(/[^']+)'(?: -H 'Authorization: Bearer ([^']+)')?", first.screen)
    assert [first.status(path, key) for path, key in lines] == [200, 200, 200]

    made = kokybe("clients", "create", "--role", "coordinator", "--name", "Namų globos centras", "--json")
    client = json.loads(made.stdout)
    assert first.status("/v1/me", client["key"]) == 200

    refused = kokybe("clients", "create", "--role", "provider", "--name", "Be organizacijos")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "organisation" in refused.stderr
    assert "Traceback" not in refused.stderr

    second = kokybe("dev")
    assert second.returncode == 1
    assert re.search(r"already running at http://127\.0\.0\.1:\d+ \(process \d+\)", second.stderr)

    first.end(signal.SIGKILL)
    until(lambda: not living(first.family), 5, "the end of every process")

    again = dev()
    assert again.key == first.key
    assert again.status("/v1/me", client["key"]) == 200
    assert again.end(signal.SIGTERM) == 0
    assert living(again.family) == []
    assert again.screen.endswith("Stopped.\n")


def test_a_dead_worker_is_started_again_and_a_dead_api_ends_everything(dev: Callable[[], Dev]) -> None:
    running = dev()
    worker, api = running.child("worker"), running.child("api")
    assert worker
    assert api
    worker.kill()
    until(lambda: "started again in 1 s" in running.screen, 5, "the news of the worker")
    until(lambda: running.child("worker") is not None, 5, "a new worker")
    everyone = family(running.process.pid)
    api.kill()
    assert running.process.wait(30) == 1
    assert "The API was ended by SIGKILL." in running.screen
    assert living(everyone) == []


def test_a_taken_port_is_told_before_anything_starts(kokybe: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        refused = kokybe("dev", KOKYBE_PORT=port)
    assert refused.returncode == 1
    assert f"127.0.0.1:{port}" in refused.stderr
    assert not (tmp_path / "data" / "postgres").exists()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"KOKYBE_PORT": "eighty"}, "KOKYBE_PORT: "),
        ({"KOKYBE_TIMEZONE": "Europe/Vilna"}, "KOKYBE_TIMEZONE: "),
        (
            {
                "KOKYBE_ENVIRONMENT": "production",
                "KOKYBE_SECRET_KEY": "nQ7-vT2_xL9rWb4ZkP0sYd6GhJ3mCf8A",
                "KOKYBE_DATABASE_URL": "postgresql://db/kokybe",
                "KOKYBE_REDIS_URL": "redis://queue",
            },
            "KOKYBE_ENVIRONMENT: ",
        ),
    ],
)
def test_a_wrong_setting_is_named(kokybe: Run, settings: dict[str, str], sentence: str) -> None:
    refused = kokybe("dev", **settings)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(sentence)
