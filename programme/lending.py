"""Lending the connections of a pool to whoever reads, one after the other."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic
from typing import Any

import asyncpg

PATIENCE = 2.0
"""Seconds for which a caller waits for a connection that is free."""

LINGER = 0.01
"""Seconds for which a reading transaction may stay open behind its answer."""

READ = "begin read only"
ONE_MOMENT = "begin isolation level repeatable read, read only"
"""How a transaction begins in which all is seen as it was at its first question."""


class Lender:
    """Lends the connections of a pool, as they are or in a transaction that reads.

    Taking one and giving it back costs the pool two tasks and a timer, some 15 µs, and each question that is sent and
    answered 25 more: so one that comes back well stays here and is lent next, and the end of its transaction, of which
    nobody learns anything, is sent with the beginning of the next. Where none begins within `LINGER`, it is sent alone:
    until then the tables that were read cannot be altered. By the pool goes what comes back where somebody waits, or
    from work that did not end well, since the pool knows how to mend or to replace it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._free: list[tuple[Any, float]] = []
        """Connections, each with the moment at which it came back; the newest last."""
        self._waiting = 0
        self._closing = False
        self._ending: asyncio.Task[None] | None = None

    def lend(self, begin: str | None = None) -> Loan:
        """`begin`: how the transaction begins in which the connection is lent; none otherwise."""
        return Loan(self, begin)

    async def take(self) -> Any:
        """A connection, which may still be in the transaction that it was lent in last."""
        while self._free:
            connection, _ = self._free.pop()
            if not _is_lost(connection):
                return connection
            await self._release(connection)
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=PATIENCE)
        finally:
            self._waiting -= 1

    async def take_back(self, connection: Any, *, well: bool) -> None:
        if not well or self._waiting or self._closing or _is_lost(connection):
            await self._release(connection)
            return
        self._free.append((connection, monotonic()))
        if connection.is_in_transaction() and self._ending is None:
            self._ending = asyncio.create_task(self._end())

    async def _release(self, connection: Any) -> None:
        """Whatever is wrong with it, the pool replaces it: nobody's work fails with what becomes of a connection."""
        with suppress(Exception):
            try:
                if _is_open(connection):
                    await connection.execute("rollback")
            finally:
                await self._pool.release(connection)

    async def _end(self) -> None:
        """Ends the transactions of connections that are not lent again, until there are none."""
        try:
            while any(_is_open(connection) for connection, _ in self._free):
                await asyncio.sleep(LINGER)
                while lingering := self._lingering(monotonic() - LINGER):
                    self._free.remove(lingering)
                    await self._end_of(lingering[0])
        finally:
            self._ending = None

    async def _end_of(self, connection: Any) -> None:
        try:
            await connection.execute("commit")
            well = True
        except Exception:  # there are many ways in which a lost connection shows
            well = False
        await self.take_back(connection, well=well)

    def _lingering(self, since: float) -> tuple[Any, float] | None:
        return next((one for one in self._free if one[1] <= since and _is_open(one[0])), None)

    async def close(self) -> None:
        """When all that is lent has come back."""
        self._closing = True
        if self._ending is not None:
            await self._ending
        while self._free:
            await self._release(self._free.pop()[0])
        await self._pool.close()


def _is_lost(connection: Any) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken its place back already
        return True


def _is_open(connection: Any) -> bool:
    """Whether it is in a transaction still."""
    return not _is_lost(connection) and connection.is_in_transaction()


class Loan:
    """One connection, for as long as the block."""

    __slots__ = ("_begin", "_connection", "_lender")

    def __init__(self, lender: Lender, begin: str | None) -> None:
        self._lender = lender
        self._begin = begin

    async def __aenter__(self) -> Any:
        self._connection = await self._lender.take()
        try:
            if self._connection.is_in_transaction():
                await self._connection.execute(f"commit; {self._begin or ''}")
            elif self._begin is not None:
                await self._connection.execute(self._begin)
        except BaseException:
            await self._lender.take_back(self._connection, well=False)
            raise
        return self._connection

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        await self._lender.take_back(self._connection, well=kind is None and self._begin != ONE_MOMENT)
