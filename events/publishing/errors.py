"""What a unit of work refuses, and how it fails."""


class NotInUnitOfWork(Exception):
    """`publish`, or a write for later, was wanted outside a unit of work: no transaction would make the fact true."""


class InCommitHook(NotInUnitOfWork):
    """An `on_commit` hook wanted to publish or to open a unit: it may be lost with its process."""


class NotTheOutermost(Exception):
    """A unit of work was opened inside a transaction of somebody else, which would hold the log's lock to its end."""


class TenantChangedInUnitOfWork(Exception):
    """A unit of work of one tenant wanted to write, or to publish, in another."""


class UnitRolledBack(Exception):
    """An error inside a unit of work was caught inside it. The database has undone the work, so the unit fails."""


class ConnectionClosed(UnitRolledBack):
    """The connection was closed by code inside a unit of work, not by the database or the network."""


class LeftOpen(UnitRolledBack):
    """A `transaction.atomic()` was entered inside a unit of work, and not left."""


class WrongIsolation(Exception):
    """A unit of work needs READ COMMITTED: the log's head is read after the log's lock was waited for."""
