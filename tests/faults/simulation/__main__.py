"""`python -m tests.faults.simulation --seeds 2000 [--from 0] [--jobs 2] [--storms]`: the protocol under so many days."""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.faults.simulation.days import Outcome, brave, live

CHUNK_SEEDS = 500
TOLD_EVERY_SEEDS = 20_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--storms", action="store_true", help="where drains meet and connections are cut all the time")
    arguments = parser.parse_args()
    name, through = ("storms", brave) if arguments.storms else ("simulation", live)
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    chunks = [seeds[at : at + CHUNK_SEEDS] for at in range(0, len(seeds), CHUNK_SEEDS)]
    total = Outcome()
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for outcome in pool.map(through, chunks):
            total += outcome
            if outcome.findings:
                break
            if total.seeds % TOLD_EVERY_SEEDS == 0 and total.seeds < len(seeds):
                sys.stderr.write(f"{name}: {total.seeds} of {len(seeds)} seeds, nothing broken yet\n")
    for seed, said in total.findings[:20]:
        sys.stdout.write(f"seed {seed}: {said}\n")
    sys.stdout.write(
        f"{name}: seeds={total.seeds} steps={total.steps} events={total.events} effects={total.effects} "
        f"dead={total.dead} broken={len(total.findings)}\n"
    )
    return 1 if total.findings else 0


if __name__ == "__main__":
    sys.exit(main())
