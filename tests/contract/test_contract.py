"""What the service promises in `openapi.json`: every event, every problem, every tag; nothing that was released breaks, and
what ends is announced."""

from __future__ import annotations

import ast
import json
import re
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import Depends, FastAPI

from api import openapi, problems
from api.app import create_app
from api.endings import Ending
from api.event_catalogue import FACTS, class_name
from api.resources import Resource
from programme.errors import NotFound
from programme.rules.event_types import HAPPENINGS
from programme.rules.events import READ_WITH, TYPES, UNTOLD
from programme.settings import Settings
from programme.tables import Recorded
from tests.api.test_actions import lifecycled
from tests.released import breaks
from tests.world import World

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 26)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))


# Events.


def named_in_the_code() -> set[str]:
    """Every text in the code that names an event of a recorded resource."""
    resources = "|".join(kind.resource for kind in Recorded.__subclasses__() if kind.resource not in UNTOLD)
    whole, in_sql = re.compile(rf"(?:{resources})\.[a-z_]+"), re.compile(rf"'((?:{resources})\.[a-z_]+)'")
    found = set()
    for path in (path for folder in ("programme", "worker", "api") for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} if whole.fullmatch(node.value) else set(in_sql.findall(node.value))
    return found


def test_every_event_that_the_code_tells_is_in_the_catalogue_and_no_other() -> None:
    told = {event for view in lifecycled().values() for move in view.lifecycle.moves.values() for event in move.events}
    told = {event for event in told if event.partition(".")[0] not in UNTOLD}
    assert told <= TYPES.keys()
    columns = {str(column) for kind in Recorded.__subclasses__() for column in kind.__table__.columns}
    named = named_in_the_code() - columns
    composed = {name for name in TYPES if name.endswith((".transferred", ".added", ".amended"))}
    assert named - TYPES.keys() == set()
    assert TYPES.keys() - named - told - composed == set()
    assert HAPPENINGS.keys() == READ_WITH.keys()


def test_every_event_has_its_webhook_with_the_shape_of_its_payload(document: dict[str, Any]) -> None:
    assert document["webhooks"].keys() == TYPES.keys()
    schemas = document["components"]["schemas"]
    assert schemas["EventType"]["enum"] == list(TYPES)
    for kind in Recorded.__subclasses__():
        if kind.resource in READ_WITH:
            name = class_name(kind.resource)
            assert schemas[f"{name}EventData"]["properties"].keys() == {*kind.told, *FACTS.get(kind.resource, ())}
            assert schemas[f"{name}Event"]["properties"].keys() == schemas["Event"]["properties"].keys()
    for name, webhook in document["webhooks"].items():
        said = webhook["post"]
        assert TYPES[name].lt in said["description"]
        assert said["summary"] == TYPES[name].en != TYPES[name].lt
        assert len(said["parameters"]) == 3


async def test_an_event_type_that_does_not_exist_is_refused_where_it_is_asked_for(world: World) -> None:
    coordinator = await world.caller("coordinator")
    wrong = await coordinator.post(
        "/v1/webhook-endpoints", {"url": "https://a.example.lt/", "event_types": ["a.granted"]}
    )
    assert wrong.status_code == 422
    assert [(one["pointer"], one["code"]) for one in wrong.json()["errors"]] == [
        ("/event_types/0", "unknown_event_type")
    ]
    for question in ("type=certificate.grant", "type=certificate.granted,x", "resource_type=certificates"):
        answer = await coordinator.get(f"/v1/events?{question}")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["parameter"] == question.partition("=")[0]


# Problems and tags.


async def test_every_problem_has_its_page_and_stands_in_the_document(world: World, document: dict[str, Any]) -> None:
    answers = document["components"]["responses"]
    for code, problem in problems.catalogue().items():
        page = await world.http.get(f"/problems/{code}")
        assert page.status_code == 200
        for sentence in (problem.title, problem.meaning):
            assert sentence.lt != sentence.en
            for text in (sentence.lt, sentence.en):
                assert text.replace("&", "&amp;").replace("'", "&#x27;").replace('"', "&quot;") in page.text
        if problem.status not in (405, 424):  # of methods that are not in the document; of one item among several
            assert f"`{code}`" in answers[f"Problem{problem.status}"]["description"]


def test_every_tag_is_used_and_says_what_it_is_about(document: dict[str, Any]) -> None:
    told = {tag["name"]: tag["description"] for tag in document["tags"]}
    operations = [one for part in ("paths", "webhooks") for item in document[part].values() for one in item.values()]
    assert {tag for operation in operations for tag in operation["tags"]} == told.keys()
    assert all(len(about.split()) >= 4 for about in told.values())
    assert all(operation["summary"] and len(operation["description"]) > 20 for operation in operations)


# What was released, and what ends.


def changed(document: dict[str, Any], *path: str, to: Any = None) -> dict[str, Any]:
    """The document with one thing in it changed, or taken out."""
    other = deepcopy(document)
    at = other
    for step in path[:-1]:
        at = at[step]
    if to is None:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    return other


SCHEMAS = ("components", "schemas")
NEW = (*SCHEMAS, "WebhookEndpointNew")
MAYBE = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
LIST = ("paths", "/v1/certificates", "get")

BREAKING: dict[str, tuple[tuple[str, ...], Any]] = {
    "an address is gone": (("paths", "/v1/forecast"), None),
    "a field of an answer is gone": ((*SCHEMAS, "ScopeRead", "properties", "unit"), None),
    "a field of an answer has another type": ((*SCHEMAS, "Certificate", "properties", "staff"), {"type": "string"}),
    "a field of an answer may be null": ((*SCHEMAS, "Certificate", "properties", "revision"), MAYBE),
    "a field may not be sent null any more": ((*NEW, "properties", "description"), {"type": "string"}),
    "a field has to be sent": ((*NEW, "required"), ["url", "watch"]),
    "what may be sent shrank to one": ((*SCHEMAS, "EventType"), {"const": "certificate.granted"}),
    "what is sent shrank to one": ((*SCHEMAS, "Status"), {"const": "active"}),
    "a shorter text is taken": ((*NEW, "properties", "url", "maxLength"), 10),
    "an event is gone": (("webhooks", "certificate.granted"), None),
    "a field of an event is gone": ((*SCHEMAS, "CertificateEventData", "properties", "reference"), None),
    "a parameter is gone": ((*LIST, "parameters"), []),
    "an answer is gone": ((*LIST, "responses", "200"), None),
    "a representation is gone": ((*LIST, "responses", "200", "content", "application/x-ndjson"), None),
    "generated clients would call it otherwise": ((*LIST, "operationId"), "certificates"),
    "another credential is needed": ((*LIST, "security"), [{"Basic": []}]),
}


@pytest.fixture(scope="module")
def part(document: dict[str, Any]) -> dict[str, Any]:
    """As much of the document as is changed below: comparing all of it takes a second."""
    paths = (
        "/v1/certificates",
        "/v1/certificates/{certificate_id}",
        "/v1/forecast",
        "/v1/events",
        "/v1/webhook-endpoints",
    )
    return {
        **document,
        "paths": {path: document["paths"][path] for path in paths},
        "webhooks": {name: document["webhooks"][name] for name in ("certificate.granted", "certificate.expired")},
    }


@pytest.mark.parametrize("name", BREAKING)
def test_what_would_break_a_caller_fails_the_check(part: dict[str, Any], name: str) -> None:
    path, to = BREAKING[name]
    assert breaks(part, changed(part, *path, to=to), TODAY)


GROWING: dict[str, tuple[tuple[str, ...], Any]] = {
    "nothing changed": (("info", "version"), "9.9.9"),
    "an answer has one field more": ((*SCHEMAS, "Certificate", "properties", "more"), {"type": "string"}),
    "one field more may be sent": ((*NEW, "properties", "more"), {"type": "string"}),
    "null may be sent too": ((*NEW, "properties", "url"), {"anyOf": [{"type": "string"}, {"type": "null"}]}),
    "null is not sent any more": ((*SCHEMAS, "Certificate", "properties", "staff"), {"type": "integer"}),
    "another wording": ((*NEW, "description"), "Where to post events."),
}


@pytest.mark.parametrize("name", GROWING)
def test_what_only_grows_passes_the_check(part: dict[str, Any], name: str) -> None:
    path, to = GROWING[name]
    assert breaks(part, changed(part, *path, to=to), TODAY) == []


ENDING = Ending(deprecated_on=date(2027, 1, 1), sunset_on=date(2028, 1, 1), instead="/v1/forecast")


def probed(settings: Settings) -> tuple[FastAPI, Resource]:
    """The service with an operation that is to end."""
    app = create_app(settings)
    probe = Resource("/v1/probe", "statistics")

    @probe.get("", summary="Probe", dependencies=[Depends(ENDING)])
    async def get_probe(missing: bool = False) -> dict[str, str]:
        """Something that is to end."""
        if missing:
            raise NotFound
        return {"status": "ok"}

    app.include_router(probe)
    return app, probe


async def test_an_ending_is_told_with_every_answer(settings: Settings) -> None:
    app, _ = probed(settings)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        for path, status in (("/v1/probe", 200), ("/v1/probe?missing=true", 404)):
            answer = await http.get(path)
            assert answer.status_code == status
            # 2027-01-01 and 2028-01-01 begin in Vilnius two hours before they do in Greenwich.
            assert answer.headers["deprecation"] == f"@{int(datetime(2026, 12, 31, 22, tzinfo=UTC).timestamp())}"
            assert answer.headers["sunset"] == "Fri, 31 Dec 2027 22:00:00 GMT"
            assert answer.headers["link"] == '</v1/forecast>; rel="successor-version"'
        assert "deprecation" not in (await http.get("/livez")).headers


def test_an_ending_stands_in_the_document_and_may_then_be_gone(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, document: dict[str, Any]
) -> None:
    app, probe = probed(settings)
    monkeypatch.setattr(openapi, "ROUTES", [*openapi.ROUTES, *probe.routes])
    announced = app.openapi()
    operation = announced["paths"]["/v1/probe"]["get"]
    assert (operation["deprecated"], operation["x-sunset"]) == (True, "2028-01-01")
    assert {"Deprecation", "Sunset"} <= operation["responses"]["200"]["headers"].keys()
    assert "/v1/forecast" in operation["description"]
    assert breaks(document, announced, TODAY) == []
    assert breaks(announced, document, date(2027, 12, 31)) != []
    assert breaks(announced, document, date(2028, 1, 1)) == []


def test_an_ending_is_announced_a_year_before() -> None:
    with pytest.raises(ValueError, match="a year before"):
        Ending(deprecated_on=date(2027, 1, 1), sunset_on=date(2027, 12, 31), instead="/v1/forecast")
