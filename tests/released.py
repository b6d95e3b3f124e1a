"""Holds `openapi.json` against the document that was released last: what would break a caller's program fails.

`python -m tests.released --check` compares; `--keep` makes the present document the released one. specshift compares. It is
shown both documents in a form in which it sees all of them: every reference resolved, a webhook as an answer (the caller
is sent it), a `const` as an enumeration of one, and null as what it means to a caller (`_Plain.fields`). What
was announced to end, and has ended, is left out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Final

from specshift import Severity, diff_specs

from api.openapi import DOCUMENT
from programme.rules import calendar

RELEASED: Final = DOCUMENT.parent / "docs" / "openapi-released.json"

Document = dict[str, Any]


def breaks(released: Document, present: Document, today: date) -> list[str]:
    """What a program that was written for the released document would stumble over."""
    released = {**released, "paths": _not_ended(released["paths"], today)}
    found = diff_specs(_plain(released), _plain(present))
    return [
        *_called_otherwise(released["paths"], present["paths"]),
        *(f"{one.location}: {one.message}" for one in found.changes if one.severity is not Severity.INFO),
    ]


def _called_otherwise(before: Document, after: Document) -> Iterator[str]:
    """Operations that generated clients know by another name, or that some callers may not call any more."""
    for path, methods in before.items():
        for method, was in methods.items():
            if (now := after.get(path, {}).get(method)) is None:
                continue
            if was["operationId"] != now["operationId"]:
                yield f"{method.upper()} {path}: operationId was {was['operationId']}"
            if "security" in now and any(way not in now["security"] for way in was.get("security", [{}])):
                yield f"{method.upper()} {path}: security was {was.get('security')}"


def _not_ended(paths: Document, today: date) -> Document:
    def lasts(operation: Document) -> bool:
        return date.fromisoformat(operation.get("x-sunset", date.max.isoformat())) > today

    left = {path: {verb: one for verb, one in methods.items() if lasts(one)} for path, methods in paths.items()}
    return {path: methods for path, methods in left.items() if methods}


def _plain(document: Document) -> Document:
    return _Plain(document).document()


class _Plain:
    def __init__(self, whole: Document) -> None:
        self.whole = whole

    def document(self) -> Document:
        paths = {
            path: {verb: self.operation(operation) for verb, operation in methods.items()}
            for path, methods in self.whole["paths"].items()
        }
        for name, webhook in self.whole.get("webhooks", {}).items():
            content = self.content(webhook["post"]["requestBody"]["content"], sent=False)
            paths[f"webhook {name}"] = {"post": {"responses": {"200": {"description": "", "content": content}}}}
        return {**self.whole, "paths": paths, "webhooks": {}}

    def operation(self, operation: Document) -> Document:
        plain = dict(operation)
        plain["parameters"] = [
            {**one, "schema": self.schema(one["schema"], sent=True)}
            for one in map(self.resolved, operation.get("parameters", ()))
        ]
        if "requestBody" in operation:
            body = operation["requestBody"]
            plain["requestBody"] = {**body, "content": self.content(body["content"], sent=True)}
        plain["responses"] = {
            status: {**answer, "content": self.content(answer.get("content", {}), sent=False)}
            for status, answer in ((status, self.resolved(one)) for status, one in operation["responses"].items())
        }
        return plain

    def content(self, content: Document, *, sent: bool) -> Document:
        return {media: {"schema": self.schema(one.get("schema", {}), sent=sent)} for media, one in content.items()}

    def resolved(self, part: Document) -> Document:
        while "$ref" in part:
            found: Any = self.whole
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            part = {**found, **{key: value for key, value in part.items() if key != "$ref"}}
        return part

    def schema(self, schema: Document, *, sent: bool) -> Document:
        """`sent`: by the caller. Else it is sent to them."""
        plain, _ = self.without_null(self.resolved(schema))
        if "const" in plain:
            plain["enum"] = [plain.pop("const")]
        for name in ("anyOf", "oneOf", "allOf"):
            if name in plain:
                plain[name] = [self.schema(one, sent=sent) for one in plain[name]]
        for name in ("items", "additionalProperties"):
            if isinstance(plain.get(name), dict):
                plain[name] = self.schema(plain[name], sent=sent)
        if "properties" in plain:
            self.fields(plain, sent=sent)
        return plain

    def without_null(self, schema: Document) -> tuple[Document, bool]:
        """The schema of what is there, and whether there may be null instead."""
        plain = dict(schema)
        if isinstance(plain.get("type"), list):
            types = [one for one in plain["type"] if one != "null"]
            is_null = len(types) < len(plain["type"])
            plain["type"] = types[0] if len(types) == 1 else types
            return plain, is_null
        for name in ("anyOf", "oneOf"):
            either = plain.get(name, [])
            left = [one for one in either if one.get("type") != "null"]
            if len(left) == len(either):
                continue
            if len(left) > 1:
                return {**plain, name: left}, True
            del plain[name]
            return {**plain, **self.resolved(left[0])}, True
        return plain, False

    def fields(self, plain: Document, *, sent: bool) -> None:
        """Null, in the words of a comparison that does not know of it: a field that the caller may be sent null in is none
        that they can count on; one that they may send null in is one field more that they may send."""
        properties, required = {}, set(plain.get("required", ()))
        for name, field in plain["properties"].items():
            properties[name] = self.schema(field, sent=sent)
            if self.without_null(self.resolved(field))[1]:
                if sent:
                    properties[f"{name}: null"] = {"type": "null"}
                else:
                    required.discard(name)
        plain["properties"], plain["required"] = properties, sorted(required)


def main() -> None:
    present = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    match sys.argv[1:]:
        case ["--keep"]:
            RELEASED.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
        case ["--check"]:
            released = json.loads(RELEASED.read_text(encoding="utf-8"))
            if found := breaks(released, present, calendar.today(datetime.now(UTC))):
                sys.exit("\n".join(["openapi.json breaks what was released:", *found]))
        case _:
            sys.exit("either --check or --keep")


if __name__ == "__main__":
    main()
