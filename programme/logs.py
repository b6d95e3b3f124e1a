"""One line for each request and job, with ids only: never a name, a body or a key."""

from __future__ import annotations

import json
import sys
from typing import Any

import structlog
from pydantic_core import PydanticSerializationError, to_json
from structlog.typing import EventDict

from programme.settings import Settings


def configure(settings: Settings) -> None:
    """Lines of JSON, or for a person at a terminal with `KOKYBE_LOG_FORMAT=console`."""
    console = settings.log_format == "console"
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback)
        if console
        else _as_json
    )
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            *([] if console else [structlog.processors.format_exc_info]),
            renderer,
        ],
        logger_factory=(
            structlog.WriteLoggerFactory(file=sys.stdout)
            if console
            else structlog.BytesLoggerFactory(file=sys.stdout.buffer)
        ),
        cache_logger_on_first_use=True,
    )


def _as_json(_logger: Any, _method: str, event: EventDict) -> bytes:
    """Half the time of `json.dumps`, which is left for what is no UTF-8: a traceback may quote a lone surrogate."""
    try:
        return to_json(event, fallback=str)
    except PydanticSerializationError:
        return json.dumps(event, default=str).encode()
