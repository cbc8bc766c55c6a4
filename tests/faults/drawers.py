"""What became of shifts: each closed once with its Z, and each order in exactly one Z or amendment."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.faults.evidence import Shop

Findings = Iterator[tuple[str, str]]


def findings(shop: Shop) -> Findings:
    name = shop.name
    rows = shop.rows(
        f"SELECT id::text, state, closed_position, float_amount, expected, counted, over_short, receipt_id::text"
        f" FROM {name}.pos_shift"
    )
    shifts = {row[0]: row[1:] for row in rows}
    yield from _answered(shop, shifts)
    yield from _numbered(shop, shifts)
    yield from _sold(shop, shifts)
    yield from _summed(shop)


def _answered(shop: Shop, shifts: dict[str, Any]) -> Findings:
    """What was answered is so: opened with its float, closed with its count, its difference and its Z."""
    for said in shop.cashiers:
        state, position, float_amount, expected, counted, over_short, receipt = shifts.get(said["shift"], (None,) * 7)
        if said["act"] == "open" and said["status"] == 201 and float_amount != said["amount"]:
            yield "lost", f"shift {said['shift']} was opened with {said['amount']}, there is {float_amount}"
        if said["act"] != "close" or said["status"] != 200:
            continue
        if state != "CLOSED" or position is None or receipt != said["receipt"]:
            yield "lost", f"shift {said['shift']} was answered as closed, it is {state}"
        elif counted != {"cash": said["amount"]} or over_short != {"cash": said["amount"] - expected["cash"]}:
            yield "lost", f"shift {said['shift']}: {said['amount']} was counted, {counted} and {over_short} are noted"
    asked = {said["shift"] for said in shop.cashiers if said["act"] == "close"}
    for shift, (state, *_) in shifts.items():
        if state == "CLOSED" and shift not in asked:
            yield "repeated", f"shift {shift} is closed, and nobody asked for it"


def _numbered(shop: Shop, shifts: dict[str, Any]) -> Findings:
    """The numbers of Z reports have no gap, and each closed shift has one, and was told of once."""
    numbers = [
        row[0] for row in shop.rows(f"SELECT number FROM {shop.name}.pos_receipt WHERE kind = 'Z' ORDER BY number")
    ]
    closed = {shift for shift, (state, *_) in shifts.items() if state == "CLOSED"}
    if numbers != list(range(1, len(closed) + 1)):
        yield "lost", f"{len(closed)} shifts are closed, their Z reports are {numbers}"
    told = Counter(entry.stream.removeprefix("shift:") for entry in shop.log if entry.type == "pos.shift_closed")
    if told != Counter(closed):
        yield "lost" if len(told) < len(closed) else "repeated", f"{len(closed)} shifts are closed, the log has {told}"


def _sold(shop: Shop, shifts: dict[str, Any]) -> Findings:
    """Each order is in the Z of its shift where its event is not after it, and otherwise in one amendment."""
    name = shop.name
    completed = {
        entry.stream.removeprefix("order:"): entry.position for entry in shop.log if entry.type == "pos.order_completed"
    }
    amended: Counter[str] = Counter()
    for (text,) in shop.rows(f"SELECT snapshot FROM {name}.pos_receipt WHERE kind = 'CORRECTION'"):
        said = json.loads(text)
        if any(register["sales"]["count"] for register in said["registers"]):
            amended.update(said["documents"])
    in_z: dict[str, list[int]] = defaultdict(list)
    cash: Counter[str] = Counter()
    statement = f"""
        SELECT o.id::text, o.shift_id::text, o.total, coalesce((SELECT sum(t.amount - t.change)
            FROM {name}.pos_tender t WHERE t.order_id = o.id AND t.kind = 'CASH'), 0)::bigint
        FROM {name}.pos_order o WHERE o.status = 'COMPLETED'
    """
    for order, shift, total, paid in shop.rows(statement):
        position = shifts[shift][1]
        late = position is not None and completed.get(order, 0) > position
        if not late:
            in_z[shift].append(total)
            cash[shift] += paid
        if amended[order] != late:
            kind = "lost" if amended[order] < late else "repeated"
            yield kind, f"order {order} of {shift} is in {amended[order]} amendments, late: {late}"
    for source, text in shop.rows(f"SELECT source_id::text, snapshot FROM {name}.pos_receipt WHERE kind = 'Z'"):
        said, sold = json.loads(text), in_z[source]
        printed = (
            sum(register["sales"]["count"] for register in said["registers"]),
            sum(register["sales"]["total"] for register in said["registers"]),
        )
        if printed != (len(sold), sum(sold)):
            kind = "lost" if printed < (len(sold), sum(sold)) else "repeated"
            yield kind, f"the Z of {source} has {printed}, its orders are {len(sold)}, {sum(sold)}"
        expected = shifts[source][2] + cash[source]
        if shifts[source][3] != {**shifts[source][3], "cash": expected}:
            yield "lost", f"shift {source} expects {shifts[source][3]}, there should be {expected}"


def _summed(shop: Shop) -> Findings:
    """The totals that a subscriber keeps are the sums of the orders."""
    name = shop.name
    statement = f"""
        SELECT coalesce(o.shift_id, t.shift_id)::text, o.count, o.total, t.count, t.total
        FROM (SELECT shift_id, count(*), sum(total)::bigint AS total FROM {name}.pos_order
            WHERE status = 'COMPLETED' GROUP BY 1) o
        FULL JOIN (SELECT shift_id, sum(count)::bigint AS count, sum(total)::bigint AS total
            FROM {name}.pos_shifttotal WHERE subject = 'SALES' GROUP BY 1) t USING (shift_id)
    """
    for shift, count, total, counted, summed in shop.rows(statement):
        if (count, total) != (counted, summed):
            kind = "repeated" if (counted or 0) > (count or 0) else "lost"
            yield kind, f"shift {shift} has {count} orders of {total}, its totals say {counted} of {summed}"
