"""How long a person's particulars are kept, who may have them emptied, and what stands for them in the history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from hashlib import sha256

from programme.errors import NotAllowed, Reason
from programme.rules.lifecycle import REFUSED
from programme.sentences import Sentence

PERSONAL = ("name", "position", "email", "telephone")
"""What is personal data of a contact; the rest says why and how long it is kept."""

SALT_BYTES = 32


class Ground(StrEnum):
    """Why particulars are kept although their erasure is asked for or their time is over: GDPR 17(3) b–e."""

    LEGAL_OBLIGATION = "legal_obligation"
    PUBLIC_TASK = "public_task"
    PUBLIC_HEALTH = "public_health"
    ARCHIVING = "archiving"
    LEGAL_CLAIMS = "legal_claims"


ERASED = Reason(
    "contact_erased",
    Sentence(lt="Asmens duomenys jau ištrinti.", en="The personal data have already been erased."),
)
ON_HOLD = Reason(
    "contact_on_hold",
    Sentence(
        lt="Asmens duomenis dar būtina saugoti iki {hold_until_on} imtinai.",
        en="The personal data have to be kept until {hold_until_on} inclusive.",
    ),
)


def require_kept(*, erased: bool) -> None:
    """Refuses whatever needs the particulars once they are gone."""
    if erased:
        raise NotAllowed(REFUSED, reasons=[ERASED])


def require_erasable(today: date, *, erased: bool, hold_ground: str | None, hold_until_on: date | None) -> None:
    """Refuses to erase what is erased already, and what a hold still keeps; its last day is inclusive."""
    require_kept(erased=erased)
    if hold_until_on is not None and today <= hold_until_on:
        raise NotAllowed(REFUSED, reasons=[ON_HOLD.given(hold_until_on=hold_until_on, hold_ground=hold_ground)])


def stand_in(salt: bytes, particulars: Mapping[str, str | None]) -> str:
    """What events tell in place of the particulars: a hash that nobody can guess back without the salt."""
    text = json.dumps([particulars[name] for name in PERSONAL], ensure_ascii=False)
    return sha256(salt + text.encode()).hexdigest()
