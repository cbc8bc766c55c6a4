"""Receipts of orders and returns that have a number and no receipt: of before receipts were rows.

The migration that made receipts rows calls this, and whoever takes a number after code of the release before has given
some. So it reads columns of that time only, in SQL of its time.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection  # noqa: TID251 - a migration has no models of ours

from kernel.ids import new_id
from kernel.moments import business_date
from pos.receipts.chain import BEGINNING, chain_hash
from pos.receipts.models import number_written
from pos.receipts.snapshot import (
    Line,
    Paid,
    Place,
    Seller,
    Snapshot,
    Till,
    canonical,
    line_of,
    tax_of,
    taxes_by_rate,
    when_of,
)

PAGE = 500
_ORDERS = """
SELECT o.id, o.receipt_number AS number, o.currency, o.subtotal, o.tax_total, o.total, o.change_total, o.occurred_at,
    coalesce(o.completed_at, o.recorded_at) AS issued_at, '' AS of_receipt,
    (SELECT coalesce(json_agg(json_build_object('number', l.number, 'sku', l.sku, 'description', l.description,
            'quantity', l.quantity::text, 'unit_price', l.exact_unit_price::text, 'total', l.total,
            'tax_name', l.tax_name,
            'tax_rate', l.tax_rate::text, 'inclusive', l.tax_inclusive, 'tax', l.tax_total) ORDER BY l.number), '[]')
        FROM pos_orderline l WHERE l.order_id = o.id)::text AS lines,
    (SELECT coalesce(json_agg(json_build_object('type', y.code, 'name', y.name, 'amount', t.amount, 'change', t.change,
            'reference', t.reference) ORDER BY t.number), '[]')
        FROM pos_tender t JOIN pos_tendertype y ON y.id = t.type_id
        WHERE t.order_id = o.id AND t.state = 'SETTLED')::text AS tenders
FROM pos_order o
WHERE o.register_id = %s AND o.receipt_number > %s AND o.receipt_number <= %s AND NOT o.training
ORDER BY o.receipt_number LIMIT %s
"""
_RETURNS = """
SELECT r.id, r.number, r.currency, r.total - r.tax_total AS subtotal, r.tax_total, r.total, 0 AS change_total,
    r.occurred_at, r.recorded_at AS issued_at,
    coalesce((SELECT o.series || '-' || lpad(o.receipt_number::text, greatest(6, length(o.receipt_number::text)), '0')
        FROM pos_order o WHERE o.id = r.order_id), '') AS of_receipt,
    (SELECT coalesce(json_agg(json_build_object('number', row_number, 'sku', sku, 'description', description,
            'quantity', quantity::text, 'unit_price', unit_price::text, 'total', total, 'tax_name', tax_name,
            'tax_rate', tax_rate::text, 'inclusive', tax_inclusive, 'tax', tax_total) ORDER BY row_number), '[]')
        FROM (SELECT row_number() OVER (ORDER BY l.id) AS row_number, l.sku, l.description, l.quantity,
                s.exact_unit_price AS unit_price, l.total, l.tax_total, coalesce(s.tax_name, '') AS tax_name,
                coalesce(s.tax_rate, 0) AS tax_rate, coalesce(s.tax_inclusive, true) AS tax_inclusive
            FROM pos_returnline l LEFT JOIN pos_orderline s ON s.id = l.order_line_id WHERE l.parent_id = r.id) AS back
    )::text AS lines,
    (SELECT coalesce(json_agg(json_build_object('type', y.code, 'name', y.name, 'amount', f.amount, 'change', 0,
            'reference', '') ORDER BY f.id), '[]')
        FROM pos_refund f JOIN pos_tendertype y ON y.id = f.type_id WHERE f.parent_id = r.id)::text AS tenders
FROM pos_return r
WHERE r.register_id = %s AND r.number > %s AND r.number <= %s
ORDER BY r.number LIMIT %s
"""
_HEADING = """
SELECT r.code, r.name, l.name, l.address, l.timezone, coalesce(p.version, 0), coalesce(p.legal_name, ''),
    coalesce(p.address, ''), coalesce(p.vat_number, ''), coalesce(p.receipt_header, ''), coalesce(p.receipt_footer, ''),
    coalesce(p.cut_over_hour, 0)
FROM pos_register r JOIN pos_location l ON l.id = r.location_id LEFT JOIN pos_shopprofile p ON p.current
WHERE r.id = %s
"""
_INSERT = """
INSERT INTO pos_receipt (id, kind, series, number, source_id, snapshot, previous_hash, hash, print_count, issued_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0, %s)
"""
_SOURCES = {
    "ORDER": ("pos_order", "receipt", _ORDERS),
    "RETURN": ("pos_return", "return", _RETURNS),
    "TRAINING": ("", "training", ""),
}


def rebuild(register_id: UUID, chain: str, *, series: str, until: int) -> str:
    """Issue the receipts that a register's chain lacks, up to a number, and return the hash of its newest one.

    They are marked as rebuilt, and say what is known now: names, address and seller as they are. The register is
    locked. No release before gave numbers of training: there is only the chain's end to read.

    :param chain: ORDER, RETURN or TRAINING.
    """
    table, prefix, statement = _SOURCES[chain]
    with connection.cursor() as cursor:
        cursor.execute(_HEADING, [register_id])
        heading = cursor.fetchone()
        cursor.execute(f"SELECT {prefix}_head, {prefix}s_chained FROM pos_register WHERE id = %s", [register_id])
        head, chained = cursor.fetchone()
        head = head or BEGINNING
        if chained >= until or not statement:
            return str(head)
        for rows in _pages(cursor, statement, register_id, chained, until):
            receipts, days = [], []
            for row in rows:
                snapshot = _snapshot(chain, series, row, heading)
                text = canonical(snapshot)
                previous, head = head, chain_hash(head, text)
                receipts.append(
                    (new_id(), chain, series, row["number"], row["id"], text, previous, head, row["issued_at"])
                )
                days.append(snapshot.when.business_date)
            cursor.executemany(_INSERT, receipts)
            cursor.execute(
                f"UPDATE {table} SET series = %s, receipt_id = made.receipt, business_date = day"
                f" FROM unnest(%s::uuid[], %s::uuid[], %s::date[]) AS made (id, receipt, day)"
                f" WHERE {table}.id = made.id",
                [series, [row["id"] for row in rows], [receipt[0] for receipt in receipts], days],
            )
        cursor.execute(
            f"UPDATE pos_register SET {prefix}_head = %s, {prefix}s_chained = %s WHERE id = %s",
            [head, until, register_id],
        )
    return str(head)


def _pages(cursor: Any, statement: str, register_id: UUID, after: int, until: int) -> Iterator[list[dict[str, Any]]]:
    while True:
        cursor.execute(statement, [register_id, after, until, PAGE])
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        if not rows:
            return
        yield rows
        after = rows[-1]["number"]


def _snapshot(kind: str, series: str, row: dict[str, Any], heading: Sequence[Any]) -> Snapshot:
    code, till, place, address, timezone, version, legal_name, seat, vat_number, header, footer, cut_over = heading
    lines = [_line(line) for line in msgspec.json.decode(row["lines"])]
    moment: datetime = row["occurred_at"]
    return Snapshot(
        kind=kind,
        series=series,
        number=row["number"],
        receipt=number_written(kind, series, row["number"]),
        source_id=row["id"],
        of_receipt=row["of_receipt"],
        seller=Seller(
            profile=version,
            legal_name=legal_name,
            address=seat,
            vat_number=vat_number,
            header=header,
            footer=footer,
        ),
        location=Place(name=place, address=address),
        register=Till(code=code, name=till),
        when=when_of(moment, timezone=timezone, day=business_date(moment, zone=timezone, cut_over_hour=cut_over)),
        currency=row["currency"],
        lines=lines,
        taxes=taxes_by_rate(lines),
        tenders=[Paid(**tender) for tender in msgspec.json.decode(row["tenders"])],
        subtotal=row["subtotal"],
        tax_total=row["tax_total"],
        total=row["total"],
        change_total=row["change_total"],
        rebuilt=True,
    )


def _line(line: dict[str, Any]) -> Line:
    tax = tax_of(
        code=line["tax_name"],
        name=line["tax_name"],
        rate=Decimal(line["tax_rate"]),
        inclusive=line["inclusive"],
        base=line["total"] - line["tax"],
        amount=line["tax"],
    )
    return line_of(
        number=line["number"],
        sku=line["sku"],
        description=line["description"],
        quantity=Decimal(line["quantity"]),
        unit_price=None if line["unit_price"] is None else Decimal(line["unit_price"]),
        total=line["total"],
        taxes=[tax],
    )
