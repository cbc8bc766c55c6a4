"""Golden payloads: an event of each version, as it was stored once."""

import json
from typing import Any

from config.place import ROOT

GOLDEN = ROOT / "tests" / "events" / "golden"


def golden(name: str, version: int) -> dict[str, Any]:
    return json.loads((GOLDEN / f"{name}.v{version}.json").read_text())
