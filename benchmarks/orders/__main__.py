"""Complete orders through HTTP, beside a minimal DRF endpoint, django-oscar, and an older checkout of this project.

Each contender takes orders of three lines in turn, in several rounds. All processes of all of them run all the time;
what PostgreSQL and the broker use while nobody sells is not counted for contenders without workers. What a contender
does after its answers (events, stock, payments) is waited for before the next one's turn, and counts in its CPU.

    python -m benchmarks.orders                                   as fast as 8 connections can
    python -m benchmarks.orders --against ../older                the same, in pairs with another checkout
    python -m benchmarks.orders --loads full,10%,60% --shops 10   also at shares of each one's highest rate
    python -m benchmarks.orders --loads 20 --connections 1        20 orders a second from one connection
"""

import argparse
import os
import re
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.orders.checkouts import Checkout, open_shops, tillflow
from benchmarks.orders.contenders import Contender, Refused, Server, Unprepared, minimal, oscar
from benchmarks.orders.effects import NotApplied, applied_after, wait_until_applied
from benchmarks.orders.figures import Figures, Round, show, show_pairs
from benchmarks.orders.load import sell
from benchmarks.orders.parts import cpu, idle_cpu, statements, stored, tasks
from benchmarks.stack import wait_for
from config.place import ROOT, var
from demo.stack.broker import free_port
from demo.stack.isolation import isolate_environment
from demo.stack.processes import Supervisor

OTHERS = {"minimal": minimal, "oscar": oscar}
OURS, THEIRS = "tillflow", "against"
LOAD = re.compile(r"full|[1-9][0-9]{0,2}%|[1-9][0-9]{0,3}(\.[0-9]+)?")


def main() -> None:
    options = _options()
    isolate_environment(ROOT / "var" / "bench")
    var().mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        figures = measure(options)
    except (Unprepared, Refused, NotApplied) as error:
        sys.exit(f"{error}")
    print(
        f"orders of three lines; {options.connections} connections, {options.shops} shops with {options.registers}"
        f" registers each{', no workers' if options.without_workers else ''}; {options.rounds} interleaved rounds of"
        f" {options.seconds:g} s; {os.cpu_count()} processors; medians of the rounds"
    )
    show(figures)
    if options.against:
        show_pairs(figures, OURS, THEIRS)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="of selling, for each load in each round")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contender")
    parser.add_argument("--connections", type=int, default=8, help="that send orders at the same time")
    parser.add_argument("--loads", default="full", help="full, orders a second, or N%% of the full of the same round")
    parser.add_argument("--shops", type=int, default=1, help="that sell at the same time")
    parser.add_argument("--registers", type=int, default=1, help="of each shop")
    parser.add_argument("--threads", type=int, help="of each web process of ours, where not as shipped")
    parser.add_argument("--without-workers", action="store_true", help="the web processes alone; nothing is applied")
    parser.add_argument("--against", type=Path, help="another checkout of this project, that has its .venv")
    parser.add_argument("--only", default=f"{OURS},minimal,oscar", help="some contenders, separated by commas")
    parser.add_argument("--show", action="store_true", help="print the statements of one order of each contender")
    options = parser.parse_args()
    for name, most in (("seconds", 300), ("rounds", 50), ("connections", 100), ("shops", 100), ("registers", 100)):
        if not 1 <= getattr(options, name) <= most:
            parser.error(f"--{name} is a number from 1 to {most}")
    options.loads = options.loads.split(",")
    if not all(map(LOAD.fullmatch, options.loads)):
        parser.error("--loads are separated by commas: full, orders a second (20), or a share of the full rate (60%)")
    if any("%" in load for load in options.loads):
        options.loads = ["full", *(load for load in options.loads if load != "full")]
    options.only = options.only.split(",")
    if options.only[0] != OURS or not set(options.only) <= {OURS, *OTHERS}:
        parser.error(f"--only names contenders, separated by commas: {OURS}, and any of {', '.join(OTHERS)}")
    return options


def measure(options: argparse.Namespace) -> dict[str, Figures]:
    with ExitStack() as servers:
        checkouts = {OURS: Checkout(ROOT)} | ({THEIRS: Checkout(options.against.resolve())} if options.against else {})
        contenders: list[Contender] = []
        for name, checkout in checkouts.items():
            servers.enter_context(checkout.servers())
            contenders.append(
                tillflow(
                    name, checkout, free_port(), shops=options.shops, workers=not options.without_workers,
                    threads=options.threads,
                )
            )  # fmt: skip
        server = Server(checkouts[OURS].postgres, checkouts[OURS].broker_pid())
        contenders += [OTHERS[name](server, free_port()) for name in options.only if name in OTHERS]
        supervisor = Supervisor([each for c in contenders for part in c.programs.values() for each in part])
        servers.callback(supervisor.stop)
        supervisor.start()
        for contender in contenders:
            wait_for(lambda contender=contender: _listens(contender), 90)  # type: ignore[misc]
            if contender.name in checkouts:
                open_shops(contender, checkouts[contender.name], options.registers)
            wait_until_applied(contender, sell(contender, options.connections, 2).taken)
        return _rounds(contenders, options)


def _rounds(contenders: list[Contender], options: argparse.Namespace) -> dict[str, Figures]:
    figures = {contender.name: Figures() for contender in contenders}
    for contender in contenders:
        figures[contender.name].statements = statements(contender, show=options.show)
    idle = idle_cpu(contenders[0])
    before = {contender.name: stored(contender) for contender in contenders}
    for number in range(options.rounds):
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            full = 0.0
            for load in options.loads:
                rate = 0.0 if load == "full" else full * float(load[:-1]) / 100 if "%" in load else float(load)
                turned = turn(contender, options, rate, idle)
                full = turned.rate if load == "full" else full
                figures[contender.name].rounds[load].append(turned)
    for contender in contenders:
        each = figures[contender.name]
        orders = sum(len(turned.answered) for rounds in each.rounds.values() for turned in rounds)
        each.stored = (stored(contender) - before[contender.name]) / orders
    return figures


def turn(contender: Contender, options: argparse.Namespace, rate: float, idle: dict[str, float]) -> Round:
    counted, used = tasks(contender), cpu(contender)
    began = time.monotonic()
    sold = sell(contender, options.connections, options.seconds, rate)
    seconds = time.monotonic() - began
    wait_until_applied(contender, sold.taken)
    until_applied = time.monotonic() - began
    used = {part: after - used[part] for part, after in cpu(contender).items()}
    if not contender.redis_url:
        for part, each_second in idle.items():
            used[part] = max(0.0, used[part] - each_second * until_applied)
    return Round(
        answered=[order.seconds for order in sold.taken],
        applied=applied_after(contender, sold.taken),
        seconds=seconds,
        until_applied=until_applied,
        cpu=used,
        tasks=tasks(contender) - counted,
        busy=sold.turned_away,
    )


def _listens(contender: Contender) -> bool:
    from benchmarks.orders.client import Connection

    connection = Connection(contender.port)
    try:
        connection.post("/nowhere", contender.terminals[0].headers, b"{}")
    except OSError:
        return False
    finally:
        connection.close()
    return True


if __name__ == "__main__":
    main()
