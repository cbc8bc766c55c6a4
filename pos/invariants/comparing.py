"""What a receipt says, beside the rows of its order or return."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Any

TOTALS = (
    "currency",
    "subtotal",
    "tax_total",
    "total",
    "change_total",
    "discount_total",
    "rounding_adjustment",
    "training",
)
LINE = ("sku", "description", "quantity", "unit_price", "tax_total", "total")
TENDER = ("amount", "change", "reference")
TAX = ("code", "name", "rate", "inclusive", "base", "amount")
NUMBERS = {"quantity", "unit_price", "tax_total", "total", "amount", "change", "rate", "base"}
Row = dict[str, Any]


def differences(said: Row, source: Row) -> Iterator[str]:
    """Yield how the rows differ from what a receipt says, the most general first."""
    for name in TOTALS:
        if name in source and said.get(name, False) != source[name]:
            yield f"{name} is {source[name]}, the receipt says {said.get(name)}"
    if said["when"]["business_date"] != source["business_date"]:
        yield f"business_date is {source['business_date']}, the receipt says {said['when']['business_date']}"
    if said.get("rounding_adjustment", 0) + sum(line["total"] for line in said["lines"]) != said["total"]:
        yield f"its lines do not sum to its total, {said['total']}"
    if sum(tax["amount"] for tax in said["taxes"]) != said["tax_total"]:
        yield f"its taxes do not sum to {said['tax_total']}"
    if "discounts" in source and not said.get("rebuilt"):
        yield from _discounts("", said, source)
        for number, (line, row) in enumerate(zip(said["lines"], source["lines"], strict=False), start=1):
            yield from _discounts(f" of line {number}", line, row)
    salt = source.get("customer_salt")
    if (
        salt
        and said.get("customer")
        and said["customer"] != sha256(f"{salt}:{source['customer_email']}".encode()).hexdigest()
    ):
        yield "customer_email is not the one of the receipt"
    of_order = "number" in next(iter(source["lines"]), {})
    yield from _compared("line", said["lines"], source["lines"], LINE, by_number=of_order)
    yield from _compared("tender", said["tenders"], source["tenders"], TENDER, by_number=of_order)


def _discounts(what: str, said: Row, row: Row) -> Iterator[str]:
    """Compare names and amounts; a discount without a name is printed under a general one."""
    printed = [(each["name"], each["amount"]) for each in said.get("discounts", ())]
    kept = [(each.get("name") or "Discount", each["amount"]) for each in row["discounts"]]
    if printed != kept:
        yield f"discounts{what} are {kept}, the receipt says {printed}"


def report_differences(kind: str, said: Row, row: Row) -> Iterator[str]:
    """Yield how the row of a shift, a movement or an amendment differs from what its receipt says."""
    pairs = {
        "CASH": [("amount", "amount"), ("movement", "kind"), ("reason_code", "reason_code"), ("shift_id", "shift_id")],
        "CORRECTION": [("grand_total", "grand_total"), ("position", "position"), ("shift_id", "shift_id")],
        "X": [("shift_number", "number"), ("float_amount", "float_amount")],
        "Z": [
            ("shift_number", "number"),
            ("float_amount", "float_amount"),
            ("grand_total", "grand_total"),
            ("position", "closed_position"),
            ("note", "note"),
        ],
    }[kind]
    for name, column in pairs:
        if said[name] != row[column]:
            yield f"{column} is {row[column]}, the receipt says {said[name]}"
    for name in ("expected", "counted", "over_short") if kind == "Z" else ():
        counts = {count["type"]: count[name] for count in said["counts"] if count[name] is not None}
        if counts != row[name]:
            yield f"{name} is {row[name]}, the receipt says {counts}"


def _compared(what: str, said: list[Row], rows: list[Row], names: tuple[str, ...], *, by_number: bool) -> Iterator[str]:
    """Compare rows with what is said of them: in their order, or where rows have none, as two heaps."""
    if len(said) != len(rows):
        yield f"there are {len(rows)} {what}s, the receipt has {len(said)}"
        return
    known = [name for name in names if rows and _is_kept(name, rows[0]) and said[0][name] is not None]
    if not by_number:
        said, rows = (sorted(all_, key=lambda row: [_sorted_as(name, row) for name in known]) for all_ in (said, rows))
    for number, (line, row) in enumerate(zip(said, rows, strict=True), start=1):
        yield from _named(f"{what} {number}", line, row, known)
        if row.get("taxes") is not None:
            yield from _taxes(number, line["taxes"], row["taxes"])


def _is_kept(name: str, row: Row) -> bool:
    """Say whether a row has a value. Older code kept no unit price of a line that came back."""
    return name in row and (name != "unit_price" or row[name] is not None)


def _taxes(number: int, said: list[Row], rows: list[Row]) -> Iterator[str]:
    if len(said) != len(rows):
        yield f"line {number} has {len(rows)} taxes, {len(said)} on the receipt"
    for place, (tax, row) in enumerate(zip(said, rows, strict=False), start=1):
        yield from _named(f"tax {place} of line {number}", tax, row, TAX)


def _named(what: str, said: Row, row: Row, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if _value(name, said) != _value(name, row):
            yield f"{name} of {what} is {row[name]}, the receipt says {said[name]}"


def _sorted_as(name: str, row: Row) -> tuple[bool, Any]:
    """Put rows without a value last."""
    value = _value(name, row)
    return value is None, value


def _value(name: str, row: Row) -> Any:
    """Return a value that can be compared: numbers are written in strings in one place and not in the other."""
    return Decimal(row[name]) if name in NUMBERS and row[name] is not None else row[name]
