"""One line for each request and job, with ids only: never a name, a body or a key.

What an exception says may quote anything: the row that a constraint refused, the value that could not be read. So of an
exception its kind and its place are told, and what PostgreSQL names beside its words. The same holds for the lines that
libraries write about exceptions, and for what ends a process.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any

import structlog
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python
from structlog.processors import ExceptionRenderer
from structlog.typing import EventDict

from programme.settings import Settings

log = structlog.get_logger()

_write: Callable[[bytes], Any] | None = None
"""Writes a line of JSON, whole and at once."""


def configure(settings: Settings) -> None:
    """Lines of JSON, or for a person at a terminal with `KOKYBE_LOG_FORMAT=console`."""
    global _write
    console = settings.log_format == "console"
    # Past the buffer, which would be emptied after each line.
    _write = None if console else getattr(sys.stdout.buffer, "raw", sys.stdout.buffer).write
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
            ExceptionRenderer(lambda information: trace(information[1])),
            renderer,
        ],
        logger_factory=(
            structlog.WriteLoggerFactory(file=sys.stdout)
            if console
            else structlog.BytesLoggerFactory(file=sys.stdout.buffer)
        ),
        cache_logger_on_first_use=True,
    )
    others = [one for one in logging.root.handlers if not isinstance(one, _OfLibraries)]
    logging.root.handlers = [*others, _OfLibraries()]
    sys.excepthook = tell_end


def tell(event: str, **said: Any) -> None:
    """`log.info` without its processors, for the line that every request has: at once as well, in the same words."""
    if _write is None:
        log.info(event, **said)
        return
    said |= {"event": event, "level": "info", "at": datetime.now(UTC)}
    _write(_as_json(None, "info", said) + b"\n")


def trace(error: BaseException) -> str:
    """Kinds and places of the exception and of what led to it, oldest first; none of their words."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    named = [
        f" {name}={value}"
        for name in ("sqlstate", "constraint_name", "table_name", "column_name")
        if (value := getattr(error, name, None)) is not None
    ]
    kind = type(error)
    lines = [*traceback.format_tb(error.__traceback__), f"{kind.__module__}.{kind.__qualname__}{''.join(named)}"]
    among = [trace(one) for one in error.exceptions] if isinstance(error, BaseExceptionGroup) else []
    return "\n".join([*([trace(cause), ""] if cause else []), "".join(lines), *among])


def tell_end(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    """In the place of Python's own last words of a process."""
    sys.stderr.write("" if issubclass(kind, KeyboardInterrupt) else f"{trace(error)}\n")


class _OfLibraries(logging.Handler):
    """What libraries have to say becomes a line like ours. What they wrote themselves is told without what they filled
    in, and of an exception nothing but `trace`: some build its words into their own."""

    def emit(self, record: logging.LogRecord) -> None:
        told = {"library": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            told["exception"] = trace(record.exc_info[1])
        event = str(record.msg) if record.args or "exception" not in told else "exception"
        log.log(max(record.levelno, logging.WARNING), event, **told)


def _as_json(_logger: Any, _method: str, event: EventDict) -> bytes:
    """Half the time of `json.dumps`, which is left for what is no UTF-8: a file's name may hold a lone surrogate."""
    try:
        return to_json(event, fallback=str)
    except PydanticSerializationError:
        return json.dumps(event, default=partial(to_jsonable_python, fallback=str)).encode()
