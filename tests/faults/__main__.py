"""`python -m tests.faults --rounds 30 --seed 1`: sell while everything is killed, then count what is missing."""

import argparse
import random
import shutil
import sys
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from config.place import ROOT
from tests.faults.schedule import FAULTS, Round, schedule

if TYPE_CHECKING:
    from tests.faults.harness import Outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--jobs", type=int, default=1, help="stacks at the same time, each for a part of the rounds")
    parser.add_argument("--only", default=",".join(FAULTS), help="the faults to draw from, separated by commas")
    parser.add_argument("--plan", action="store_true", help="print the schedule and do nothing")
    arguments = parser.parse_args()
    rounds = list(schedule(arguments.seed, arguments.rounds, arguments.only.split(",")))
    if arguments.plan:
        for planned in rounds:
            sys.stdout.write(f"{planned}\n")
        return 0
    return played(rounds, arguments.seed, arguments.jobs)


def played(rounds: list[Round], seed: int, jobs: int) -> int:
    """Play the rounds, in as many stacks at once as there are jobs, and print the last line."""
    from tests.faults.harness import Outcome, interruptible, tell

    interruptible()
    folder = ROOT / "var" / "faults"
    shutil.rmtree(folder, ignore_errors=True)
    size = -(-len(rounds) // jobs)
    parts = [
        Part(rounds[at : at + size], folder / str(number))
        for number, at in enumerate(range(0, len(rounds), size), start=1)
    ]
    total = Outcome()
    try:
        for part in parts:
            total += part.outcome()
    except (KeyboardInterrupt, EOFError):
        for part in parts:
            part.process.terminate()
        for part in parts:
            part.process.join()
        raise
    tell(total.last_line(seed))
    return 1 if total.wrong.total() else 0


class Part:
    """Some of the rounds, played by a process of their own."""

    def __init__(self, rounds: list[Round], folder: Path) -> None:
        from tests.faults.harness import report

        context = get_context("spawn")
        self.answer, answering = context.Pipe(duplex=False)
        self.process = context.Process(target=report, args=(rounds, folder, answering))
        self.process.start()
        answering.close()

    def outcome(self) -> "Outcome":
        """:raises EOFError: when the process ended without one."""
        outcome: Outcome = self.answer.recv()
        return outcome


if __name__ == "__main__":
    sys.exit(main())
