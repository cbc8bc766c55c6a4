"""The demo talks to itself only, shares its folder with nobody, and revives its servers (W14, W17, W18)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from config.place import ROOT, urls_file
from demo import demo as demos
from demo.demo import Demo
from demo.serving import Listener, flower_is_ours, web_is_ours
from demo.stack.broker import free_port
from demo.stack.lock import FolderLock, FolderTaken
from demo.stack.processes import Program, Supervisor
from demo.stack.services import Services
from demo.steps import DemoFailed
from tests.support.waiting import wait_for

ANSWERS = """
import http.server, sys
class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Tillflow-Instance", sys.argv[2]); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Web).serve_forever()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TILLFLOW_VAR", str(tmp_path))
    for name in ("WEB_PORT", "FLOWER_PORT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


class Stranger(BaseHTTPRequestHandler):
    """Another demo's web: alive, and not ours."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Tillflow-Instance", "theirs")
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None: ...


@pytest.fixture
def taken() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def listener(preferred: int, **environment: Any) -> Listener:
    return Listener(
        "web", "WEB_PORT", preferred,
        lambda port: Program("web", [sys.executable, "-c", ANSWERS, str(port), "ours"]),
        lambda port: web_is_ours(port, "ours"),
    )  # fmt: skip


def test_w14_a_port_that_another_demo_has_taken_meanwhile_is_given_up(folder: Path, taken: int) -> None:
    ours = listener(free_port())
    ours.port, ours.program = taken, ours.make(taken)
    supervisor = Supervisor([ours.program])
    supervisor.start()
    try:
        assert ours.prove(supervisor)

        assert ours.port != taken
        assert web_is_ours(ours.port, "ours")
        assert not web_is_ours(taken, "ours")
        assert not ours.prove(supervisor)
    finally:
        supervisor.stop()


def test_w14_a_port_that_was_asked_for_is_not_changed_in_silence(
    folder: Path, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEB_PORT", str(taken))
    with pytest.raises(DemoFailed, match=f"port {taken} is another program's"):
        listener(8000)

    port = free_port()
    monkeypatch.setenv("WEB_PORT", str(port))
    ours = listener(8000)
    ours.port, ours.program = taken, ours.make(taken)
    supervisor = Supervisor([ours.program])
    supervisor.start()
    try:
        with pytest.raises(DemoFailed, match="another program's"):
            ours.prove(supervisor)
    finally:
        supervisor.stop()


@pytest.mark.parametrize("typed", ["x", "0", "65536", "-1", "80 80", "²"])
def test_w14_a_port_that_is_none_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setenv("WEB_PORT", typed)

    with pytest.raises(DemoFailed, match="a port is a number from 1 to 65535"):
        listener(8000)


def test_w14_a_program_that_does_not_stay_up_shows_its_log(folder: Path) -> None:
    ours = Listener(
        "web", "WEB_PORT", free_port(), lambda _port: Program("web", [sys.executable, "-c", "raise SystemExit('no such module')"]),
        lambda port: web_is_ours(port, "ours"),
    )  # fmt: skip
    supervisor = Supervisor([ours.program])
    supervisor.start()

    with pytest.raises(DemoFailed, match="does not stay up") as failed:
        ours.prove(supervisor)

    assert "no such module" in str(failed.value)


def test_w14_anothers_flower_is_not_ours(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stranger, "do_GET", lambda self: (self.send_response(401), self.end_headers()))

    assert not flower_is_ours(taken, "secret")
    with pytest.raises(requests.ConnectionError):
        flower_is_ours(free_port(), "secret")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["-m", "demo", "--check"], "make demo (process"),
        (["-m", "demo.stack", "down"], "make demo (process"),
        (["-m", "demo.stack", "up"], "answers at http://localhost:8123/admin/"),
    ],
)
def test_w17_a_folder_that_a_demo_uses_is_left_alone(folder: Path, command: list[str], said: str) -> None:
    held = FolderLock(folder, "make demo")
    held.acquire()
    held.note(url="http://localhost:8123/admin/")
    (folder / "processes.json").write_text("{}")

    second = subprocess.run(
        [sys.executable, "-W", "ignore", *command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "TILLFLOW_VAR": str(folder)},
    )  # fmt: skip
    output = second.stdout + second.stderr

    assert second.returncode == 1
    assert said in output
    assert f"TILLFLOW_VAR={folder}-2" in output
    assert "Traceback" not in output
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "processes.json"]


def test_w17_a_lock_ends_with_its_process(folder: Path) -> None:
    code = f"from pathlib import Path; from demo.stack.lock import FolderLock; FolderLock(Path({str(folder)!r}), 'x').acquire()"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    lock = FolderLock(folder, "make demo")

    lock.acquire()

    with pytest.raises(FolderTaken, match="make demo"):
        FolderLock(folder, "make demo-check").acquire()
    lock.release()
    FolderLock(folder, "make demo-check").acquire()


def test_w18_the_demo_revives_its_broker_and_says_where_the_shop_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql:///given")
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.delenv("INSTANCE", raising=False)
    demo = Demo()
    demo.supervisor = Supervisor([])
    try:
        demo._start_services()
        demo.services.announce(TILLFLOW_URL=demo.url)
        pid = demo.services._broker.pid()
        assert pid is not None
        os.kill(pid, 9)
        wait_for(lambda: demo.services.exited() == ["the broker"])

        demo.revive()

        assert demo.services.exited() == []
        assert "the broker had exited and is started again" in capsys.readouterr().out
        assert f"TILLFLOW_URL={demo.url}" in urls_file().read_text()
        assert demo.services._broker.pid() != pid
    finally:
        demo.services.stop()


@pytest.mark.parametrize(
    ("listed", "done"),
    [
        ("corner_shop_2 ACTIVE EUR x", "tenant create"),
        ("corner_shop PROVISIONING EUR x", "tenant resume"),
        ("corner_shop ACTIVE EUR x", ""),
        ("corner_shop SUSPENDED EUR x", "was suspended"),
        ("corner_shop CLOSED EUR", "is closed, and names are not given again"),
    ],
)
def test_w16_the_demo_goes_on_from_whatever_became_of_its_shops(
    folder: Path, monkeypatch: pytest.MonkeyPatch, listed: str, done: str
) -> None:
    typed: list[str] = []

    def manage(*arguments: str, **_environment: str) -> str:
        typed.append(" ".join(arguments))
        return listed + "\n"

    monkeypatch.setattr(demos, "manage", manage)
    demo = Demo()
    try:
        demo._create_shop("corner_shop", "Corner Shop")
    except DemoFailed as failed:
        typed.append(str(failed))

    assert [
        each for each in typed if each.startswith(("tenant create", "tenant resume")) or "shop corner_shop" in each
    ] == ([each for each in typed if done and done in each])
    assert not done or any(done in each for each in typed)


def test_servers_that_are_given_are_neither_watched_nor_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql:///given")
    monkeypatch.setenv("REDIS_URL", "redis://given")

    assert Services().exited() == []
