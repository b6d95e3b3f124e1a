"""The service as processes of its own: the API as `python -m api` serves it, the worker as `python -m worker` runs; and a
database server that restarts under them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from programme.binaries import postgres_binaries
from programme.embedded import Instance
from tests.platform.processes import family

PATIENCE = 30.0


class Process:
    """One of ours, with everything below it."""

    def __init__(self, module: str, log: Path, **settings: str) -> None:
        self.log = log
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KOKYBE_")}
        environment |= {f"KOKYBE_{name.upper()}": value for name, value in settings.items()}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module], env=environment, stdout=output, stderr=output
            )

    def kill(self) -> None:
        """SIGKILL to all of it at once."""
        for one in family(self.process.pid):
            one.kill()
        self.process.wait(10)

    async def end(self) -> float:
        """SIGTERM, and how many seconds the end took."""
        began = asyncio.get_running_loop().time()
        self.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(self.process.wait, PATIENCE)
        return asyncio.get_running_loop().time() - began

    async def says(self, word: str, *, times: int = 1) -> None:
        for _ in range(int(PATIENCE * 20)):
            if self.log.read_text().count(word) >= times:
                return
            assert self.process.poll() is None, self.log.read_text()
            await asyncio.sleep(0.05)
        raise AssertionError(f"{word!r} not said {times} times:\n{self.log.read_text()}")


@asynccontextmanager
async def running(module: str, log: Path, **settings: str) -> AsyncIterator[Process]:
    one = Process(module, log, **settings)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.kill()


@asynccontextmanager
async def an_api(folder: Path, database_url: str, **settings: str) -> AsyncIterator[tuple[Process, int]]:
    """The API in a process of its own, ready to answer at the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    own = {"database_url": database_url, "port": str(port), "data_dir": str(folder)}
    async with running("api", folder / "api.log", **own, **settings) as one:
        async with httpx2.AsyncClient() as http:
            for _ in range(int(PATIENCE * 20)):
                assert one.process.poll() is None, one.log.read_text()
                try:
                    if (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                        break
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)
        yield one, port


def restart_at_once(instance: Instance) -> None:
    """SIGQUIT: no checkpoint, no goodbye; the start has a crash to recover from."""
    (server,) = (child for child in instance.children if child.name == "PostgreSQL")
    server.process.send_signal(signal.SIGQUIT)
    server.process.wait(10)
    instance.children.remove(server)
    sockets = Path(instance.servers.database_url.partition("host=")[2].partition("&")[0])
    instance._postgres(sockets, postgres_binaries(None), True, instance.servers.database_url, lambda _: None)()
