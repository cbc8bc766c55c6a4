"""What the demo has made once and keeps: passwords, tokens, and the ports of the last run.

`python -m demo.credentials` prints its URLs and passwords again.
"""

import json
import os
import secrets
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from config.place import urls_file, var
from demo.steps import console

SHOPS = {"corner_shop": "Corner Shop", "book_store": "Book Store"}


@dataclass
class Credentials:
    """Made once, kept in `var/demo.json`, printed again by `make credentials`; the ports are those of the last run."""

    owner: str
    flower: str
    tokens: dict[str, str]
    web_port: int = 8000
    flower_port: int = 5555

    @classmethod
    def file(cls) -> Path:
        return var() / "demo.json"

    @classmethod
    def load(cls) -> "Credentials":
        if cls.file().exists():
            return cls(**json.loads(cls.file().read_text()))
        return cls(owner=secrets.token_urlsafe(9), flower=secrets.token_urlsafe(9), tokens={})

    def save(self) -> None:
        self.file().write_text(json.dumps(asdict(self)))
        self.file().chmod(0o600)


def print_credentials(credentials: Credentials) -> None:
    web = f":{credentials.web_port}"
    rows = [("platform admin", f"http://localhost{web}/admin/", f"admin / {credentials.owner}")]
    for shop, title in SHOPS.items():
        base = f"http://{host_of(shop)}{web}"
        rows.append((f"{title} admin", f"{base}/admin/", f"admin / {credentials.owner}"))
        rows.append((f"{title} API", f"{base}/api/docs", f"Bearer {credentials.tokens.get(shop, '')}"))
        rows.append((f"{title} till", f"{base}/till/", "pair it with the token of the API"))
    rows.append(("Flower", f"http://127.0.0.1:{credentials.flower_port}/", f"admin / {credentials.flower}"))
    rows.append(("metrics", f"http://localhost{web}/metrics", f"Bearer {_metrics_token()}"))
    for name, url, login in rows:
        console.print(f"  {name:<18} {url:<46} {login}", soft_wrap=True, markup=False)
    console.print("  Ctrl-C stops everything; [bold]make credentials[/] prints this again.\n")


def _metrics_token() -> str:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings

    token: str = settings.METRICS_TOKEN
    return token


def host_of(shop: str) -> str:
    return f"{shop.replace('_', '-')}.localhost"


if __name__ == "__main__":
    if not Credentials.file().exists():
        sys.exit("no demo has run here yet: make demo")
    if not urls_file().exists():
        sys.stderr.write("The demo that these belong to is stopped: make demo starts it again.\n")
    print_credentials(Credentials.load())
