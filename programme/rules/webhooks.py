"""Where webhooks may go, when they are tried again, and when an endpoint is given up.

An address is held against an allow-list of ranges, not a list of what is bad (`ipaddress.is_global` lets NAT64, 6to4 and
multicast pass). Schedule and signatures follow Standard Webhooks 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from programme.errors import Reason
from programme.rules.lifecycle import Lifecycle, Role, move
from programme.sentences import Sentence

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class State(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"


class DisabledFor(StrEnum):
    """`by_owner`: somebody said so. `gone`: it answered 410. `failing`: nothing was taken for five days."""

    BY_OWNER = "by_owner"
    GONE = "gone"
    FAILING = "failing"


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


STATE_NAMES = {
    State.ENABLED: Sentence(lt="įjungtas", en="enabled"),
    State.DISABLED: Sentence(lt="išjungtas", en="disabled"),
}

WAITS: Final = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400))
"""Between one attempt and the next; the first is made at once, and none after the last."""

JITTER: Final = 0.2
MOST_PATIENT: Final = timedelta(hours=24)
"""The longest that a receiver's `Retry-After` is heeded."""

GIVEN_UP_AFTER: Final = timedelta(days=5)
"""Of nothing but failures an endpoint is disabled."""

OVERLAP: Final = timedelta(hours=24)
"""A secret that was rotated signs along for this long."""


def next_wait(failed: int, chance: float, scale: float = 1.0, asked: timedelta | None = None) -> timedelta | None:
    """How long to wait after so many failed attempts (1, 2, …); None: no more. `chance`: in [0, 1), spreads the waits.
    `asked`: what the receiver asked for by `Retry-After`, which only ever lengthens a wait and is no part of `scale`."""
    if failed > len(WAITS):
        return None
    wait = WAITS[failed - 1] * scale * (1 - JITTER + 2 * JITTER * chance)
    return max(wait, min(asked, MOST_PATIENT)) if asked is not None else wait


IPV4_REFUSED: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        ),
    )
)  # fmt: skip
"""IANA's special-purpose registry, multicast and what is reserved: all else of IPv4 is the public internet."""

IPV6_ALLOWED: Final = IPv6Network("2000::/3")
IPV6_REFUSED: Final = tuple(
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"))
)
"""Teredo, 6to4, documentation and other special purposes within the one range that is the public internet."""


def is_public(address: Address) -> bool:
    """Whether the address belongs to the public internet, and hides no other address in it."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in IPV4_REFUSED)
    if address.scope_id is not None:
        return False
    return address in IPV6_ALLOWED and not any(address in network for network in IPV6_REFUSED)


PORTS: Final = (443, 8443)
"""Of the public internet; in the networks that were set any port will do."""


def is_allowed(address: Address, *, secure: bool, port: int, nets: Sequence[Network]) -> bool:
    """Whether a webhook may go there: to the networks that were set, to the public internet only over TLS."""
    if any(address in network for network in nets if network.version == address.version):
        return True
    return secure and port in PORTS and is_public(address)


_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII
)
"""A host name, whose last label begins with a letter: what begins with a digit may be a number that means an address."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a URL leads. `address`: where the host is one; a name is resolved, and checked, at each connection."""

    host: str
    port: int
    secure: bool
    address: Address | None


def destination(url: str, nets: Sequence[Network]) -> Destination | None:
    """Where the URL leads; None where webhooks may not go there, whatever its name resolves to."""
    if not url.isascii() or re.search(r"[\s\\#]", url):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("https", "http") or not host or "@" in parts.netloc:
        return None
    secure = parts.scheme == "https"
    port = port if port is not None else (443 if secure else 80)
    try:
        address = ip_address(host)
    except ValueError:
        usual = secure and port in PORTS
        return Destination(host, port, secure, None) if _NAME.fullmatch(host) and (usual or nets) else None
    return (
        Destination(host, port, secure, address) if is_allowed(address, secure=secure, port=port, nets=nets) else None
    )


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    state: str


_OWNERS = [Role.PROVIDER, Role.COORDINATOR, Role.PARTNER, Role.OPS]

LIFECYCLE: Lifecycle[EndpointFacts] = Lifecycle(
    "webhook_endpoint",
    STATE_NAMES,
    [
        move("enable", [State.DISABLED], State.ENABLED, _OWNERS, "webhook_endpoint.enabled"),
        move("disable", [State.ENABLED], State.DISABLED, _OWNERS, "webhook_endpoint.disabled"),
    ],
    {},
)

DELIVERED = Reason(
    "already_delivered",
    Sentence(lt="Pranešimas jau pristatytas.", en="The message has been delivered already."),
)
DISABLED = Reason(
    "endpoint_disabled",
    Sentence(lt="Gavimo adresas išjungtas; pirmiausia jį įjunkite.", en="The endpoint is disabled; enable it first."),
)
