"""Request bodies, read strictly: what two JSON parsers could read differently is refused at the door.

The standard decoder takes NaN, duplicate keys, half a surrogate pair and a hundred thousand brackets; each of
these later fails somewhere that cannot say so (the database, the answer, another language's parser). What
passes `decode` is JSON by RFC 8259 within the limits of I-JSON (RFC 7493), and can be stored and written.

A refusal never holds a piece of the body, because bodies carry secrets and refusals are logged.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Coroutine
from itertools import accumulate
from typing import Any, Final, Literal

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

LARGEST: Final = 256 * 1024
"""Bytes of a body."""

MAX_DEPTH: Final = 32
"""Arrays and objects within one another; the deepest body of the API needs six."""

MAX_DIGITS: Final = 308
"""Characters of an integer: what a double always holds, far below the length at which Python gives up."""

JSON_TYPES: Final = ("application/json", "application/merge-patch+json")

BodyCode = Literal[
    "malformed_json", "not_utf8", "too_deep", "duplicate_key", "number_out_of_range", "invalid_character"
]


class BadBody(HTTPException):
    """The body is not JSON that the service reads; `position` counts characters from 0, where it is known.

    An `HTTPException`, as FastAPI lets nothing else out of the place where it reads bodies.
    """

    def __init__(self, code: BodyCode, position: int | None = None) -> None:
        super().__init__(status_code=400, detail=code)
        self.code: Final = code
        self.position: Final = position


class UnsupportedBody(HTTPException):
    """The body has a media type that is not read here; `headers` name those that are."""

    code: Final = "unsupported_media_type"

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__(status_code=415, detail=self.code, headers=headers)


def decode(body: bytes) -> Any:
    """The value of a JSON text, or `BadBody`."""
    if 0 in body[:2] or body.startswith(b"\xef\xbb\xbf"):  # UTF-16, UTF-32 or a byte order mark
        raise BadBody("not_utf8")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BadBody("not_utf8") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        raise BadBody("too_deep")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        # `from None`: the original carries the whole document.
        raise BadBody("malformed_json", error.pos) from None
    if _RISKY_ESCAPE.search(text):
        _refuse_unstorable(value)
    return value


_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
# The closing quote is optional so that an unterminated string is one match up to the end. Were it required,
# each quote within would start a search of its own, and the time would grow with the square of the length.

_BRACKETS = bytes(1 if byte in b"[{" else 255 if byte in b"]}" else 0 for byte in range(256))
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def _depth(body: bytes) -> int:
    """How deep the brackets outside strings go. The parser recurses, so this is known before it starts."""
    steps = _STRING.sub(b"", body).translate(_BRACKETS, _NOT_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b")), default=0)


_RISKY_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
# A strict UTF-8 decoder lets no surrogate through and the parser no bare control character, so both can only
# come from an escape. A whole pair (an emoji) and an escaped backslash match too; the value then tells.


def _refuse_unstorable(value: Any) -> None:
    """Refuse NUL (PostgreSQL stores none) and lone surrogates (UTF-8 has none) in any string or key."""
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise BadBody("invalid_character")
    elif isinstance(value, list):
        for item in value:
            _refuse_unstorable(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_unstorable(key)
            _refuse_unstorable(item)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadBody("duplicate_key")
    return members


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise BadBody("number_out_of_range")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise BadBody("number_out_of_range")
    return number


def _constant(_name: str) -> Any:
    """NaN, Infinity and -Infinity, which Python takes for numbers and JSON does not."""
    raise BadBody("malformed_json")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


class StrictRequest(Request):
    """A request whose body is JSON in UTF-8 or empty, and nothing else."""

    async def body(self) -> bytes:
        if not hasattr(self, "_body") and await super().body():
            _refuse_unreadable(self)
        return self._body

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = decode(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route that reads its JSON body through `decode`: `APIRouter(route_class=StrictRoute)`.

    A missing body is left to the validation, which knows whether one is needed. Routes that declare no body
    stay as FastAPI makes them, and may read what they like from the stream.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def handle_strictly(request: Request) -> Response:
            if not isinstance(request, StrictRequest):
                request = StrictRequest(request.scope, request.receive)
            return await handle(request)

        return handle_strictly


def _refuse_unreadable(request: Request) -> None:
    """Answer 415 to a body of a type that is not ours."""
    if not _is_json(request.headers.get("content-type", "")):
        accept = "Accept-Patch" if request.method == "PATCH" else "Accept-Post"
        raise UnsupportedBody({accept: ", ".join(JSON_TYPES)})


def _is_json(content_type: str) -> bool:
    return media_type(content_type) in JSON_TYPES


def media_type(content_type: str) -> str | None:
    """What a `Content-Type` names, unless its charset is not UTF-8; other parameters change nothing."""
    named, *parameters = content_type.lower().split(";")
    charsets = [
        value.strip().strip('"')
        for name, _, value in (parameter.partition("=") for parameter in parameters)
        if name.strip() == "charset"
    ]
    return named.strip() if all(charset in ("utf-8", "utf8") for charset in charsets) else None
