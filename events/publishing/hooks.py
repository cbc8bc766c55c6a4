"""Commit hooks of a unit of work."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

logger = structlog.get_logger(__name__)


@dataclass
class CommitHook:
    """What is done after the commit. An error in it is logged: the work is done, whoever called it must know that."""

    run: Callable[[], object]

    def __call__(self) -> None:
        try:
            self.run()
        except Exception:
            logger.exception("commit_hook_failed", hook=getattr(self.run, "__qualname__", repr(self.run)))
