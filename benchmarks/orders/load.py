"""Loads: as many orders as a number of connections can send, or so many a second."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from benchmarks.orders.client import Connection
from benchmarks.orders.contenders import Contender, Refused

RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Taken:
    """An order that was answered 201. :param answered: by the clock of this host, which is the database's as well.

    :param seconds: until the answer, from the moment at which the order was due.
    """

    shop: str
    id: str
    answered: float
    seconds: float


@dataclass
class Sold:
    taken: list[Taken] = field(default_factory=list)
    turned_away: int = 0
    """Answers 503, after which the order was sent again a second later."""


def sell(contender: Contender, connections: int, seconds: float, rate: float = 0) -> Sold:
    """Send orders from so many connections for so long, so many a second in all; 0: each when the last is answered.

    Each connection is that of one terminal, or goes round several where there are more of these.

    :raises Refused: when an order is refused.
    """
    sold, failures, began = Sold(), [], time.monotonic()
    numbers = count()

    def next_due() -> float | None:
        """Return when the next order is due, None after the last."""
        due = began + next(numbers) / rate if rate else time.monotonic()
        return due if due < began + seconds else None

    def run(number: int) -> None:
        try:
            _sell_from(contender, number, connections, next_due, sold)
        except (OSError, Refused) as error:
            failures.append(f"{contender.name}: {error!r}")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise Refused(failures[0])
    return sold


def send(contender: Contender, orders: int) -> Sold:
    """Send so many orders, one after the other, from one connection."""
    left, sold = iter(range(orders)), Sold()
    _sell_from(contender, 0, 1, lambda: time.monotonic() if next(left, None) is not None else None, sold)
    return sold


def _sell_from(
    contender: Contender, number: int, connections: int, next_due: Callable[[], float | None], sold: Sold
) -> None:
    connection, terminals = Connection(contender.port), contender.terminals
    mine = terminals[number % len(terminals) :: max(connections, 1)] or [terminals[number % len(terminals)]]
    turn = count()
    try:
        while (due := next_due()) is not None:
            time.sleep(max(0.0, due - time.monotonic()))
            terminal = mine[next(turn) % len(mine)]
            order_id, body, more = contender.order()
            while True:
                sent = json.dumps(body).encode()
                answer = connection.post(contender.path, {**terminal.headers, **more}, sent)
                if answer.status != 503:
                    break
                sold.turned_away += 1
                time.sleep(RETRY_SECONDS)
            if answer.status != 201:
                message = f"an order was answered {answer.status}: {answer.body[:300].decode(errors='replace')}"
                raise Refused(message)
            sold.taken.append(Taken(terminal.shop, order_id, time.time(), time.monotonic() - due))
    finally:
        connection.close()
