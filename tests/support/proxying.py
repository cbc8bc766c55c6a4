"""The shipped proxy, started for a test: its own files, with other addresses and a certificate of the test's."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from config.place import ROOT
from demo.stack.broker import free_port
from tests.support.waiting import wait_for

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
MAIN = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/tillflow.conf;
}}
"""


@dataclass
class Proxy:
    port: int
    context: ssl.SSLContext

    def connect(self, host: str = "shop.tillflow.example") -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return self.context.wrap_socket(plain, server_hostname=host)

    def ask(self, request: str) -> bytes:
        """Send one request, and read its answer to the end."""
        with self.connect() as connection:
            connection.sendall(request.encode())
            return read_all(connection)


def read_all(connection: ssl.SSLSocket) -> bytes:
    answer = b""
    while piece := connection.recv(4096):
        answer += piece
    return answer


def configure(folder: Path, *, port: int, web: int, changes: dict[str, str]) -> trustme.CA:
    """Write the shipped files into a folder, for other addresses; `changes` must each find its text."""
    authority = trustme.CA()
    issued = authority.issue_cert("*.tillflow.example")
    (folder / "key.pem").write_bytes(issued.private_key_pem.bytes())
    (folder / "chain.pem").write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    shutil.copytree(ROOT / "deploy" / "nginx", folder, dirs_exist_ok=True)
    addresses = {
        "listen 80 ": f"listen 127.0.0.1:{free_port()} ",
        "listen 443 ": f"listen 127.0.0.1:{port} ",
        "127.0.0.1:8000": f"127.0.0.1:{web}",
        "/etc/tillflow/tls/fullchain.pem": f"{folder}/chain.pem",
        "/etc/tillflow/tls/privkey.pem": f"{folder}/key.pem",
    }
    missing = {**addresses, **changes}
    for file in (folder / "tillflow.conf", *sorted((folder / "tillflow").glob("*.conf"))):
        text = file.read_text()
        for old, new in {**addresses, **changes}.items():
            if old in text:
                missing.pop(old, None)
                text = text.replace(old, new)
        file.write_text(text)
    assert missing == {}
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    return authority


def check(folder: Path) -> "subprocess.CompletedProcess[str]":
    assert NGINX is not None
    command = [NGINX, "-t", "-c", str(folder / "nginx.conf")]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


@contextmanager
def proxying(folder: Path, *, web: int, changes: dict[str, str]) -> Iterator[Proxy]:
    assert NGINX is not None
    port = free_port()
    authority = configure(folder, port=port, web=web, changes=changes)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    process = subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_for(answers, seconds=20)
        yield Proxy(port, context)
    finally:
        process.terminate()
        process.wait(20)
