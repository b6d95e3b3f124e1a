"""Refusals as RFC 9457 problem documents: the one place where a refusal meets a status code.

No answer echoes what was sent: bodies carry secrets, and problems are logged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from api import idempotency
from api.access import BAD_KEY, NO_KEY, OUT_OF_SCOPE
from api.cursors import BAD_CURSOR
from api.deps import BAD_PARAMETERS
from api.idempotency import Replayed
from api.limits import TooMany
from api.messages import MESSAGES, OTHER
from api.metrics import PROBLEMS, REPLAYS
from api.readiness import NotReady
from api.refusals import STATUS, NothingKept, NotKept, document
from api.routes import ROUTES, oauth
from api.routes.oauth import NoToken
from api.strict_json import BadBody, UnsupportedBody
from programme import errors
from programme.database import is_passing
from programme.errors import Refusal
from programme.rules.lifecycle import REFUSED_TO_YOU
from programme.sentences import Language, Sentence
from programme.tables import Table

log = structlog.get_logger()

CLOSE = {"Connection": "close"}
"""What is left of such a request is not read, and nothing after it is believed."""

NO_SUCH_PATH = Sentence(lt="Tokio adreso nėra.", en="There is no such address.")
NO_SUCH_METHOD = Sentence(lt="Šis adresas tokio metodo nepriima.", en="This address does not take that method.")
TOO_LARGE = Sentence(lt="Užklausos turinys per didelis.", en="The body of the request is too large.")
TOO_LONG = Sentence(lt="Adresas per ilgas.", en="The address is too long.")
TOO_SLOW = Sentence(
    lt="Užklausos turinys atkeliavo ne visas ir per lėtai.", en="The body of the request did not arrive in time."
)
NOT_OUR_HOST = Sentence(
    lt="Antraštė Host turi būti viena ir įvardyti šią paslaugą.",
    en="There has to be one Host header, and it has to name this service.",
)
UNSUPPORTED = Sentence(
    lt="Tokios rūšies arba suspaustas turinys čia nepriimamas; rūšis, kurios priimamos, nurodo Accept-Post arba Accept-Patch.",
    en="This media type, or a compressed body, is not taken here; Accept-Post or Accept-Patch names those that are.",
)
FAULT = Sentence(
    lt="Įvyko klaida, apie kurią mums jau pranešta. Nurodykite request_id, jei kreipsitės.",
    en="Something failed, and we have been told. Quote the request_id if you write to us.",
)
CODE_IN_USE = Sentence(lt="Toks kodas jau naudojamas.", en="This code is already in use.")
TITLES: dict[str, Sentence] = {
    "method_not_allowed": Sentence(lt="Metodas nepriimamas", en="Method not allowed"),
    "content_too_large": Sentence(lt="Per didelis turinys", en="Content too large"),
    "uri_too_long": Sentence(lt="Per ilgas adresas", en="URI too long"),
    "request_timeout": Sentence(lt="Užklausa per lėta", en="Request timeout"),
    "unsupported_media_type": Sentence(lt="Nepriimama turinio rūšis", en="Unsupported media type"),
    "unsupported_encoding": Sentence(lt="Nepriimamas turinio kodavimas", en="Unsupported content coding"),
    "internal_error": Sentence(lt="Vidinė klaida", en="Internal error"),
}

BODY: dict[str, Sentence] = {
    "malformed_json": Sentence(lt="Turinys nėra taisyklingas JSON.", en="The body is not well-formed JSON."),
    "not_utf8": Sentence(lt="Turinys turi būti UTF-8 koduote, be BOM.", en="The body has to be UTF-8 without a BOM."),
    "too_deep": Sentence(lt="Turinyje per daug įdėtų lygių.", en="The body is nested too deeply."),
    "duplicate_key": Sentence(lt="Tas pats laukas nurodytas dukart.", en="The same key stands twice in an object."),
    "number_out_of_range": Sentence(lt="Skaičius per didelis.", en="A number is out of range."),
    "invalid_character": Sentence(
        lt="Tekste yra neleistinų ženklų (NUL arba pusė surogatinės poros).",
        en="A text has characters that cannot be kept (NUL or half of a surrogate pair).",
    ),
}


MEANINGS: dict[type[Refusal], Sentence] = {
    errors.Malformed: Sentence(
        lt="Užklausos perskaityti nepavyko, todėl niekas nepakeista.",
        en="The request cannot be read; nothing was changed.",
    ),
    errors.Unauthenticated: NO_KEY,
    errors.Forbidden: Sentence(
        lt="Kas kreipiasi, žinoma, bet šio veiksmo jam daryti neleista.", en="The caller is known and may not do this."
    ),
    errors.NotFound: Sentence(
        lt="Tokio įrašo nėra arba jums apie jį žinoti neleista.",
        en="There is no such record, or you may not know of it.",
    ),
    errors.NotAllowed: Sentence(
        lt="Įrašas yra, bet jo dabartinė būsena veiksmo neleidžia; reasons nurodo, ko trūksta.",
        en="The record exists, but not in a state from which this may be done; reasons say what is missing.",
    ),
    errors.Conflict: Sentence(lt="Kitas įrašas jau užima šią vietą.", en="Something else already holds this place."),
    errors.Stale: errors.Stale().sentence,
    errors.Invalid: Sentence(
        lt="Turinys perskaitytas, bet jo reikšmės netinka; errors nurodo, kurios.",
        en="The content was read and says something that cannot be; errors point at it.",
    ),
    idempotency.Reused: idempotency.REUSED,
    TooMany: Sentence(
        lt="Šios minutės užklausų kvota išnaudota; Retry-After nurodo, kada bandyti vėl.",
        en="The quota of requests of this minute is used up; Retry-After says when to try again.",
    ),
    errors.VersionRequired: errors.VersionRequired().sentence,
    errors.Unavailable: errors.Unavailable().sentence,
    errors.OutcomeUnknown: errors.OutcomeUnknown().sentence,
    NothingKept: NothingKept([]).sentence,
    NotKept: NotKept().sentence,
    NotReady: Sentence(
        lt="Neveikia tai, be ko paslauga atsakyti negali; checks nurodo, kas.",
        en="Something without which the service cannot answer is missing; checks tell what.",
    ),
}


def install(app: FastAPI) -> None:
    app.add_exception_handler(Refusal, refused)  # type: ignore[arg-type]
    app.add_exception_handler(NothingKept, nothing_kept)  # type: ignore[arg-type]
    app.add_exception_handler(NoToken, no_token)  # type: ignore[arg-type]
    app.add_exception_handler(Replayed, replayed)  # type: ignore[arg-type]
    app.add_exception_handler(NotReady, not_ready)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, http_error)  # type: ignore[arg-type]
    for kind in (
        DBAPIError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError,
        TimeoutError,
    ):  # fmt: skip
        app.add_exception_handler(kind, database_error)
    app.add_exception_handler(Exception, fault)


def problem(
    request: Request,
    status: int,
    code: str,
    title: Sentence,
    detail: Sentence,
    facts: Mapping[str, Any] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    language: Language = request.state.language
    PROBLEMS.labels(code).inc()
    body = document(language, request.state.request_id, status, code, title, detail, facts, **members)
    return Response(
        json.dumps(body, ensure_ascii=False, default=str).encode(),
        status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


async def refused(request: Request, refusal: Refusal) -> Response:
    language: Language = request.state.language
    status = STATUS[type(refusal)]
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="kokybe"'
    if status == 503 or refusal.problem == "idempotency_in_progress":
        headers["Retry-After"] = "1"
    if isinstance(refusal, TooMany):
        headers["Retry-After"] = str(refusal.facts["seconds"])
    return problem(
        request,
        status,
        refusal.problem,
        refusal.title,
        refusal.sentence,
        refusal.facts,
        headers=headers,
        errors=[one.say(language) for one in refusal.errors],
        reasons=[one.say(language) for one in refusal.reasons],
    )


async def no_token(request: Request, refusal: NoToken) -> Response:
    """A problem that clients of OAuth understand as well: `error` and `error_description` of RFC 6749, section 5.2."""
    known = refusal.error != "invalid_client"
    return problem(
        request,
        400 if known else 401,
        refusal.error,
        (errors.Malformed if known else errors.Unauthenticated).title,
        refusal.sentence,
        headers={"Pragma": "no-cache"} | ({} if known else {"WWW-Authenticate": 'Basic realm="kokybe"'}),
        error=refusal.error,
        error_description=refusal.sentence.en,
    )


async def nothing_kept(request: Request, refusal: NothingKept) -> Response:
    return problem(
        request, STATUS[NothingKept], refusal.problem, refusal.title, refusal.sentence, items=refusal.results
    )


async def replayed(_: Request, earlier: Replayed) -> Response:
    REPLAYS.inc()
    return earlier.response


async def not_ready(request: Request, refusal: NotReady) -> Response:
    checks = {name: check.model_dump() for name, check in refusal.checks.items()}
    headers = {"Retry-After": "5"}
    return problem(
        request, 503, refusal.problem, refusal.title, refusal.sentence, refusal.facts, headers=headers, checks=checks
    )


async def invalid(request: Request, error: RequestValidationError) -> Response:
    """What pydantic found: 404 for an address that cannot exist, 400 for query parameters, 422 for content."""
    language: Language = request.state.language
    found = error.errors()
    places = {one["loc"][0] for one in found}
    if "path" in places:
        return await refused(request, errors.NotFound())
    if "query" in places:
        return problem(
            request,
            400,
            "invalid_parameter",
            errors.Malformed.title,
            BAD_PARAMETERS,
            errors=[
                {"parameter": str(one["loc"][-1] if len(one["loc"]) < 3 else one["loc"][1]), **_said(one, language)}
                for one in found
            ],
        )
    return problem(
        request,
        422,
        errors.Invalid.code,
        errors.Invalid.title,
        errors.Invalid().sentence,
        errors=[{"pointer": _pointer(one["loc"][1:]), **_said(one, language)} for one in found],
    )


def _said(one: Mapping[str, Any], language: Language) -> dict[str, str]:
    sentence = MESSAGES.get(one["type"], OTHER)
    facts = {name: value for name, value in (one.get("ctx") or {}).items() if isinstance(value, str | int | float)}
    if isinstance(expected := facts.get("expected"), str):
        facts["expected"] = ", ".join(re.findall(r"'([^']*)'", expected))
    return {"code": one["type"], "message": sentence.say(language, facts or None) if facts else sentence.say(language)}


_FIELD = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)


def _pointer(place: Sequence[str | int]) -> str:
    """The place as a JSON pointer, as far as its names could be ours: an invented name may be anything, and is not
    repeated."""
    steps: list[str] = []
    for step in place:
        if isinstance(step, str) and not _FIELD.fullmatch(step):
            break
        steps.append(f"/{step}")
    return "".join(steps)


async def http_error(request: Request, error: HTTPException) -> Response:
    """What the framework itself refuses."""
    if isinstance(error, BadBody):
        return problem(request, 400, error.code, errors.Malformed.title, BODY[error.code], position=error.position)
    if isinstance(error, UnsupportedBody):
        return problem(request, 415, error.code, TITLES[error.code], UNSUPPORTED, headers=error.headers)
    if error.status_code == 405:
        allow = ", ".join(sorted(_methods(request)))
        return problem(
            request, 405, "method_not_allowed", TITLES["method_not_allowed"], NO_SUCH_METHOD, headers={"Allow": allow}
        )
    if error.status_code == 408:
        return problem(request, 408, "request_timeout", TITLES["request_timeout"], TOO_SLOW, headers=CLOSE)
    if error.status_code == 413:
        return too_large(request)
    if error.status_code == 404:
        return problem(request, 404, errors.NotFound.code, errors.NotFound.title, NO_SUCH_PATH)
    return problem(request, 400, errors.Malformed.code, errors.Malformed.title, BODY["malformed_json"])


def too_large(request: Request) -> Response:
    return problem(request, 413, "content_too_large", TITLES["content_too_large"], TOO_LARGE, headers=CLOSE)


def too_long(request: Request) -> Response:
    return problem(request, 414, "uri_too_long", TITLES["uri_too_long"], TOO_LONG, headers=CLOSE)


def not_our_host(request: Request) -> Response:
    return problem(request, 400, "invalid_host", errors.Malformed.title, NOT_OUR_HOST, headers=CLOSE)


def encoded(request: Request) -> Response:
    """Codings are refused rather than undone: a body within the limit may inflate a thousandfold."""
    headers = {"Accept-Encoding": "identity"}
    return problem(request, 415, "unsupported_encoding", TITLES["unsupported_encoding"], UNSUPPORTED, headers=headers)


def _methods(request: Request) -> set[str]:
    """Every method that some route takes at this path; the framework itself names those of the first route only."""
    found: set[str] = set()
    for route in (*ROUTES, *request.app.router.routes):
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return found | ({"HEAD"} if "GET" in found else set())


async def database_error(request: Request, error: Exception) -> Response:
    """A database that is away, restarting or overwhelmed is 503 with a time to try again; anything else is a fault."""
    cause = getattr(error, "driver_exception", None) or error
    if is_passing(error):
        log.warning("database_unavailable", request_id=request.state.request_id, error=type(cause).__name__)
        return await refused(request, errors.Unavailable())
    if isinstance(cause, asyncpg.CharacterNotInRepertoireError | asyncpg.DataError):
        return problem(request, 422, "invalid_character", errors.Invalid.title, BODY["invalid_character"])
    return await fault(request, error)


async def fault(request: Request, error: Exception) -> Response:
    log.error("fault", request_id=request.state.request_id, error=type(error).__name__, exc_info=error)
    return problem(request, 500, "internal_error", TITLES["internal_error"], FAULT)


@dataclass(frozen=True, slots=True)
class Documented:
    """A problem as its page tells of it."""

    status: int
    title: Sentence
    meaning: Sentence


@cache
def catalogue() -> dict[str, Documented]:
    """Every problem code: the pages at `/problems/{code}`."""
    malformed, unknown, refused = errors.Malformed.title, errors.Unauthenticated.title, errors.Forbidden.title
    found = {kind.code: Documented(status, kind.title, MEANINGS[kind]) for kind, status in STATUS.items()}
    found |= {
        "method_not_allowed": Documented(405, TITLES["method_not_allowed"], NO_SUCH_METHOD),
        "content_too_large": Documented(413, TITLES["content_too_large"], TOO_LARGE),
        "uri_too_long": Documented(414, TITLES["uri_too_long"], TOO_LONG),
        "request_timeout": Documented(408, TITLES["request_timeout"], TOO_SLOW),
        "invalid_host": Documented(400, malformed, NOT_OUR_HOST),
        "unsupported_media_type": Documented(415, TITLES["unsupported_media_type"], UNSUPPORTED),
        "unsupported_encoding": Documented(415, TITLES["unsupported_encoding"], UNSUPPORTED),
        "internal_error": Documented(500, TITLES["internal_error"], FAULT),
        "invalid_parameter": Documented(400, malformed, BAD_PARAMETERS),
        "invalid_cursor": Documented(400, malformed, BAD_CURSOR),
        "out_of_scope": Documented(403, refused, OUT_OF_SCOPE),
        "invalid_credential": Documented(401, unknown, BAD_KEY),
        "invalid_request": Documented(400, malformed, oauth.NOT_A_FORM),
        "unsupported_grant_type": Documented(400, malformed, oauth.OTHER_GRANT_TYPE),
        "invalid_client": Documented(401, unknown, oauth.BAD_CLIENT),
        "conflict_of_interest": Documented(403, refused, REFUSED_TO_YOU),
        "idempotency_key_required": Documented(400, malformed, idempotency.REQUIRED),
        "idempotency_key_malformed": Documented(400, malformed, idempotency.BAD_FORM),
        "idempotency_in_progress": Documented(409, errors.Conflict.title, idempotency.RUNNING),
        "idempotency_key_reused": Documented(422, idempotency.Reused.title, idempotency.REUSED),
    }
    found |= {code: Documented(400, malformed, sentence) for code, sentence in BODY.items()}
    for table in Table.metadata.tables.values():
        for rule in (*table.constraints, *table.indexes):
            if reason := rule.info.get("refusal"):
                found[reason.code] = Documented(409, errors.Conflict.title, reason.sentence)
    # Of several tables, each of which says whose code it is.
    found["code_in_use"] = Documented(409, errors.Conflict.title, CODE_IN_USE)
    return found
