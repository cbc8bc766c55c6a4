"""What the demo has made once and keeps: passwords, PINs, tokens, and the ports of the last run.

`python -m demo.credentials` prints its URLs and passwords again.
"""

import json
import os
import secrets
import sys
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from config.place import urls_file, var
from demo.people import WORKERS
from demo.steps import console

SHOPS = {"corner_shop": "Corner Shop", "book_store": "Book Store"}


@dataclass
class Credentials:
    """Made once, kept in `var/demo.json`, printed again by `make credentials`; the ports are those of the last run.

    :param tokens: of a terminal of each shop, for scripts. :param tills: of a device for the till in the browser.
    :param pins: of the people at the tills, by shop and staff code.
    """

    owner: str
    flower: str
    tokens: dict[str, str]
    tills: dict[str, str] = field(default_factory=dict)
    pins: dict[str, dict[str, str]] = field(default_factory=dict)
    web_port: int = 8000
    flower_port: int = 5555

    @classmethod
    def file(cls) -> Path:
        return var() / "demo.json"

    @classmethod
    def load(cls) -> "Credentials":
        """Read what is kept, also by another version of the demo; what has never been made is made."""
        if cls.file().exists():
            kept = json.loads(cls.file().read_text())
            return cls(**{each.name: kept[each.name] for each in fields(cls) if each.name in kept})
        return cls(owner=secrets.token_urlsafe(9), flower=secrets.token_urlsafe(9), tokens={})

    def save(self) -> None:
        self.file().touch(mode=0o600)
        self.file().chmod(0o600)
        self.file().write_text(json.dumps(asdict(self)))


def print_credentials(credentials: Credentials) -> None:
    web = f":{credentials.web_port}"
    rows = [("platform admin", f"http://localhost{web}/admin/", f"admin / {credentials.owner}")]
    for shop, title in SHOPS.items():
        base, pins = f"http://{host_of(shop)}{web}", credentials.pins.get(shop, {})
        rows.append((f"{title} admin", f"{base}/admin/", f"admin / {credentials.owner}"))
        rows.append((f"{title} API", f"{base}/api/docs", f"Bearer {credentials.tokens.get(shop, '')}"))
        rows.append((f"{title} till", f"{base}/till/", f"device token: {credentials.tills.get(shop, '')}"))
        rows += [
            ("", f"{each.name}, {each.role}", f"staff code {each.code}, PIN {pins.get(each.code)}") for each in WORKERS
        ]
    rows.append(("Flower", f"http://127.0.0.1:{credentials.flower_port}/", f"admin / {credentials.flower}"))
    rows.append(("metrics", f"http://localhost{web}/metrics", f"Bearer {_metrics_token()}"))
    for name, url, login in rows:
        console.print(f"  {name:<18} {url:<46} {login}", soft_wrap=True, markup=False)
    console.print(
        "  To sell: open a till, paste its device token where it asks for a pairing code, then type a staff code and\n"
        "  its PIN. Another till is paired by a code that the admin makes for a register:\n"
        f"  http://{host_of('corner_shop')}{web}/admin/pos/register/\n"
        "  Ctrl-C stops everything; [bold]make credentials[/] prints this again.\n",
        soft_wrap=True,
    )


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
