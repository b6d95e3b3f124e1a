"""Two databases that differ only in what a caller may not see answer them the same, to the byte.

The second is a clone of the first to which the rows of foreign organisations were added. Ids that an answer makes up,
the request's own id and what seals a cursor differ from answer to answer anyway, and are made equal before comparing.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from sqlalchemy import text

from api.app import create_app
from programme.database import Database
from programme.rules.lifecycle import Role
from programme.settings import Settings
from programme.work import begin
from tests.asked import Asked, Asking
from tests.conftest import TEMPLATE, administer, url_of
from tests.full import Full, a_full_organisation
from tests.soak import SOAK, sampled
from tests.world import NOON, Caller, World

PAIRS = 5000 if SOAK else 300
"""How many requests are asked of both databases."""

ROLES = (Role.PROVIDER, Role.AUDITOR, Role.REVIEWER, Role.AWARDER, Role.PARTNER, Role.PUBLIC)

UUID_FORM = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PASSING = (
    (re.compile(r'"request_id": ?"\w+"'), '"request_id":""'),
    # What is made or ended only for trying: the moment of asking, and a new key or secret each time.
    (re.compile(r'"(created_at|expires_at|disabled_at|revoked_at|earlier_secret_until)":"[^"]+"'), r'"\1":"…"'),
    (re.compile(r'"secret":"whsec_[^"]+"'), '"secret":"…"'),
    (re.compile(r'\{"id":"\w{12}"(.+?)"key":"kk_[\w-]+"'), r'{"id":"…"\1"key":"…"'),
    (re.compile(r'"next_cursor":"[^"]+"'), '"next_cursor":"…"'),
    (re.compile(r"cursor=[\w-]+"), "cursor=…"),
)
OWN_HEADERS = ("x-request-id", "date", "ratelimit", "server-timing")


@dataclass
class Sides:
    """One role's caller before two databases, and what to ask them."""

    callers: tuple[Caller, Caller]
    asking: Asking
    known: frozenset[str]


class Stage:
    """The databases: what everybody shares, then what only one has, from the least that is foreign to the most."""

    def __init__(self, settings: Settings, *, second_wall: bool) -> None:
        self.settings, self.second_wall = settings, second_wall
        self.stack = AsyncExitStack()
        self.names: list[str] = []
        self.compared = 0
        self.statuses: dict[int, int] = {}

    async def open(self) -> dict[Role, Sides]:
        shared = await self._clone(TEMPLATE)
        world = await self._world(shared)
        auditor, reviewer = await world.caller("auditor"), await world.caller("reviewer")
        own = await a_full_organisation(
            world, "LIT2025-401", assessor=UUID(str(auditor.client_id)), reviewer=UUID(str(reviewer.client_id))
        )
        callers = {role: await world.caller(role) for role in ROLES if role not in (Role.PROVIDER, Role.PUBLIC)}
        callers[Role.PROVIDER] = await world.caller("provider", own.organisation_id)
        callers[Role.PUBLIC] = world.nobody
        await world.grant(callers[Role.PARTNER], organisation_id=own.organisation_id)
        await self.stack.aclose()

        # Foreign to a docket is only who has no certificate and handed nothing in; to the register, who is not in it.
        quiet = await self._clone(shared)
        unheard = await self._foreign(quiet, "LIT2025-402", registered=False, docketed=False)
        unregistered = await self._clone(quiet)
        unnamed = await self._foreign(unregistered, "LIT2025-403", registered=False, docketed=True)
        full = await self._clone(unregistered)
        foreign = await self._foreign(full, "LIT2025-404", registered=True, docketed=True)

        if not self.second_wall:
            for name in self.names:
                connection = await asyncpg.connect(url_of(name))
                await connection.execute(_TORN_DOWN)
                await connection.close()
        one = await self._world(shared)
        seen_by = {
            quiet: ((Role.REVIEWER, Role.AWARDER), [unheard]),
            unregistered: ((Role.PUBLIC,), [unheard, unnamed]),
            full: ((Role.PROVIDER, Role.AUDITOR, Role.PARTNER), [unheard, unnamed, foreign]),
        }
        sides = {}
        for name, (roles, hidden) in seen_by.items():
            other = await self._world(name)
            document = one.app.openapi()
            for role in roles:
                mine = callers[role]
                pair = (
                    Caller(one.http, mine.key, mine.client_id, role),
                    Caller(other.http, mine.key, mine.client_id, role),
                )
                known = {str(getattr(full, name)) for full in (own, *hidden) for name in full.__slots__}
                sides[role] = Sides(pair, Asking(document, own, hidden), frozenset(known))
        return sides

    async def _clone(self, template: str) -> str:
        name = f"side_{uuid4().hex}"
        await administer(f"create database {name} template {template} strategy wal_log")
        self.names.append(name)
        return name

    async def _world(self, name: str) -> World:
        database = await self.stack.enter_async_context(Database.open(self.settings, url_of(name), connections=2))
        return await self.stack.enter_async_context(
            World.of(create_app(self.settings), replace(database, fixed_now=NOON))
        )

    async def _foreign(self, name: str, reference: str, *, registered: bool, docketed: bool) -> Full:
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(Database.open(self.settings, url_of(name), connections=2))
            database = replace(database, fixed_now=NOON)
            world = await stack.enter_async_context(World.of(create_app(self.settings), database))
            made = await a_full_organisation(world, reference, assessor=None, reviewer=None)
            async with begin(database) as work:
                if not registered:
                    await work.session.execute(
                        text("update certificate set reference = null where id = :id"), {"id": made.certificate_id}
                    )
                for statement in () if docketed else _UNHEARD:
                    await work.session.execute(text(statement), {"organisation": made.organisation_id})
            return made

    async def close(self) -> None:
        await self.stack.aclose()
        await administer(*(f"drop database {name} with (force)" for name in reversed(self.names)))

    async def compare(self, sides: Sides, asked: Asked) -> None:
        """Both answers, the pages that follow them, and what their tags give."""
        pages = [asked.address, asked.address]
        for _ in range(3):
            first, second = [
                await caller.request(
                    asked.method,
                    asked.address,
                    headers=asked.headers,
                    **({} if asked.body is None else {"json": asked.body}),
                )
                for caller, page in zip(sides.callers, pages, strict=True)
            ]
            self.compared += 1
            self.statuses[first.status_code] = self.statuses.get(first.status_code, 0) + 1
            assert told(first, sides.known) == told(second, sides.known)
            assert first.status_code < 500
            links = [re.match(r"<([^>]+)>", answer.headers.get("link", "")) for answer in (first, second)]
            if asked.method != "GET" or links[0] is None or links[1] is None:
                break
            pages = [link[1] for link in links if link is not None]
        if asked.method == "GET" and (tag := first.headers.get("etag")) is not None:
            headers = asked.headers | {"If-None-Match": tag}
            unchanged = [await caller.request("GET", asked.address, headers=headers) for caller in sides.callers]
            assert [answer.status_code for answer in unchanged] == [304, 304]


_TORN_DOWN = """do $$ declare walled text; begin
  for walled in select relname from pg_class where relrowsecurity loop
    execute format('alter table %I disable row level security', walled);
  end loop;
end $$"""

# What puts an organisation on a docket, taken away from one that has everything.
_UNHEARD = (
    "delete from compliance_case where organisation_id = :organisation",
    "delete from annual_report_review where organisation_id = :organisation",
    "delete from annual_report_submission where organisation_id = :organisation",
    "delete from annual_report_draft where organisation_id = :organisation",
    "delete from annual_report where organisation_id = :organisation",
    "delete from certificate_vote where organisation_id = :organisation",
    "delete from certificate_revision where organisation_id = :organisation",
    "delete from certificate_decision where organisation_id = :organisation",
    "delete from certificate_period where organisation_id = :organisation",
    "delete from certificate where organisation_id = :organisation",
    "update finding set next_change_on = null where organisation_id = :organisation",
    "update assessment set revision = 0, state = 'in_progress' where organisation_id = :organisation",
)


def told(answer: Any, known: frozenset[str]) -> tuple[int, dict[str, str], str]:
    """Everything that an answer says, without what no two answers share."""
    headers = {name: value for name, value in answer.headers.items() if not name.startswith(OWN_HEADERS)}
    words = answer.text
    for form, instead in PASSING:
        words = form.sub(instead, words)
        headers = {name: form.sub(instead, value) for name, value in headers.items()}
    headers.pop("content-length", None)  # of the bytes that are compared themselves
    return answer.status_code, headers, UUID_FORM.sub(lambda found: found[0] if found[0] in known else "…", words)


@sampled
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("second_wall", "pairs"), [(True, PAIRS), (False, PAIRS // 2)], ids=["both walls", "the first alone"]
)
def test_what_is_foreign_changes_no_answer(settings: Settings, second_wall: bool, pairs: int) -> None:
    with asyncio.Runner() as runner:
        stage = Stage(settings, second_wall=second_wall)
        try:
            sides = runner.run(stage.open())
            drawn = st.sampled_from(ROLES).flatmap(
                lambda role: st.tuples(st.just(role), sides[role].asking.requests(role))
            )

            @hypothesis(
                max_examples=pairs, deadline=None, database=None, derandomize=pairs <= 300,
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(drawn)
            def each(pair: tuple[Role, Asked]) -> None:
                runner.run(stage.compare(sides[pair[0]], pair[1]))

            began = time.monotonic()
            each()
            sys.stdout.write(
                f"{stage.compared} pairs in {time.monotonic() - began:.0f} s: {sorted(stage.statuses.items())}\n"
            )
            assert stage.compared >= pairs
            assert stage.statuses[200] > pairs / 5
        finally:
            runner.run(stage.close())
