"""A relay between a client and a server that loses a reply when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Wire:
    """`lose_reply_to`: the next client that says this is heard by the server and is told nothing of its answer; its
    connection is then cut, or with `holding` stays open in silence. `lost` is set once the server has answered."""

    def __init__(self, reach: Callable[[], Awaitable[Ends]]) -> None:
        self._reach = reach
        self.lose_reply_to: bytes | None = None
        self.holding = False
        self.lost = asyncio.Event()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await self._reach()
        deaf = False

        async def up() -> None:
            nonlocal deaf
            while chunk := await reader.read(65536):
                if self.lose_reply_to is not None and self.lose_reply_to in chunk:
                    deaf, self.lose_reply_to = True, None
                back.write(chunk)

        async def down() -> None:
            while chunk := await there.read(65536):
                if not deaf:
                    writer.write(chunk)
                    continue
                self.lost.set()
                if not self.holding:
                    return

        pumps = [asyncio.create_task(up()), asyncio.create_task(down())]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            back.transport.abort()
            writer.transport.abort()


@asynccontextmanager
async def before_a_port(port: int) -> AsyncIterator[tuple[Wire, int]]:
    """A wire to a server on this machine, and the port at which it listens."""
    wire = Wire(lambda: asyncio.open_connection("127.0.0.1", port))
    async with _served(wire, await asyncio.start_server(wire._relay, "127.0.0.1", 0)) as server:
        yield wire, server.sockets[0].getsockname()[1]


@asynccontextmanager
async def before_postgres(url: str, folder: Path) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to a database, and the address at which it is reached through it."""
    asked = parse_qs(urlsplit(url).query)
    socket = f".s.PGSQL.{asked['port'][0]}"
    wire = Wire(lambda: asyncio.open_unix_connection(f"{asked['host'][0]}/{socket}"))
    async with _served(wire, await asyncio.start_unix_server(wire._relay, folder / socket)):
        yield wire, url.replace(asked["host"][0], str(folder))


@asynccontextmanager
async def _served(wire: Wire, server: asyncio.Server) -> AsyncIterator[asyncio.Server]:
    try:
        yield server
    finally:
        server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 1)
