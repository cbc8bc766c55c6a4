"""The receipts of a shop: each chain is walked, and each receipt is compared with the rows that it is of.

What a receipt says is read as JSON and hashed here, with nothing of the code that issues receipts.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from kernel.invariants import Cursor, declare, declare_walk
from pos.invariants.comparing import differences, report_differences

PAGE = 100
BEGINNING = "0" * 64

_PAGE = """
SELECT r.series, r.kind, r.number, r.snapshot, r.previous_hash, r.hash, r.source_id,
    CASE r.kind
        WHEN 'ORDER' THEN (
            SELECT to_jsonb(o) || jsonb_build_object(
                'series', o.series, 'number', o.receipt_number,
                'lines', coalesce((SELECT jsonb_agg(to_jsonb(l) || jsonb_build_object(
                    'unit_price', l.exact_unit_price,
                    'taxes', (SELECT coalesce(jsonb_agg(to_jsonb(x) ORDER BY x.number), '[]')
                        FROM pos_orderlinetax x WHERE x.line_id = l.id)) ORDER BY l.number)
                    FROM pos_orderline l WHERE l.order_id = o.id), '[]'),
                'tenders', coalesce((SELECT jsonb_agg(to_jsonb(t) ORDER BY t.number) FROM pos_tender t
                    WHERE t.order_id = o.id AND t.state = 'SETTLED'), '[]'))
            FROM pos_order o WHERE o.id = r.source_id)
        WHEN 'RETURN' THEN (
            SELECT to_jsonb(b) || jsonb_build_object(
                'lines', coalesce((SELECT jsonb_agg(to_jsonb(l)) FROM pos_returnline l WHERE l.parent_id = b.id), '[]'),
                'tenders', coalesce((SELECT jsonb_agg(to_jsonb(f)) FROM pos_refund f WHERE f.parent_id = b.id
                    AND f.instead_of_id IS NULL), '[]'))
            FROM pos_return b WHERE b.id = r.source_id)
        WHEN 'CASH' THEN (SELECT to_jsonb(m) FROM pos_cashmovement m WHERE m.id = r.source_id)
        WHEN 'CORRECTION' THEN (SELECT to_jsonb(a) FROM pos_shiftamendment a WHERE a.id = r.source_id)
        WHEN 'Z' THEN (SELECT to_jsonb(s) FROM pos_shift s WHERE s.id = r.source_id)
        ELSE (SELECT to_jsonb(s) FROM pos_shift s WHERE s.id = (r.snapshot::jsonb ->> 'shift_id')::uuid)
    END::text
FROM pos_receipt r WHERE (r.series, r.kind, r.number) > (%s, %s, %s) ORDER BY r.series, r.kind, r.number LIMIT %s
"""
_ENDS = """
SELECT series, 'ORDER', receipt_head, next_receipt_number - 1 FROM pos_register
UNION ALL SELECT series, 'RETURN', return_head, next_return_number - 1 FROM pos_register
UNION ALL SELECT training_series, 'ORDER', training_head, next_training_number - 1 FROM pos_register
UNION ALL SELECT series, 'Z', z_head, next_z_number - 1 FROM pos_cashdrawer
UNION ALL SELECT series, 'X', x_head, next_x_number - 1 FROM pos_cashdrawer
UNION ALL SELECT series, 'CASH', cash_head, next_cash_number - 1 FROM pos_cashdrawer
UNION ALL SELECT series, 'CORRECTION', correction_head, next_correction_number - 1 FROM pos_cashdrawer
ORDER BY 1, 2
"""
SELLER = ("legal_name", "address", "vat_number", "header", "footer")
_PROFILES = "SELECT version, legal_name, address, vat_number, receipt_header, receipt_footer FROM pos_shopprofile"


class Row(NamedTuple):
    """A receipt. :param source: the order or the return with its rows, as JSON; None where it is gone."""

    series: str
    kind: str
    number: int
    snapshot: str
    previous_hash: str
    hash: str
    source_id: UUID
    source: str | None


def receipts_walked(cursor: Cursor) -> Iterator[str]:
    """Yield for each receipt what is wrong with it, and for each register's series what is wrong with its end."""
    ends, sellers = _ends_of_registers(cursor), _sellers(cursor)
    chain, number, head = ("", ""), 0, BEGINNING
    for row in _receipts(cursor):
        if (row.series, row.kind) != chain:
            yield from _end(ends, chain, number, head)
            chain, number, head = (row.series, row.kind), 0, BEGINNING
        wrong = _broken_chain(row, number, head) or _first_difference(row, sellers)
        yield f"{row.kind.lower()} receipt {row.series} {row.number}: {wrong}" if wrong else ""
        number, head = row.number, row.hash
    yield from _end(ends, chain, number, head)
    for (series, kind), (_, given) in ends.items():
        yield f"{kind.lower()} receipts {series}: {given} numbers were given, and there is no receipt" if given else ""


def _first_difference(row: Row, sellers: dict[int, dict[str, str]]) -> str:
    """Say how a receipt differs from its rows first; a value that is none is a difference."""
    try:
        return next(_differences(row), "") or _other_seller(row.snapshot, sellers)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return f"its text or its rows cannot be read: {type(error).__name__}: {error}"


def _receipts(cursor: Cursor) -> Iterator[Row]:
    after: tuple[Any, ...] = ("", "", 0)
    while True:
        cursor.execute(_PAGE, [*after, PAGE])
        rows = [Row(*row) for row in cursor.fetchall()]
        yield from rows
        if len(rows) < PAGE:
            return
        after = rows[-1][:3]


def _sellers(cursor: Cursor) -> dict[int, dict[str, str]]:
    """Return what each version of the shop's profile says of the seller."""
    cursor.execute(_PROFILES, None)
    return {version: dict(zip(SELLER, texts, strict=True)) for version, *texts in cursor.fetchall()}


def _other_seller(text: str, sellers: dict[int, dict[str, str]]) -> str:
    """Say how the profile differs from a receipt that names its version."""
    said = json.loads(text)["seller"]
    version = said["profile"]
    if not version:
        return ""
    if version not in sellers:
        return f"the shop's profile has no version {version}"
    changed = [name for name in SELLER if sellers[version][name] != said[name]]
    return f"{', '.join(changed)} of the shop's profile, version {version}, is not as printed" if changed else ""


def _ends_of_registers(cursor: Cursor) -> dict[tuple[str, str], tuple[str, int]]:
    cursor.execute(_ENDS, None)
    return {(series, kind): (head, given) for series, kind, head, given in cursor.fetchall()}


def _end(ends: dict[tuple[str, str], tuple[str, int]], chain: tuple[str, str], number: int, head: str) -> Iterator[str]:
    """Yield what is wrong with the end of a chain; nothing before the first chain."""
    if chain == ("", ""):
        return
    series, kind = chain
    name = f"{kind.lower()} receipts {series}"
    if chain not in ends:
        yield f"{name}: no register or drawer has this series"
        return
    noted, given = ends.pop(chain)
    if given != number:
        yield f"{name}: {given} numbers were given, and the newest receipt is {number}"
    elif noted != head:
        yield f"{name}: the register notes another hash than that of the newest receipt, {number}"
    else:
        yield ""


def _broken_chain(row: Row, before: int, head: str) -> str:
    if row.number != before + 1:
        return f"the number before it is {before}"
    if row.previous_hash != head:
        return "its hash before is not that of the receipt before"
    made = sha256(bytes.fromhex(row.previous_hash) + sha256(row.snapshot.encode()).digest()).hexdigest()
    return "" if made == row.hash else "its text or its hash was changed"


def _differences(row: Row) -> Iterator[str]:
    try:
        said = json.loads(row.snapshot)
    except ValueError:
        yield "its text is no JSON"
        return
    named = (said["series"], said["kind"], said["number"], said["source_id"])
    if named != (row.series, row.kind, row.number, str(row.source_id)):
        yield "its text is that of another receipt"
    if row.source is None:
        yield f"there is no {row.kind.lower()} {row.source_id}"
    elif row.kind in {"ORDER", "RETURN"}:
        yield from differences(said, json.loads(row.source, parse_float=Decimal))
    else:
        yield from report_differences(row.kind, said, json.loads(row.source))


declare(
    "the newest version of the profile is the current one",
    "current <> (version = (SELECT max(version) FROM pos_shopprofile))",
    "pos_shopprofile",
    order=102,
)
declare_walk("receipts = their chain and their rows", receipts_walked, order=103)
declare(
    "orders and returns = their receipts",
    "r.id IS NULL OR s.id IS NULL",
    """(SELECT id, source_id, kind, series, number FROM pos_receipt WHERE kind IN ('ORDER', 'RETURN')) r FULL JOIN (
       SELECT id, 'ORDER' AS kind, series, receipt_number AS number FROM pos_order WHERE receipt_number IS NOT NULL
       UNION ALL SELECT id, 'RETURN', series, number FROM pos_return) s
       ON s.id = r.source_id AND s.kind = r.kind AND s.series = r.series AND s.number = r.number""",
    order=105,
)
declare(
    "receipts = their events",
    "r.id IS NULL OR e.stream IS NULL AND NOT r.rebuilt OR e.hash <> r.hash OR e.events > 1"
    " OR e.issued_at <> r.issued_at",
    """(SELECT id, hash, issued_at, strpos(snapshot, '"rebuilt":true') > 0 AS rebuilt FROM pos_receipt) r FULL JOIN (
       SELECT stream, min(data->>'hash') AS hash, min((data->>'issued_at')::timestamptz) AS issued_at,
       count(*) AS events FROM events_event
       WHERE tenant_id = %(tenant)s AND type = 'pos.receipt_issued' AND audience IS NULL GROUP BY stream) e
       ON e.stream = 'receipt:' || r.id::text""",
    order=107,
)
