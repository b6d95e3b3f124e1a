"""The register as open data: whole, for any day, from any page, and nothing personal in it."""

from __future__ import annotations

import csv
import io
import json
from difflib import unified_diff

import pytest

from api.snapshots import plain_cell
from programme.services import loading
from tests.world import World

ADDRESS = "/public/v1/certificates"
CSV = {"Accept": "text/csv"}


@pytest.fixture
async def loaded(racing_world: World) -> World:
    """A database of its own: what is told as a whole has a transaction of its own."""
    racing_world.travel("2026-11-22")
    await loading.load_programme(racing_world.database)
    return racing_world


async def test_the_whole_register_is_a_table_in_the_order_of_its_references(loaded: World) -> None:
    answer = await loaded.nobody.get(ADDRESS, headers=CSV)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="kokybe-certificates-2026-11-22.csv"'
    assert [row["reference"] for row in rows] == sorted(row["reference"] for row in rows)
    assert len(rows) == 9
    leliunai = next(row for row in rows if row["reference"] == "LIT2021-044")
    assert leliunai["organisation"] == "Utenos rajono savivaldybės Leliūnų socialinės globos namai"
    assert leliunai["history"] == "granted 2021-11-29; expired 2024-11-30"


async def test_of_two_days_the_difference_is_what_changed(loaded: World) -> None:
    before, after = [
        (await loaded.nobody.get(f"{ADDRESS}?as_of={day}", headers=CSV)).text.splitlines()
        for day in ("2024-11-29", "2024-11-30")
    ]
    changed = [
        line for line in unified_diff(before, after, n=0, lineterm="") if line[:1] in "+-" and line[1] != line[0]
    ]
    assert [line.partition(",")[0] for line in changed] == ["-LIT2021-044", "+LIT2021-044"]
    assert [line.split(",")[1] for line in changed] == ["active", "expired"]


async def test_lines_and_table_take_filters_and_no_pages(loaded: World) -> None:
    lines = await loaded.nobody.get(f"{ADDRESS}?status=active", headers={"Accept": "application/x-ndjson"})
    assert '"reference":"LIT2025-001"' in lines.text
    assert len(lines.text.splitlines()) == 1
    assert "feed-cursor" not in lines.headers
    assert (await loaded.nobody.get(f"{ADDRESS}?limit=5", headers=CSV)).status_code == 400


async def test_each_certificate_is_one_line_however_long_its_history(loaded: World) -> None:
    lines = await loaded.nobody.get(ADDRESS, headers={"Accept": "application/x-ndjson"})
    entries = [json.loads(line) for line in lines.text.splitlines()]
    assert len(entries) == 9
    assert max(len(one["history"]) for one in entries) > 1


async def test_any_page_may_read_it_and_caches_keep_it_until_midnight_at_most(loaded: World) -> None:
    for path in (ADDRESS, f"{ADDRESS}/LIT2021-044"):
        allowed = await loaded.nobody.request("OPTIONS", path)
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, "*")
        answer = await loaded.nobody.get(path)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert answer.headers["vary"] == "Accept, Accept-Language"
    loaded.travel("2026-11-22T21:59:30+00:00")
    assert (await loaded.nobody.get(ADDRESS)).headers["cache-control"] == "public, max-age=30"


@pytest.mark.parametrize("text", ["=1+1", "+370", "-1", "@SUM", "\tx", "＝1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert plain_cell(text) == f"'{text}"
    assert plain_cell(f"Namai {text}") == f"Namai {text}"
