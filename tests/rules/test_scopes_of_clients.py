"""Scopes take away from a role, never add to it."""

from __future__ import annotations

import pytest

from programme.rules.lifecycle import Role
from programme.rules.permissions import PERMISSIONS, may, permissions_of


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.PUBLIC, Role.WORKER}))
def test_scopes_only_take_away(role: Role) -> None:
    whole = permissions_of(role)
    assert whole == {name for name, roles in PERMISSIONS.items() if role in roles}
    assert permissions_of(role, PERMISSIONS) == whole
    for scope in PERMISSIONS:
        assert permissions_of(role, [scope]) == ({scope} & whole) | {"me.read"}


def test_what_is_no_permission_is_an_error_and_never_a_yes() -> None:
    for scopes in ((), ("no.such",)):
        with pytest.raises(KeyError):
            may(Role.COORDINATOR, "no.such", scopes)


def test_operators_and_organisations_keep_clients_and_partners_their_keys() -> None:
    assert PERMISSIONS["clients.write"] == {Role.PROVIDER, Role.OPS}
    assert PERMISSIONS["clients.read"] == PERMISSIONS["clients.keys"] == {Role.PROVIDER, Role.PARTNER, Role.OPS}
    assert PERMISSIONS["auditors.write"] == {Role.COORDINATOR, Role.OPS}
    assert not PERMISSIONS["auditors.read"] & {Role.PROVIDER, Role.PARTNER}
