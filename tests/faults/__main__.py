"""`python -m tests.faults --rounds 30 --seed 1`: sell while everything is killed, then count what is missing."""

import argparse
import random
import shutil
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context

from config.stack.place import ROOT
from tests.faults.schedule import Round, schedule


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--jobs", type=int, default=1, help="stacks at the same time, each for a part of the rounds")
    parser.add_argument("--plan", action="store_true", help="print the schedule and do nothing")
    arguments = parser.parse_args()
    rounds = list(schedule(arguments.seed, arguments.rounds))
    if arguments.plan:
        for planned in rounds:
            sys.stdout.write(f"{planned}\n")
        return 0
    return played(rounds, arguments.seed, arguments.jobs)


def played(rounds: list[Round], seed: int, jobs: int) -> int:
    """Play the rounds, in as many stacks at once as there are jobs, and print the last line."""
    from tests.faults.harness import Outcome, run, tell

    interruptible()
    folder = ROOT / "var" / "faults"
    shutil.rmtree(folder, ignore_errors=True)
    size = -(-len(rounds) // jobs)
    parts = [rounds[at : at + size] for at in range(0, len(rounds), size)]
    folders = [folder / str(number) for number in range(1, len(parts) + 1)]
    total = Outcome()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=interruptible) as pool:
        try:
            for outcome in pool.map(run, parts, folders):
                total += outcome
        except KeyboardInterrupt:
            for process in active_children():
                process.terminate()
            raise
    tell(total.last_line(seed))
    return 1 if total.wrong.total() else 0


def interruptible() -> None:
    """Let a SIGTERM unwind what was started, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


if __name__ == "__main__":
    sys.exit(main())
