"""The schema that migrations make is the one that the tables describe, however many make it at once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from uuid import uuid4

import asyncpg
import pytest
from alembic import command

from programme.database import migrate, migrations_config, newest_revision
from tests.conftest import administer, url_of

pytestmark = pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")


@pytest.fixture
async def empty() -> str:
    name = f"empty_{uuid4().hex}"
    await administer(f"create database {name}")
    return url_of(name)


async def test_an_empty_database_becomes_what_the_tables_say(empty: str) -> None:
    await asyncio.to_thread(migrate, empty)
    await asyncio.to_thread(command.check, migrations_config(empty))


async def test_three_at_once_take_turns(empty: str) -> None:
    code = "import sys; from programme.database import migrate; migrate(sys.argv[1])"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, empty], env=os.environ | {"PYTHONWARNINGS": "ignore"})
        for _ in range(3)
    ]
    assert [await asyncio.to_thread(process.wait, 60) for process in processes] == [0, 0, 0]
    connection = await asyncpg.connect(empty)
    assert await connection.fetchval("select version_num from alembic_version") == newest_revision()
    await connection.close()


async def test_migrating_again_changes_nothing(empty: str) -> None:
    for _ in range(2):
        await asyncio.to_thread(migrate, empty)


WORDS = ["Čekiškė", "Cirkliškis", "Šiauliai", "Salakas", "Žasliai", "Zarasai", "Ylakiai", "Ignalina", "Įlanka", "Jonava", "ąžuolas",
         "Azija", "ėda", "Eglė", "Ūla", "Utena", "Ųž", "uosis"]  # fmt: skip


async def test_lithuanian_order_needs_no_icu(empty: str) -> None:
    await asyncio.to_thread(migrate, empty)
    connection = await asyncpg.connect(empty)
    rows = await connection.fetch('select w from unnest($1::text[]) as w order by lt_sort_key(w) collate "C"', WORDS)
    await connection.close()
    assert [row["w"] for row in rows] == [
        "Azija", "ąžuolas", "Cirkliškis", "Čekiškė", "ėda", "Eglė", "Ignalina", "Ylakiai", "Įlanka", "Jonava", "Salakas",
        "Šiauliai", "Ūla", "uosis", "Utena", "Ųž", "Zarasai", "Žasliai",
    ]  # fmt: skip
