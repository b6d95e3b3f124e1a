"""Every operation that changes something, walked once: only trying keeps nothing, a version is asked for and heeded, the
change has its event, and the same request again is answered from the first."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from fastapi.routing import APIRoute
from sqlalchemy import text
from starlette.routing import Match

from api.deps import WritingDoor
from api.openapi import door_of
from api.routes import ROUTES
from programme.services.daily import catch_up
from programme.services.jobs import work_off
from programme.tables import Table
from tests import oracle
from tests.made import a_certificate
from tests.world import Caller, World, legal_code
from worker.jobs.queued import KINDS

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
SCOPE: dict[str, Any] = {"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}
WHY = {"reason": "Trūksta dokumentų."}
DONE = {"planned_on": "2026-10-01", "started_on": "2026-10-05", "done_on": "2026-11-20"}
MET = {"rating": "met", "evidence": [{"name": "Tvarkos aprašas", "location": "Byla 12", "sha256": "0" * 64}]}
REPORT = {
    "parts": {"performance": "Tikslai pasiekti.", "progress": "Tvarka atnaujinta.", "development": "Daugiau įtraukties."},
    "declaration": True,
}  # fmt: skip

Record = dict[str, Any]


class Walk:
    """Writes, each after it was only tried, refused and before it is repeated; `walked`: the routes so far."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.walked: set[str] = set()

    async def write(
        self,
        caller: Caller,
        method: str,
        path: str,
        body: Record | None = None,
        *,
        of: Record | None = None,
        file: Any = None,
    ) -> Record:
        """What the write leaves. `of`: the record that it changes, as the caller knows it. `file`: what is brought in
        the place of a body, which an unknown parameter then stands for."""
        route, said = self._route(method, path), body or {}
        door = door_of(route)
        assert isinstance(door, WritingDoor), path
        headers = {"Idempotency-Key": uuid4().hex}
        before = await self._everything()

        takes_body = file is None and method != "DELETE"

        async def send(query: str = "", **also: Any) -> Any:
            if takes_body:
                return await caller.request(method, path + query, json=said | also, headers=headers)
            asked = said | dict(pair.split("=") for pair in query[1:].split("&") if pair) | also
            given = {} if file is None else {"json": file}
            return await caller.request(method, path, params=asked, headers=headers, **given)

        if door.versioned is True:
            assert (await send()).json()["code"] == "version_required", path
            headers["If-Match"] = '"77"'
            assert (await send()).json()["code"] == "stale_version", path
        if of is not None:
            headers["If-Match"] = f'"{of["version"]}"'
        tried = await send("?validate_only=true")
        assert tried.status_code == 200, f"{method} {path}: {tried.text}"
        assert (await send(surprise=True)).status_code == (422 if takes_body else 400), (
            f"{method} {path}: takes anything"
        )
        if door.once:
            key = headers.pop("Idempotency-Key")
            assert (await send()).json()["code"] == "idempotency_key_required", path
            headers["Idempotency-Key"] = key
        assert await self._everything() == before, f"{method} {path}: something was kept"

        done = await send()
        assert done.status_code in (200, 201, 202, 204), f"{method} {path}: {done.text}"
        left: Record = done.json() if done.content else {}
        assert left.keys() == (tried.json() if tried.content else {}).keys()
        after = await self._everything()
        assert after["event"] != before["event"], f"{method} {path}: no event"
        assert after["idempotency_key"] != before["idempotency_key"], f"{method} {path}: no answer was kept"

        again = await send()
        assert (again.status_code, again.content) == (done.status_code, done.content), path
        replayed = {name: again.headers.get(name) for name in ("etag", "location", "vary", "content-language")}
        assert replayed == {name: done.headers.get(name) for name in replayed}
        assert (again.headers["idempotent-replayed"], "idempotent-replayed" in done.headers) == ("true", False)
        other = await (send(surprise=True) if takes_body else send("?validate_only=false"))
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused"), path
        assert await self._everything() == after, f"{method} {path}: done twice"
        self.walked.add(f"{method} {route.path}")
        return left

    async def move(self, caller: Caller, at: str, record: Record, verb: str, body: Record | None = None) -> Record:
        return await self.write(caller, "POST", f"{at}/{verb}", body, of=record)

    async def moves(self, caller: Caller, at: str, record: Record, *verbs: str) -> Record:
        for verb in verbs:
            record = await self.move(caller, at, record, verb)
        return record

    def _route(self, method: str, path: str) -> APIRoute:
        scope = {"type": "http", "method": method, "path": path, "root_path": ""}
        return next(route for route in ROUTES if route.matches(scope)[0] is Match.FULL)

    async def _everything(self) -> dict[str, Any]:
        """A digest of each table, so that nothing can change unseen."""
        digests = " union all ".join(
            f"select '{table.name}', md5(string_agg(kept::text, '' order by kept::text)) from {table.name} as kept"
            for table in Table.metadata.sorted_tables
            if table.name != "api_key"  # where a key's last use is noted
        )
        async with self.world.at_work() as work:
            return {row[0]: row[1] for row in await work.session.execute(text(digests))}


async def test_every_write_is_tried_versioned_told_and_repeated_as_agreed(world: World) -> None:
    walk = Walk(world)
    await _organisations(walk)
    await _standards(walk)
    await _imports(walk)
    await _projects(walk)
    await _enrolments(walk)
    await _assessments(walk)
    await _findings(walk)
    await _certificates(walk)
    await _annual_reports_and_cases(walk)
    await _callers(walk)
    await _webhooks(walk)
    await _test_clocks(walk)

    doors = [route for route in ROUTES if door_of(route) is not None]
    every = {f"{method} {route.path}" for route in doors for method in (route.methods or set()) & UNSAFE}
    assert every - walk.walked == {  # whose answers hold a secret and are not kept as they are
        "POST /v1/clients/{client_id}/keys",
        "POST /v1/webhook-endpoints",
        "POST /v1/webhook-endpoints/{endpoint_id}/rotate-secret",
    }
    await oracle.check(world.database)


async def _organisations(walk: Walk) -> None:
    office = await walk.world.caller("coordinator")
    new = {"legal_code": legal_code(), "name": "Salako namai", "kind": "ngo", "municipality": "LT-57"}
    made = await walk.write(office, "POST", "/v1/organisations", new)
    at = f"/v1/organisations/{made['id']}"
    await walk.write(office, "PATCH", at, {"website": "https://namai.example.lt"}, of=made)
    site = await walk.write(
        office, "POST", f"{at}/sites", {"name": "I korpusas", "address": "Vilniaus g. 1", "municipality": "LT-57"}
    )
    await walk.write(office, "PATCH", f"{at}/sites/{site['id']}", {"name": "II korpusas"}, of=site)
    person = {
        "name": "Ona Pavyzdė", "purpose": "ryšiams", "legal_basis": "BDAR 6 str.", "retain_until_on": "2029-12-31",
    }  # fmt: skip
    contact = await walk.write(office, "POST", f"{at}/contacts", person)
    contact = await walk.write(office, "PATCH", f"{at}/contacts/{contact['id']}", {"position": "Direktorė"}, of=contact)
    ops, person_at = await walk.world.caller("ops"), f"{at}/contacts/{contact['id']}"
    contact = await walk.write(office, "POST", f"{person_at}/request-erasure", of=contact)
    ground = {"ground": "legal_claims", "until_on": "2026-11-22"}
    contact = await walk.write(ops, "POST", f"{person_at}/hold", ground, of=contact)
    await _erased(walk, office, ops, f"{at}/contacts", person)


async def _erased(walk: Walk, office: Caller, ops: Caller, at: str, person: Record) -> None:
    contact = (await office.post(at, person)).json()
    await walk.write(ops, "POST", f"{at}/{contact['id']}/erase", of=contact)


async def _callers(walk: Walk) -> None:
    ops, holder = await walk.world.caller("ops"), await walk.world.organisation()
    new = {"name": "Namų programa", "role": "provider", "organisation_id": holder["id"]}
    client = await walk.write(ops, "POST", "/v1/clients", new)
    at = f"/v1/clients/{client['id']}"
    client = await walk.write(ops, "PATCH", at, {"expires_on": "2027-12-31"}, of=client)
    key = (await ops.post(f"{at}/keys", {})).json()
    await walk.write(ops, "POST", f"{at}/keys/{key['id']}/revoke")
    await walk.write(ops, "POST", f"{at}/disable", of=(await ops.get(at)).json())

    made = await walk.write(ops, "POST", "/v1/clients", {"name": "Ona Auditorė", "role": "auditor"})
    licences = [{"standard": "EQUASS", "valid_from": "2026-01-01", "valid_until": "2028-12-31"}]
    auditor = await walk.write(ops, "POST", "/v1/auditors", {"client_id": made["id"], "licences": licences})
    await walk.write(ops, "PATCH", f"/v1/auditors/{auditor['id']}", {"licences": []}, of=auditor)


async def _test_clocks(walk: Walk) -> None:
    office = await walk.world.caller("coordinator")
    clock = await walk.write(office, "POST", "/v1/test-clocks", {"name": "Trys metai", "today": "2026-11-22"})
    at = f"/v1/test-clocks/{clock['id']}"
    await walk.write(office, "POST", f"{at}/advance", {"to": "2027-01-01"})
    assert await work_off(walk.world.database, KINDS) == 1
    await walk.write(office, "POST", f"{at}/end", of=(await office.get(at)).json())


async def _standards(walk: Walk) -> None:
    office = await walk.world.caller("coordinator")
    name = {"lt": "Ąžuolo standartas", "en": "The oak standard"}
    new = {"code": "OAK", "name": name, "levels": [{"code": "BASIC", "name": name, "rank": 1}]}
    made = await walk.write(office, "POST", "/v1/standards", new)
    await walk.write(office, "PATCH", "/v1/standards/OAK", {"owner": name}, of=made)
    versions = "/v1/standards/EQUASS/versions"
    criteria = [{"number": "1.1", "title": name}]
    tree = {"principles": [{"number": 1, "code": "LEADERSHIP", "name": name, "criteria": criteria}]}
    version = await walk.write(office, "POST", versions, {"code": "EQUASS-2027"})
    version = await walk.write(office, "PATCH", f"{versions}/EQUASS-2027", tree, of=version)
    policy = {"effective_from": "2027-01-01", "validity_months": 36}
    await walk.write(office, "POST", f"{versions}/EQUASS-2027/policies", policy)
    version = (await office.get(f"{versions}/EQUASS-2027")).json()
    await walk.moves(office, f"{versions}/EQUASS-2027", version, "publish", "retire")
    at = f"{versions}/EQUASS-2018/mappings"
    pair = {"from_criterion": "3.2", "to_version": "EQUASS-2027", "to_criterion": "1.1", "relation": "related"}
    mapping = await walk.write(office, "POST", at, pair)
    mapping = await walk.write(office, "PATCH", f"{at}/{mapping['id']}", {"note": "Iš dalies."}, of=mapping)
    await walk.write(office, "DELETE", f"{at}/{mapping['id']}", of=mapping)
    announced = (await office.get(f"{versions}/EQUASS-REVISED")).json()
    await walk.move(office, f"{versions}/EQUASS-REVISED", announced, "start-drafting")


async def _imports(walk: Walk) -> None:
    office, at = await walk.world.caller("coordinator"), "/v1/imports"
    version = (await office.get("/v1/standards/EQUASS/versions/EQUASS-2018")).json()
    texts = [
        {"number": one["number"], "title": {"lt": "Oficialus", "en": "Official"}, "text": one["text"]}
        for principle in version["principles"]
        for one in principle["criteria"]
    ]
    asked = {"kind": "criteria", "standard_version": "EQUASS-2018"}
    made = await walk.write(office, "POST", at, asked, file=texts)
    await walk.move(office, f"{at}/{made['id']}", made, "commit")
    other = await walk.write(office, "POST", at, asked, file=texts[:1])
    await walk.move(office, f"{at}/{other['id']}", other, "discard")


async def _projects(walk: Walk) -> None:
    office = await walk.world.caller("coordinator")
    name = {"lt": "Ąžuolyno projektas", "en": "The oak grove's project"}
    new = {"code": "QUALITY-LT-3", "name": name, "kind": "maintenance"}
    made = await walk.write(office, "POST", "/v1/projects", new)
    await walk.write(office, "PATCH", "/v1/projects/QUALITY-LT-3", {"budget_eur": 1000}, of=made)
    strands = "/v1/projects/QUALITY-LT-3/strands"
    strand = await walk.write(
        office, "POST", strands, {"code": "EQUASS", "standard": "EQUASS", "kind": "maintenance", "capacity": 3}
    )
    await walk.write(office, "PATCH", f"{strands}/EQUASS", {"capacity": 4}, of=strand)


async def _enrolments(walk: Walk) -> None:
    office, holder = await walk.world.caller("coordinator"), await walk.world.organisation()
    manager = await walk.world.caller("project_manager")
    select_ = {"commission_decision_ref": "KOM-2026-14"}

    async def drafted(unit: str) -> tuple[str, Record]:
        made = await walk.write(office, "POST", "/v1/enrolments", {
            "organisation_id": holder["id"], "project": "QUALITY-LT-2", "strand": "EQUASS_MAINTENANCE",
            "scope": {**SCOPE, "unit": unit}, "declared_on": "2026-11-20",
        })  # fmt: skip
        return f"/v1/enrolments/{made['id']}", made

    at, one = await drafted("I")
    one = await walk.write(office, "PATCH", at, {"declared_on": "2026-11-19"}, of=one)
    one = await walk.move(office, at, one, "submit")
    one = await walk.move(office, at, one, "return", WHY)
    one = await walk.moves(office, at, one, "submit", "start-review", "put-on-reserve")
    one = await walk.move(office, at, one, "select", select_)
    one = await walk.move(
        office, at, one, "sign-agreement", {"agreement_number": "EQUASS-83", "signed_on": "2026-11-20"}
    )
    activity = await walk.write(office, "POST", f"{at}/support-activities", {
        "kind": "training", "topic": {"lt": "EQUASS principai", "en": "EQUASS principles"}, "held_on": "2026-11-20",
        "hours": 6.5, "people": 14,
    })  # fmt: skip
    its = f"{at}/support-activities/{activity['id']}"
    activity = await walk.write(office, "PATCH", its, {"people": 12}, of=activity)
    await walk.move(office, its, activity, "cancel", WHY)
    for stage in one["stages"]:
        one = await walk.write(office, "PUT", f"{at}/stages/{stage['code']}", DONE, of=one)
    await walk.move(manager, at, one, "complete", {"outcome": "maintained"})

    at, one = await drafted("II")
    one = await walk.moves(office, at, one, "submit", "start-review")
    await walk.move(office, at, one, "reject", WHY)

    at, one = await drafted("III")
    await walk.move(office, at, one, "withdraw")

    at, one = await drafted("IV")
    one = await walk.moves(office, at, one, "submit", "start-review")
    one = await walk.move(office, at, one, "select", select_)
    one = await walk.move(
        office, at, one, "sign-agreement", {"agreement_number": "EQUASS-84", "signed_on": "2026-11-20"}
    )
    await walk.move(manager, at, one, "terminate", WHY)


async def _assessments(walk: Walk) -> None:
    world = walk.world
    office, reviewer = await world.caller("coordinator"), await world.caller("reviewer")
    holder = await world.organisation()
    provider = await world.caller("provider", holder["id"])
    planned = {
        "organisation_id": holder["id"], "kind": "self_assessment", "standard_version": "EQUASS-2018",
        "level": "ASSURANCE", "scope": SCOPE,
    }  # fmt: skip
    one = await walk.write(provider, "POST", "/v1/assessments", planned)
    at = f"/v1/assessments/{one['id']}"
    one = await walk.write(office, "PATCH", at, {"planned_on": "2026-12-03"}, of=one)
    one = await walk.move(office, at, one, "assign", {"assessor": provider.client_id})
    one = await walk.move(provider, at, one, "start")
    await world.rate_everything(one, provider, "provider")
    await walk.moves(provider, at, one, "submit", "finalise-self")

    next_one = await world.assessment("self_assessment", holder["id"], started=True, scope=SCOPE)
    at = f"/v1/assessments/{next_one['id']}"
    several = {"items": [{"criterion": "1.1", **MET}, {"criterion": "1.2", "rating": "not_met"}]}
    await walk.write(provider, "POST", f"{at}/ratings/bulk", several)
    await walk.move(provider, at, next_one, "carry-forward")

    audit = await world.assessment("external_audit", holder["id"], started=True)
    auditor, at = await world.caller("auditor"), f"/v1/assessments/{audit['id']}"
    await world.rate_everything(audit, auditor, "auditor")
    audit = await walk.move(auditor, at, audit, "submit")
    audit = await walk.move(reviewer, at, audit, "start-review")
    audit = await walk.move(reviewer, at, audit, "require-improvement", {"plan_due_on": "2027-02-26"})
    audit = await walk.move(provider, at, audit, "resubmit")
    audit = await walk.move(reviewer, at, audit, "return", WHY)
    audit = await walk.move(auditor, at, audit, "submit")
    await walk.moves(reviewer, at, audit, "start-review", "finalise")

    other = await world.assessment("external_audit", holder["id"], started=True)
    at = f"/v1/assessments/{other['id']}"
    rating = await walk.write(auditor, "PUT", f"{at}/ratings/1.1", MET)
    await walk.write(auditor, "PUT", f"{at}/ratings/1.1", {"rating": "not_met"}, of=rating)
    await walk.move(office, at, other, "cancel", WHY)


async def _findings(walk: Walk) -> None:
    world = walk.world
    auditor, reviewer = await world.caller("auditor"), await world.caller("reviewer")
    audit = await world.assessment("external_audit", started=True)
    provider = await world.caller("provider", audit["organisation_id"])
    await world.rate_everything(audit, auditor, "auditor")
    found = {
        "assessment_id": audit["id"], "criterion": "3.2", "severity": "minor", "statement": "Tvarkos nėra.",
        "due_on": "2027-01-29",
    }  # fmt: skip
    one = await walk.write(auditor, "POST", "/v1/findings", found)
    at = f"/v1/findings/{one['id']}"
    one = await walk.write(auditor, "PATCH", at, {"severity": "major"}, of=one)
    assert (await auditor.move(f"/v1/assessments/{audit['id']}", "submit")).status_code == 200
    plan = {"cause": "Neįteikta.", "action": "Įteikti.", "action_due_on": "2026-12-18"}
    answer = {"answer": "Įteikta.", "evidence": MET["evidence"]}
    later = WHY | {"due_on": "2027-02-26"}
    one = await walk.move(provider, at, one, "plan", plan)
    one = await walk.move(reviewer, at, one, "extend", later)
    one = await walk.move(provider, at, one, "answer", answer)
    one = await walk.move(auditor, at, one, "reopen", later)
    one = await walk.move(provider, at, one, "answer", answer)
    await walk.move(auditor, at, one, "verify")
    other = await world.assessment("external_audit", audit["organisation_id"], started=True)
    one = (await auditor.post("/v1/findings", found | {"assessment_id": other["id"]})).json()
    await walk.move(auditor, f"/v1/findings/{one['id']}", one, "withdraw", WHY)


async def _certificates(walk: Walk) -> None:
    world = walk.world
    awarder, holder = await world.caller("awarder"), await world.organisation()
    audit = await world.finished_audit(holder["id"], scope=SCOPE)
    new = {
        "organisation_id": holder["id"], "standard_version": "EQUASS-2018", "level": "ASSURANCE", "scope": SCOPE,
    }  # fmt: skip
    one = await walk.write(awarder, "POST", "/v1/certificates", new)
    at = f"/v1/certificates/{one['id']}"
    one = await walk.write(awarder, "PATCH", at, {"staff": 40}, of=one)
    one = await walk.move(awarder, at, one, "grant", {
        "certified_on": "2026-11-22", "reference": "LIT2026-501", "assessment_id": audit["id"], "decision_ref": "AC-1",
    })  # fmt: skip
    one = await walk.move(awarder, at, one, "suspend", {
        "reason_code": "report_delinquent", "reason": "Ataskaita nepateikta.", "review_by": "2027-03-01",
    })  # fmt: skip
    one = await walk.move(awarder, at, one, "reinstate", {"reason": "Ataskaita pateikta."})
    await walk.move(awarder, at, one, "withdraw", {"reason_code": "requirements_not_met", "reason": "Pažeidimai."})
    (report, *_) = (await awarder.get(f"/v1/annual-reports?certificate_id={one['id']}")).json()["items"]
    await walk.move(await world.caller("coordinator"), f"/v1/annual-reports/{report['id']}", {"version": 1}, "void")

    draft = await walk.write(awarder, "POST", "/v1/certificates", new)
    await walk.move(awarder, f"/v1/certificates/{draft['id']}", draft, "refuse", WHY)
    await _revised_and_handed_over(walk)
    await _renewed_and_restored(walk)


async def _revised_and_handed_over(walk: Walk) -> None:
    world = walk.world
    awarder, office = await world.caller("awarder"), await world.caller("coordinator")
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-601")
    provider, at = await world.caller("provider", made.organisation), f"/v1/certificates/{made.certificate}"
    one = await walk.move(provider, at, (await provider.get(at)).json(), "request-cancellation", WHY)
    one = await walk.move(provider, at, one, "withdraw-cancellation-request")
    one = await walk.move(provider, at, one, "request-cancellation", WHY)
    one = await walk.move(office, at, one, "decline-cancellation", WHY)
    one = await walk.move(office, at, one, "amend", WHY | {"staff": 12})
    one = await walk.move(awarder, at, one, "revise-scope", {"scope": SCOPE, "decision_ref": "AC-2"})
    one = await walk.move(awarder, at, one, "extend", {"expires_on": "2029-01-31", "decision_ref": "AC-3"})
    holder = await world.organisation(succeeds_id=str(made.organisation))
    one = await walk.move(awarder, at, one, "transfer", {
        "organisation_id": holder["id"], "document_ref": "REORG-1", "decision_ref": "AC-4",
    })  # fmt: skip
    await walk.move(office, at, one, "cancel", {"holder_request_ref": "S-114"})


async def _renewed_and_restored(walk: Walk) -> None:
    world = walk.world
    awarder, office = await world.caller("awarder"), await world.caller("coordinator")
    made = await a_certificate(world.database, "2023-11-01", reference="LIT2023-601")
    await catch_up(world.database, date(2026, 11, 22))
    at = f"/v1/certificates/{made.certificate}"
    one = (await awarder.get(at)).json()
    await walk.move(office, at, one, "renew")
    audit = await world.finished_audit(made.organisation, scope=one["scope"])
    await walk.move(awarder, at, one, "restore", {"assessment_id": audit["id"], "decision_ref": "AC-5"})

    version = "/v1/standards/EQUASS/versions/EQUASS-2018"
    seen = (await office.get(version)).json()
    await walk.write(
        office, "POST", f"{version}/policies", {"effective_from": "2026-11-01", "decision_quorum": 1}, of=seen
    )
    holder = await world.organisation()
    await world.finished_audit(holder["id"], scope=SCOPE)
    draft = await walk.write(office, "POST", "/v1/certificates", {
        "organisation_id": holder["id"], "standard_version": "EQUASS-2018", "level": "ASSURANCE", "scope": SCOPE,
    })  # fmt: skip
    await walk.write(awarder, "POST", f"/v1/certificates/{draft['id']}/votes", {"vote": "for"})


async def _annual_reports_and_cases(walk: Walk) -> None:
    world = walk.world
    office, auditor, awarder = [await world.caller(role) for role in ("coordinator", "auditor", "awarder")]
    made = await a_certificate(world.database, "2025-12-01", reference="LIT2025-201")
    provider, at = await world.caller("provider", made.organisation), f"/v1/annual-reports/{made.reports[0]}"
    await world.assessment("external_audit", made.organisation, started=True)  # puts the report in the auditor's sight
    one = await walk.move(provider, at, (await provider.get(at)).json(), "start")
    asks = {"new_due_on": "2027-01-15", "reason": "Persikeliame į kitas patalpas."}
    one = await walk.move(provider, at, one, "request-extension", asks)
    one = await walk.move(office, at, one, "decide-extension", {"granted": True, "reason": "Priežastis svarbi."})
    indicator = await walk.write(provider, "POST", "/v1/indicators", {
        "organisation_id": str(made.organisation), "name": {"lt": "Pasitenkinimas", "en": "Satisfaction"},
        "unit": "proc.", "direction": "higher",
    })  # fmt: skip
    its = f"/v1/indicators/{indicator['id']}"
    indicator = await walk.write(provider, "PATCH", its, {"target": 90}, of=indicator)
    measured = [{"indicator_id": indicator["id"], "value": 92.5}]
    one = await walk.write(provider, "PATCH", f"{at}/draft", {"results": measured}, of=one)
    one = await walk.move(provider, at, one, "submit", REPORT)
    await walk.moves(provider, its, indicator, "retire", "resume")
    one = await walk.move(office, at, one, "forward-to-auditor")
    one = await walk.move(auditor, at, one, "comment", {"feedback": [{"criterion": "3.5", "text": "Pažanga įrodyta."}]})
    one = await walk.move(office, at, one, "forward-to-office")
    one = await walk.move(awarder, at, one, "return", WHY | {"resubmit_by": "2026-12-20"})
    one = await walk.move(provider, at, one, "submit", REPORT)
    one = await walk.move(office, at, one, "forward-to-auditor")
    one = await walk.move(auditor, at, one, "comment", {"feedback": [{"criterion": "3.5", "text": "Gerai."}]})
    one = await walk.move(office, at, one, "forward-to-office")
    await walk.move(awarder, at, one, "approve")
    at = f"/v1/annual-reports/{made.reports[1]}"
    await walk.move(awarder, at, (await office.get(at)).json(), "waive", WHY)

    late = await a_certificate(world.database, "2025-10-01", reference="LIT2025-301")
    await catch_up(world.database, date(2026, 11, 22))
    cases = (await office.get(f"/v1/compliance-cases?annual_report_id={late.reports[0]}")).json()["items"]
    await walk.move(office, f"/v1/compliance-cases/{UUID(cases[0]['id'])}", cases[0], "close", {"resolution": "Gauta."})


async def _webhooks(walk: Walk) -> None:
    office = await walk.world.caller("coordinator")
    made = (await office.post("/v1/webhook-endpoints", {"url": "https://pranesimai.example.lt/kokybe"})).json()
    at = f"/v1/webhook-endpoints/{made['id']}"
    made = await walk.write(office, "PATCH", at, {"description": "Registras"}, of=made)
    made = await walk.moves(office, at, made, "disable", "enable")
    await walk.write(office, "POST", f"{at}/recover", {"since": "2026-11-01T00:00:00Z"})
    sent = await walk.write(office, "POST", f"{at}/send-example", {"type": "certificate.granted"})
    await walk.write(office, "POST", f"/v1/webhook-deliveries/{sent['id']}/resend")
    await walk.write(office, "DELETE", at, of=(await office.get(at)).json())
