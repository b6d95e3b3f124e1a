"""Runs revisions one process at a time: whoever comes second waits, then finds nothing left to do. Where the database
was restored into another cluster, a new era of events begins with it (docs/decisions/0050)."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from programme.queries.events import BEGIN_ERA
from programme.tables import Table

TURN = 0x6B6F6B79  # any number that nothing else locks on


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Table.metadata, compare_server_default=True)
    with context.begin_transaction():
        connection.execute(text("select pg_advisory_xact_lock(:turn)"), {"turn": TURN})
        connection.execute(text("set local lock_timeout = '4s'"))
        context.run_migrations()
        # Not where a downgrade has taken eras away.
        known = connection.scalar(text("select to_regclass('event_era')"))
        if known is not None and (era := connection.scalar(text(BEGIN_ERA))) is not None:
            connection.execute(text(f"alter table event alter column era set default {int(era)}"))
            if connection.scalar(text("select to_regprocedure('end_sandboxes()')")) is not None:
                connection.execute(text("select end_sandboxes()"))


async def online() -> None:
    engine = create_async_engine(context.config.attributes["database_url"], poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=Table.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(online())
