"""What takes minutes and is run by `make soak`: tests marked `soak`, and the whole of those that `make test` samples."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

SOAK = os.environ.get("SOAK") == "1"

sampled: Callable[[Any], Any] = pytest.mark.soak if SOAK else lambda test: test
"""A test that looks at `SOAK`: a part of it belongs to `make test`, all of it to `make soak`."""
