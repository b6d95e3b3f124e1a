"""Where a list goes on: opaque, encrypted, and bound to the list, its filters, its sort and the caller."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from programme.errors import Malformed
from programme.sealing import Seal, Unreadable
from programme.sentences import Sentence

BAD_CURSOR = Sentence(
    lt="Žymeklis netinka šiam sąrašui, filtrams ar rikiavimui.",
    en="The cursor does not belong to this list, these filters or this sort.",
)
FEED = "feed"
"""What the cursors of the feed are bound to: no caller, no filters."""


class Cursors:
    """Seals and opens cursors with one key of the service."""

    def __init__(self, secret: bytes) -> None:
        self._seal = Seal(secret, "cursor")

    def seal(self, values: Sequence[Any], bound_to: str) -> str:
        text = json.dumps([_written(value) for value in values], separators=(",", ":"))
        return urlsafe_b64encode(self._seal.close(text.encode(), bound_to)).decode().rstrip("=")

    def open(self, cursor: str, bound_to: str) -> list[Any]:
        try:
            sealed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            text = self._seal.open(sealed, bound_to)
        except (Unreadable, NotBase64, ValueError):
            raise Malformed(BAD_CURSOR, code="invalid_cursor") from None
        return [_read(*pair) for pair in json.loads(text)]


def _written(value: Any) -> tuple[str, Any]:
    match value:
        case date():
            return "d", value.isoformat()
        case UUID():
            return "u", value.hex
        case Decimal():
            return "n", str(value)
        case _:
            return "=", value


def _read(kind: str, value: Any) -> Any:
    match kind:
        case "d":
            return date.fromisoformat(value)
        case "u":
            return UUID(hex=value)
        case "n":
            return Decimal(value)
        case _:
            return value
