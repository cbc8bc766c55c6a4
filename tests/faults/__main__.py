"""`python -m tests.faults --rounds 30 --seed 1`: sell while everything is killed, then count what is missing."""

import argparse
import random
import shutil
import signal
import sys

from config.stack.place import ROOT


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--plan", action="store_true", help="print the schedule and do nothing")
    arguments = parser.parse_args()
    if arguments.plan:
        from tests.faults.schedule import schedule

        for planned in schedule(arguments.seed, arguments.rounds):
            sys.stdout.write(f"{planned}\n")
        return 0
    from tests.faults.harness import run

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = ROOT / "var" / "faults"
    shutil.rmtree(folder, ignore_errors=True)
    return 1 if run(arguments.seed, arguments.rounds, folder) else 0


if __name__ == "__main__":
    sys.exit(main())
