"""The service as a test sees it: callers in their roles over HTTP, a clock to travel with, and things to begin with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from itertools import count
from typing import Any, Self
from uuid import UUID, uuid4

import httpx2
from pydantic import TypeAdapter
from sqlalchemy import select
from starlette.routing import Match

from api import problems
from api.routes import ROUTES
from programme.database import Database
from programme.retries import again
from programme.rules.calendar import noon_in_vilnius
from programme.rules.legal_codes import check_digit
from programme.rules.lifecycle import Role
from programme.services import auditors, clients, ratings
from programme.tables import ClientGrant, Event, Standard
from programme.work import SYSTEM, Actor, Work, begin, looking
from schemas.problem import Problem

NOON = datetime(2026, 11, 22, 10, tzinfo=UTC)
"""Noon in Vilnius on a Sunday."""

_numbers = count(1)


def legal_code() -> str:
    """A new synthetic legal code, beginning with 999 as no real one does."""
    first = f"999{next(_numbers):05d}"
    return f"{first}{check_digit(first)}"


def assert_as_documented(answer: httpx2.Response) -> None:
    """The real bytes are what the document says: the model of the operation, or a problem with a known code."""
    request = answer.request
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        if request.method != "HEAD":
            problem = Problem.model_validate_json(answer.content)
            assert problem.status == answer.status_code
            assert problem.code in problems.catalogue(), problem.code
        return
    if answer.status_code in (204, 304) or request.method == "HEAD" or "fields=" in str(request.url):
        return
    if answer.headers.get("content-type", "").startswith("text/csv"):
        return
    scope = {"type": "http", "method": request.method, "path": request.url.path, "root_path": ""}
    for route in ROUTES:
        if route.matches(scope)[0] is Match.FULL and route.response_model is not None:
            if answer.headers["content-type"] == "application/x-ndjson":
                items = _documented(route.response_model.model_fields["items"].annotation)
                items.validate_json(f"[{','.join(answer.text.splitlines())}]")
            else:
                _documented(route.response_model).validate_json(answer.content)
            return


_documented = cache(TypeAdapter[Any])
"""What the document says, made once for each model."""


UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
TELLS_NOTHING = {"/oauth/token", "/dev/issuer/token"}
"""Unsafe addresses that change nothing that is recorded."""


async def assert_told(database: Database, answer: httpx2.Response) -> None:
    """A change that was kept has its event: whatever answers 2xx to an unsafe request told something of it."""
    request = answer.request
    if (
        request.method in UNSAFE
        and answer.is_success
        and request.url.path not in TELLS_NOTHING
        and request.url.params.get("validate_only") != "true"
        and "idempotent-replayed" not in answer.headers
    ):

        async def told() -> int:
            async with looking(database) as connection:
                worlds = await connection.fetch(
                    "select relnamespace::regnamespace::text from pg_class where relname = 'event'"
                )
                told = " union all ".join(f"select from {world[0]}.event where request_id = $1" for world in worlds)
                query = f"select count(*) from ({told}) as told"
                return int(await connection.fetchval(query, answer.headers["x-request-id"]))

        assert await again(told, tries=6), f"{request.method} {request.url.path} told nothing"


class Caller:
    """One client of the service, with a role. Moves bring the version that they have just read."""

    def __init__(
        self, http: httpx2.AsyncClient, key: str | None, client_id: str | None, role: Role = Role.PUBLIC
    ) -> None:
        self.http = http
        self.role = role
        self.key = key
        self.client_id = client_id

    async def request(self, method: str, path: str, **given: Any) -> httpx2.Response:
        headers = dict(given.pop("headers", {}))
        if self.key is not None:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        answer = await self.http.request(method, path, headers=headers, **given)
        assert_as_documented(answer)
        return answer

    async def get(self, path: str, **given: Any) -> httpx2.Response:
        return await self.request("GET", path, **given)

    async def post(self, path: str, json: Any = None, **given: Any) -> httpx2.Response:
        return await self.request("POST", path, json={} if json is None else json, **given)

    async def change(self, path: str, json: Any, **given: Any) -> httpx2.Response:
        """PATCH at the version that it has now."""
        return await self._at_its_version("PATCH", path, path, json, given)

    async def move(self, path: str, verb: str, json: Any = None, **given: Any) -> httpx2.Response:
        """POST `{path}/{verb}` at the version that it has now, with a new idempotency key."""
        return await self._at_its_version("POST", path, f"{path}/{verb}", json or {}, given)

    async def _at_its_version(
        self, method: str, read: str, path: str, json: Any, given: dict[str, Any]
    ) -> httpx2.Response:
        seen = await self.get(read)
        headers = {
            "If-Match": seen.headers.get("etag", '"0"'),
            "Idempotency-Key": uuid4().hex,
            **given.pop("headers", {}),
        }
        return await self.request(method, path, json=json, headers=headers, **given)


class World:
    """`clock`: the test clock in whose world all of this happens, with clients that were made there."""

    def __init__(self, app: Any, database: Database, http: httpx2.AsyncClient, clock: UUID | None = None) -> None:
        self.app = app
        self.database = database
        self.http = http
        self.clock = clock
        self._callers: dict[Any, Caller] = {}
        self.nobody = Caller(http, None, None)

    @classmethod
    @asynccontextmanager
    async def of(cls, app: Any, database: Database) -> AsyncIterator[Self]:
        app.state.database = database
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)

        async def look(answer: httpx2.Response) -> None:
            await assert_told(app.state.database, answer)

        hooks = {"response": [look]}
        async with httpx2.AsyncClient(transport=transport, base_url="http://kokybe.test", event_hooks=hooks) as http:
            yield cls(app, database, http)

    def within(self, clock: Any) -> World:
        """The world of the test clock."""
        return World(self.app, self.database, self.http, UUID(str(clock)))

    def travel(self, to: str | date | datetime) -> None:
        """From now on it is this moment; a day means its noon in Vilnius."""
        moment = datetime.fromisoformat(to) if isinstance(to, str) and "T" in to else to
        if not isinstance(moment, datetime):
            moment = noon_in_vilnius(date.fromisoformat(moment) if isinstance(moment, str) else moment)
        self.database = self.app.state.database = replace(self.database, fixed_now=moment)

    async def caller(self, role: str, organisation_id: Any = None, *, another: int = 0) -> Caller:
        """A client in the role, the same one each time; `another`: a second person in it."""
        which = (role, str(organisation_id), another)
        if which not in self._callers:
            whose = UUID(str(organisation_id)) if organisation_id else None
            async with self.at_work() as work:
                made, key = await clients.make_client(work, role=role, name=f"{role} {another}", organisation_id=whose)
            self._callers[which] = Caller(self.http, key, str(made.id), Role(role))
            if role == "auditor":
                await self._license(made.id)
        return self._callers[which]

    async def _license(self, auditor: UUID) -> None:
        """For every standard, and long enough for every story."""
        async with self.at_work() as work:
            for_ever = {"valid_from": date(2000, 1, 1), "valid_until": date(2100, 12, 31)}
            licences = [{"standard": code, **for_ever} for code in await work.session.scalars(select(Standard.code))]
            await auditors.enter(work, client_id=auditor, licences=licences)

    async def grant(self, caller: Caller, **what: Any) -> None:
        """The caller may see an organisation (`organisation_id`), those of a `municipality`, or of a `strand_id`."""
        async with self.at_work() as work:
            work.session.add(ClientGrant(client_id=UUID(str(caller.client_id)), **what))

    @asynccontextmanager
    async def at_work(self, actor: Actor = SYSTEM) -> AsyncIterator[Work]:
        async with begin(self.database, actor, clock=self.clock) as work:
            yield work

    async def events(self, resource_id: Any = None) -> list[Event]:
        """What happened (to one resource), in order."""
        async with self.at_work() as work:
            query = select(Event).order_by(Event.seq)
            if resource_id is not None:
                query = query.where(Event.resource_id == UUID(str(resource_id)))
            return list(await work.session.scalars(query))

    async def organisation(self, **particulars: Any) -> dict[str, Any]:
        """An organisation registered by the coordinator."""
        body = {
            "legal_code": legal_code(),
            "name": "Ąžuolyno socialinės globos namai",
            "kind": "public_institution",
            "municipality": "LT-57",
            **particulars,
        }
        made = await (await self.caller("coordinator")).post("/v1/organisations", body)
        assert made.status_code == 201, made.text
        return dict(made.json())

    async def assessment(
        self, kind: str = "external_audit", organisation_id: Any = None, *, started: bool = False, **more: Any
    ) -> dict[str, Any]:
        """One planned by the coordinator, an audit with `caller("auditor")` as its assessor; perhaps `started` too."""
        coordinator = await self.caller("coordinator")
        body: dict[str, Any] = {
            "organisation_id": str(organisation_id or (await self.organisation())["id"]), "kind": kind,
            "standard_version": "EQUASS-2018", "level": "ASSURANCE", "scope": {},
        }  # fmt: skip
        if kind in ("external_audit", "follow_up"):
            body["assessor"] = (await self.caller("auditor")).client_id
        made = await coordinator.post("/v1/assessments", body | more)
        assert made.status_code == 201, made.text
        if started:
            made = await coordinator.move(f"/v1/assessments/{made.json()['id']}", "start")
            assert made.status_code == 200, made.text
        return dict(made.json())

    async def rate_everything(
        self, assessment: dict[str, Any], by: Caller, role: str, but: Mapping[str, str] | None = None
    ) -> None:
        """Every criterion is met, with evidence, save those said otherwise: `{"3.2": "not_met"}`."""
        whose = UUID(assessment["organisation_id"]) if role == "provider" else None
        listed = (await by.get(f"/v1/assessments/{assessment['id']}/principles")).json()["items"]
        async with self.at_work(Actor("client", str(by.client_id), Role(role), whose)) as work:
            connection = await work.connection()
            for criterion in (one["number"] for principle in listed for one in principle["criteria"]):
                await ratings.record(
                    work, connection, UUID(assessment["id"]), criterion, rating=(but or {}).get(criterion, "met"),
                    evidence=[{"name": "Tvarkos aprašas", "location": "Archyvas, byla 12", "sha256": "0" * 64}],
                )  # fmt: skip

    async def finished_audit(
        self, organisation_id: Any, outcome: str = "met", scope: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """An external audit by `caller("auditor")`, walked from plan to finalised; with `outcome="not_met"` one
        criterion is not met. `more`: what the plan says besides (`level`, `standard_version`, …)."""
        auditor, reviewer = await self.caller("auditor"), await self.caller("reviewer")
        audit = await self.assessment("external_audit", organisation_id, started=True, scope=scope or {}, **more)
        await self.rate_everything(audit, auditor, "auditor", {} if outcome == "met" else {"3.2": "not_met"})
        path = f"/v1/assessments/{audit['id']}"
        for caller, verb in ((auditor, "submit"), (reviewer, "start-review"), (reviewer, "finalise")):
            moved = await caller.move(path, verb)
            assert moved.status_code == 200, moved.text
        assert moved.json()["outcome"] == outcome
        return dict(moved.json())
