"""The demo's credentials: kept, and printed again with the ports of the run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.place import ROOT
from demo import demo as demo_module
from demo.credentials import Credentials, print_credentials
from demo.demo import Demo
from demo.steps import DemoFailed


def test_credentials_name_the_ports_of_the_last_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TILLFLOW_VAR", str(tmp_path))
    Credentials(owner="o", flower="f", tokens={"corner_shop": "tf.x"}, web_port=60001, flower_port=60002).save()

    print_credentials(Credentials.load())

    printed = capsys.readouterr().out
    assert "http://corner-shop.localhost:60001/api/docs" in printed
    assert "http://127.0.0.1:60002/" in printed
    assert Credentials.file().stat().st_mode & 0o777 == 0o600


def test_f17_the_credentials_of_a_stopped_demo_say_that_it_is_stopped(tmp_path: Path) -> None:
    environment = {**os.environ, "TILLFLOW_VAR": str(tmp_path)}
    (tmp_path / "demo.json").write_text('{"owner": "o", "flower": "f", "tokens": {}}')

    def printed() -> str:
        command = [sys.executable, "-W", "ignore", "-m", "demo.credentials"]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stderr

    assert printed() == "The demo that these belong to is stopped: make demo starts it again.\n"
    (tmp_path / "stack.env").write_text("")
    assert printed() == ""


STOPPED_TWICE = """
import os, signal, sys
from demo import __main__ as program

class Stopped:
    def start(self):
        raise KeyboardInterrupt
    def stop(self):
        os.kill(os.getpid(), signal.SIGINT)
        print("everything has stopped")

program.Demo = Stopped
sys.argv = ["demo", "--check"]
sys.exit(program.main())
"""


def test_a_second_ctrl_c_while_everything_stops_leaves_nothing_running(tmp_path: Path) -> None:
    environment = {**os.environ, "TILLFLOW_VAR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", STOPPED_TWICE], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "everything has stopped" in done.stdout


@pytest.mark.parametrize("server", ["DATABASE_URL", "REDIS_URL"])
def test_f9_the_demo_names_the_server_that_does_not_answer(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILLFLOW_VAR", str(tmp_path))
    monkeypatch.setenv("INSTANCE", "")
    demo = Demo()
    demo.services.urls = {"DATABASE_URL": "postgresql://t@127.0.0.1:1/t", "REDIS_URL": "redis://127.0.0.1:1/0"}
    monkeypatch.setattr(demo, "_start_services", lambda: None)
    if server == "REDIS_URL":
        monkeypatch.setattr(demo_module, "_ask_database", lambda _url: None)

    with pytest.raises(DemoFailed, match=f"the server that {server} names does not take us: .*127.0.0.1"):
        demo._start_servers()
