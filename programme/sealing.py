"""What only this service can read again: sealed with a key made of `KOKYBE_SECRET_KEY`, one for each purpose."""

from __future__ import annotations

import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Unreadable(Exception):
    """It was not sealed here, for this purpose and bound to this."""


class Seal:
    def __init__(self, secret: bytes, purpose: str) -> None:
        self._cipher = AESGCM(sha256(purpose.encode() + b"\0" + secret).digest())

    def close(self, text: bytes, bound_to: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, text, bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())
        except (InvalidTag, ValueError):
            raise Unreadable from None
