"""`python -m benchmarks.closing`: how long closing a shift takes after few orders and after many.

With `--days 1000` as well: so many random days, the Z of each compared with a recomputation by SQL.
"""

import argparse
import statistics
import sys
import time

from benchmarks.stack import TENANT, stack

FEW, MANY, RATIO = 10, 10_000, 1.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=MANY, help="of a long shift")
    parser.add_argument("--rounds", type=int, default=3, help="of each length")
    parser.add_argument("--days", type=int, default=0, help="random days to recompute")
    arguments = parser.parse_args()
    with stack():
        from kernel.tenancy import in_tenant
        from tenants.models import Tenant

        with in_tenant(Tenant.objects.get(schema_name=TENANT)):
            _furnish()
            sound = _closings(arguments.orders, arguments.rounds)
            return 0 if _days(arguments.days) and sound else 1


def _furnish() -> None:
    """Close the shift that a run has left open, and put goods into the catalogue."""
    from django.utils import timezone

    from events.testing.work import settle
    from pos.cash.models import Shift
    from pos.cash.services.closing import close_shift
    from pos.cash.services.counts import CountInput
    from tests.support import make

    settle()
    make.variant("MUG", 1000)
    for left in Shift.objects.filter(state=Shift.State.OPEN):
        counts = [CountInput(type="cash", amount=0)]
        close_shift(shift_id=left.id, register=make.register(), counts=counts, now=timezone.now())


def _closings(many: int, rounds: int) -> bool:
    """Time closings after few orders and after many, in turn; say whether the ratio is kept."""
    took: dict[int, list[tuple[float, int]]] = {FEW: [], many: []}
    for _ in range(rounds):
        for orders, closings in took.items():
            closings.append(_closed(orders))
    few, long = (statistics.median(seconds for seconds, _ in took[orders]) for orders in (FEW, many))
    statements = [took[orders][-1][1] for orders in (FEW, many)]
    for orders, seconds, sent in ((FEW, few, statements[0]), (many, long, statements[1])):
        sys.stdout.write(f"{orders:>6} orders: closed in {seconds * 1000:.1f} ms, {sent} statements\n")
    sys.stdout.write(f"ratio of time {long / few:.2f}, of statements {statements[1] / statements[0]:.2f}\n")
    return max(long / few, statements[1] / statements[0]) <= RATIO


def _closed(orders: int) -> tuple[float, int]:
    """Return the seconds and the statements that closing took."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from events.testing.work import drain
    from kernel.ids import new_id
    from pos.cash.services import open_shift
    from pos.cash.services.closing import close_shift
    from pos.cash.services.counts import CountInput
    from pos.cash.services.totals import SUBSCRIBER
    from tests.support import make

    register = make.register()
    shift = open_shift(id=new_id(), register=register, float_amount=0, now=timezone.now())
    for _ in range(orders):
        make.order(make.cash(1000), opens=False)
    while drain(SUBSCRIBER):
        pass
    with CaptureQueriesContext(connection) as captured:
        began = time.perf_counter()
        counts = [CountInput(type="cash", amount=0)]
        close_shift(shift_id=shift.id, register=register, counts=counts, now=timezone.now())
        return time.perf_counter() - began, len(captured)


def _days(number: int) -> bool:
    """Recompute the Z reports of random days; say whether all are right."""
    from random import Random

    from tests.support import make
    from tests.support.day_books import printed, recomputed
    from tests.support.random_days import Day, goods, z_of

    if not number:
        return True
    goods()
    day, wrong = Day(Random(1), [make.register()]), 0
    for _ in range(number):
        shift = day.lived()
        wrong += printed(z_of(shift)) != recomputed(shift.id, TENANT)
    sys.stdout.write(f"{number} random days: {wrong} Z reports differ from a recomputation\n")
    return not wrong


if __name__ == "__main__":
    sys.exit(main())
