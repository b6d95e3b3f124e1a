"""Whether events have the shape that `openapi.json` gives them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

ADDRESS = "urn:kokybe:openapi"
DOCUMENT = Path(__file__).parents[1] / "openapi.json"


@cache
def _registry() -> Registry[Any]:
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return Registry().with_resource(ADDRESS, DRAFT202012.create_resource(document))


@cache
def _validator(resource: str) -> Draft202012Validator:
    name = "".join(part.capitalize() for part in resource.split("_"))
    shape = {"$ref": f"{ADDRESS}#/components/schemas/{name}EventData", "unevaluatedProperties": False}
    return Draft202012Validator(shape, registry=_registry(), format_checker=FormatChecker())


def wrong(resource: str, data: dict[str, Any]) -> list[str]:
    """What in an event's `data` or `previous` is not as documented, an undocumented field too."""
    return [f"{error.json_path}: {error.message}" for error in _validator(resource).iter_errors(data)]
