"""Run every test file alone, in a random order: `python -m tests.alone [--each] [FILE…]`. Exit code 1 when one fails.

A file that passes only after another one has run depends on what that one left behind.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from config.place import ROOT, var

NOTHING_SELECTED = 5
WITHOUT_RABBITMQ = [] if Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists() else ["-m", "not rabbitmq"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help="all test files, when none is named")
    parser.add_argument("--each", action="store_true", help="run every single test alone; takes about an hour")
    arguments = parser.parse_args()
    files = arguments.files or sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py"))
    chosen = [test for file in files for test in tests_of(file)] if arguments.each else files
    failed = [one for one in chosen if not passes(one)]
    print(f"{len(chosen) - len(failed)} of {len(chosen)} pass alone", *failed, sep="\n")
    return 1 if failed else 0


def tests_of(file: str) -> list[str]:
    listed = pytest("--collect-only", "-q", file).stdout.splitlines()
    return [line for line in listed if "::" in line]


def passes(selection: str) -> bool:
    began = time.monotonic()
    done = pytest(selection)
    passed = done.returncode in {os.EX_OK, NOTHING_SELECTED}
    print(f"{'ok    ' if passed else 'FAILED'} {time.monotonic() - began:6.1f} s  {selection}", flush=True)
    if not passed:
        print(done.stdout[-4000:], done.stderr[-2000:], flush=True)
    return passed


def pytest(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "--no-cov", *WITHOUT_RABBITMQ, *arguments]
    environment = {**os.environ, "TILLFLOW_VAR": str(var() / "alone")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
