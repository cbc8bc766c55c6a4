"""The demo's credentials: kept, and printed again with the ports of the run."""

from pathlib import Path

import pytest

from demo.credentials import Credentials, print_credentials


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
