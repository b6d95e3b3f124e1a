"""`kokybe import-criteria`: a file of criteria from a folder, all of it or nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from programme import commands
from programme.database import Database
from programme.errors import Invalid
from programme.rules.imports import COLUMNS
from programme.services.imports import bring_in
from programme.tables import Import, StandardVersion
from programme.work import begin
from tests import oracle
from tests.revised import criteria
from tests.workbooks import workbook


def written(folder: Path, entries: list[dict[str, Any]], name: str = "kriterijai.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
    return path


async def kept(database: Database) -> tuple[int, list[Any]]:
    """How many imports there are, and the tree of NOKAS."""
    async with begin(database) as work:
        tree = await work.session.scalar(select(StandardVersion.principles).where(StandardVersion.code == "NOKAS-2020"))
        return await work.session.scalar(select(func.count()).select_from(Import)) or 0, list(tree or [])


NOKAS = [one for one in criteria() if one["number"] < "4"]


async def test_a_dry_run_tells_everything_and_keeps_nothing(database: Database, tmp_path: Path) -> None:
    before = await kept(database)
    report = await bring_in(database, written(tmp_path, NOKAS), standard_version="NOKAS-2020", dry_run=True)
    assert (report["committed"], report["reasons"], report["counts"]["new"]) == (False, [], 6)
    assert [(one["number"], one["status"]) for one in report["rows"]][:2] == [("1.1", "new"), ("1.2", "new")]
    assert await kept(database) == before


async def test_a_file_comes_in_whole(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "kriterijai.XLSX"
    table = [[one["number"], one["title"]["lt"], one["title"]["en"]] for one in NOKAS]
    path.write_bytes(workbook([COLUMNS[:3], *table]))
    report = await bring_in(database, path, standard_version="NOKAS-2020")
    assert report["committed"] is True
    count, tree = await kept(database)
    assert (count, [len(part["criteria"]) for part in tree]) == (1, [2, 2, 2])
    await oracle.check(database)


async def test_nothing_of_a_file_with_a_bad_row_comes_in(database: Database, tmp_path: Path) -> None:
    before = await kept(database)
    path = written(tmp_path, [*NOKAS, {"number": "9.9", "title": {"lt": "a", "en": "b"}}, {}], "kriterijai.yml")
    report = await bring_in(database, path, standard_version="NOKAS-2020")
    assert (report["committed"], [one["code"] for one in report["reasons"]]) == (
        False,
        ["rows_in_error", "rows_unknown"],
    )
    assert await kept(database) == before


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("kriterijai.doc", b"", "file_unknown"),
        ("kriterijai.csv", None, "file_unreadable"),
        ("kriterijai.csv", b"x" * 5_000_001, "file_too_large"),
    ],
)
async def test_what_is_no_file_to_read_is_told_by_its_name(
    database: Database, tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(Invalid) as refused:
        await bring_in(database, tmp_path / name, standard_version="NOKAS-2020")
    (error,) = refused.value.errors
    assert (error.pointer, error.code) == (name, code)


async def test_the_command_prints_the_report_and_ends_with_1_where_nothing_came_in(
    clone_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KOKYBE_DATABASE_URL", clone_url)
    monkeypatch.setenv("KOKYBE_REDIS_URL", "unix:///nowhere")
    path = str(written(tmp_path, NOKAS))

    async def run(*words: str) -> tuple[int, Any]:
        status = await asyncio.to_thread(commands.main, ["import-criteria", *words])
        printed = capsys.readouterr().out
        return status, json.loads(printed) if printed else None

    status, report = await run("--version", "NOKAS-2020", "--dry-run", path)
    assert (status, report["committed"]) == (0, False)
    status, report = await run("--version", "NOKAS-2020", path)
    assert (status, report["committed"]) == (0, True)
    status, report = await run("--version", "NOKAS-2020", path)
    assert (status, [one["code"] for one in report["reasons"]]) == (1, ["nothing_new"])
    assert await run("--version", "NOKAS-1999", path) == (1, None)
