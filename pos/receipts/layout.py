"""What a receipt shows, row by row, whatever it is printed on."""

from collections.abc import Iterator
from decimal import Decimal

from kernel.money import formatted, in_major_units
from pos.receipts.models import Receipt
from pos.receipts.report_layout import report_rows, report_title, slip_rows, slip_title
from pos.receipts.reports import CashSlip, Printed, Report
from pos.receipts.rows import RULE, Row, Style, centred, moment, pair, percent, sender
from pos.receipts.snapshot import Line, Snapshot


def rows_of(printed: Printed, *, copy: int = 0) -> Iterator[Row]:
    """Yield the rows of a receipt. :param copy: the number of the copy, which is marked; 0 for the first print."""
    if isinstance(printed, Report):
        yield from report_rows(printed, copy)
    elif isinstance(printed, CashSlip):
        yield from slip_rows(printed, copy)
    else:
        yield from _receipt(printed, copy)


def title_of(printed: Printed) -> str:
    if isinstance(printed, Report):
        return report_title(printed)
    if isinstance(printed, CashSlip):
        return slip_title(printed)
    return f"{'Return' if printed.kind == Receipt.Kind.RETURN else 'Receipt'} {printed.receipt}"


def _receipt(snapshot: Snapshot, copy: int) -> Iterator[Row]:
    yield from _head(snapshot, copy)
    yield RULE
    for line in snapshot.lines:
        yield from _line(line, snapshot.currency)
    yield RULE
    yield from _totals(snapshot)
    for tender in snapshot.tenders:
        yield pair(tender.name, formatted(tender.amount, snapshot.currency))
        if tender.reference:
            yield pair(f"  {tender.reference}", "")
    if snapshot.change_total:
        yield pair("Change", formatted(snapshot.change_total, snapshot.currency))
    if snapshot.seller.footer:
        yield RULE
        yield from centred(snapshot.seller.footer)


def _head(snapshot: Snapshot, copy: int) -> Iterator[Row]:
    yield from sender(snapshot.seller, snapshot.location)
    yield from centred(snapshot.seller.header)
    if snapshot.training:
        yield from centred("*** TRAINING - NOT A RECEIPT ***")
    if copy:
        yield from centred(f"*** COPY {copy} ***")
    yield from centred(title_of(snapshot))
    if snapshot.of_receipt:
        yield from centred(f"of {snapshot.of_receipt}")
    yield from centred(moment(snapshot.when))
    yield from centred(snapshot.register.name)


def _line(line: Line, currency: str) -> Iterator[Row]:
    yield pair(line.description, "")
    priced = line.quantity
    if line.unit_price is not None:
        priced = f"{priced} x {in_major_units(Decimal(line.unit_price), currency)}"
    yield pair(f"  {priced}", in_major_units(line.total, currency))
    for discount in line.discounts:
        yield pair(f"    {discount.name} {in_major_units(-discount.amount, currency)}", "")


def _totals(snapshot: Snapshot) -> Iterator[Row]:
    currency = snapshot.currency
    for discount in snapshot.discounts:
        yield pair(f"{discount.name} {in_major_units(-discount.amount, currency)}", "")
    if snapshot.rounding_adjustment:
        yield pair("Rounding", formatted(snapshot.rounding_adjustment, currency))
    yield pair("TOTAL", formatted(snapshot.total, currency), Style.STRONG)
    yield pair("of which tax", formatted(snapshot.tax_total, currency))
    for tax in snapshot.taxes:
        named = f"{tax.name} {percent(tax.rate)}" if tax.name else "tax"
        yield pair(f"  {named} of {in_major_units(tax.base, currency)}", in_major_units(tax.amount, currency))
