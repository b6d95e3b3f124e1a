"""Who may call: clients, their keys, and the commands with which the first are made."""

from programme.services.clients.commands import (
    create_client,
    disable_client,
    ensure_development_key,
    make_client,
)
from programme.services.clients.keys import issue, revoke
from programme.services.clients.registering import amend, disable, register

__all__ = [
    "amend",
    "create_client",
    "disable",
    "disable_client",
    "ensure_development_key",
    "issue",
    "make_client",
    "register",
    "revoke",
]
