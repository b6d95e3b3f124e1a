"""What can be done with a certificate. Each verb is one function, one decision and one event on each row it changes."""

from programme.services.certificates.drafts import level_of, open_draft, revise_draft
from programme.services.certificates.grants import (
    WHOLE,
    grant,
    keep_apart,
    obligations,
    policy_on,
    put_in_force,
    refuse,
)
from programme.services.certificates.standing import decide, end, reinstate, suspend, withdraw

__all__ = [
    "WHOLE",
    "decide",
    "end",
    "grant",
    "keep_apart",
    "level_of",
    "obligations",
    "open_draft",
    "policy_on",
    "put_in_force",
    "refuse",
    "reinstate",
    "revise_draft",
    "suspend",
    "withdraw",
]
