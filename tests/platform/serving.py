"""`python -m api` as a process of its own, on a free port and a database of the test's own."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.platform.processes import family, until


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    pid: int

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def is_alive(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def memory(self) -> int:
        """Bytes that all its processes hold."""
        return sum(one.memory_info().rss for one in family(self.pid))


@contextmanager
def serving(database_url: str, **settings: str) -> Iterator[Server]:
    """A living API; `settings` are those of the environment without their prefix."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    given = {
        "DATABASE_URL": database_url,
        "REDIS_URL": os.environ["TEST_REDIS_URL"],
        "SECRET_KEY": "for tests only, not a secret at all",
        "PORT": str(port),
        **settings,
    }
    environment = os.environ | {f"KOKYBE_{name}": value for name, value in given.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "api"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    server = Server(port, process.pid)
    try:
        until(server.is_alive, 60, "a living API")
        yield server
    finally:
        process.terminate()
        process.wait(20)
