"""What the service says of itself: one OpenAPI 3.1 document, complete for a stranger.

Routes give their own summary, description and answers; what every operation shares (problems, headers, security) is
put in here once. `python -m api.openapi` prints the document, `--write` keeps it as `openapi.json`, `--check` fails when that is stale.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, TypeVar

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api import event_catalogue, problems
from api.deps import Door, ReadingDoor, WritingDoor
from api.endings import Ending
from api.middleware import PROBES
from api.routes import ROUTES
from api.routes.register import RegisterTable
from schemas.events import Feed
from schemas.page import Page
from schemas.problem import Problem

T = TypeVar("T")

DOCUMENT = Path(__file__).resolve().parent.parent / "openapi.json"

TAGS = [
    {
        "name": "certificates",
        "description": "Decisions that a scope meets a version of a standard, and what becomes of them.",
    },
    {
        "name": "assessments",
        "description": "Self-assessments and audits against one frozen version, criterion by criterion.",
    },
    {
        "name": "findings",
        "description": "What assessments found not to be met: planned for, answered, verified by somebody else.",
    },
    {
        "name": "annual-reports",
        "description": "What the holder of a certificate owes 12 and 24 months after certification.",
    },
    {
        "name": "events",
        "description": "Everything that happened, in one order that loses nothing: to read on from, or to listen to.",
    },
    {
        "name": "webhooks",
        "description": "The same events, posted to where a client wants to be told of them: signed, tried again, listed.",
    },
    {
        "name": "enrolments",
        "description": "Organisations' taking part in a strand of a project, by a signed agreement.",
    },
    {
        "name": "indicators",
        "description": "What organisations measure themselves by, over years and certificates.",
    },
    {"name": "projects", "description": "Funded projects with their partners and strands."},
    {
        "name": "organisations",
        "description": "Providers of social services and partner agencies, their sites and contacts.",
    },
    {"name": "standards", "description": "Standards with their levels, versions, principles, criteria and policies."},
    {"name": "imports", "description": "Files that are brought in: looked at row by row, then committed as a whole."},
    {"name": "code-lists", "description": "Municipalities and kinds of social service."},
    {"name": "compliance-cases", "description": "What the coordinator has to follow up."},
    {"name": "work-queue", "description": "What waits for whoever asks."},
    {"name": "statistics", "description": "The programme in numbers, and what lies ahead."},
    {"name": "register", "description": "The public register of certificates: no key is needed."},
    {"name": "callers", "description": "Who may call, and who one is."},
    {"name": "test-clocks", "description": "Worlds of their own in which to try what years bring, in a minute."},
    {"name": "jobs", "description": "Work that takes longer than a request."},
    {"name": "operations", "description": "For those who keep the service running."},
]

ABOUT: dict[str, Any] = {
    "title": "Kokybė",
    "version": "0.1.0",
    "summary": "Certification programmes for social services: who is certified, until when, and who owes what.",
    "description": (
        "Kokybė keeps the records of a programme that certifies providers of social services. Its first programme is "
        "EQUASS in Lithuania.\n\n"
        "**Dates** end in `_on` and are calendar days in Lithuania; **moments** end in `_at` and are UTC. A status is "
        "never stored: it follows from decisions and the day. Resources with a lifecycle list their `actions`, each "
        "with the reasons why it is not open now; the same rules guard the moves.\n\n"
        "**Kalba.** Pranešimai lietuviški (numatytoji kalba) arba angliški: `Accept-Language: lt` arba `en`."
    ),
    "openapi_tags": TAGS,
    "servers": [{"url": "/", "description": "This service."}],
}

_HEADERS = {
    "IfMatch": ("If-Match", "The ETag of the record to change; refused with 412 where it has changed since."),
    "IfNoneMatch": ("If-None-Match", "The ETag that the caller has; answered with 304 where nothing has changed."),
    "IdempotencyKey": (
        "Idempotency-Key",
        "A key of the caller's making: the same request sent again within 24 hours is done once and answered alike.",
    ),
    "AcceptLanguage": ("Accept-Language", "The language of messages: `lt` (the default) or `en`."),
}

_PROBLEMS = {
    400: "The request cannot be read, or has a query parameter that is not known or not well formed.",
    401: "No key or token was given, or it is not known, has expired or was revoked.",
    403: "The caller's role does not allow this, or the caller has a conflict of interest (`reasons`).",
    404: "There is no such record, or the caller may not know of it.",
    408: "The body did not arrive in time.",
    409: "Not possible in the present state (`reasons`), or something else already holds the place.",
    412: "The record has changed since the caller read it.",
    413: "The body is too large.",
    414: "The address is longer than 8192 characters.",
    415: "The body has a media type or coding that is not taken here; `Accept-Post` or `Accept-Patch` names those that are.",
    422: "The content has errors; `errors` points at each.",
    428: "The change does not say which version it is meant for.",
    429: "The quota of this minute is used up; `Retry-After` says when to try again.",
    500: "Something failed; the operators have been told.",
    503: "The service cannot answer at the moment; `Retry-After` says when to try again.",
}


_QUOTA = {
    "RateLimit": {"$ref": "#/components/headers/RateLimit"},
    "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
}


def build(app: FastAPI) -> dict[str, Any]:
    """The document, with what all operations share put in."""
    document = _plainly_named(
        get_openapi(
            title=app.title,
            version=app.version,
            openapi_version="3.1.0",
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
            servers=app.servers,
            separate_input_output_schemas=False,
        )
    )
    parts = document.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    parts["securitySchemes"] = {
        "ApiKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key `kk_<id>_<secret>`, given once by `kokybe clients create` or "
            "`POST /v1/clients/{client_id}/keys`.",
        },
        "Token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A token of `POST /oauth/token`, or of an issuer that the service was told to trust, whose "
            "subject stands behind a client.",
        },
        "Basic": {"type": "http", "scheme": "basic", "description": "For `/oauth/token`: the client's id and its key."},
    }
    parts["parameters"] = {
        name: {"name": header, "in": "header", "required": False, "description": about, "schema": {"type": "string"}}
        for name, (header, about) in _HEADERS.items()
    }
    parts["parameters"]["IfMatchWhereGiven"] = parts["parameters"]["IfMatch"]
    parts["parameters"]["IfMatch"] = {**parts["parameters"]["IfMatch"], "required": True}
    parts["parameters"]["IdempotencyKeyRequired"] = {**parts["parameters"]["IdempotencyKey"], "required": True}
    parts["parameters"]["ValidateOnly"] = {
        "name": "validate_only",
        "in": "query",
        "required": False,
        "description": "`true`: every check is made, the answer is what it would be, and nothing is kept.",
        "schema": {"type": "boolean", "default": False},
    }
    parts["parameters"]["TestClock"] = {
        "name": "test_clock",
        "in": "query",
        "required": False,
        "description": "The id of a test clock: this is asked in its world, where it is its day. Changes also find that "
        "world by the ids that they name.",
        "schema": {"type": "string", "format": "uuid"},
    }
    parts["headers"] = {
        "RequestId": {"description": "Quote it when you write to us.", "schema": {"type": "string"}},
        "ETag": {
            "description": "Of a record: give it as `If-Match` to change it, as `If-None-Match` to ask whether it changed.",
            "schema": {"type": "string", "examples": ['"3.9a1f0c2b7d4e8f60"']},
        },
        "Location": {"description": "The address of what was made.", "schema": {"type": "string"}},
        "IdempotentReplayed": {
            "description": "`true` where this is the answer of the first request with this `Idempotency-Key`.",
            "schema": {"type": "string", "const": "true"},
        },
        "RateLimit": {
            "description": "What is left of each quota (`r`), and the seconds until it is full again (`t`): "
            "draft-ietf-httpapi-ratelimit-headers.",
            "schema": {"type": "string", "examples": ['"client";r=5999;t=42']},
        },
        "RateLimitPolicy": {
            "description": "The quotas that hold (`q` requests within `w` seconds).",
            "schema": {"type": "string", "examples": ['"client";q=6000;w=60']},
        },
        "FeedCursor": {
            "description": "Of a snapshot: where to read on in the feed, given as `after`.",
            "schema": {"type": "string"},
        },
        "RetryAfter": {"description": "Seconds until it is worth trying again.", "schema": {"type": "integer"}},
    }
    parts["responses"] = {
        f"Problem{status}": {
            "description": f"{about}\n\n{_codes(status)}",
            "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}},
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, about in _PROBLEMS.items()
    }
    parts["responses"]["Problem429"]["headers"] |= _QUOTA | {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    for route in (one for one in ROUTES if one.include_in_schema):
        for method in route.methods or ():
            operation = document["paths"][route.path_format][method.lower()]
            _complete(operation, route)
            _offer_streams(operation, route, schemas)
    event_catalogue.describe(document)
    _title(schemas)
    return document


def _codes(status: int) -> str:
    return "\n".join(
        f"* [`{code}`](/problems/{code}): {problem.meaning.en}"
        for code, problem in sorted(problems.catalogue().items())
        if problem.status == status
    )


_QUALIFIED = re.compile(r"(?:programme__rules|schemas)__(\w+?)__(?:\w+__)?([A-Z]\w*)")
_PAGE = re.compile(r"Page_(\w+)_")


def _plainly_named(document: dict[str, Any]) -> dict[str, Any]:
    """Schemas under names that a generated client can bear: `EnrolmentState`, `CertificatePage`."""

    def of_resource(match: re.Match[str]) -> str:
        singular = re.sub("s$", "", re.sub("ies$", "y", match[1]))
        resource = event_catalogue.class_name(singular)
        return match[2] if match[2].startswith(resource) else resource + match[2]

    text = json.dumps(document, ensure_ascii=False)
    plain: dict[str, Any] = json.loads(_PAGE.sub(r"\1Page", _QUALIFIED.sub(of_resource, text)))
    return plain


def _title(schemas: dict[str, Any]) -> None:
    """Titles are the names, because there are generators that name classes by them. Those of fields only repeat theirs."""
    for name, schema in schemas.items():
        schema["title"] = name
        for field in schema.get("properties", {}).values():
            field.pop("title", None)


def door_of(route: APIRoute) -> Door | None:
    """The door that a route goes through, if it has one."""
    return _dependency_of(route, Door)


def _dependency_of(route: APIRoute, kind: type[T]) -> T | None:
    calls: list[object] = [one.call for one in route.dependant.dependencies]
    return next((call for call in calls if isinstance(call, kind)), None)


def _never_null(parameter: dict[str, Any]) -> None:
    """A parameter that says nothing is left out: in an address there is no null."""
    schema = parameter["schema"]
    schema.pop("title", None)
    if "anyOf" in schema:
        (kind,) = (one for one in schema.pop("anyOf") if one != {"type": "null"})
        parameter["schema"] = kind | schema


_ANNOUNCED = {
    "Deprecation": {
        "description": "Of an operation that will end: since when nobody should begin to use it (`@` and seconds since "
        '1970, RFC 9745). `Link` with `rel="successor-version"` names what takes its place.',
        "schema": {"type": "string", "examples": ["@1798754400"]},
    },
    "Sunset": {
        "description": "From this moment on the operation may be gone (RFC 8594): a year after `Deprecation` or later.",
        "schema": {"type": "string", "examples": ["Fri, 31 Dec 2027 22:00:00 GMT"]},
    },
}


def _announce(operation: dict[str, Any], ending: Ending) -> None:
    """That the operation will end, where a reader, a generator and the check of what was released look for it."""
    operation["deprecated"] = True
    operation["x-sunset"] = ending.sunset_on.isoformat()
    operation["description"] += (
        f"\n\n**Deprecated** since {ending.deprecated_on}; from {ending.sunset_on} on it may be gone. "
        f"Use {ending.instead} instead."
    )
    for answer in operation["responses"].values():
        if "$ref" not in answer:
            answer.setdefault("headers", {}).update(_ANNOUNCED)


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    door = door_of(route)
    for parameter in operation.setdefault("parameters", []):
        _never_null(parameter)
    headers = ["AcceptLanguage"]
    answers = {500, 503} if route.path_format in PROBES else {400, 414, 429, 500, 503}
    if door is not None:
        operation["security"] = [{"ApiKey": []}, {"Token": []}]
        operation["description"] += f"\n\nPermission: `{door.permission}`."
        answers |= {401, 403}
        if door.sandboxed is True:
            headers.append("TestClock")
            answers.add(404)
    if route.path == "/oauth/token":
        answers |= {401, 408, 413, 415}
    if "{" in route.path_format:
        answers.add(404)
    if isinstance(door, ReadingDoor) and "{" in route.path_format:
        headers.append("IfNoneMatch")
        operation["responses"]["304"] = {"description": "Nothing has changed since the ETag that the caller has."}
    if isinstance(door, WritingDoor):
        answers |= {408, 409, 413, 415, 422}
        headers += ["IdempotencyKeyRequired" if door.once else "IdempotencyKey", "ValidateOnly"]
        if door.versioned:
            headers.append("IfMatch" if door.versioned is True else "IfMatchWhereGiven")
            answers |= {404, 412, 428}
        if "204" in operation["responses"]:
            operation["responses"]["200"] = {"description": "It could go; nothing is kept (`validate_only=true`)."}
        if made := operation["responses"].get("201") or operation["responses"].get("202"):
            would_be = {**made, "description": "What would be made; nothing is kept (`validate_only=true`)."}
            operation["responses"].setdefault("200", would_be)
    operation["parameters"].extend({"$ref": f"#/components/parameters/{name}"} for name in headers)
    operation["responses"].pop("422", None)
    for status in sorted(answers):
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    if (ending := _dependency_of(route, Ending)) is not None:
        _announce(operation, ending)
    for status, answer in operation["responses"].items():
        if status.startswith("2") and door is not None:
            answer.setdefault("headers", {}).update(_answered_with(door, route, status))


def _answered_with(door: Door, route: APIRoute, status: str) -> dict[str, Any]:
    """The headers of an answer."""
    told = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}, **_QUOTA}
    writes = isinstance(door, WritingDoor)
    if writes or "{" in route.path_format:
        told["ETag"] = {"$ref": "#/components/headers/ETag"}
    if writes:
        told["Idempotent-Replayed"] = {"$ref": "#/components/headers/IdempotentReplayed"}
    if status in ("201", "202"):
        told["Location"] = {"$ref": "#/components/headers/Location"}
    return told


def _offer_streams(operation: dict[str, Any], route: APIRoute, schemas: dict[str, Any]) -> None:
    """What a list gives besides pages, by `Accept`."""
    answer = operation["responses"].get("200", {})
    model = route.response_model
    if isinstance(model, type) and issubclass(model, Page):
        page = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        answer["content"]["application/x-ndjson"] = {"schema": schemas[page]["properties"]["items"]["items"]}
        answer.setdefault("headers", {})["Feed-Cursor"] = {"$ref": "#/components/headers/FeedCursor"}
        operation["description"] += (
            "\n\nWith `Accept: application/x-ndjson`, all items as they are at one moment, one a line, without `limit`, "
            "`cursor`, `sort` and `include`; `Feed-Cursor` says where to read on in `/v1/events`."
        )
        if route.path == "/public/v1/certificates":
            columns = ", ".join(f"`{name}`" for name in RegisterTable.columns)
            answer["content"]["text/csv"] = {"schema": {"type": "string", "description": f"Columns: {columns}."}}
    elif model is Feed:
        answer["content"]["text/event-stream"] = {
            "schema": {"type": "string", "description": "`id`: the cursor; `event`: the type; `data`: the event."}
        }


def install(app: FastAPI) -> None:
    """Makes `app.openapi()` give this document, built once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = build(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def text(app: FastAPI) -> str:
    """The document as it is committed."""
    return json.dumps(app.openapi(), ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    from api.app import create_app

    document = text(create_app())
    match sys.argv[1:]:
        case ["--write"]:
            DOCUMENT.write_text(document, encoding="utf-8")
        case ["--check"]:
            if not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != document:
                sys.exit("openapi.json is stale: run make openapi and commit it")
        case _:
            sys.stdout.write(document)


if __name__ == "__main__":
    main()
