"""Statements that a unit of work collects: they are sent in one round trip, as its last before COMMIT."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import IntegrityError, connection
from psycopg.errors import UniqueViolation

from kernel.statements import Statement, together

Refusals = Mapping[str, Exception]
"""What is raised, by the name of the unique constraint that the database refused a row for."""


@dataclass(frozen=True, slots=True)
class Write:
    statement: Statement
    refusals: Refusals


@dataclass
class Collected:
    """Writes in their order. Those that were sent are kept: a rollback to a savepoint may undo their effect."""

    writes: list[Write] = field(default_factory=list)
    _sent: int = 0
    _refusals: dict[str, Exception] = field(default_factory=dict)
    """Of what was sent last."""

    def take(self) -> list[Statement]:
        """Return what was not sent yet, and take it for sent."""
        waiting = self.writes[self._sent :]
        self._sent = len(self.writes)
        self._refusals = {name: refusal for write in waiting for name, refusal in write.refusals.items()}
        return [write.statement for write in waiting]

    def confuses(self, write: Write) -> bool:
        """Whether a refusal of its rows could not be told from one of rows of the same table that were not sent yet."""
        return any(
            write.statement.sql == waiting.statement.sql and (write.refusals or waiting.refusals)
            for waiting in self.writes[self._sent :]
        )

    @property
    def waits(self) -> bool:
        return self._sent < len(self.writes)

    def send(self) -> None:
        """Send what was not sent yet, in one round trip."""
        sent = together(self.take())
        with self.refusing(), connection.cursor() as cursor:
            cursor.execute(sent.sql, sent.parameters)

    def mark(self) -> tuple[int, int]:
        return len(self.writes), self._sent

    def go_back(self, mark: tuple[int, int]) -> None:
        """Forget what was collected since the mark; what was collected before and sent since then must go again."""
        collected, sent = mark
        del self.writes[collected:]
        self._sent = min(self._sent, sent)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Raise the refusal of a unique constraint in the place of the database's error."""
        try:
            yield
        except IntegrityError as error:
            refusal = self._refusals.get(_violated(error))
            if refusal is None:
                raise
            raise refusal from None


def _violated(error: IntegrityError) -> str:
    cause = error.__cause__
    return (cause.diag.constraint_name or "") if isinstance(cause, UniqueViolation) else ""
