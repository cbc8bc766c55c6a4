"""Structured logs: one JSON object per line, from our code and from every library."""

import logging.config
import sys
from pathlib import Path
from typing import Any

import structlog

SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.processors.format_exc_info,
]


def default_level() -> str:
    """Let services log what they do. A command prints its answer for a person, and logs only what went wrong."""
    return "WARNING" if Path(sys.argv[0]).name == "manage.py" else "INFO"


def json_formatter() -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        processor=structlog.processors.JSONRenderer(), foreign_pre_chain=SHARED_PROCESSORS
    )


def configure(logging_settings: dict[str, Any]) -> None:
    logging.config.dictConfig(logging_settings)
    structlog.configure(
        processors=[*SHARED_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLogger().level),
        cache_logger_on_first_use=True,
    )
