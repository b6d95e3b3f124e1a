"""Whom a request is for and whom it comes from: only what a caller cannot make up counts.

The Host has to be one of ours. What `X-Forwarded-For` and `Forwarded` say is heeded only where the connection comes
from a trusted proxy: then the caller is the first hop, read from the right, that is not a trusted proxy itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from programme.settings import Settings

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[0-9a-z](?:[0-9a-z._-]*[0-9a-z])?)\.?(?::\d{1,5})?", re.ASCII | re.IGNORECASE)
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("?)([^";]+)\1\s*(?:;|$)', re.ASCII | re.IGNORECASE)
_HOP = re.compile(r"\[([0-9a-f:.]+)\](?::\d{1,5})?|([\d.]+)(?::\d{1,5})?|([0-9a-f:.]+)", re.ASCII | re.IGNORECASE)

NOWHERE = "unknown"
"""Stands for a connection that has no address."""


class Addresses:
    def __init__(self, settings: Settings) -> None:
        self._hosts = settings.hosts
        self._proxies = [ip_network(one, strict=False) for one in settings.trusted_proxies]
        # Callers repeat themselves, and reading an address costs more than everything else here.
        self.is_ours = lru_cache(maxsize=1000)(self._is_ours)
        self.caller = lru_cache(maxsize=10_000)(self._caller)

    def _is_ours(self, host: bytes) -> bool:
        match = _HOST.fullmatch(host.decode("latin-1"))
        return match is not None and match[1].lower().strip("[]") in self._hosts

    def _caller(self, peer: str, forwarded_for: bytes, forwarded: bytes) -> str:
        """The caller's address, a whole /64 for IPv6, since that is what one household or office has.

        A proxy writes one of the two headers and lets the other through as the caller made it up. Where they disagree
        there is no telling which, and the proxy itself answers for the request.
        """
        address = _address(peer)
        if address is None:
            return NOWHERE
        if (forwarded_for or forwarded) and self._is_proxy(address):
            ends = {
                self._end(address, hops)
                for given, hops in (
                    (forwarded_for, _split(forwarded_for)),
                    (forwarded, map(_for, _split(forwarded))),
                )
                if given
            }
            if len(ends) == 1:
                address = ends.pop()
        if isinstance(address, IPv6Address):
            return str(IPv6Network((address, 64), strict=False))
        return str(address)

    def _end(self, peer: IPv4Address | IPv6Address, hops: Iterable[str]) -> IPv4Address | IPv6Address:
        """The first hop from the right that is no proxy of ours; what cannot be read ends the search before it."""
        end = peer
        for hop in reversed(list(hops)):
            if not self._is_proxy(end):
                break
            match = _HOP.fullmatch(hop.strip())
            address = _address(match[1] or match[2] or match[3]) if match else None
            if address is None:
                break
            end = address
        return end

    def _is_proxy(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._proxies)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _split(header: bytes) -> list[str]:
    return header.decode("latin-1").split(",")


def _for(element: str) -> str:
    match = _FOR.search(element)
    return match[2] if match else ""
