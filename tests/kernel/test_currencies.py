"""Currencies: the standard's own list, and amounts that are written with the decimals it gives."""

import pytest
from iso4217 import Currency

from kernel.currencies import _BY_SCALE, EXPONENTS, FORMER, scale
from kernel.money import formatted


def test_the_decimals_of_every_currency_are_those_of_iso_4217() -> None:
    assert {each.code: each.exponent for each in Currency if each.exponent is not None} == EXPONENTS
    assert not FORMER.keys() & EXPONENTS.keys()


def test_a_scale_is_of_a_currency_that_there_is_and_of_one_only() -> None:
    codes = [code for codes in _BY_SCALE.values() for code in codes.split()]

    assert set(codes) <= EXPONENTS.keys()
    assert len(codes) == len(set(codes))
    assert [scale(code) for code in ("EUR", "KWD", "JPY", "IDR")] == [1, 1, 100, 10_000]


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1000, "JPY", "1000 JPY"),
        (0, "JPY", "0 JPY"),
        (1659, "KWD", "1.659 KWD"),
        (5, "KWD", "0.005 KWD"),
        (-1250, "GBP", "-12.50 GBP"),
        (5, "EUR", "0.05 EUR"),
        (10**12, "EUR", "10000000000.00 EUR"),
        (1250, "BGN", "12.50 BGN"),
    ],
)
def test_sh7_an_amount_has_the_decimals_of_its_currency(amount: int, currency: str, text: str) -> None:
    assert formatted(amount, currency) == text
