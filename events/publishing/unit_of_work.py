"""The unit of work: one transaction, whose events are appended as its last statements before COMMIT."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from psycopg import IsolationLevel

from events.bus.local import announce
from events.log.log import NewEvent, append
from events.observability.instruments import published
from events.publishing.collecting import Collected, Refusals, Write
from events.publishing.errors import (
    ConnectionClosed,
    InCommitHook,
    LeftOpen,
    NotInUnitOfWork,
    NotTheOutermost,
    TenantChangedInUnitOfWork,
    UnitRolledBack,
    WrongIsolation,
)
from events.publishing.hooks import CommitHook
from events.publishing.inserting import insertion
from events.subscriptions.doorbells import doorbells
from events.subscriptions.parking import summary
from kernel.statements import Statement
from kernel.tenancy import TenantConnection, current_tenant, tenant_connection

READ_COMMITTED = "read committed"


@dataclass
class Published:
    """:param heard: the event itself, where a listener of this process wants it once it is committed."""

    new: NewEvent
    heard: object | None = None


@dataclass
class Unit:
    """:param after_append: what is done between the append and COMMIT, under the log's lock: it must be short."""

    tenant_id: str
    published: list[Published] = field(default_factory=list)
    after_append: list[Callable[[], None]] = field(default_factory=list)
    failure: BaseException | None = None
    """What a unit inside this one raised, until a savepoint around that one is rolled back."""
    _collected: Collected = field(default_factory=Collected)
    _savepoints: dict[str, tuple[int, int, tuple[int, int]]] = field(default_factory=dict)
    _hooks_before: int = field(default_factory=lambda: len(tenant_connection().run_on_commit))
    """How many hooks were registered before the unit began: a test's own."""

    @property
    def events(self) -> list[NewEvent]:
        return [each.new for each in self.published]

    def savepoint_made(self, sid: str) -> None:
        self._savepoints[sid] = (len(self.published), len(self.after_append), self._collected.mark())

    def savepoint_undone(self, sid: str) -> None:
        """Forget what was published and collected since the savepoint: ROLLBACK TO has undone what made it true."""
        published, after_append, collected = self._savepoints.get(sid, (0, 0, (0, 0)))
        del self.published[published:], self.after_append[after_append:]
        self._collected.go_back(collected)
        self.failure = None

    def insert_later(self, rows: Sequence[Model], *, refusals: Refusals | None = None) -> None:
        """Insert rows of one model in the round trip that appends the events, the unit's last before COMMIT.

        Until then nothing in the unit sees them, and nothing that the database refuses has been raised; after
        `write_collected` it has. As with `bulk_create`, no signals are sent and `save` is not called.

        :param refusals: what to raise, by the name of the unique constraint that refuses a row. Rows of the same table
            that were collected before are sent now, so that it is clear whose refusal it is.
        :raises NotInsertable: when only the ORM can write such a row.
        """
        if rows:
            self._collect(Write(insertion(rows), refusals or {}))

    def execute_later(self, sql: str, parameters: Mapping[str, Any]) -> None:
        """Send a statement in the same round trip. :param sql: one statement, its parameters written `%(name)s`."""
        self._collect(Write(Statement(sql, parameters), {}))

    def _collect(self, write: Write) -> None:
        self.require_current()
        if self._collected.confuses(write):
            self.write_collected()
        self._collected.writes.append(write)

    def write_collected(self) -> None:
        """Send what was collected so far, for a statement of this unit that must see it, in one round trip."""
        if self._collected.waits:
            self.require_tenant()
            self._collected.send()

    def require_current(self) -> None:
        """:raises NotInUnitOfWork: when the unit is over: in a commit hook, for example.
        :raises TenantChangedInUnitOfWork: when the connection is not in the unit's schema.
        """
        if current_unit() is not self:
            raise NotInUnitOfWork("this unit of work is over: write in the one that is open")

    def require_tenant(self) -> None:
        """:raises TenantChangedInUnitOfWork: when the connection is not in the unit's schema."""
        if current_tenant() != self.tenant_id:
            message = (
                f"the unit of work is of {self.tenant_id!r}, the connection is in {current_tenant()!r}:"
                " end one tenant's unit before the next one's, or let a subscriber do it"
            )
            raise TenantChangedInUnitOfWork(message)

    def require_whole(self) -> None:
        """:raises UnitRolledBack: when the database has undone, or will undo, what was done so far."""
        database = tenant_connection()
        if database.closed_in_transaction:
            raise ConnectionClosed("the connection was closed inside the unit of work: all of it is undone")
        if database.needs_rollback or database.transaction_is_aborted:
            cause = self.failure or database.rollback_exc
            message = (
                f"an error inside the unit of work was caught inside it, so all of it is undone: {_named(cause)}."
                " Let the error pass, or catch it around a transaction.atomic() inside the unit"
            )
            raise UnitRolledBack(message) from cause

    def require_open(self) -> None:
        """:raises UnitRolledBack: when the server is in no transaction any more, though it has been in the unit's."""
        if not tenant_connection().transaction_is_open:
            raise UnitRolledBack("the transaction of the unit of work was ended inside it: all of it is undone")

    def flush(self) -> None:
        self.require_whole()
        self.require_tenant()
        if self.published:
            with self._collected.refusing():
                isolation = append(self.tenant_id, self.events, after=self._collected.take())
            _require_read_committed(isolation)
            for each in self.after_append:
                each()
            transaction.on_commit(self.ring, robust=True)
        self.write_collected()
        self._let_hooks_fail()

    def _let_hooks_fail(self) -> None:
        """Let no hook that raises keep the others from running, or look like a refusal of what is committed."""
        hooks = tenant_connection().run_on_commit
        hooks[self._hooks_before :] = [(sids, CommitHook(hook), True) for sids, hook, _ in hooks[self._hooks_before :]]

    def ring(self) -> None:
        events = self.events
        announce([each.heard for each in self.published if each.heard is not None], self.tenant_id)
        published(self.tenant_id, events)
        doorbells.ring(self.tenant_id, {new.type for new in events})


@contextmanager
def unit_of_work() -> Iterator[Unit]:
    """Do everything inside, and append the events that were published, or nothing of either.

    A unit inside another joins it: when the inner one fails, all of it is rolled back, unless a `transaction.atomic()`
    stands around the inner one, and inside the outer.

    :raises NotTheOutermost: inside a transaction that no unit of work began.
    :raises TenantChangedInUnitOfWork: inside a unit of work of another tenant.
    :raises InCommitHook: in an `on_commit` hook.
    :raises UnitRolledBack: at the end, when an error was caught inside that has undone the work.
    """
    database = tenant_connection()
    if database.unit is not None:
        with _joined(database.unit) as unit:
            yield unit
        return
    _require_no_transaction(database)
    with _owned(database) as unit:
        _require_read_committed(database.default_isolation, database.connection.isolation_level)
        yield unit
        unit.flush()


@contextmanager
def rehearsal() -> Iterator[Unit]:
    """Do everything inside as in a unit of work, on one snapshot (REPEATABLE READ), and roll all of it back.

    :raises NotTheOutermost: inside a transaction, whose snapshot would be too old.
    """
    database = tenant_connection()
    if database.unit is not None:
        raise NotTheOutermost("a rehearsal is rolled back whole: it cannot be a part of a unit of work")
    _require_no_transaction(database)
    with _owned(database) as unit:
        if len(database.atomic_blocks) == 1:
            database.unit = None
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            database.unit = unit
        yield unit
        unit.write_collected()
        transaction.set_rollback(True)


@contextmanager
def _joined(unit: Unit) -> Iterator[Unit]:
    unit.require_tenant()
    try:
        with transaction.atomic(savepoint=False):
            yield unit
    except BaseException as failure:
        unit.failure = failure
        raise


@contextmanager
def _owned(database: TenantConnection) -> Iterator[Unit]:
    """Own the transaction. COMMIT begins without a unit: the hooks that run after it are no part of one."""
    database.unit = unit = Unit(tenant_id=current_tenant())
    try:
        with transaction.atomic(), _last_block(database):
            database.rollback_exc = None
            yield unit
            database.unit = None
    finally:
        database.unit = None


@contextmanager
def _last_block(database: TenantConnection) -> Iterator[None]:
    """Let the block that was entered last be the one that is left next, or Django would leave the wrong one.

    :raises LeftOpen: when code inside has entered a block and did not leave it: all of it is rolled back.
    """
    blocks, savepoints = len(database.atomic_blocks), len(database.savepoint_ids)
    left_open = False
    try:
        yield
        left_open = len(database.atomic_blocks) > blocks
    finally:
        del database.atomic_blocks[blocks:], database.savepoint_ids[savepoints:]
    if left_open:
        raise LeftOpen("a transaction.atomic() was entered inside the unit of work and not left: use it in a with")


def current_unit() -> Unit:
    """Return the unit of work of the schema that the connection is in.

    :raises NotInUnitOfWork: outside a unit of work.
    :raises TenantChangedInUnitOfWork: in another schema than the unit's.
    """
    database = tenant_connection()
    unit: Unit | None = database.unit
    if unit is None:
        _require_no_hook(database)
        raise NotInUnitOfWork("publish and writing later are only possible inside unit_of_work()")
    unit.require_tenant()
    return unit


def _require_no_transaction(database: TenantConnection) -> None:
    """Only a test case of Django's may have begun a transaction around all of this: it never commits."""
    _require_no_hook(database)
    if database.in_atomic_block:
        refused = not database.atomic_blocks[0]._from_testcase  # noqa: SLF001 - what Django's durable blocks look at
    else:
        refused = database.connection is not None and (not database.autocommit or database.transaction_is_open)
    if refused:
        message = (
            "a transaction is open that no unit of work began: it would hold the log's lock until it ends."
            " Use unit_of_work() in place of the outer transaction.atomic()"
        )
        raise NotTheOutermost(message)


def _require_no_hook(database: TenantConnection) -> None:
    if database.in_commit_hooks:
        message = (
            "an on_commit hook may be lost with its process: it must not publish or open a unit of work."
            " Let a subscriber do what must happen after the commit"
        )
        raise InCommitHook(message)


def _require_read_committed(isolation: str, of_driver: IsolationLevel | None = None) -> None:
    if isolation != READ_COMMITTED or of_driver not in {None, IsolationLevel.READ_COMMITTED}:
        message = f"a unit of work runs at READ COMMITTED only, not at {isolation}, {of_driver}: set no other isolation"
        raise WrongIsolation(message)


def _named(error: BaseException | None) -> str:
    return "a statement failed, or set_rollback was called" if error is None else summary(error)
