"""Processes that this one starts and answers for: none of them outlives it, however it ends.

Linux tells a child of its parent's death (PR_SET_PDEATHSIG). It means the thread that forked, and it survives
`unshare --user` and an exec, but not a change of account; hence the order in `_bound`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any

_LOG_LIMIT = 10 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class StartError(Exception):
    """Something that must run cannot; the text tells the operator why and what to do."""


@dataclass(frozen=True)
class Account:
    """Who a child runs as; by default, whoever runs this process. `prefix` is put before its command."""

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    def own(self, path: Path) -> None:
        """Hands a folder over with everything in it. The folder itself comes last: it tells that all is done."""
        uid = os.geteuid() if self.user is None else self.user
        gid = os.getegid() if self.group is None else self.group
        if path.stat().st_uid == uid:
            return
        for folder, folders, files in os.walk(path, topdown=False):
            for name in (*folders, *files):
                os.chown(os.path.join(folder, name), uid, gid, follow_symlinks=False)
        os.chown(path, uid, gid)


CALLER = Account()

# Waits for the other end of its standard input to be closed, which happens even when the holder is killed.
_UNDERTAKER = """
import os, signal, sys, time
sys.stdin.read()
time.sleep(float(sys.argv[2]))
os.killpg(int(sys.argv[1]), signal.SIGKILL)
"""


class Child:
    """`on_orphan` reaches it when the process that started it is gone, even by SIGKILL. `ending` are the signals of
    an orderly stop, each with the seconds to wait for it; after the last comes SIGKILL to its whole group.

    A child with children of its own, which may take its time to end them, is given `orphan_patience`: so many seconds
    after the death of this process, whatever is left of its group gets SIGKILL.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        on_orphan: Signals,
        ending: Sequence[tuple[Signals, float]],
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
        account: Account = CALLER,
        orphan_patience: float | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._ending = ending
        self._group_is_gone = False
        if log and log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        self._log_start = log.stat().st_size if log and log.exists() else 0
        output = log.open("ab") if log else None
        try:
            self.process = subprocess.Popen(  # noqa: S603 - the caller names its own programs
                [*account.prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=env,
                **_bound(account, on_orphan),
            )
        finally:
            if output:
                output.close()
        self._undertaker = _undertaker(self.process.pid, orphan_patience) if orphan_patience else None

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def report(self) -> str:
        """How it ended and what it said last, for the person who must find out why."""
        status = self.process.poll()
        if status is None:
            headline = f"{self.name} is not ready."
        elif status < 0:
            headline = f"{self.name} was ended by {Signals(-status).name}."
        else:
            headline = f"{self.name} ended with status {status}."
        if self.log is None:
            return headline
        with self.log.open("rb") as file:
            file.seek(self._log_start)
            lines = file.read().decode(errors="replace").splitlines()[-15:]
        return "\n".join([f"{headline} The end of {self.log}:", *(f"    {line}" for line in lines)])

    def stop(self, hurry: threading.Event | None = None) -> None:
        """Takes no longer than the patience of its signals; `hurry` cuts short the first, the polite one. What is left
        of the group of a child that has ended by itself goes too."""
        if self._group_is_gone:
            return
        for number, patience in self._ending:
            self.process.send_signal(number)
            deadline = time.monotonic() + patience
            while not self.ended and time.monotonic() < deadline and not (hurry and hurry.is_set()):
                time.sleep(0.02)
            hurry = None
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._group_is_gone = True
        if self._undertaker:
            self._undertaker.kill()
            self._undertaker.communicate()


def run(
    command: Sequence[str | Path], *, account: Account = CALLER, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """To its end, with what it said."""
    return subprocess.run(  # noqa: S603 - likewise
        [*account.prefix, *command],
        capture_output=True,
        text=True,
        check=False,
        env=env,
        **_bound(account, signal.SIGKILL),
    )


def _undertaker(group: int, patience: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - likewise
        [sys.executable, "-I", "-S", "-c", _UNDERTAKER, str(group), str(patience)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _bound(account: Account, on_orphan: Signals) -> dict[str, Any]:
    """What binds a child to this process. The account changes before `preexec_fn` runs: a change of account
    would undo it."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("start children from the main thread: they end with the thread that forked them")
    parent = os.getpid()

    def end_with_parent() -> None:
        if _PRCTL is not None:
            _PRCTL(_PR_SET_PDEATHSIG, on_orphan, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return {
        "user": account.user,
        "group": account.group,
        "extra_groups": None if account.user is None else [],
        "start_new_session": True,  # the terminal's Ctrl-C is for the supervisor alone
        "preexec_fn": end_with_parent,
    }
