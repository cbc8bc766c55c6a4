"""The front door is typed: what would be dead events in production is an error before it runs."""

import re
import subprocess
import sys
from pathlib import Path

from config.place import ROOT

MISTAKES = Path(__file__).with_name("mistakes.py")


def test_each_mistake_at_the_front_door_is_an_error_and_nothing_else_is() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", str(MISTAKES)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    errors = {int(line) for line in re.findall(r"mistakes\.py:(\d+): error", checked.stdout)}

    lines = MISTAKES.read_text().splitlines()
    wrong = {number for number, line in enumerate(lines, start=1) if line.endswith("# wrong")}
    assert len(wrong) == 5
    assert errors == wrong, checked.stdout + checked.stderr
