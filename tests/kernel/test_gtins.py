"""GTINs are one number in four lengths; other codes are what they are written as (SH8)."""

from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.gtins import barcode_key, has_check_digit, parts_of_scale
from tenants.models import Tenant


@pytest.mark.parametrize("code", ["012345678905", "0012345678905", "00012345678905"])
def test_sh8_upc_a_and_ean_13_and_gtin_14_of_one_article_are_the_same(code: str) -> None:
    assert barcode_key(code) == "00012345678905"


@pytest.mark.parametrize(
    "code",
    [
        "",
        "1",
        "012345678906",
        "40063813339310",
        "4006381333932",
        "MUG-4006381333931",
        " 4006381333931",
        "\u0664006381333931",
    ],
)
def test_sh8_what_is_no_gtin_is_compared_as_it_is_written(code: str) -> None:
    assert barcode_key(code) == code


def test_sh8_an_ean_8_is_another_number_than_an_ean_13() -> None:
    assert barcode_key("96385074") == "00000096385074"
    assert barcode_key("4006381333931") == "04006381333931"


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("2112345012346", ("2112345", 1234)),
        ("2112345000008", ("2112345", 0)),
        ("0212345012345", ("0212345", 1234)),
        ("2112345999999", ("2112345", 99999)),
        ("2112345012347", None),
        ("4006381333931", None),
        ("211234501234", None),
        ("02112345012346", ("2112345", 1234)),
        ("02112345012347", None),
        ("212345012345", ("0212345", 1234)),
        ("00212345012345", ("0212345", 1234)),
        ("112345012346", None),
        ("12112345012343", None),
    ],
)
def test_sh8_a_code_of_a_scale_is_what_is_fixed_and_five_digits(code: str, parts: Any) -> None:
    assert parts_of_scale(code) == parts


@settings(max_examples=60, deadline=None)
@given(codes=st.lists(st.one_of(st.from_regex(r"\A[0-9]{7,15}\Z"), st.text("0123456789A-", max_size=15)), max_size=40))
def test_sh8_the_database_compares_codes_as_python_does(codes: list[str]) -> None:
    codes += [code[:-1] + str(digit) for code in codes[:5] for digit in range(10) if code]
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, north.pos_barcode_key(code) FROM unnest(%s::text[]) AS code", [codes])
        found = dict(cursor.fetchall())

    assert found == {code: barcode_key(code) for code in codes}
    assert all(has_check_digit(key) for code, key in found.items() if key != code)


@pytest.fixture(autouse=True)
def _shop(shop: Tenant) -> None: ...
