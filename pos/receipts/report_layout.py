"""What reports of shifts and receipts of moved cash show, row by row."""

from collections.abc import Iterator

from kernel.money import formatted, in_major_units
from pos.receipts.models import Receipt
from pos.receipts.reports import CashSlip, Documents, RegisterTotal, Report, TaxTotal, TenderTotal
from pos.receipts.rows import RULE, Row, Style, centred, moment, pair, percent, sender

TITLES = {Receipt.Kind.Z: "Z report", Receipt.Kind.X: "X report", Receipt.Kind.CORRECTION: "Amendment"}
MOVEMENTS = {
    "FLOAT": "Float",
    "PAID_IN": "Paid in",
    "PAID_OUT": "Paid out",
    "PICKUP": "Pickup",
    "NO_SALE": "Opened without a sale",
    "CORRECTION": "Correction",
}


def report_title(report: Report) -> str:
    return f"{TITLES[Receipt.Kind(report.kind)]} {report.receipt}".rstrip()


def slip_title(slip: CashSlip) -> str:
    return f"{MOVEMENTS[slip.movement]} {slip.receipt}"


def report_rows(report: Report, copy: int) -> Iterator[Row]:
    yield from _head(report, copy, report_title(report))
    if report.of_receipt:
        yield from centred(f"of {report.of_receipt}")
    yield from centred(f"Shift {report.shift_number}, opened {moment(report.opened)}")
    for register in report.registers:
        yield RULE
        yield from _register(register, report.currency)
    if report.taxes:
        yield RULE
        for tax in report.taxes:
            yield from _tax(tax, report.currency)
    if report.tenders:
        yield RULE
        for tender in report.tenders:
            yield from _tender(tender, report.currency)
    yield from _cash(report)
    yield RULE
    yield pair("Grand total before", formatted(report.grand_total_before, report.currency))
    yield pair("GRAND TOTAL", formatted(report.grand_total, report.currency), Style.STRONG)
    if report.note:
        yield from centred(report.note)


def slip_rows(slip: CashSlip, copy: int) -> Iterator[Row]:
    yield from _head(slip, copy, slip_title(slip))
    yield from centred(f"Shift {slip.shift_number}")
    yield RULE
    yield pair(MOVEMENTS[slip.movement], formatted(slip.amount, slip.currency), Style.STRONG)
    if slip.reason_code:
        yield pair("Reason", slip.reason_code)
    if slip.note:
        yield from centred(slip.note)


def _head(printed: Report | CashSlip, copy: int, title: str) -> Iterator[Row]:
    yield from sender(printed.seller, printed.location)
    if copy:
        yield from centred(f"*** COPY {copy} ***")
    yield from centred(title)
    yield from centred(moment(printed.when))
    yield from centred(f"{printed.drawer}, {printed.register.name}")


def _register(register: RegisterTotal, currency: str) -> Iterator[Row]:
    yield pair(f"Register {register.code}", "", Style.STRONG)
    yield from _documents("Sales", register.sales, currency)
    yield from _documents("Returns", register.returns, currency)


def _documents(name: str, documents: Documents, currency: str) -> Iterator[Row]:
    if not documents.count:
        return
    yield pair(f"{name}: {documents.count}", formatted(documents.total, currency))
    yield pair(f"  receipts {documents.first} to {documents.last}", "")
    yield pair("  without tax", in_major_units(documents.net, currency))
    yield pair("  tax", in_major_units(documents.tax, currency))
    if documents.discount:
        yield pair("  discounts", in_major_units(-documents.discount, currency))
    if documents.rounding:
        yield pair("  rounding", in_major_units(documents.rounding, currency))


def _tax(tax: TaxTotal, currency: str) -> Iterator[Row]:
    named = " ".join(word for word in (tax.name, percent(tax.rate) if tax.rate else "") if word) or "tax"
    yield pair(f"{named} of {in_major_units(tax.base, currency)}", in_major_units(tax.amount, currency))
    if tax.base_back or tax.amount_back:
        yield pair(
            f"  returned, of {in_major_units(-tax.base_back, currency)}", in_major_units(-tax.amount_back, currency)
        )


def _tender(tender: TenderTotal, currency: str) -> Iterator[Row]:
    yield pair(f"{tender.name}: {tender.count}", formatted(tender.amount, currency))
    if tender.change:
        yield pair("  change given", in_major_units(tender.change, currency))
    if tender.refunds < 0:
        yield pair(f"  refunds refused: {-tender.refunds}", in_major_units(-tender.refunded, currency))
    elif tender.refunds:
        yield pair(f"  refunds: {tender.refunds}", in_major_units(-tender.refunded, currency))


def _cash(report: Report) -> Iterator[Row]:
    currency = report.currency
    if report.kind != Receipt.Kind.CORRECTION:
        yield RULE
        yield pair("Float", formatted(report.float_amount, currency))
    for moved in report.movements:
        named = " ".join(word for word in (MOVEMENTS[moved.kind], moved.reason_code) if word)
        yield pair(named, in_major_units(moved.amount, currency))
    for place, counted in enumerate(report.counts):
        yield pair(f"{counted.type} expected", formatted(counted.expected, currency))
        if counted.counted is not None and counted.over_short is not None:
            yield pair(f"{counted.type} counted", formatted(counted.counted, currency))
            yield pair(f"{counted.type} over or short", formatted(counted.over_short, currency), Style.STRONG)
        for each in report.denominations if place == 0 else ():
            yield pair(f"  {each.count} x {in_major_units(each.value, currency)}", "")
