"""What keeps tests, benchmarks and the fault harness away from a deployment that this machine is configured for."""

import os
import re
from collections.abc import Collection
from pathlib import Path

from config.place import ROOT

HARMLESS = frozenset({"LOG_LEVEL"})
UNDOCUMENTED = frozenset({"DEBUG", "BROKER_PREFIX", "AWS_PROFILE"})


def isolate_environment(folder: Path, *, keep: Collection[str] = ()) -> None:
    """Forget every setting of a deployment, in this process and for its children; let the stack live in `folder`.

    Settings come from the environment and from `.env`. Both may name real databases, brokers, bridges, mail servers and
    card gateways, so none of them is taken over except those in `keep`.
    """
    for name in known_settings() - HARMLESS - set(keep):
        os.environ.pop(name, None)
    os.environ["ENV_FILE"] = os.devnull
    os.environ["EMAIL_URL"] = "memorymail://"
    os.environ["TILLFLOW_VAR"] = str(folder)


def known_settings() -> set[str]:
    documented = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)
    return {*documented, *UNDOCUMENTED}
