"""What was done to the shops from outside, by operators and releases, and what was answered: the checker's other journal."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock


@dataclass(frozen=True, kw_only=True)
class Act:
    """:param asked: seconds since the epoch. :param answered: the same, 0 when no answer came.

    :param status: of the answer, 0 when none came: then nobody knows whether it was done.
    :param heads: of a release, the newest position of each shop's log when the release step was over.
    """

    act: str
    shop: str = ""
    subscriber: str = ""
    position: int | None = None
    fingerprint: str = ""
    asked: float = 0.0
    answered: float = 0.0
    status: int = 0
    event_id: str = ""
    generation: int = 0
    renamed: int = 0
    heads: dict[str, int] = field(default_factory=dict)
    note: str = ""

    @property
    def done(self) -> bool:
        return 200 <= self.status < 300

    @property
    def perhaps_done(self) -> bool:
        return self.done or self.status == 0 or self.status >= 500


class Acts:
    """:param journal: one line for each act."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self._lock = Lock()
        journal.write_text("")

    def write(self, act: Act) -> None:
        with self._lock, self.journal.open("a") as journal:
            journal.write(json.dumps(asdict(act)) + "\n")


def written(journal: Path) -> Sequence[Act]:
    return [Act(**json.loads(line)) for line in journal.read_text().splitlines()]
