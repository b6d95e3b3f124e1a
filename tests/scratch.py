"""Folders for the servers of tests: in memory where there is room. A database is some thousand files, which a disk takes a
quarter of a second to make; durable or not, what ends these servers is a killed process, never a lost machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM = 4 * 2**30
"""Bytes that have to be free there; a container has 64 MiB unless somebody said otherwise."""


def folder(prefix: str) -> Path:
    """A new one, which whoever asks for it removes."""
    is_roomy = os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if is_roomy else None))
