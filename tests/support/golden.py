"""Golden payloads: an event of each version, as it was stored once."""

import json
from typing import Any

from config.place import ROOT

GOLDEN = ROOT / "tests" / "events" / "golden"


def golden(name: str, version: int) -> dict[str, Any]:
    file = GOLDEN / f"{name}.v{version}.json"
    assert file.exists(), f"{name} version {version} has no golden payload: manage.py golden {name}"
    return json.loads(file.read_text())
