"""Where webhooks may go and when they are tried again."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.rules.webhooks import (
    GIVEN_UP_AFTER,
    IPV6_ALLOWED,
    LIFECYCLE,
    MOST_PATIENT,
    OVERLAP,
    WAITS,
    EndpointFacts,
    destination,
    is_allowed,
    is_public,
    next_wait,
)

LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]

REFUSED = """
http://pranesimai.example.lt/  https://pranesimai.example.lt:8080/  https://pranesimai.example.lt:80/  ftp://example.lt/
file:///etc/passwd  gopher://example.lt/  javascript:alert(1)  //example.lt/  example.lt  https://  https:///x  https://:443/
https://127.0.0.1/  https://127.1/  https://127.0.1/  https://2130706433/  https://0x7f000001/  https://0x7f.1/
https://0177.0.0.1/  https://017700000001/  https://0/  https://0.0.0.0/  https://00000177.0.0.1/  https://127.0.0.1./
https://10.0.0.1/  https://172.16.0.1/  https://172.31.255.255/  https://192.168.1.1/  https://169.254.169.254/
https://100.64.0.1/  https://192.0.0.1/  https://192.0.2.1/  https://198.18.0.1/  https://198.51.100.1/  https://203.0.113.9/
https://192.88.99.1/  https://224.0.0.1/  https://239.255.255.255/  https://240.0.0.1/  https://255.255.255.255/
https://[::1]/  https://[::]/  https://[::ffff:127.0.0.1]/  https://[::ffff:8.8.8.8]/  https://[::127.0.0.1]/
https://[64:ff9b::7f00:1]/  https://[64:ff9b:1::1]/  https://[2002:7f00:1::]/  https://[2001:0:7f00:1::]/
https://[2001:db8::1]/  https://[3fff::1]/  https://[fe80::1]/  https://[fe80::1%25eth0]/  https://[fc00::1]/
https://[fd00:ec2::254]/  https://[fec0::1]/  https://[ff02::1]/  https://[100::1]/  https://[5f00::1]/
https://ona:slaptas@example.lt/  https://ona@example.lt/  https://@example.lt/  https://example.lt@127.0.0.1/
https://example.lt:99999/  https://example.lt:x/  https://example.lt\\@127.0.0.1/  https://pra nesimai.lt/
https://１２７.0.0.1/  https://①②⑦.⓪.⓪.①/  https://ežys.lt/  https://-x.lt/  https://x-.lt/  https://a..lt/
https://example.lt/#fragment  https://[::1  https://1.2.3.4.5/  https://example.123/  https://x_.1/  https://8.8.8.8:22/
""".replace("https://pra nesimai.lt/", "https://pra%20nesimai.lt/").split()

TAKEN = [
    "https://pranesimai.example.lt/kokybe",
    "https://pranesimai.example.lt:443/",
    "https://pranesimai.example.lt:8443/a?b=c",
    "https://xn--eys-jza.lt/",
    "https://8.8.8.8/",
    "https://[2606:4700::1111]/",
    "HTTPS://Pranesimai.Example.LT/",
    "https://a/",
]


@pytest.mark.parametrize(
    "url", [*REFUSED, "", " ", "https://a b/", "https://example.lt/\n", "https://" + "a" * 64 + ".lt/"]
)
def test_no_webhook_goes_there(url: str) -> None:
    assert destination(url, []) is None


@pytest.mark.parametrize("url", TAKEN)
def test_webhooks_go_there(url: str) -> None:
    assert destination(url, []) is not None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/", "http://localhost:9000/", "https://127.0.0.1/", "http://[::1]:1/", *TAKEN]
)
def test_networks_that_were_set_may_be_reached_over_plain_http_and_at_any_port(url: str) -> None:
    assert destination(url, LOOPBACK) is not None


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://8.8.8.8/", "https://8.8.8.8:9000/", "http://127.1:9000/"])
def test_no_others_may(url: str) -> None:
    assert destination(url, LOOPBACK) is None


def test_there_are_more_than_sixty() -> None:
    assert len(set(REFUSED)) > 60


@given(st.ip_addresses(v=4))
def test_nothing_private_is_public(address: IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not is_public(address)


@given(st.ip_addresses(v=6))
def test_no_embedded_address_is_public(address: IPv6Address) -> None:
    if is_public(address):
        assert address in IPV6_ALLOWED
        assert address.is_global
        assert (address.ipv4_mapped, address.sixtofour, address.teredo) == (None, None, None)


@given(st.ip_addresses(), st.booleans(), st.integers(1, 65535))
def test_without_tls_only_what_was_set_is_allowed(address: IPv4Address | IPv6Address, secure: bool, port: int) -> None:
    inside = any(address in network for network in LOOPBACK if network.version == address.version)
    allowed = is_allowed(address, secure=secure, port=port, nets=LOOPBACK)
    assert allowed == (inside or (secure and port in (443, 8443) and is_public(address)))


def test_a_zone_is_no_part_of_the_internet() -> None:
    assert not is_public(ip_address("2606:4700::1111%eth0"))


@given(st.integers(1, len(WAITS)), st.floats(0, 1, exclude_max=True), st.floats(0.0001, 1))
def test_waits_grow_and_are_spread_by_a_fifth(failed: int, chance: float, scale: float) -> None:
    wait = next_wait(failed, chance, scale)
    assert wait is not None
    assert WAITS[failed - 1] * scale * 0.799 <= wait <= WAITS[failed - 1] * scale * 1.201


def test_ten_attempts_wait_as_standard_webhooks_says_and_then_there_is_none() -> None:
    waits = [next_wait(failed, 0.5) for failed in range(1, 11)]
    hours = [timedelta(hours=number) for number in (2, 5, 10, 14, 20, 24)]
    assert waits == [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), *hours, None]
    assert (next_wait(2, 0.0), next_wait(2, 1.0)) == (timedelta(minutes=4), timedelta(minutes=6))


def test_a_secret_signs_along_for_a_day_and_failing_for_five_days_is_enough() -> None:
    assert (timedelta(hours=24), timedelta(hours=24), timedelta(days=5)) == (OVERLAP, MOST_PATIENT, GIVEN_UP_AFTER)


@given(st.integers(1, len(WAITS)), st.floats(0, 1, exclude_max=True), st.timedeltas(timedelta(), timedelta(days=9)))
def test_what_the_receiver_asks_for_lengthens_a_wait_up_to_a_day(failed: int, chance: float, asked: timedelta) -> None:
    plain, heeded = next_wait(failed, chance), next_wait(failed, chance, asked=asked)
    assert plain is not None
    assert heeded == max(plain, min(asked, MOST_PATIENT))


def test_an_endpoint_is_enabled_or_disabled() -> None:
    assert LIFECYCLE.reasons("enable", EndpointFacts("disabled")) == ()
    assert LIFECYCLE.reasons("disable", EndpointFacts("disabled"))[0].code == "wrong_state"
