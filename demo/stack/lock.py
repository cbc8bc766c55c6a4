"""Who works with the stack's folder: one program at a time, so that none stops what another uses."""

import fcntl
import json
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from config.place import unusable


class FolderTaken(Exception):
    """The folder cannot be had; the text says why, or who works with it, and what to do."""


class FolderLock:
    """A lock on a folder, held until it is released or the process ends, however it ends.

    :param purpose: what others see this program as, such as `make demo`.
    """

    def __init__(self, folder: Path, purpose: str) -> None:
        self.folder, self.purpose = folder, purpose
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """:raises FolderTaken: when another program has it, or it cannot be a folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = (self.folder / "lock").open("a+")
        except OSError as error:
            raise FolderTaken(unusable(self.folder, error)) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            message = _taken(self.folder, file.read())
            file.close()
            raise FolderTaken(message) from None
        self._file = file
        self.note()

    def note(self, **about: Any) -> None:
        """Write down who has the folder, and what else may help who finds it taken: `url`."""
        assert self._file is not None, "acquire the lock first"
        holder = {"pid": os.getpid(), "purpose": self.purpose, "since": f"{datetime.now().astimezone():%H:%M}", **about}
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(holder))
        self._file.flush()

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _taken(folder: Path, written: str) -> str:
    holder: dict[str, Any] = {}
    with suppress(ValueError):
        holder = json.loads(written)
    purpose, pid, since = (holder.get(name, "?") for name in ("purpose", "pid", "since"))
    where = f" and answers at {holder['url']}" if "url" in holder else ""
    return (
        f"{purpose} (process {pid}, since {since}) uses {folder}{where}: stop it with Ctrl-C there, or"
        f" use another folder, by TILLFLOW_VAR={folder.with_name(folder.name + '-2')} in the environment"
    )
