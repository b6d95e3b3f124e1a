"""What can be done with a certificate. Each verb is one function, one decision and one event on each row it changes."""

from programme.services.certificates.decisions import decide, put_on_record
from programme.services.certificates.drafts import in_force, level_of, open_draft, renew, revise_draft
from programme.services.certificates.grants import grant, obligations, policy_on, put_in_force, refuse
from programme.services.certificates.periods import keep_apart
from programme.services.certificates.requests import (
    decline_cancellation,
    request_cancellation,
    withdraw_cancellation_request,
)
from programme.services.certificates.revisions import amend, extend, restore, revise_scope
from programme.services.certificates.standing import cancel, end, reinstate, suspend, withdraw
from programme.services.certificates.transfers import transfer
from programme.services.certificates.votes import vote

__all__ = [
    "amend",
    "cancel",
    "decide",
    "decline_cancellation",
    "end",
    "extend",
    "grant",
    "in_force",
    "keep_apart",
    "level_of",
    "obligations",
    "open_draft",
    "policy_on",
    "put_in_force",
    "put_on_record",
    "refuse",
    "reinstate",
    "renew",
    "request_cancellation",
    "restore",
    "revise_draft",
    "revise_scope",
    "suspend",
    "transfer",
    "vote",
    "withdraw",
    "withdraw_cancellation_request",
]
