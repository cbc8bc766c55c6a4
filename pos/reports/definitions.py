"""The reports that there are: what each tells apart, and what it adds up."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pos.reports.models import ReportFigure

Kind = ReportFigure.Kind
CANCELLED = "CANCELLED"
"""What a detail of refunds says of an order that was cancelled: its money went back, and no goods."""
COUNTED, NOT_COUNTED = "COUNTED", "NOT_COUNTED"
"""What details of over and short say: whether somebody counted what a shift should have had of a tender type."""


def _sold(column: str) -> str:
    return f"coalesce(sum({column}) FILTER (WHERE direction = 'SALE'), 0)"


def _returned(column: str) -> str:
    return f"coalesce(sum({column}) FILTER (WHERE direction = 'RETURN'), 0)"


def _net(column: str) -> str:
    return f"({_sold(column)} - {_returned(column)})"


def _where(column: str, condition: str) -> str:
    return f"coalesce(sum({column}) FILTER (WHERE {condition}), 0)"


def _counted(column: str) -> str:
    return _where(column, f"detail = '{COUNTED}'")


_VOID = f"detail = '{CANCELLED}'"


@dataclass(frozen=True, kw_only=True)
class Report:
    """One report.

    :param told_apart: its columns, each with the column of a figure: rows that differ in none are added up.
    :param counts: sums that are numbers of something. :param quantities: sums of goods, with three decimals.
    :param amounts: sums in minor units of the row's currency.
    :param named: whether its rows have a name, as it was called last.
    :param in_many_rows: whether one document is in several rows: the sum of their numbers would be of nothing.
    :param chart: the amount that its picture shows. :param by: the column that the picture tells apart.
    """

    name: str
    title: str
    kind: ReportFigure.Kind
    told_apart: Mapping[str, str]
    counts: Mapping[str, str] = field(default_factory=dict)
    quantities: Mapping[str, str] = field(default_factory=dict)
    amounts: Mapping[str, str]
    named: bool = False
    in_many_rows: bool = False
    chart: str
    by: str

    @property
    def sums(self) -> dict[str, str]:
        return {**self.counts, **self.quantities, **self.amounts}

    @property
    def totalled(self) -> list[str]:
        """What is added up over all rows."""
        return [name for name in self.sums if not (self.in_many_rows and name in self.counts)]


_COUNTS = {"orders": _sold("documents"), "returns": _returned("documents")}
_GOODS = {"items": _sold("quantity"), "items_returned": _returned("quantity")}
_MONEY = {
    "gross": _sold("gross"),
    "discounts": _sold("discount"),
    "sold": _sold("total"),
    "returned": _returned("total"),
    "total": _net("total"),
    "tax": _net("tax"),
    "net": f"({_net('total')} - {_net('tax')} - {_net('rounding')})",
}


def _sales(name: str, title: str, told_apart: str, *, by: str) -> Report:
    return Report(
        name=name,
        title=title,
        kind=Kind.SALES,
        told_apart={told_apart: told_apart},
        counts=_COUNTS,
        quantities=_GOODS,
        amounts={**_MONEY, "rounding": _net("rounding")},
        chart="total",
        by=by,
    )


def _over_short(name: str, title: str, told_apart: Mapping[str, str], *, by: str) -> Report:
    """`expected` and `difference` are of what was counted; `not_counted` is expected of what nobody counted.

    What is over in one shift and short in another is told beside the difference, in which they cancel out.
    """
    return Report(
        name=name,
        title=title,
        kind=Kind.OVER_SHORT,
        told_apart={**told_apart, "tender_type": "code"},
        counts={"counts": _counted("documents")},
        amounts={
            "expected": _counted("expected"),
            "counted": _counted("counted"),
            "difference": _counted("counted - expected"),
            "over": _counted("greatest(counted - expected, 0)"),
            "short": _counted("greatest(expected - counted, 0)"),
            "not_counted": _where("expected", f"detail = '{NOT_COUNTED}'"),
        },
        chart="difference",
        by=by,
    )


_ALL = (
    _sales("sales", "Sales", "register_id", by="business_date"),
    Report(
        name="taxes",
        title="Taxes",
        kind=Kind.TAXES,
        told_apart={"tax_code": "code", "price": "detail", "rate": "rate"},
        amounts={
            "base_sold": _sold("base"),
            "base_returned": _returned("base"),
            "base": _net("base"),
            "tax_sold": _sold("tax"),
            "tax_returned": _returned("tax"),
            "tax": _net("tax"),
        },
        named=True,
        chart="tax",
        by="name",
    ),
    Report(
        name="tenders",
        title="Tenders",
        kind=Kind.TENDERS,
        told_apart={"register_id": "register_id", "tender_type": "code", "tender_kind": "detail"},
        counts={"payments": _sold("documents"), "refunds": _returned("documents")},
        amounts={
            "taken": _sold("total"),
            "refunded": _returned("total"),
            "total": _net("total"),
            "rounding": _net("rounding"),
        },
        chart="total",
        by="tender_type",
    ),
    _sales("staff", "Staff", "staff_id", by="staff"),
    _sales("hours", "Hours", "hour", by="hour"),
    Report(
        name="products",
        title="Products",
        kind=Kind.PRODUCTS,
        told_apart={"variant_id": "variant_id", "sold_as": "code"},
        counts=_COUNTS,
        quantities=_GOODS,
        amounts=_MONEY,
        named=True,
        in_many_rows=True,
        chart="total",
        by="name",
    ),
    Report(
        name="refunds",
        title="Refunds",
        kind=Kind.REFUNDS,
        told_apart={"reason": "code"},
        counts={"returns": _where("documents", f"NOT {_VOID}"), "cancelled": _where("documents", _VOID)},
        quantities={"items_returned": _returned("quantity")},
        amounts={
            "returned": _where("total", f"NOT {_VOID}"),
            "tax_returned": _returned("tax"),
            "given_back": _where("total", _VOID),
        },
        chart="returned",
        by="reason",
    ),
    Report(
        name="discounts",
        title="Discounts",
        kind=Kind.DISCOUNTS,
        told_apart={"discount": "code", "discount_kind": "detail", "rate": "rate"},
        counts={"orders": _sold("documents")},
        amounts={"given": _sold("discount"), "taken_back": _returned("discount"), "discounts": _net("discount")},
        in_many_rows=True,
        chart="discounts",
        by="discount",
    ),
    _over_short(
        "over-short",
        "Over and short, by shift",
        {"shift_id": "shift_id", "drawer_id": "drawer_id", "staff_id": "staff_id"},
        by="business_date",
    ),
    _over_short("over-short-days", "Over and short, by day", {}, by="business_date"),
    _over_short("over-short-staff", "Over and short, by staff", {"staff_id": "staff_id"}, by="staff"),
    _over_short("over-short-drawers", "Over and short, by drawer", {"drawer_id": "drawer_id"}, by="drawer"),
)
REPORTS = {each.name: each for each in _ALL}
