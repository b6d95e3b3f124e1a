"""Funded projects and their strands: what kinds there are."""

from __future__ import annotations

from enum import StrEnum


class ProjectKind(StrEnum):
    """What a project is for: bringing a quality system in, keeping it up, or both."""

    IMPLEMENTATION = "implementation"
    MAINTENANCE = "maintenance"
    MAINTENANCE_AND_IMPLEMENTATION = "maintenance_and_implementation"


class StrandKind(StrEnum):
    """What organisations take part in a strand for."""

    IMPLEMENTATION = "implementation"
    MAINTENANCE = "maintenance"
