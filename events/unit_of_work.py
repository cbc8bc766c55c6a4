"""The unit of work: one transaction, whose events are appended as its last statements before COMMIT."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import local

from django.db import transaction

from events.doorbells import doorbells
from events.instruments import published
from events.local import announce
from events.log import NewEvent, append
from kernel.tenancy import current_tenant


class NotInUnitOfWork(Exception):
    """`publish` was called outside a unit of work, where no transaction would make the fact true."""


class TenantChangedInUnitOfWork(Exception):
    """The schema was switched between the first and the last statement of a unit of work."""


@dataclass
class Unit:
    """:param said: the published events that a listener of this process may want, once they are committed."""

    tenant_id: str
    events: list[NewEvent] = field(default_factory=list)
    said: list[object] = field(default_factory=list)
    after_append: list[Callable[[], None]] = field(default_factory=list)
    """What is done between the append and COMMIT, under the log's lock: it must be short."""

    def flush(self) -> None:
        if current_tenant() != self.tenant_id:
            message = f"the unit began in {self.tenant_id!r} and ends in {current_tenant()!r}"
            raise TenantChangedInUnitOfWork(message)
        if self.events:
            append(self.tenant_id, self.events)
            for each in self.after_append:
                each()
            transaction.on_commit(self.ring, robust=True)

    def ring(self) -> None:
        announce(self.said, self.tenant_id)
        published(self.tenant_id, self.events)
        doorbells.ring(self.tenant_id, {new.type for new in self.events})


class _Thread(local):
    unit: Unit | None = None


_thread = _Thread()


@contextmanager
def unit_of_work() -> Iterator[Unit]:
    """Do everything inside, and append the events that were published, or nothing of either.

    A unit inside another joins it: when the inner one fails, all of it is rolled back.
    """
    if _thread.unit is not None:
        with transaction.atomic(savepoint=False):
            yield _thread.unit
        return
    unit = Unit(tenant_id=current_tenant())
    _thread.unit = unit
    try:
        with transaction.atomic():
            yield unit
            unit.flush()
    finally:
        _thread.unit = None


def current_unit() -> Unit:
    """:raises NotInUnitOfWork: outside a unit of work."""
    if _thread.unit is None:
        message = "publish is only possible inside unit_of_work()"
        raise NotInUnitOfWork(message)
    return _thread.unit
