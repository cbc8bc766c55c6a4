"""F01: calls of bridges go past the proxies of the environment, which their timeouts would not end."""

import threading
from typing import Any

import pytest

from integrations.bridges.aws import SqsBridge
from integrations.bridges.bridge import BridgeDown, Message

pytest.importorskip("boto3")

PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
MESSAGE = Message(id="1", type="pos.order_completed", tenant="north", key="north/order:1", body=b"{}")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_f01_a_bridge_to_aws_never_connects_to_a_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    import socket

    proxied: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(20)

        def accept() -> None:
            try:
                connection, _ = proxy.accept()
            except OSError:
                return
            proxied.append(connection.getsockname())
            connection.close()

        listener = threading.Thread(target=accept, daemon=True)
        listener.start()
        for name in PROXIES:
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"{scheme}://127.0.0.1:1")

        with pytest.raises(BridgeDown):
            SqsBridge(f"{scheme}://127.0.0.1:1/queue").send([MESSAGE])

    assert proxied == []
