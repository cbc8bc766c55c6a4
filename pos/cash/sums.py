"""What a shift comes to, for people and for partners: totals by register, tax and tender, and what should be there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from pos.cash.models import TenderType
from pos.cash.totals import Key, Subject, Sums, Totals

CASH, EXCHANGE = TenderType.Kind.CASH.value, TenderType.Kind.EXCHANGE.value


@dataclass(frozen=True, kw_only=True)
class OfRegister:
    register_id: UUID
    sales: Sums
    returns: Sums


@dataclass(frozen=True, kw_only=True)
class OfTax:
    """:param rate: a share, as text; None where it is not known. Of `sold` and `back`, `net` is what the tax is of."""

    code: str
    name: str
    rate: str | None
    inclusive: bool | None
    sold: Sums
    back: Sums


@dataclass(frozen=True, kw_only=True)
class OfTender:
    type: str
    kind: str
    taken: Sums
    refunded: Sums


@dataclass(frozen=True, kw_only=True)
class Figures:
    registers: Sequence[OfRegister]
    taxes: Sequence[OfTax]
    tenders: Sequence[OfTender]

    @property
    def turnover(self) -> int:
        """Orders less returns, with tax: what is added to the grand total."""
        return sum(each.sales.total - each.returns.total for each in self.registers)

    def expected(self, *, in_drawer: int, cash_type: str) -> dict[str, int]:
        """Return what should be there by tender type, all cash under one.

        :param in_drawer: the float and what was moved. :param cash_type: the code under which cash is counted.
        """
        expected = {cash_type: in_drawer}
        for each in self.tenders:
            if each.kind == EXCHANGE:
                continue  # goods that pay for goods: nothing of it lies in a drawer
            type_ = cash_type if each.kind == CASH else each.type
            expected[type_] = expected.get(type_, 0) + each.taken.total - each.refunded.total
        return expected


def figures_of(totals: Totals) -> Figures:
    return Figures(
        registers=[
            OfRegister(
                register_id=register_id,
                sales=parts.get(Subject.SALES, Sums()),
                returns=parts.get(Subject.RETURNS, Sums()),
            )
            for register_id, parts in _grouped(totals, (Subject.SALES, Subject.RETURNS), lambda key: key.register_id)
        ],
        taxes=[
            OfTax(
                code=code,
                name=name,
                rate=rate,
                inclusive=inclusive,
                sold=parts.get(Subject.TAXES, Sums()),
                back=parts.get(Subject.TAXES_BACK, Sums()),
            )
            for of, parts in _grouped(totals, (Subject.TAXES, Subject.TAXES_BACK), lambda key: key.of)
            for code, name, rate, inclusive in [msgspec.json.decode(of)]
        ],
        tenders=[
            OfTender(
                type=type_,
                kind=kind,
                taken=parts.get(Subject.TENDERS, Sums()),
                refunded=parts.get(Subject.REFUNDS, Sums()),
            )
            for of, parts in _grouped(totals, (Subject.TENDERS, Subject.REFUNDS), lambda key: key.of)
            for type_, kind in [msgspec.json.decode(of)]
        ],
    )


def _grouped(totals: Mapping[Key, Sums], subjects: Sequence[str], group: Any) -> list[tuple[Any, dict[str, Sums]]]:
    """Sum the totals of some subjects by what a key belongs to, in the order of that."""
    found: dict[Any, dict[str, Sums]] = {}
    for key, sums in totals.items():
        if key.subject in subjects:
            found.setdefault(group(key), {}).setdefault(key.subject, Sums()).add(sums)
    return sorted(found.items())
