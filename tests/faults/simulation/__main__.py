"""`python -m tests.faults.simulation --seeds 2000 [--from 0] [--jobs 2] [--storms]`: the protocol under so many days."""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.faults.simulation.days import Outcome, brave, live


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--storms", action="store_true", help="where drains meet and connections are cut all the time")
    arguments = parser.parse_args()
    name, through = ("storms", brave) if arguments.storms else ("simulation", live)
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    chunks = [seeds[at : at + 500] for at in range(0, len(seeds), 500)]
    total = Outcome()
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for outcome in pool.map(through, chunks):
            total += outcome
            if outcome.findings:
                break
    for seed, said in total.findings[:20]:
        sys.stdout.write(f"seed {seed}: {said}\n")
    sys.stdout.write(
        f"{name}: seeds={total.seeds} steps={total.steps} events={total.events} effects={total.effects} "
        f"dead={total.dead} broken={len(total.findings)}\n"
    )
    return 1 if total.findings else 0


if __name__ == "__main__":
    sys.exit(main())
