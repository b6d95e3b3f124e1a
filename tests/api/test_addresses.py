"""Whose request it is and whom it is for: what a caller can make up changes nothing."""

from __future__ import annotations

import pytest

from api.addresses import NOWHERE, Addresses
from programme.settings import Settings
from tests.world import World

BEHIND = Addresses(Settings(trusted_proxies=("10.0.0.0/8", "fd00::/8"), base_url="https://kokybe.example.lt:8443/x"))
ALONE = Addresses(Settings())


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "forwarded", "caller"),
    [
        ("203.0.113.7", b"", b"", "203.0.113.7"),
        ("203.0.113.7", b"198.51.100.1", b"for=198.51.100.1", "203.0.113.7"),  # no proxy of ours says so
        ("10.0.0.1", b"198.51.100.1", b"", "198.51.100.1"),
        ("10.0.0.1", b"1.1.1.1, 198.51.100.1", b"", "198.51.100.1"),
        ("10.0.0.1", b"1.1.1.1, 198.51.100.1, 10.9.9.9", b"", "198.51.100.1"),
        ("10.0.0.1", b"10.2.2.2, 10.3.3.3", b"", "10.2.2.2"),
        ("10.0.0.1", b"198.51.100.1:4711", b"", "198.51.100.1"),
        ("10.0.0.1", b"1.1.1.1, nonsense", b"", "10.0.0.1"),
        ("10.0.0.1", b"1.1.1.1, nonsense, 10.3.3.3", b"", "10.3.3.3"),
        ("10.0.0.1", b"", b'for="198.51.100.1:80";proto=https', "198.51.100.1"),
        ("10.0.0.1", b"", b'For=1.1.1.1, by=10.1.1.1; for = "[2001:db8:1:2::3]:9"', "2001:db8:1:2::/64"),
        ("10.0.0.1", b"", b"for=unknown", "10.0.0.1"),
        ("10.0.0.1", b"", b"for=_hidden, for=198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", b"198.51.100.1", b"for=198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", b"198.51.100.1", b"for=1.1.1.1", "10.0.0.1"),  # one of them is made up
        ("10.0.0.1", b"198.51.100.1", b"x", "10.0.0.1"),
        ("fd00::1", b"2001:db8:1:2:3:4:5:6", b"", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", b"198.51.100.1", b"", "198.51.100.1"),
        ("2001:db8::1", b"", b"", "2001:db8::/64"),
        ("a socket", b"198.51.100.1", b"", NOWHERE),
    ],
)  # fmt: skip
def test_the_caller_is_the_nearest_hop_that_no_proxy_of_ours_is(
    peer: str, forwarded_for: bytes, forwarded: bytes, caller: str
) -> None:
    assert BEHIND.caller(peer, forwarded_for, forwarded) == caller


def test_without_a_configured_proxy_no_header_is_believed() -> None:
    assert ALONE.caller("10.0.0.1", b"198.51.100.1", b"for=198.51.100.1") == "10.0.0.1"


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        (b"kokybe.example.lt", True), (b"KOKYBE.example.LT:8443", True), (b"kokybe.example.lt.", True), (b"localhost:8000", True),
        (b"127.0.0.1", True), (b"[::1]:8000", True), (b"evil.example", False), (b"kokybe.example.lt.evil.example", False),
        (b"", False), (b"[", False), (b"[::1", False), (b"kokybe.example.lt:", False), (b"kokybe.example.lt:80:80", False),
        (b"user@kokybe.example.lt", False), (b"kokybe.example.lt/", False), (b"kokybe.example.lt\t", False), (b"\xc4\x85", False),
    ],
)  # fmt: skip
def test_only_our_own_names_are_answered(host: bytes, ours: bool) -> None:
    assert BEHIND.is_ours(host) is ours


def test_named_hosts_take_the_place_of_the_base_address() -> None:
    addresses = Addresses(Settings(allowed_hosts=("kokybe.test",), base_url="https://kokybe.example.lt"))
    assert addresses.is_ours(b"kokybe.test")
    assert not addresses.is_ours(b"kokybe.example.lt")


async def test_an_address_in_an_answer_never_comes_from_a_header(world: World) -> None:
    """Absolute addresses could only be built from `KOKYBE_BASE_URL`; what is made from the request is relative."""
    reader = await world.caller("coordinator")
    await world.organisation()
    await world.organisation()
    spoofed = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
    page = await reader.get("/v1/organisations?limit=1", headers=spoofed)
    assert page.headers["link"].startswith("</v1/organisations?")
    assert "evil" not in page.text + str(page.headers)
    for host in ("evil.example", "[", "kokybe.test@evil.example", ""):
        refused = await reader.get("/v1/organisations?limit=1", headers={"Host": host})
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_host")
        assert refused.headers["connection"] == "close"
        assert "evil" not in refused.text
