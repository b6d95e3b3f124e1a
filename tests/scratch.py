"""Folders for the servers of tests: in memory where there is room. A database is some thousand files, which a disk takes a
quarter of a second to make; durable or not, what ends these servers is a killed process, never a lost machine."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from programme import embedded
from programme.children import StartError

_MEMORY = Path("/dev/shm")
_ROOM = 4 * 2**30
"""Bytes that have to be free there; a container has 64 MiB unless somebody said otherwise."""
_PREFIX = "kokybe-t-"
_OLD = 3600.0
"""Seconds after which a folder that nobody owns was left behind by a run that was killed."""


def folder() -> Path:
    """A new one, which whoever asks for it removes."""
    is_roomy = os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    if not is_roomy:
        return Path(tempfile.mkdtemp(prefix=_PREFIX))
    _remove_what_was_left()
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_MEMORY))


def _remove_what_was_left() -> None:
    """It would take up memory until the machine is started anew."""
    for old in _MEMORY.glob(f"{_PREFIX}*"):
        with suppress(StartError, OSError):
            if old.stat().st_mtime < time.time() - _OLD:
                embedded.claim(old).stop()
                shutil.rmtree(old)
