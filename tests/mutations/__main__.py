"""Take guards out of services, one at a time; a test of the same app must fail: `python -m tests.mutations [APP…]`.

Exit code 1 when a guard survives, 2 when the tests fail with all guards in place, or an option is wrong.
"""

import argparse
import os
import sys
from collections.abc import Sequence

import pytest

from config.place import ROOT, var
from tests.mutations.guards import Guard, guards_of
from tests.mutations.running import Mutations
from tests.mutations.spared import SPARED

CLEAN = ("pos", "inventory", "payments")


def main() -> int:
    apps = sorted(file.parent.name for file in ROOT.glob("*/apps.py") if (ROOT / "tests" / file.parent.name).is_dir())
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("apps", nargs="*", metavar="APP", help=f"{', '.join(apps)}; without one: {', '.join(CLEAN)}")
    parser.add_argument("--only", default="", metavar="TEXT", help="guards whose `file:line  text` contains this")
    options = parser.parse_args()
    unknown = [app for app in options.apps if app not in apps]
    if unknown:
        parser.error(f"no app with tests is called {unknown[0]!r}: choose from {', '.join(apps)}")
    chosen = options.apps or list(CLEAN)
    guards = [guard for app in chosen for guard in guards_of(ROOT, app)]
    stale = _stale(guards, chosen)
    if stale:
        parser.error(f"tests/mutations/spared.py names guards that do not exist: {'; '.join(stale)}")
    selected = [guard for guard in guards if options.only in f"{guard.name}  {guard.text}"]
    if not selected:
        parser.error(f"none of the {len(guards)} guards of {', '.join(chosen)} contains {options.only!r}")
    return _run(selected)


def _run(guards: Sequence[Guard]) -> int:
    os.environ["TILLFLOW_VAR"] = str(var() / "mutations")
    os.environ["COVERAGE_CORE"] = "ctrace"
    mutations = Mutations(guards)
    apps = list(dict.fromkeys(guard.app for guard in guards))
    print(f"running the tests of {', '.join(apps)} once, then without each of {len(guards)} guards", flush=True)
    quiet = ["-qq", "--no-header", "--no-summary", "-p", "no:randomly", "-p", "no:cacheprovider"]
    ended = pytest.main([*quiet, *(f"tests/{app}" for app in apps)], plugins=[mutations])
    if mutations.broken:
        print("these tests fail with all guards in place:", *mutations.broken, sep="\n\n")
        return 2
    if ended not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        print(f"pytest ended with {ended!r}")
        return 2
    for app in apps:
        print(_summary(app, mutations))
    return 1 if any(not verdict.killer and not verdict.spared for verdict in mutations.verdicts) else 0


def _summary(app: str, mutations: Mutations) -> str:
    verdicts = [verdict for verdict in mutations.verdicts if verdict.guard.app == app]
    killed, spared = sum(bool(each.killer) for each in verdicts), sum(bool(each.spared) for each in verdicts)
    return (
        f"{app}: {len(verdicts)} guards, {killed} killed, {spared} spared, {len(verdicts) - killed - spared} survived"
    )


def _stale(guards: Sequence[Guard], apps: Sequence[str]) -> list[str]:
    known = {(guard.file, guard.text) for guard in guards}
    return [f"{file}  {text}" for file, text in SPARED if file.split("/")[0] in apps and (file, text) not in known]


if __name__ == "__main__":
    sys.exit(main())
