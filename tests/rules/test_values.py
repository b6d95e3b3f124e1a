"""What rules look at are values: nothing changes them on the way, and they hold nothing besides."""

from __future__ import annotations

from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path

import pytest

from programme import rules

MODULES = [import_module(f"programme.rules.{path.stem}") for path in Path(rules.__path__[0]).glob("*.py")]
VALUES = sorted(
    {one for module in MODULES for one in vars(module).values() if isinstance(one, type) and is_dataclass(one)},
    key=lambda one: one.__qualname__,
)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{value.__module__}.{value.__qualname__}")
def test_a_value_is_frozen_and_has_its_slots_only(value: type) -> None:
    made = object.__new__(value)
    with pytest.raises(AttributeError, match="cannot assign to field"):
        setattr(made, value.__match_args__[0], None)  # type: ignore[attr-defined]
    assert not hasattr(made, "__dict__")
