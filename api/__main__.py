"""`python -m api`: serves the API with granian, as many processes as `KOKYBE_WEB_WORKERS` says."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from api.feed import ENDING
from programme.logs import configure
from programme.settings import Settings, SettingsError, load

LARGEST_HEAD = 32 * 1024
"""Bytes of a request's first line and headers, of which there may be a hundred; 431 beyond."""


def app() -> object:
    """One worker process's application."""
    from api.app import create_app  # only here: granian's own process has no use for the routes

    settings = load()
    configure(settings)
    return create_app(settings)


def main() -> None:
    try:
        settings = load()
        if settings.database_url is None:
            raise SettingsError("KOKYBE_DATABASE_URL is not set; `kokybe dev` starts a server of its own")
    except SettingsError as error:
        sys.exit(str(error))
    configure(settings)
    with TemporaryDirectory(prefix="kokybe-metrics-") as counters, TemporaryDirectory(prefix="kokybe-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counters  # read by prometheus_client when the processes import it
        os.environ[ENDING] = f"{folder}/ending"
        _serve(settings)


class _Server(MPServer):
    """Its processes wait for what they are still answering; streams are told so that they end."""

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        Path(os.environ[ENDING]).touch()
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]


def _serve(settings: Settings) -> None:
    _Server(
        "api.__main__:app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        # One time for a head that is slow to come and for a connection on which none comes at all.
        http1_settings=HTTP1Settings(
            header_read_timeout=int(settings.header_timeout * 1000), max_buffer_size=LARGEST_HEAD
        ),
        workers=settings.web_workers,
        log_enabled=True,
        log_access=False,
        workers_kill_timeout=15,
        respawn_failed_workers=True,
    ).serve()


if __name__ == "__main__":
    main()
