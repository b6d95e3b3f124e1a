"""Examples in the description are what readers copy, so each must be valid where it stands.

Spectral checks `example`; the `examples` and `default` of JSON Schema it leaves to this.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.payloads import DOCUMENT, validator


def schemas(node: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that may be a schema with an example, with the JSON pointer to it."""
    if isinstance(node, dict):
        if isinstance(node.get("examples"), list) or "default" in node:
            yield pointer, node
        for key, inner in node.items():
            if key not in ("examples", "example", "default", "const", "enum"):
                yield from schemas(inner, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from schemas(inner, f"{pointer}/{index}")


def test_every_example_and_default_fits_its_schema() -> None:
    wrong = []
    seen = 0
    for pointer, schema in schemas(DOCUMENT):
        shape = validator(pointer)
        for value in [*schema.get("examples", []), *([schema["default"]] if "default" in schema else [])]:
            seen += 1
            wrong += [f"{pointer}: {error.message}" for error in shape.iter_errors(value)]
    assert seen
    assert wrong == []
