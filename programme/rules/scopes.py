"""What a certificate, an enrolment or an assessment is about: kinds of service at sites, of one unit or the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID


def scope(services: Iterable[str] = (), sites: Iterable[UUID | str] = (), unit: str | None = None) -> dict[str, Any]:
    """The one way a scope is written down, so that equal scopes are equal values.

    No services or no sites means all that the organisation has; `unit` names a part of it in words.
    """
    return {"services": sorted(set(services)), "sites": sorted({str(site) for site in sites}), "unit": unit}


def supplements(present: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the new scope covers something that the present one does not; else it only covers less."""
    return any(_goes_beyond(present[part], new[part]) for part in ("services", "sites")) or (
        present["unit"] is not None and new["unit"] != present["unit"]
    )


def _goes_beyond(present: Sequence[str], new: Sequence[str]) -> bool:
    """None named means all."""
    return bool(present) and (not new or not set(new) <= set(present))
