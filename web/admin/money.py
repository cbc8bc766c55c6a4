"""Amounts in the admin: people type and read `19.99` of a currency; the rows keep minor units."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import DecimalField, Field, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from kernel.currencies import exponent
from kernel.limits import LARGEST_AMOUNT, PRICE_DECIMALS
from kernel.money import formatted, in_major_units

SHOWN = "{}_shown"
LONGEST = len(str(LARGEST_AMOUNT))
_WRITTEN = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?", re.ASCII)
DEFAULT_CURRENCY = "EUR"
"""Of a shop that has no location yet, as a new tenant's."""
_currencies: list[Callable[[], "QuerySet[Any, Any]"]] = []


def currency_of_shop_by(select: Callable[[], "QuerySet[Any, Any]"]) -> None:
    """Say what prices are in that no row names a currency for: a query of one row with a `currency`."""
    _currencies[:] = [select]


def currency_of_shop() -> str:
    (select,) = _currencies
    found = select().first()
    return str(found["currency"]) if found else DEFAULT_CURRENCY


def with_currency_of_shop(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Give the rows of a list the shop's currency, in their own statement."""
    (select,) = _currencies
    return rows.annotate(currency=Coalesce(Subquery(select()[:1]), Value(DEFAULT_CURRENCY)))


class MajorUnits(forms.CharField):
    """An amount as people write it, `19.99` or `12`, which is 1999 or 1200 minor units of a currency with two decimals.

    No other form is guessed at: neither `19,99` and `1,234.50`, nor `12.5`, which may have lost a digit.

    :param fractions: how many more decimals than the currency has it may have, as a unit price; it is a Decimal then.
    """

    widget = UnfoldAdminTextInputWidget

    def __init__(self, *, currency: str, fractions: int = 0, **options: Any) -> None:
        self.currency, self.fractions = currency, fractions
        options.setdefault("help_text", f"In {currency}: {self._example('12')}")
        super().__init__(**options)
        self.widget.attrs["inputmode"] = "decimal"

    def prepare_value(self, value: Any) -> Any:
        return in_major_units(value, self.currency) if isinstance(value, (int, Decimal)) else value

    def to_python(self, value: Any) -> Any:
        """:raises ValidationError: with how to write it, when it is no amount of the currency."""
        if isinstance(value, (int, Decimal)):
            return value
        text = super().to_python(value)
        if not text:
            return None
        written = _WRITTEN.fullmatch(text)
        if written is None:
            example = self._example("1234")
            message = f"Write an amount of {self.currency} in digits, as {example}: no blanks, commas or letters."
            raise ValidationError(message, code="invalid")
        sign, whole, decimals = written.groups()
        if sign and (whole + (decimals or "")).strip("0"):
            raise ValidationError("An amount must not be below zero.", code="negative")
        places = exponent(self.currency)
        if decimals is not None and not places <= len(decimals) <= places + self.fractions:
            most = f" A price of one unit has up to {places + self.fractions}." if self.fractions else ""
            message = f"{self.currency} has {places or 'no'} decimals: write {self._example(whole)}.{most}"
            raise ValidationError(message, code="decimals")
        amount: int | Decimal = LARGEST_AMOUNT + 1
        if len(whole) <= LONGEST:
            exact = Decimal(whole + "." + (decimals or "0")).scaleb(places)
            amount = exact if self.fractions else int(exact)
        if amount > LARGEST_AMOUNT:
            message = f"An amount is at most {formatted(LARGEST_AMOUNT, self.currency)}."
            raise ValidationError(message, code="max_value")
        return amount

    def _example(self, whole: str) -> str:
        return f"{whole}.{'5'.ljust(exponent(self.currency), '0')}" if exponent(self.currency) else whole


class MoneyShown:
    """A page, or rows inside one, with amounts: `money` names their columns.

    They are shown with their currency, and typed in major units of it. Those in `unit_prices` have fractions of a
    minor unit although their column is of whole ones: the page says where the exact price is.
    """

    money: tuple[str, ...] = ()
    unit_prices: tuple[str, ...] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in cls.money:
            setattr(cls, SHOWN.format(name), _shown(name))

    def currency_of(self, row: Any) -> str:
        """Return what the amounts of a row are in; of the row that is added, where it is None."""
        return str(row.currency)

    def amount_of(self, row: Any, name: str) -> int | Decimal | None:
        """Return the amount of a row in a column of `money`."""
        amount: int | Decimal | None = getattr(row, name)
        return amount

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **options: Any) -> Any:
        if db_field.name not in self.money:
            return super().formfield_for_dbfield(db_field, request, **options)  # type: ignore[misc]
        currency = self.currency_of(getattr(request, "edited", None))
        fractions = db_field.decimal_places if isinstance(db_field, DecimalField) else 0
        fractions = PRICE_DECIMALS if db_field.name in self.unit_prices else fractions
        return MajorUnits(currency=currency, fractions=fractions, label=str(db_field.verbose_name).capitalize())

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.with_currency(super().get_list_display(request))  # type: ignore[misc]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.with_currency(super().get_readonly_fields(request, obj))  # type: ignore[misc]

    def with_currency(self, names: Any) -> tuple[Any, ...]:
        return tuple(SHOWN.format(name) if name in self.money else name for name in names)


class MoneyPage(MoneyShown):
    """A page of rows. Where a person may only read, all columns of the row are shown."""

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        request.edited = obj  # type: ignore[attr-defined]
        return super().get_form(request, obj, **options)  # type: ignore[misc]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = super().get_fields(request, obj)  # type: ignore[misc]
        return names if self._may_write(request, obj) else self.with_currency(names)

    def _may_write(self, request: HttpRequest, obj: Any) -> bool:
        page: Any = self
        return bool(page.has_change_permission(request, obj) if obj else page.has_add_permission(request))


class MoneyRows(MoneyShown):
    """Rows inside the page of another one, in its currency unless they have their own."""

    of: Any = None

    def get_formset(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        self.of = request.edited = obj  # type: ignore[attr-defined]
        return super().get_formset(request, obj, **options)  # type: ignore[misc]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        page: Any = self
        names = super().get_fields(request, obj)  # type: ignore[misc]
        return names if page.has_change_permission(request, obj) else self.with_currency(names)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Where a person may only read, all columns are: none of them is asked of a form."""
        page: Any = self
        names = super().get_readonly_fields(request, obj)
        if page.has_change_permission(request, obj):
            return names
        return tuple(dict.fromkeys((*names, *self.get_fields(request, obj))))

    def currency_of(self, row: Any) -> str:
        return str(getattr(row, "currency", None) or self.of.currency)


def _shown(name: str) -> Any:
    def shown(self: MoneyShown, row: Any) -> str:
        amount = self.amount_of(row, name)
        return "" if amount is None else formatted(amount, self.currency_of(row))

    shown.short_description = name.replace("_", " ")  # type: ignore[attr-defined]
    shown.admin_order_field = name  # type: ignore[attr-defined]
    return shown
