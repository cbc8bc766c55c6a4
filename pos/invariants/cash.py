"""What must be true of drawers, shifts, moved cash and reports.

Totals are compared while the subscriber that keeps them has applied all of the log: what it has yet to hear is in no
total. Nor is what the log no longer held when an upgrade added that subscriber: shifts of before are not compared.
"""

from kernel.invariants import declare

SUBSCRIBER = "pos.sum_shifts"
CAUGHT_UP = f"""(NOT EXISTS (
        SELECT 1 FROM events_event e
        JOIN events_subscription s ON s.tenant_id = e.tenant_id AND e.position > s.cursor
        WHERE e.tenant_id = %(tenant)s AND s.tenant_id = %(tenant)s AND s.subscriber = '{SUBSCRIBER}'
            AND e.type IN ('pos.order_placed', 'pos.tenders_added', 'pos.order_completed', 'pos.order_joined_shift',
                'pos.return_completed', 'pos.order_voided', 'pos.refund_replaced', 'pos.refund_refused'))
    AND NOT EXISTS (SELECT 1 FROM events_parkedevent p WHERE p.tenant_id = %(tenant)s
        AND p.subscriber = '{SUBSCRIBER}' AND p.state <> 'DISCARDED')
    AND EXISTS (
        SELECT 1 FROM events_subscription s WHERE s.tenant_id = %(tenant)s AND s.subscriber = '{SUBSCRIBER}'))"""
_TENDERS = """SELECT coalesce(t.shift_id, o.shift_id) AS shift_id, coalesce(nullif(t.kind, ''), y.kind) AS kind,
    count(*) AS count, sum(t.amount - t.change) AS total
    FROM pos_tender t JOIN pos_order o ON o.id = t.order_id JOIN pos_tendertype y ON y.id = t.type_id
    WHERE t.state = 'SETTLED' AND NOT o.training
        AND coalesce(t.shift_id, o.shift_id) IS NOT NULL AND (o.status = 'COMPLETED' OR t.shift_id IS NOT NULL
        AND coalesce(nullif(t.kind, ''), y.kind) <> 'GATEWAY')
    GROUP BY 1, 2"""
_REFUNDS = """SELECT coalesce(f.shift_id, r.shift_id) AS shift_id, coalesce(nullif(f.kind, ''), y.kind) AS kind,
    count(*) FILTER (WHERE f.refused_at IS NULL) AS count,
    coalesce(sum(f.amount) FILTER (WHERE f.refused_at IS NULL), 0) AS total
    FROM pos_refund f LEFT JOIN pos_return r ON r.id = f.parent_id JOIN pos_tendertype y ON y.id = f.type_id
    WHERE coalesce(f.shift_id, r.shift_id) IS NOT NULL GROUP BY 1, 2"""
_TOTALS = """SELECT shift_id, key::jsonb ->> 1 AS kind, sum(count) AS count, sum(total) AS total
    FROM pos_shifttotal WHERE subject = '{subject}' GROUP BY 1, 2"""
_SALES = """SELECT shift_id, count(*) AS count, sum(total) AS total, sum(tax_total) AS tax FROM {table} GROUP BY 1"""
_SOLD = """SELECT shift_id, sum(count) AS count, sum(total) AS total, sum(tax) AS tax FROM pos_shifttotal
    WHERE subject = '{subject}' GROUP BY 1"""
_HEARD = f"""EXISTS (SELECT 1 FROM events_subscription s WHERE s.tenant_id = %(tenant)s
    AND s.subscriber = '{SUBSCRIBER}' AND (s.start = 0 OR EXISTS (
        SELECT 1 FROM events_event e WHERE e.tenant_id = %(tenant)s AND e.type = 'pos.shift_opened'
        AND e.stream = 'shift:' || coalesce(t.shift_id, r.shift_id) AND e.position > s.start)))"""
_DIFFERENT = f"""(t.shift_id IS NULL OR r.shift_id IS NULL
    OR (t.count, t.total, {{more}}) IS DISTINCT FROM (r.count, r.total, {{same}})) AND {_HEARD}"""


def summed(members: str, path: str) -> str:
    """Write what a number in all members of a report's snapshot `s` comes to. :param path: names, after commas."""
    return (
        f"(SELECT coalesce(sum((part #>> '{{{path}}}')::bigint), 0) FROM jsonb_array_elements(s -> '{members}') part)"
    )


declare(
    "drawers are where their registers are",
    "d.location_id IS DISTINCT FROM r.location_id",
    "pos_register r LEFT JOIN pos_cashdrawer d ON d.id = r.drawer_id",
    order=181,
)
declare(
    "floats are those of their shifts",
    "m.amount <> s.float_amount",
    "pos_cashmovement m JOIN pos_shift s ON s.id = m.source_id AND m.kind = 'FLOAT'",
    order=181,
)
declare(
    "over or short = counted - expected",
    "(c.over_short::bigint) IS DISTINCT FROM c.counted::bigint - c.expected::bigint",
    """(SELECT s.over_short ->> x.key AS over_short, s.counted ->> x.key AS counted, s.expected ->> x.key AS expected
        FROM pos_shift s CROSS JOIN LATERAL jsonb_each_text(s.counted) x WHERE s.closed_position IS NOT NULL) c""",
    order=181,
)
for subject, table, name in (
    (
        "SALES",
        "pos_order WHERE status = 'COMPLETED' AND NOT training AND shift_id IS NOT NULL",
        "orders of a shift = its sales",
    ),
    ("RETURNS", "pos_return", "returns of a shift = what it took back"),
):
    declare(
        name,
        f"{CAUGHT_UP} AND ({_DIFFERENT.format(more='t.tax', same='r.tax')})",
        f"({_SOLD.format(subject=subject)}) t FULL JOIN ({_SALES.format(table=table)}) r ON r.shift_id = t.shift_id",
        order=181,
    )
for subject, rows, name in (
    ("TENDERS", _TENDERS, "tenders of a shift = its tender totals"),
    ("REFUNDS", _REFUNDS, "refunds of a shift = its refund totals"),
):
    declare(
        name,
        f"{CAUGHT_UP} AND ({_DIFFERENT.format(more='t.kind', same='r.kind')})",
        f"({_TOTALS.format(subject=subject)}) t FULL JOIN ({rows}) r ON r.shift_id = t.shift_id AND r.kind = t.kind",
        order=181,
    )
declare(
    "taxes of a shift = those of its lines",
    f"{CAUGHT_UP} AND t.tax IS DISTINCT FROM r.tax AND {_HEARD}",
    """(SELECT shift_id, sum(tax) AS tax FROM pos_shifttotal WHERE subject = 'TAXES' GROUP BY 1) t FULL JOIN (
       SELECT o.shift_id, sum(x.amount) AS tax FROM pos_orderlinetax x JOIN pos_orderline l ON l.id = x.line_id
       JOIN pos_order o ON o.id = l.order_id WHERE o.status = 'COMPLETED' AND NOT o.training
       AND o.shift_id IS NOT NULL GROUP BY 1) r
       ON r.shift_id = t.shift_id""",
    order=181,
)
declare(
    "Z reports = the totals of their shifts",
    f"""{CAUGHT_UP} AND (z.sold, z.back, z.taken, z.refunded, z.tax) IS DISTINCT FROM (
        coalesce(t.sold, 0), coalesce(t.back, 0), coalesce(t.taken, 0), coalesce(t.refunded, 0), coalesce(t.tax, 0))""",
    f"""(SELECT source_id AS shift_id,
            {summed("registers", "sales,total")} AS sold, {summed("registers", "returns,total")} AS back,
            {summed("tenders", "amount")} AS taken, {summed("tenders", "refunded")} AS refunded,
            {summed("taxes", "amount")} AS tax
        FROM (SELECT source_id, snapshot::jsonb AS s FROM pos_receipt WHERE kind = 'Z') z) z
       LEFT JOIN (SELECT shift_id, sum(total) FILTER (WHERE subject = 'SALES') AS sold,
            sum(total) FILTER (WHERE subject = 'RETURNS') AS back,
            sum(total) FILTER (WHERE subject = 'TENDERS') AS taken,
            sum(total) FILTER (WHERE subject = 'REFUNDS') AS refunded,
            sum(tax) FILTER (WHERE subject = 'TAXES') AS tax
        FROM pos_shifttotal WHERE NOT late GROUP BY shift_id) t ON t.shift_id = z.shift_id""",
    order=181,
)
declare(
    "expected cash = float + cash taken - refunds + moved",
    """(s.expected ->> cash.code)::bigint
       IS DISTINCT FROM s.float_amount + coalesce(m.moved, 0) + coalesce(z.cash, 0)""",
    """pos_shift s CROSS JOIN LATERAL (SELECT coalesce(
            (SELECT 'cash' FROM pos_tendertype WHERE code = 'cash' AND kind = 'CASH'),
            (SELECT min(code) FROM pos_tendertype WHERE kind = 'CASH'), 'cash') AS code) cash
       LEFT JOIN (SELECT shift_id, sum(amount) AS moved FROM pos_cashmovement WHERE kind <> 'FLOAT' GROUP BY 1) m
       ON m.shift_id = s.id
       LEFT JOIN (SELECT source_id, (SELECT sum((t ->> 'amount')::bigint - (t ->> 'refunded')::bigint)
            FROM jsonb_array_elements(snapshot::jsonb -> 'tenders') t WHERE t ->> 'kind' = 'CASH') AS cash
        FROM pos_receipt WHERE kind = 'Z') z ON z.source_id = s.id
       WHERE s.closed_position IS NOT NULL AND s.expected ? cash.code""",
    order=181,
)
declare(
    "grand totals = what Z reports and amendments added",
    "d.grand_total <> coalesce(r.added, 0) OR r.wrong > 0",
    f"""pos_cashdrawer d LEFT JOIN (SELECT s.drawer_id, sum(r.after - r.before) AS added,
        count(*) FILTER (WHERE r.after - r.before <> r.turnover) AS wrong
        FROM (SELECT (s ->> 'shift_id')::uuid AS shift_id, (s ->> 'grand_total')::bigint AS after,
            (s ->> 'grand_total_before')::bigint AS before,
            {summed("registers", "sales,total")} - {summed("registers", "returns,total")} AS turnover
            FROM (SELECT snapshot::jsonb AS s FROM pos_receipt WHERE kind IN ('Z', 'CORRECTION')) z) r
        JOIN pos_shift s ON s.id = r.shift_id GROUP BY s.drawer_id) r ON r.drawer_id = d.id""",
    order=181,
)
declare(
    "closed shifts = their events",
    "s.id IS NULL OR e.events IS DISTINCT FROM 1",
    """(SELECT id FROM pos_shift WHERE closed_position IS NOT NULL) s FULL JOIN (
       SELECT stream, count(*) AS events FROM events_event WHERE tenant_id = %(tenant)s AND type = 'pos.shift_closed'
       AND audience IS NULL GROUP BY stream) e ON e.stream = 'shift:' || s.id::text""",
    order=181,
)
declare(
    "sales without a shift have joined the next one",
    """EXISTS (SELECT 1 FROM pos_shift s JOIN events_event e ON e.tenant_id = %(tenant)s
        AND e.type = 'pos.shift_opened' AND e.stream = 'shift:' || s.id AND e.audience IS NULL
        WHERE s.drawer_id = r.drawer_id AND (
            s.opened_at > o.completed_at AND EXISTS (SELECT 1 FROM events_subscription j
                WHERE j.tenant_id = e.tenant_id AND j.subscriber = 'pos.join_shifts'
                AND e.position > j.start AND e.position <= j.cursor AND NOT EXISTS (
                    SELECT 1 FROM events_parkedevent p WHERE p.tenant_id = e.tenant_id AND p.subscriber = j.subscriber
                    AND p.state <> 'DISCARDED'))
            OR EXISTS (SELECT 1 FROM events_event x JOIN events_processedevent p ON p.tenant_id = x.tenant_id
                AND p.position = x.position AND p.subscriber = 'pos.join_shifts'
                WHERE x.tenant_id = e.tenant_id AND x.type = 'pos.exception_opened' AND x.audience IS NULL
                AND x.data ->> 'command_id' = o.id::text AND x.data ->> 'kind' = 'no-shift'
                AND x.position > e.position)))""",
    """pos_order o JOIN pos_register r ON r.id = o.register_id WHERE o.shift_id IS NULL AND o.status = 'COMPLETED'
       AND NOT o.training AND o.exceptions @> '[{"kind": "no-shift"}]'""",
    order=181,
)
declare(
    "amendments = their events",
    "a.id IS NULL OR e.id IS NULL",
    """pos_shiftamendment a FULL JOIN (SELECT (data ->> 'amendment_id')::uuid AS id FROM events_event
       WHERE tenant_id = %(tenant)s AND type = 'pos.shift_amended' AND audience IS NULL) e ON e.id = a.id""",
    order=181,
)
