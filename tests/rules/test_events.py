"""Whose events a caller is told."""

from __future__ import annotations

from programme.rules.events import READ_WITH, readable


def test_who_may_read_a_resource_is_told_of_it() -> None:
    assert readable(lambda permission: permission == "certificates.read") == [
        resource for resource, permission in READ_WITH.items() if permission == "certificates.read"
    ]
    assert "certificate" in readable(lambda permission: permission == "certificates.read")
    assert readable(lambda _: True) == list(READ_WITH)
    assert readable(lambda _: False) == []
