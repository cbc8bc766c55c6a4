"""The database connection, made to fail closed.

A statement runs in the tenant's schema or not at all, an aborted transaction is never committed, a unit of work is the
only one that controls its transaction, and a role that row-level security does not bind is refused.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.db.utils import Error, InternalError, OperationalError
from psycopg.pq import TransactionStatus

from kernel.tenancy import OpenUnit, RoleNotBound, StatementRefused, WriteElsewhereRefused
from tenants.database.entering import EnteringWrapper
from tenants.database.statements import Statement, read


class SearchPathNotSet(OperationalError):
    """The tenant's schema could not be entered, so the statement was not sent. The cause is what SET was answered.

    A schema that does not exist can be entered all the same: the statements that look for its tables fail.
    """


class TransactionAborted(InternalError):
    """A COMMIT of a transaction in which a statement had failed: PostgreSQL would have rolled back without an error."""


class DatabaseWrapper(EnteringWrapper):
    """:param unit: the unit of work that owns the current transaction. :param in_commit_hooks: whether hooks run now.

    :param default_isolation: what the session's transactions start with, as PostgreSQL writes it.
    :param is_marked: whether a unit has left something in the session that nobody else must find.
    :param keeps_session: whether the session must go on all the same, for somebody who needs what is in it.
    """

    unit: OpenUnit | None = None
    in_commit_hooks = False
    default_isolation = ""
    is_marked = False
    keeps_session = False
    _controlling = False
    _settings: list[bytes | None]
    _search_path_error: Error | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._guard)

    # Connecting

    def get_new_connection(self, conn_params: Any) -> Any:
        self.search_path_set_schemas, self.is_marked = None, False
        session = super().get_new_connection(conn_params)
        session.commit, session.rollback = self._ours(session.commit), self._ours(session.rollback)
        return session

    def _ours(self, control: Callable[[], None]) -> Callable[[], None]:
        """Let nobody end a unit's transaction through the driver, past Django: what follows would be in another one."""

        def control_unless_in_unit() -> None:
            if self.unit is not None and not self._controlling:
                self.needs_rollback = True
                raise StatementRefused(_CONTROLLED.format(f"{control.__name__}() of the driver"))
            control()

        return control_unless_in_unit

    def init_connection_state(self) -> None:
        super().init_connection_state()
        unbound, self.default_isolation = self.connection.execute(_SESSION).fetchone()
        if unbound:
            self.close()
            raise RoleNotBound(_refusal(unbound))
        self._settings = self._reported_settings()

    def ensure_connection(self) -> None:
        """Connect, also again after a unit of work that has left something in the session."""
        if self.is_marked and not self.keeps_session and not self.in_atomic_block and not self.transaction_is_open:
            self.close()
        super().ensure_connection()

    # Transactions

    @property
    def transaction_is_aborted(self) -> bool:
        """Whether nothing but ROLLBACK can succeed, as the driver knows without asking the server."""
        return self._status() is TransactionStatus.INERROR

    @property
    def transaction_is_open(self) -> bool:
        """Whether the server is in a transaction, whoever began it."""
        return self._status() not in {None, TransactionStatus.IDLE, TransactionStatus.UNKNOWN}

    def _status(self) -> TransactionStatus | None:
        if self.connection is None or self.connection.closed:
            return None
        return TransactionStatus(self.connection.pgconn.transaction_status)

    def commit(self) -> None:
        """:raises TransactionAborted: after ROLLBACK, where COMMIT would have been one without an error."""
        if self.transaction_is_aborted:
            self.rollback()
            message = (
                "a statement of this transaction failed and its error was caught: all of it was rolled back."
                " Let the error pass, or catch it around a transaction.atomic() inside the unit"
            )
            raise TransactionAborted(message)
        try:
            super().commit()
        except Error:
            self.search_path_set_schemas = None
            raise
        self.is_marked = self.is_marked or self._reported_settings() != self._settings

    def savepoint(self) -> str | None:
        sid: str | None = super().savepoint()
        if sid and self.unit is not None:
            self.unit.savepoint_made(sid)
        return sid

    def savepoint_rollback(self, sid: str) -> None:
        super().savepoint_rollback(sid)
        if self.unit is not None:
            self.unit.savepoint_undone(sid)

    def _rollback(self) -> None:
        self._as_django(super()._rollback)

    def _savepoint(self, sid: str) -> None:
        self._as_django(super()._savepoint, sid)

    def _savepoint_rollback(self, sid: str) -> None:
        self._as_django(super()._savepoint_rollback, sid)

    def _savepoint_commit(self, sid: str) -> None:
        self._as_django(super()._savepoint_commit, sid)

    def _as_django(self, control: Callable[..., None], *of: str) -> None:
        self._controlling = True
        try:
            control(*of)
        finally:
            self._controlling = False

    def run_and_clear_commit_hooks(self) -> None:
        before, self.in_commit_hooks = self.in_commit_hooks, True
        try:
            super().run_and_clear_commit_hooks()
        finally:
            self.in_commit_hooks = before

    # Statements

    def _handle_search_path(self, cursor: Any = None) -> None:
        """Django-tenants swallows a failed `SET search_path`, and the next statement would run in the schema before.

        One that is set may have moved since: that is looked at before each statement.
        """
        if self.search_path_set_schemas:
            return
        self._search_path_error = None
        super()._handle_search_path(cursor)
        if self.search_path_set_schemas or self._setting_search_path or self._fails_anyway():
            self._reported = self._report()
            return
        message = f"search_path for schema {self.schema_name!r} could not be set: {self._search_path_error}"
        raise SearchPathNotSet(message) from self._search_path_error

    def _reported_settings(self) -> list[bytes | None]:
        """Return the settings whose changes the server reports, whatever has changed them: no round trip."""
        session = self.connection.pgconn
        return [session.parameter_status(name) for name in _REPORTED]

    def _fails_anyway(self) -> bool:
        """Say whether the next statement cannot reach a wrong schema, because it will be refused."""
        return self.in_atomic_block and (self.needs_rollback or self.transaction_is_aborted)

    def make_cursor(self, cursor: Any) -> Any:
        return _Cursor(cursor, self)

    def _guard(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        if self._setting_search_path:
            return self._execute_set(execute, sql, params, many, context)
        if self._controlling:
            return execute(sql, params, many, context)
        with self.guarded(sql):
            return execute(sql, params, many, context)

    @contextmanager
    def guarded(self, sql: Any) -> Iterator[None]:
        """Let a statement run in the schema of now, whenever its cursor was made.

        :raises StatementRefused: when a unit of work does not send such a statement, or was ended by it.
        """
        statement = read(text := sql if isinstance(sql, str) else self._text(sql))
        if self.unit is not None:
            self._refuse_what_units_do_not_send(statement, text, self.unit.tenant_id)
        if statement.writes and self.remembered is not None and self.remembered.is_of(text):
            self.remembered = None
        if not self.connection.closed and (not self.search_path_set_schemas or self._report() != self._reported):
            self.search_path_set_schemas = None
            with self._prepare_cursor(self.create_cursor()) as cursor:
                self._handle_search_path(cursor)
        try:
            yield
        finally:
            if statement.may_move:
                self.search_path_set_schemas = None
        if self.unit is not None and self._status() is TransactionStatus.IDLE:
            self.needs_rollback = True
            raise StatementRefused(_CONTROLLED.format(text))

    def _execute_set(self, execute: Any, *of: Any) -> Any:
        """Set the search_path, and keep the error, which django-tenants swallows."""
        try:
            return execute(*of)
        except Error as error:
            self._search_path_error = error
            raise

    def _text(self, sql: Any) -> str:
        return sql.decode() if isinstance(sql, bytes) else str(sql.as_string(self.connection))

    def _refuse_what_units_do_not_send(self, statement: Statement, text: str, tenant_id: str) -> None:
        if statement.controls:
            raise StatementRefused(_CONTROLLED.format(text))
        if self.schema_name != tenant_id and statement.writes:
            message = (
                f"the unit of work is of {tenant_id!r}, this statement would write in {self.schema_name!r}:"
                f" write after the unit, or in a subscriber. {text[:200]}"
            )
            raise WriteElsewhereRefused(message)
        self.is_marked = self.is_marked or statement.leaves


class _Cursor(CursorWrapper):
    """Django's, whose COPY is a statement like any other."""

    @contextmanager
    def copy(self, statement: Any, *parameters: Any, **options: Any) -> Iterator[Any]:
        copying = self.cursor.copy(statement, *parameters, **options)
        with self.db.guarded(statement), self.db.wrap_database_errors, copying as copy:
            yield copy


_REPORTED = (b"TimeZone", b"DateStyle", b"IntervalStyle", b"default_transaction_read_only", b"session_authorization")
_CONTROLLED = "a unit of work controls its transaction by itself: use transaction.atomic(), not {!r}"
# Members count: nothing but SET ROLE stands between them and what the role may do. A superuser is a member of all.
_SESSION = """
SELECT
    (SELECT string_agg(rolname, ', ' ORDER BY rolname) FROM pg_roles
     WHERE (rolsuper OR rolbypassrls)
        AND (pg_has_role(session_user, oid, 'MEMBER') OR pg_has_role(current_user, oid, 'MEMBER'))),
    current_setting('default_transaction_isolation')
"""


def _refusal(roles: str) -> str:
    return (
        f"the database role is, or may become, {roles}: a superuser or a role with BYPASSRLS, so PostgreSQL would not"
        " wall the tenants off. Connect as an ordinary role that owns the database:"
        " CREATE ROLE tillflow LOGIN; ALTER DATABASE … OWNER TO tillflow;"
    )
