"""The doors: a route names a permission, and through its door comes who calls, the time, and a connection.

Either way in a transaction which begins with who calls: from that statement on, PostgreSQL shows and takes only what
they may see. Reading looks things up on a bare connection. Writing opens the one transaction of the request, which the
door ends before the answer leaves (`scope="function"`: the default scope answers first, and a commit that then fails is
lost).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api import idempotency
from api.access import Caller, identify, permit, shown
from api.access.keys import note_use
from api.access.lookup import Credential
from api.limits import Limits
from api.messages import MESSAGES
from programme.database import Connection, Database
from programme.errors import FieldError, Forbidden, Malformed, NotFound, VersionRequired
from programme.lending import READ
from programme.rules import calendar
from programme.rules.permissions import PERMISSIONS
from programme.sentences import Sentence
from programme.work import NOBODY, Work, begin

Versioned = bool | Literal["where_given"]
Sandboxed = bool | Literal["own"]

_IF_MATCH = re.compile(r'"(\d{1,9})(?:\.[0-9a-f]+)?"', re.ASCII)

_PARAMETER = re.compile(r"[a-z][a-z_]{0,29}(?:\[[a-z]{2,3}\])?", re.ASCII)

_ID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MOST_NAMED = 50
"""Ids that a request is looked through for; all that it names is of one world, or not found."""

CONTROL = re.compile("[\x00-\x1f\x7f\ufffd]")
"""Control characters, and what stands in the place of bytes that are not UTF-8: PostgreSQL keeps no NUL."""

BAD_IF_MATCH = Sentence(
    lt="Antraštės If-Match reikšmė turi būti įrašo ETag.", en="The If-Match header has to hold the record's ETag."
)
ONLY_THERE = Sentence(
    lt="Bandomojo laikrodžio klientas veikia tik jo aplinkoje.", en="A test clock's client acts in its world alone."
)
BAD_PARAMETERS = Sentence(
    lt="Užklausos parametrai netinkami.", en="The query parameters are not as this address takes them."
)


@dataclass(slots=True)
class Reading:
    """A caller who reads. `anew`: opens the same door once more, for an answer that goes on after the request's own
    transaction: what streams. Where it begins as `ONE_MOMENT`, all of it sees one moment of the database."""

    connection: Connection
    caller: Caller
    request: Request
    anew: Callable[..., AbstractAsyncContextManager[Reading]]


@dataclass(slots=True)
class Writing:
    """A caller who changes something. `validate_only`: every check is made and nothing is kept."""

    work: Work
    connection: Connection
    caller: Caller
    request: Request
    validate_only: bool
    once: idempotency.Once | None


class Door:
    """What a route goes through; `permission` is what it names.

    `sandboxed`: it leads into the world of a test clock where that is asked for. Without it, the programme's clients
    find the programme behind it, and those of a clock nothing, unless it is `own`: each finds the world that is theirs.
    """

    def __init__(self, permission: str, *, sandboxed: Sandboxed = True) -> None:
        if permission not in PERMISSIONS:
            raise KeyError(permission)
        self.permission = permission
        self.sandboxed = sandboxed

    async def caller(
        self, request: Request, credential: Credential, connection: Connection, database: Database,
        named: Sequence[UUID] = (), *, counts: bool = True,
    ) -> Caller:  # fmt: skip
        """Who calls, in the world that they ask for, or that one of the ids is of; from here on PostgreSQL knows.
        `counts`: towards their quota."""
        identity = await identify(connection, credential, _test_clock(request), named if self.sandboxed is True else ())
        request.state.unnoted_key = identity.unnoted_key
        if counts:
            limits: Limits = request.app.state.limits
            limits.of_client(request.scope["state"], identity.actor.id, writes=request.method != "GET")
        permit(identity.actor, self.permission)
        if identity.test_clock is not None and not self.sandboxed:
            raise Forbidden(ONLY_THERE)
        now = identity.now if identity.test_clock else database.fixed_now or identity.now
        state = request.state
        return Caller(
            identity.actor, identity.sight, identity.name, state.language, now, calendar.today(now), state.request_id,
            identity,
        )  # fmt: skip


class ReadingDoor(Door):
    async def __call__(self, request: Request) -> AsyncIterator[Reading]:
        refuse_unknown_parameters(request)
        async with self.opened(request) as reading:
            yield reading

    @asynccontextmanager
    async def opened(self, request: Request, begin: str = READ, *, counts: bool = True) -> AsyncIterator[Reading]:
        """For a request whose parameters are known to be the route's."""
        database: Database = request.app.state.database
        credential = await shown(request)
        try:
            async with database.reading(begin) as connection:
                caller = await self.caller(request, credential, connection, database, counts=counts)
                yield Reading(connection, caller, request, partial(self.opened, request, counts=False))
        finally:
            await note_use(database, request.scope["state"].get("unnoted_key"))


class WritingDoor(Door):
    """`versioned`: the change needs `If-Match`, or heeds it where it is given; `once`: it needs an `Idempotency-Key`."""

    def __init__(self, permission: str, *, versioned: Versioned, once: bool, sandboxed: Sandboxed = True) -> None:
        super().__init__(permission, sandboxed=sandboxed)
        self.versioned = versioned
        self.once = once

    async def __call__(self, request: Request) -> AsyncIterator[Writing]:
        refuse_unknown_parameters(request, {"validate_only"})
        validate_only = _flag(request, "validate_only")
        database: Database = request.app.state.database
        credential = await shown(request)
        try:
            async with begin(database, NOBODY) as work:
                connection = await work.connection()
                caller = await self.caller(request, credential, connection, database, await _named(request))
                work.actor, work.sight, work.request_id = caller.actor, caller.sight, caller.request_id
                if caller.test_clock is not None:
                    work.now, work.clock = caller.now, caller.test_clock
                if self.versioned is True or (self.versioned and "if-match" in request.headers):
                    work.expected_version = _if_match(request)
                once = await idempotency.claim(request, connection, caller, required=self.once and not validate_only)
                work.keeps = not validate_only
                yield Writing(work, connection, caller, request, validate_only, None if validate_only else once)
        finally:
            await note_use(database, request.scope["state"].get("unnoted_key"))


def reads(permission: str, *, sandboxed: Sandboxed = True) -> Any:
    return Depends(ReadingDoor(permission, sandboxed=sandboxed), scope="function")


def writes(permission: str, *, versioned: Versioned = True, once: bool = False, sandboxed: Sandboxed = True) -> Any:
    door = WritingDoor(permission, versioned=versioned, once=once, sandboxed=sandboxed)
    return Depends(door, scope="function")


def _test_clock(request: Request) -> UUID | None:
    """The clock that the request asks for, which its route has set apart (`api.units`)."""
    value: str | None = request.scope["state"].get("test_clock")
    if value is None:
        return None
    if not _ID.fullmatch(value.encode()):
        raise Malformed(
            BAD_PARAMETERS,
            code="invalid_parameter",
            errors=[FieldError("?test_clock", "id_malformed", MESSAGES["id_malformed"])],
        )
    return UUID(value)


async def _named(request: Request) -> list[UUID]:
    """Ids that a change names, in its address or its body: what it is about may be of a test clock's world."""
    said = request.scope["path"].encode() + b" " + await request.body()
    return [UUID(found.decode()) for found in islice(dict.fromkeys(_ID.findall(said)), _MOST_NAMED)]


def _flag(request: Request, name: str) -> bool:
    value = request.query_params.get(name, "false")
    if value not in ("true", "false"):
        raise Malformed(
            BAD_PARAMETERS,
            code="invalid_parameter",
            errors=[FieldError(f"?{name}", "bool_parsing", MESSAGES["bool_parsing"])],
        )
    return value == "true"


def _if_match(request: Request) -> int:
    """The version that the caller means to change: what stands before the dot of the ETag."""
    value = request.headers.get("if-match")
    if value is None:
        raise VersionRequired
    match = _IF_MATCH.fullmatch(value.strip())
    if match is None:
        raise Malformed(BAD_IF_MATCH)
    return int(match[1])


def refuse_unknown_parameters(request: Request, also: set[str] | frozenset[str] = frozenset()) -> None:
    """400 for a query parameter that the route does not take, that is given twice without being a list, or that holds
    control characters; 404 for an address with those."""
    if CONTROL.search(request.scope["path"]):
        raise NotFound
    if not request.scope["query_string"]:
        return
    seen: set[str] = set()
    found = []
    known = _known_parameters(request.scope["route"]) | dict.fromkeys(also, False)
    for name, value in request.query_params.multi_items():
        if name not in known:
            told = name if _PARAMETER.fullmatch(name) else ""  # an invented name may be anything, and is not repeated
            found.append(FieldError(f"?{told}", "unknown_parameter", MESSAGES["unknown_parameter"]))
        elif name in seen and not known[name]:
            found.append(FieldError(f"?{name}", "repeated_parameter", MESSAGES["repeated_parameter"]))
        elif CONTROL.search(value):
            found.append(FieldError(f"?{name}", "invisible_characters", MESSAGES["invisible_characters"]))
        seen.add(name)
    if found:
        raise Malformed(BAD_PARAMETERS, code="invalid_parameter", errors=found)


_parameters: dict[str, dict[str, bool]] = {}


def _known_parameters(route: APIRoute) -> dict[str, bool]:
    """The names that the route takes, those of a parameter model one by one, and whether each is a list; worked out once."""
    known = _parameters.get(route.unique_id)
    if known is None:
        known = _parameters[route.unique_id] = {}
        for field in route.dependant.query_params:
            model = field.field_info.annotation
            if isinstance(model, type) and issubclass(model, BaseModel):
                for name, about in model.model_fields.items():
                    known[about.alias or name] = _is_list(about.annotation)
            else:
                known[field.alias] = _is_list(model)
    return known


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))
