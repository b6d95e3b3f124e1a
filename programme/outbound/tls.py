"""Whom other machines are believed to be."""

from __future__ import annotations

import ssl
from functools import cache


@cache
def trusted() -> ssl.SSLContext:
    """The system's authorities, or those of SSL_CERT_FILE: an office may have its own."""
    return ssl.create_default_context()
