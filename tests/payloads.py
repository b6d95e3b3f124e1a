"""The shapes of `openapi.json`, and whether events have theirs."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from api.event_catalogue import class_name

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[1] / "openapi.json").read_text(encoding="utf-8"))
_ADDRESS = "urn:kokybe:openapi"


@cache
def _registry() -> Registry[Any]:
    return Registry().with_resource(_ADDRESS, DRAFT202012.create_resource(DOCUMENT))


def validator(pointer: str, **more: Any) -> Draft202012Validator:
    """Of what stands in `openapi.json` at the JSON pointer, with more to hold."""
    shape = {"$ref": f"{_ADDRESS}#{pointer}", **more}
    return Draft202012Validator(shape, registry=_registry(), format_checker=FormatChecker())


@cache
def _of_events(resource: str) -> Draft202012Validator:
    return validator(f"/components/schemas/{class_name(resource)}EventData", unevaluatedProperties=False)


def wrong(resource: str, data: dict[str, Any]) -> list[str]:
    """What in an event's `data` or `previous` is not as documented, an undocumented field too."""
    return [f"{error.json_path}: {error.message}" for error in _of_events(resource).iter_errors(data)]
