"""Answers printed from a `View`: one resource with its ETag and actions, a page of a list, the result of a change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from hashlib import blake2s
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from starlette.responses import Response

from api import snapshots
from api.access import Caller
from api.cursors import Cursors
from api.deps import BAD_PARAMETERS, Reading, Writing
from api.messages import MESSAGES
from api.refusals import NothingKept, NotKept, told
from api.snapshots import Table
from programme.errors import FieldError, Malformed, NotFound, Reason, Refusal
from programme.queries import views
from programme.queries.explanations import Asked, Explain
from programme.queries.past import Past
from programme.queries.views import Sort, Statement, View
from programme.rules import calendar
from programme.rules.lifecycle import Action
from programme.rules.steps import written
from schemas.bulk import Atomicity
from schemas.page import PageQuery


def _refuse(parameter: str, expected: Sequence[str]) -> Malformed:
    error = FieldError(f"?{parameter}", "unknown_value", MESSAGES["enum"], {"expected": sorted(expected)})
    return Malformed(BAD_PARAMETERS, code="invalid_parameter", errors=[error])


def names(parameter: str, value: str | None, known: Sequence[str]) -> tuple[str, ...]:
    """Names separated by commas, each of them known."""
    names = tuple(dict.fromkeys(value.split(","))) if value else ()
    if not set(names) <= set(known):
        raise _refuse(parameter, known)
    return names


def _expansions(view: View, value: str | None) -> tuple[str, ...]:
    return names("expand", value, _paths(view, 2))


@cache
def _paths(view: View, depth: int) -> list[str]:
    if not depth:
        return []
    return [
        path
        for name, expansion in view.expands.items()
        for path in [name, *(f"{name}.{deeper}" for deeper in _paths(expansion.view, depth - 1))]
    ]


def looking_back(
    caller: Caller, as_of: date | None, known_at: datetime | None
) -> tuple[Past | None, dict[str, date | datetime]]:
    """How far back a question looks, and the values for its statement: the day that it is about (`as_of`; else that of
    the moment, else today) and the moment by which things were recorded (`known_at`), which has to be over."""
    if known_at is not None:
        if known_at > caller.now:
            error = FieldError("?known_at", "moment_ahead", MESSAGES["moment_ahead"], {"now": caller.now.isoformat()})
            raise Malformed(BAD_PARAMETERS, code="invalid_parameter", errors=[error])
        return Past.MOMENT, {"today": as_of or calendar.today(known_at), "known_at": known_at}
    return Past.DAY if as_of else None, {"today": as_of or caller.today}


async def single(
    door: Reading,
    view: View,
    key: Any,
    *,
    by: str = "id",
    expand: str | None = None,
    path: str | None = None,
    as_of: date | None = None,
    known_at: datetime | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """200 with the resource, 304 where the caller has it already, 404 where there is none that they may know of.

    `path`: the address of its list. `as_of`: the day that it is judged on, `known_at`: the moment by which what is told
    was recorded; no actions then, as nobody moves the past. `more`: values that the view's own conditions are asked with.
    """
    caller = door.caller
    expansions = _expansions(view, expand)
    sees = caller.sight.sees
    past, when = looking_back(caller, as_of, known_at)
    given = {"key": key, **when, **caller.sight.values, **(more or {})}
    known = door.request.headers.get("if-none-match")
    if known is not None:
        row = await views.one(door.connection, views.tag_statement(view, by, expansions, sees, past), **given)
        if row is None:
            raise NotFound
        tag = _tag(_query(door), caller, row)
        if tag in known or known == "*":
            return Response(status_code=304, headers={"ETag": tag, **private(caller)})
    row = await views.one(door.connection, views.single_statement(view, by, expansions, sees, past), **given)
    if row is None:
        raise NotFound
    return _answer(_query(door), caller, view, row, 200, path, with_actions=past is None)


async def explained(
    door: Reading,
    view: View,
    key: Any,
    explain: Explain,
    *,
    by: str = "id",
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> Response:
    """Why the resource is as it is on the day, step by step; 404 as for the resource itself."""
    caller = door.caller
    sees = caller.sight.sees
    past, when = looking_back(caller, as_of, known_at)
    given = {"key": key, **when, **caller.sight.values}
    row = await views.one(door.connection, views.tag_statement(view, by, (), sees, past), **given)
    if row is None:
        raise NotFound
    on = as_of or calendar.today(known_at or caller.now)
    found = await explain(Asked(door.connection, row["id"], sees, past, on, known_at))
    said = {
        "id": row["id"], "as_of": on, "known_at": written(known_at), **found.outcome,
        "steps": [step.say(caller.language) for step in found.steps],
    }  # fmt: skip
    return plain(door, as_json(said))


async def rows_of(door: Reading, view: View, key: Any, statement: Statement, *, by: str = "id") -> Response:
    """Everything that hangs on one resource, without pages: `{"items": […]}`; 404 where the resource is not known."""
    owner = await parent(door, view, key, by=by)
    rows = await views.rows(door.connection, statement, id=owner, today=door.caller.today, **door.caller.sight.values)
    return plain(door, f'{{"items":[{",".join(row["body"] for row in rows)}]}}')


async def read(door: Reading, view: View, key: Any, *, by: str = "id") -> dict[str, Any]:
    """The resource's representation, for what is worked out of it; 404 where there is none that the caller may know of."""
    sight = door.caller.sight
    statement = views.single_statement(view, by, (), sight.sees)
    row = await views.one(door.connection, statement, key=key, today=door.caller.today, **sight.values)
    if row is None:
        raise NotFound
    found: dict[str, Any] = json.loads(row["body"])
    return found


async def parent(door: Reading, view: View, key: Any, *, by: str = "id") -> UUID:
    """The resource's id; 404 where there is none that the caller may know of."""
    sight = door.caller.sight
    statement = views.tag_statement(view, by, (), sight.sees)
    row = await views.one(door.connection, statement, key=key, today=door.caller.today, **sight.values)
    if row is None:
        raise NotFound
    found: UUID = row["id"]
    return found


Secret = Mapping[str, str]
"""A field of an answer that is shown this once."""


async def changed(
    door: Writing, view: View, key: UUID, *, status: int = 200, path: str | None = None, secret: Secret | None = None
) -> Response:
    """The resource as the change leaves it; kept with the caller's idempotency key where they gave one."""
    connection = await door.work.connection()
    sight = door.caller.sight
    statement = views.single_statement(view, "id", (), sight.sees)
    row = await views.one(connection, statement, key=key, today=door.caller.today, **sight.values)
    if row is None:
        raise NotFound
    return await left_as(door, view, row, key, status=status, path=path, secret=secret)


async def left_as(
    door: Writing,
    view: View,
    row: Mapping[str, Any],
    key: UUID | str,
    *,
    status: int = 200,
    path: str | None = None,
    secret: Secret | None = None,
) -> Response:
    """As `changed`, where the change itself has told the row that it leaves."""
    response = _answer("", door.caller, view, row, 200 if door.validate_only else status, path)
    if status in (201, 202) and not door.validate_only:
        response.headers["Location"] = located(door.caller, f"{path or path_of(view)}/{key}")
    return await _kept(door, response, secret)


async def one_of(door: Writing, statement: Statement, key: UUID, *, status: int) -> Response:
    """A row below a resource, without an address or a version of its own, as the change leaves it."""
    row = await views.one(await door.work.connection(), statement, id=key)
    if row is None:
        raise NotFound
    return await untagged(door, row["body"], status)


def plain(door: Reading, body: str, next_cursor: str | None = None) -> Response:
    """What has no version of its own, as it is read; `next_cursor`: where it goes on, if it does."""
    headers = private(door.caller)
    if next_cursor:
        headers["Link"] = f'<{_next(door, next_cursor)}>; rel="next"'
    return Response(body, 200, headers, "application/json")


async def removed(door: Writing) -> Response:
    """204: what was there is no more; 200 where it was only tried."""
    response = Response(status_code=200 if door.validate_only else 204, headers=private(door.caller))
    return await _kept(door, response)


async def untagged(
    door: Writing, body: str, status: int = 200, location: str | None = None, *, secret: Secret | None = None
) -> Response:
    """What has no version of its own, as the change leaves it; `location`: the address of what was made."""
    response = Response(body, 200 if door.validate_only else status, private(door.caller), "application/json")
    if location is not None and status == 201 and not door.validate_only:
        response.headers["Location"] = located(door.caller, location)
    return await _kept(door, response, secret)


async def _kept(door: Writing, response: Response, secret: Secret | None = None) -> Response:
    """The answer, kept with the caller's idempotency key where they gave one. `secret`: what is shown this once; what is
    kept for a repeated request has null in its place."""
    if not secret:
        if door.once is not None:
            await door.once.keep(door.connection, response)
        return response
    body = json.loads(bytes(response.body))
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    await _kept(door, Response(as_json(body | dict.fromkeys(secret)), response.status_code, headers))
    shown = as_json(body | dict(secret))
    return Response(shown, response.status_code, headers | {"cache-control": "no-store"})


async def several(
    door: Writing,
    view: View,
    atomicity: Atomicity,
    name: str,
    results: Sequence[tuple[Mapping[str, Any], Any, Refusal | None]],
) -> Response:
    """What became of each of several changes: of each what it is known by, the row that it leaves (under `name`), or
    why it was refused. `NothingKept` where all of them were, or one of those that are to be kept together."""
    caller = door.caller
    refusals = [refusal for _, _, refusal in results if refusal]
    together = atomicity is Atomicity.ALL and bool(refusals)

    def result(known_by: Mapping[str, Any], row: Any, refusal: Refusal | None) -> dict[str, Any]:
        if refusal is None and together:
            refusal = NotKept()
        if refusal is not None:
            problem = told(caller.language, caller.request_id, refusal)
            return {
                **known_by,
                "status": problem["status"],
                "etag": None,
                "version": None,
                name: None,
                "problem": problem,
            }
        return {
            **known_by, "status": 201 if row["is_new"] else 200, "etag": _tag("", caller, row), "version": row["version"],
            name: json.loads(row["body"]), "problem": None,
        }  # fmt: skip

    items = [result(*one) for one in results]
    if together or len(refusals) == len(items):
        raise NothingKept(items)
    response = Response(as_json({"items": items}), 200, private(caller), "application/json")
    return await _kept(door, response)


def located(caller: Caller, path: str) -> str:
    """The address under which the caller finds it: what is of a test clock's world, in that world."""
    return path if caller.test_clock is None else f"{path}?test_clock={caller.test_clock}"


def _answer(
    query: str,
    caller: Caller,
    view: View,
    row: Mapping[str, Any],
    status: int,
    path: str | None,
    *,
    with_actions: bool = True,
) -> Response:
    body: str = row["body"]
    if with_actions:
        body = _with_actions(body, caller, view, row, path)
    headers = {"ETag": _tag(query, caller, row), **private(caller)}
    return Response(body, status, headers, "application/json")


def private(caller: Caller) -> dict[str, str]:
    """What an answer depends on besides its address; kept by nobody unasked."""
    return {
        "Vary": "Authorization, Accept-Language",
        "Cache-Control": "private, no-cache",
        "Content-Language": caller.language,
    }


def _query(door: Reading) -> str:
    """As it stands in the address; `request.url` puts the whole address together for it."""
    query: bytes = door.request.scope["query_string"]
    return query.decode("latin-1")


def _tag(query: str, caller: Caller, row: Mapping[str, Any]) -> str:
    """`"<version>.<digest>"`: the digest is over all else that the answer depends on."""
    parts = [query, caller.language, caller.actor.id, caller.role, caller.today.isoformat()]
    parts += sorted(caller.actor.scopes)
    parts += [str(value) for name, value in row.items() if name.startswith(("fact_", "version_"))]
    digest = blake2s("\n".join(parts).encode(), digest_size=8).hexdigest()
    return f'"{row["version"]}.{digest}"'


def _with_actions(body: str, caller: Caller, view: View, row: Mapping[str, Any], path: str | None) -> str:
    if view.lifecycle is None:
        return body
    facts = view.judged(row, caller.actor, caller.today)
    actions = [
        _action(caller, action, f"{path or path_of(view)}/{row['id']}")
        for action in view.lifecycle.actions(facts, caller.role)
        if caller.actor.may(view.moved_with or f"{view.name}.{action.name}")
    ]
    return f'{body[:-1]},"actions":{as_json(actions)}}}'


def action(caller: Caller, view: View, name: str, row: Mapping[str, Any] | None, href: str) -> dict[str, Any]:
    """One move of a resource as it stands in its `actions`. `row`: the facts that its lifecycle looks at, if it has
    one; `href`: the address of the resource."""
    reasons: tuple[Reason, ...] = ()
    if view.lifecycle is not None and row is not None:
        reasons = view.lifecycle.reasons(name, view.judged(row, caller.actor, caller.today))
    return _action(caller, Action(name, name.replace("_", "-"), reasons), href)


def _action(caller: Caller, action: Action, href: str) -> dict[str, Any]:
    return {
        "name": action.name,
        "allowed": not action.reasons,
        "reasons": [reason.say(caller.language) for reason in action.reasons],
        "method": "POST",
        "href": f"{href}/{action.path}",
    }


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def path_of(view: View) -> str:
    return "/v1/" + view.name.replace("_", "-")


async def page(
    door: Reading,
    view: View,
    asked: PageQuery,
    filters: Mapping[str, Any],
    *,
    path: str | None = None,
    as_of: date | None = None,
    known_at: datetime | None = None,
    table: type[Table] | None = None,
) -> Response:
    """A page of the list, or with `Accept: application/x-ndjson` all of it, and with `text/csv` as a `table`. `filters`: values by the names of
    `View.filters`; `path`: the address of the list where it is not the view's own; `as_of`, `known_at`: as of a single
    one."""
    caller = door.caller
    sort = _sort(view, asked.sort)
    include = names("include", asked.include, ("total", "actions") if view.lifecycle else ("total",))
    past, when = looking_back(caller, as_of, known_at)
    with_actions = "actions" in include and past is None
    fields = names("fields", asked.fields, list(view.fields)) or None
    expand = _expansions(view, asked.expand)
    filters = views.narrowest(view, filters)
    conditions = frozenset(filters)
    sees = caller.sight.sees
    bound_to = json.dumps(
        [
            view.name,
            [(one.name, one.descending) for one in sort],
            sorted((name, value) for name, value in filters.items() if name not in view.implied),
            caller.actor.id,
            as_of,
            known_at,
            caller.test_clock,
        ],
        default=str,
    )
    given: dict[str, Any] = {**filters, **when, **caller.sight.values}
    kind = snapshots.wanted(door.request, table)
    if kind is not None:
        _refuse_paging(asked)
        statement = views.whole_statement(view, conditions, fields, expand, sees, past)
        return kind(door, statement, given, private(caller))
    cursors: Cursors = door.request.app.state.cursors
    if asked.cursor is not None:
        reached = cursors.open(asked.cursor, bound_to)
        given |= {f"after_{place}": value for place, value in enumerate(reached)}
    statement = views.page_statement(
        view, conditions, sort, asked.cursor is not None, fields, expand, sees, with_actions, asked.limit + 1, past
    )
    rows = await views.rows(door.connection, statement, **given)
    more = len(rows) > asked.limit
    rows = rows[: asked.limit]
    next_cursor = None
    if more:
        last = rows[-1]
        next_cursor = cursors.seal([*(last[f"key_{place}"] for place in range(len(sort))), last["id"]], bound_to)
    bodies = [row["body"] for row in rows]
    if with_actions:
        bodies = [_with_actions(body, caller, view, row, path) for body, row in zip(bodies, rows, strict=True)]
    total = ""
    if "total" in include:
        counted = await views.one(door.connection, views.count_statement(view, conditions, sees, past), **given)
        total = f',"total":{counted[0] if counted else 0}'
    body = f'{{"items":[{",".join(bodies)}],"next_cursor":{json.dumps(next_cursor)}{total}}}'
    return plain(door, body, next_cursor)


def _refuse_paging(asked: PageQuery) -> None:
    """A snapshot has no pages and no order, and tells nothing beside the items."""
    if given := sorted(asked.model_fields_set & {"limit", "cursor", "sort", "include"}):
        error = MESSAGES["unknown_parameter"]
        raise Malformed(
            BAD_PARAMETERS,
            code="invalid_parameter",
            errors=[FieldError(f"?{name}", "unknown_parameter", error) for name in given],
        )


def _next(door: Reading, cursor: str) -> str:
    parameters = [(name, value) for name, value in door.request.query_params.multi_items() if name != "cursor"]
    if (world := getattr(door.request.state, "test_clock", None)) is not None:
        parameters.append(("test_clock", world))
    return f"{quote(door.request.url.path)}?{urlencode([*parameters, ('cursor', cursor)])}"


def _sort(view: View, asked: str | None) -> tuple[Sort, ...]:
    keys = tuple(Sort(name.removeprefix("-"), name.startswith("-")) for name in (asked or view.default_sort).split(","))
    names = [one.name for one in keys]
    if not set(names) <= set(view.sorts) or len(set(names)) != len(names):
        raise _refuse("sort", [*view.sorts, *(f"-{name}" for name in view.sorts)])
    return keys
