"""What lies ahead of certificates that stand: until when they run by themselves, and from when they need an audit."""

from __future__ import annotations

from datetime import date, timedelta

from programme.rules.certificates import Decisions, Status, status

STANDING = (Status.NOT_YET_VALID, Status.ACTIVE, Status.EXPIRING, Status.SUSPENDED)
"""Statuses from which a certificate runs on towards its last valid day."""


def runs_out_on(decided: Decisions) -> date | None:
    """The last valid day, where the certificate runs that far and then expires; None where it is decided otherwise, by
    a withdrawal or by a successor that is in force by then, or where nothing was granted yet."""
    last = decided.periods[-1].last if decided.periods else None
    if last is None or status(last + timedelta(days=1), decided) is not Status.EXPIRED:
        return None
    return last


def audit_from(on: date, runs_out: date, renewal_opens_days: int) -> date:
    """From which day on, seen from the day `on`, the certificate needs its recertification audit, so that a successor
    can be certified by the day after its last one and no gap arises: from the opening of its renewal window (by policy
    365 days before the end), or at once where that is open."""
    return max(on, runs_out - timedelta(days=renewal_opens_days))
