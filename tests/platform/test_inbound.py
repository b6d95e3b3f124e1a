"""The process that reads a caller's file: it has nothing of ours, and ends within its bounds."""

from __future__ import annotations

import asyncio
import time

import psutil
import pytest

from programme import inbound
from programme.errors import Invalid, Unavailable
from programme.inbound import Format
from programme.rules.imports import COLUMNS


def read(content: bytes, format_: Format = Format.YAML) -> list[tuple[int, dict[str, object]]]:
    return inbound.read(content, format_, COLUMNS, COLUMNS[:3])


def test_a_file_that_takes_too_long_ends_by_itself() -> None:
    began = time.monotonic()
    with pytest.raises(Invalid) as refused:
        read(b"[" * 1_000_000)
    assert [error.code for error in refused.value.errors] == ["file_too_costly"]
    assert time.monotonic() - began < inbound.PATIENCE + 2


async def test_it_knows_no_setting_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOKYBE_SECRET_KEY", "not to be handed on")
    monkeypatch.setattr(inbound, "PATIENCE", 1.0)
    reading = asyncio.create_task(asyncio.to_thread(read, b"[" * 1_000_000))
    await asyncio.sleep(0.3)
    (reader,) = [one for one in psutil.Process().children() if "programme.inbound" in one.cmdline()]
    assert reader.environ() == {}
    with pytest.raises(Invalid):
        await reading


async def test_more_than_two_at_once_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound, "PATIENCE", 2.5)
    waiting = [asyncio.create_task(asyncio.to_thread(read, b"[" * 1_000_000)) for _ in range(2)]
    await asyncio.sleep(0.3)
    with pytest.raises(Unavailable):
        await asyncio.to_thread(read, b"[]")
    for one in waiting:
        with pytest.raises(Invalid):
            await one
    assert await asyncio.to_thread(read, b"[]") == []


def test_a_reader_that_cannot_run_is_a_fault_and_no_bad_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(RuntimeError):
        read(b"[]")
