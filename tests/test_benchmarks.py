"""The benchmark measures rows as the service writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from benchmarks import data
from benchmarks.data import Size
from benchmarks.paths import list_statement, lookup_statement
from benchmarks.report import Figure, Report
from programme.queries.certificates import CERTIFICATES
from programme.queries.views import narrowest
from programme.rules import calendar
from tests.world import World


async def test_generated_certificates_have_every_status_and_nothing_left_to_make_known(
    racing_world: World, clone_url: str
) -> None:
    today = calendar.today(datetime.now(UTC))
    auditor = await racing_world.caller("auditor")

    await data.generate(clone_url, Size(200, 400, 2, 1), today, UUID(auditor.client_id), UUID(auditor.client_id))

    coordinator = await racing_world.caller("coordinator")
    found = []
    for status in (*data.SHARES, "superseded"):
        listed = (await coordinator.get("/v1/certificates", params={"status": status, "include": "total"})).json()
        found.append(listed["total"])
    assert all(found)
    assert sum(found) == 400
    lookup, page = lookup_statement(), list_statement()
    of_one = {"key": data.identity(2, 0), "today": today}
    of_many = {**narrowest(CERTIFICATES, {"status": ["active"], "municipality": ["LT-57"]}), "today": today}
    async with racing_world.database.reading() as connection:
        assert await connection.fetch(lookup.sql, *lookup.values(of_one))
        assert await connection.fetch(page.sql, *page.values(of_many))
        for table in ("certificate", "annual_report"):
            assert not await connection.fetchval(f"select count(*) from {table} where next_change_on <= $1", today)
        open_to_rate = await connection.fetchval("select id from assessment order by id desc limit 1")
    rated = await auditor.request("PUT", f"/v1/assessments/{open_to_rate}/ratings/1.1", json={"rating": "met"})
    assert rated.status_code == 201, rated.text


def test_a_figure_says_whether_its_goal_is_reached() -> None:
    report = Report({}, figures=[Figure("one", 1.2, "ms", at_most=1.3), Figure("list", 0.6, at_least=0.7)])

    assert [figure.verdict for figure in report.figures] == ["reached", "not reached"]
    assert "| one | 1.20 ms | ≤ 1.3 | reached |" in report.as_markdown()
