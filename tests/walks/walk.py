"""One walk: whoever does something does it to the service and to the model, and both have to say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any
from uuid import uuid4

from programme.services.daily import catch_up
from tests.model import OPEN, Actor, Programme, Thing, Verdict
from tests.model.annual_reports import AnnualReport, ComplianceCase
from tests.model.moves import MOVES, Move
from tests.walks.chance import Chance
from tests.world import Caller, World

ADDRESSES = {
    "enrolment": "enrolments", "assessment": "assessments", "finding": "findings", "certificate": "certificates",
    "annual_report": "annual-reports", "compliance_case": "compliance-cases", "indicator": "indicators",
}  # fmt: skip
STANDARD = "RATAS"

ONCE = frozenset({"grant", "withdraw", "cancel", "transfer", "restore"})
"""Moves of a certificate that need an idempotency key."""
UNVERSIONED = frozenset({"vote", "rate"})
METHODS = {"revise": "PATCH", "stage": "PUT"}

_numbers = count(1)


def address(thing: Any) -> str:
    if thing.kind == "support_activity":
        return f"/v1/enrolments/{thing.enrolment.key}/support-activities/{thing.key}"
    if thing.kind == "standard_version":
        return f"/v1/standards/{STANDARD}/versions/{thing.code}"
    return f"/v1/{ADDRESSES[thing.kind]}/{thing.key}"


def on_the_wire(said: Mapping[str, Any]) -> dict[str, Any]:
    """A body as the service takes it: days in ISO 8601, and without the things that it is about."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in said.items()
        if not isinstance(value, Thing)
    }


def codes(reasons: list[dict[str, Any]] | None) -> frozenset[str]:
    return frozenset(one["code"] for one in reasons or ())


@dataclass
class Walk:
    """`callers`: by the name of who acts. `story`: what has happened, a line for each step. `done`: how often each move was
    tried and how it was answered; `before`: the same of the walks before. `at`: what is moved again and again.
    `looks`: what was read last."""

    world: World
    p: Programme
    actors: dict[str, Actor]
    callers: dict[str, Caller]
    story: list[str] = field(default_factory=list)
    at: Any = None
    chance: Chance = field(default_factory=lambda: Chance(0))
    looks: str = ""
    done: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    before: Counter[tuple[str, str, int]] = field(default_factory=Counter)

    @property
    def office(self) -> Caller:
        """Who sees everything."""
        return self.callers["coordinator"]

    def introduce(self, thing: Thing, key: str) -> None:
        """Marks it by the step that brought it about, and as the how many-th of that."""
        step = self.chance.number
        born = sum(one.mark.startswith(f"{step} ") for one in self.p.things)
        self.p.introduce(thing, key, f"{step} {born}")

    def note(self, line: str) -> None:
        self.story.append(f"{self.p.today} {line}")

    def told(self, said: Mapping[str, Any]) -> str:
        """A body in a story: days, choices and names, not words."""
        words = ("reason", "parts", "evidence", "feedback", "statement", "topic")
        names = {one.key: one.name for one in self.p.things} | {one.client: one.name for one in self.actors.values()}
        names |= {one.key: one.name for one in self.p.organisations.values()}
        return ", ".join(f"{name} {names.get(str(value), value)}" for name, value in said.items() if name not in words)

    # Reading

    async def read(self, actor: Actor, thing: Thing) -> tuple[Caller, Any, str]:
        """The thing with its actions as the actor reads it; by the office, where they may not. They are the model's."""
        caller = self.callers[actor.name]
        answer = await caller.get(address(thing))
        assert answer.status_code == self.p.reads(actor, thing), f"{actor.name} reads {thing}: {answer.status_code}"
        if answer.status_code != 200:
            answer = await self.office.get(address(thing))
            return self.office, answer.json() | {"actions": []}, answer.headers["etag"]
        body = answer.json()
        listed = {one["name"]: codes(one["reasons"]) for one in body["actions"]}
        expected = self.p.actions(actor, thing)
        assert listed == expected, f"actions of {thing} for {actor.name}: {told_apart(listed, expected)}"
        assert all(one["allowed"] == (not one["reasons"]) for one in body["actions"])
        self.agrees(thing, body)
        return caller, body, answer.headers["etag"]

    def agrees(self, thing: Any, body: Mapping[str, Any]) -> None:
        shown = thing.shows(self.p, self.p.today)
        assert {name: body[name] for name in shown} == shown, f"{thing} is {body}"

    # Moving

    async def act(self, actor: Actor, move: Move, thing: Any, said: dict[str, Any], *, trying: bool = False) -> Verdict:
        """The move, done or refused as the model says; `trying`: with `validate_only`, after which nothing is different."""
        reader, before, tag = await self.read(actor, thing)
        if move.name == "grant":
            said = said | {"reference": f"R-{next(_numbers)}"}
        answer = await self.send(actor, move, thing, said, tag, trying=trying)
        line = f"{actor.name}: {'try to ' * trying}{move.name} {thing} {self.told(said)}: {answer.status_code}"
        p = deepcopy(self.p) if trying else self.p
        expected = p.do(actor, move, p.named(thing.key), said)
        found = Verdict(answer.status_code, codes(answer.json().get("reasons") if answer.is_error else None))
        self.note(f"{line} {', '.join(sorted(found.codes))}")
        self.done[move.kind, move.name, expected.status] += 1
        if expected == OPEN:
            assert answer.is_success, f"the model allows it: {answer.text}"
        else:
            assert found == expected, f"the model says {expected}: {answer.text}"
        for listed in (one["reasons"] for one in before["actions"] if one["name"] == move.name):
            standing = [one for one in listed if one.get("lifted_by") not in said]
            assert (answer.json()["reasons"] if found.codes else []) == standing, f"actions said {listed}"
        if trying or expected != OPEN:
            again = await reader.get(address(thing))
            assert again.headers["etag"] == tag, "it changed"
            assert again.json() | {"actions": before["actions"]} == before, "it changed"
        else:
            await self._happened(move, thing, answer)
        return expected

    async def send(
        self, actor: Actor, move: Move, thing: Any, said: Mapping[str, Any], tag: str, *, trying: bool = False
    ) -> Any:
        headers = {} if move.name in UNVERSIONED else {"If-Match": tag}
        if move.kind == "certificate" and move.name in ONCE:
            headers["Idempotency-Key"] = uuid4().hex
        path = address(thing) + ("" if move.name == "revise" else f"/{move.path}")
        body = on_the_wire(said)
        if move.name == "stage":
            path = f"{address(thing)}/stages/{body.pop('code')}"
        elif move.name == "rate":
            body = {"items": [rating(thing, *one) for one in said["ratings"].items()]}
        query = "?validate_only=true" if trying else ""
        return await self.callers[actor.name].request(
            METHODS.get(move.name, "POST"), path + query, json=body, headers=headers
        )

    async def _happened(self, move: Move, thing: Any, answer: Any) -> None:
        body = answer.json()
        if move.name == "renew":
            (draft,) = self.p.new
            self.introduce(draft, body["id"])
            self.agrees(draft, body)
        elif move.name not in ("vote", "rate"):
            self.agrees(thing, body)
        await self.meet()

    async def open(self, actor: Actor, kind: Any, said: dict[str, Any]) -> Any:
        """A new record, where the model allows it; None where it is refused."""
        where = "/v1/" + ADDRESSES.get(kind.kind, "")
        if kind.kind == "support_activity":
            where = f"/v1/enrolments/{said['enrolment'].key}/support-activities"
        answer = await self.callers[actor.name].post(where, on_the_wire(said))
        expected = self.p.open(actor, kind, said)
        found = Verdict(answer.status_code, codes(answer.json().get("reasons") if answer.is_error else None))
        self.note(f"{actor.name}: open {kind.kind} {self.told(said)}: {found.status}")
        self.done[kind.kind, "open", expected.status] += 1
        if expected != OPEN:
            assert found == expected, f"the model says {expected}: {answer.text}"
            return None
        assert answer.status_code == 201, f"the model allows it: {answer.text}"
        (new,) = self.p.new
        self.introduce(new, answer.json()["id"])
        self.agrees(new, answer.json())
        return new

    async def set_policy(self, version: Any, policy: Any) -> None:
        """What holds of the version from a day on. Nothing that was computed is computed anew."""
        said = {name: value for name, value in vars(policy).items() if name != "has_pass_rule"}
        said |= {"annual_reports_at_months": list(policy.annual_reports_at_months)}
        said |= {"pass_rules": {"BASIC": {"type": "all_met"}} if policy.has_pass_rule else {}}
        answer = await self.office.post(f"{address(version)}/policies", on_the_wire(said))
        self.note(f"coordinator: policy of {version.code} {self.told(said)}: {answer.status_code}")
        latest = version.policies[-1].effective_from if version.policies else date.min
        if policy.effective_from > latest:
            version.set(policy)
            assert answer.status_code == 201, answer.text
        else:
            assert answer.status_code == 422, answer.text

    # Time

    def wait(self, until: date) -> None:
        self.p.today = until
        self.world.travel(until)
        self.note("")

    async def pass_day(self, *, gap: int = 7) -> None:
        """The daily pass. Where more than `gap` days were missed it is not run for each of them but once: what is due by
        a day is found whenever it is looked for."""
        async with self.world.at_work() as work:
            connection = await work.connection()
            await connection.execute(
                """update job_run set day = $1::date - 1
                    where day = (select max(day) from job_run) and day < $1::date - $2::integer""",
                self.p.today,
                gap,
            )
        await catch_up(self.world.database)
        self.p.pass_day()
        self.note("daily pass")
        await self.meet()

    async def meet(self) -> None:
        """Asks for what came about by itself: reports that a certificate obliges to, cases that the pass opened."""
        for certificate in {id(one.certificate): one.certificate for one in self.p.new}.values():
            await self._meet(certificate, "annual-reports", AnnualReport, "sequence", "due_on")
            await self._meet(certificate, "compliance-cases", ComplianceCase, "opened_on", "opened_on")

    async def _meet(self, certificate: Any, where: str, kind: type[Thing], order: str, day: str) -> None:
        expected = [one for one in self.p.new if isinstance(one, kind) and one.certificate is certificate]
        if not expected:
            return
        path = f"/v1/{where}?certificate_id={certificate.key}&limit=200"
        listed = sorted((await self.office.get(path)).json()["items"], key=lambda one: one[order])
        found = [one for one in listed if self.p.named(one["id"]) is None]
        assert sorted(one[day] for one in found) == sorted(str(getattr(one, day)) for one in expected), f"{certificate}"
        for one in found:
            thing = next(new for new in expected if str(getattr(new, day)) == one[day] and new in self.p.new)
            self.introduce(thing, one["id"])

    # What there is to do

    def open_moves(self) -> dict[Move, dict[Thing, list[Actor]]]:
        """What the model says may be done now, with what, by whom."""
        found: dict[Move, dict[Thing, list[Actor]]] = {}
        for thing in self.p.things:
            for move in MOVES[thing.kind].values():
                able = [one for one in self.actors.values() if one.role in move.who and self.p.sees(one, thing)]
                if able := [one for one in able if not self.p.against(one, move, thing)]:
                    found.setdefault(move, {})[thing] = able
        return found


def rating(thing: Any, criterion: str, said: tuple[str, bool]) -> dict[str, Any]:
    """One of several, at the version that it has."""
    value, evidence = said
    before = thing.ratings.get(criterion)
    proofs = [{"name": "Tvarkos aprašas", "location": "Archyvas", "sha256": "0" * 64}] if evidence else []
    given = {"criterion": criterion, "rating": value, "evidence": proofs}
    return given | ({"version": before.version} if before else {})


def told_apart(found: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    differing = [name for name in {*found, *expected} if found.get(name) != expected.get(name)]
    return "; ".join(f"{name}: {found.get(name)}, the model says {expected.get(name)}" for name in sorted(differing))
