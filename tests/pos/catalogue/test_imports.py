"""Products are imported from a file and exported to one: a preview, errors by row, and a second time changes nothing."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.models import AuditEntry
from events.testing.work import published
from pos.catalogue.bulk import RowsOutdated, put_rows
from pos.catalogue.rows import CatalogueRow
from pos.models import Barcode, Category, Product, TaxClass, Variant
from pos.prices.queries import base_entries
from tenants.models import Tenant
from tests.support import make, people
from tests.support.pricing import set_currency
from tests.support.unchanged import SESSION, nothing_happened

PAGE = "/admin/pos/product/import/"
HEADERS = "sku,product,variant,category,tax_class,stocked,price,barcodes"
TAX = "Standard, included"
MUG = f'MUG,The mug,,Kitchen > Mugs,"{TAX}",yes,12.50,4006381333931'
TEA = f'TEA,Tea,,,"{TAX}",no,3.00,'


@pytest.fixture
def owner(shop: Tenant) -> Client:
    return people.owner()


def preview(client: Client, *lines: str, headers: str = HEADERS) -> Any:
    return upload(client, "\n".join([headers, *lines]).encode())


def upload(client: Client, content: bytes) -> Any:
    file = SimpleUploadedFile("products.csv", content)
    return client.post(PAGE, {"import_file": file, "format": "0", "resource": "0"})


def confirm(client: Client, page: Any) -> Any:
    form = page.context["confirm_form"]
    return client.post("/admin/pos/product/process_import/", {name: form[name].value() for name in form.fields})


def imported(client: Client, *lines: str, headers: str = HEADERS) -> list[str]:
    page = preview(client, *lines, headers=headers)
    assert errors(page) == {}, errors(page)
    return said(client.get(confirm(client, page).headers["Location"]))


def said(page: Any) -> list[str]:
    return [str(message) for message in page.context["messages"]]


def errors(page: Any) -> dict[int, dict[str, list[str]]]:
    result = page.context.get("result")
    return {row.number: row.error_dict for row in result.invalid_rows} if result else {}


def refusal(page: Any) -> str:
    (sentence,) = page.context["form"].errors["import_file"]
    return str(sentence)


def events() -> int:
    return len(published())


def test_products_are_previewed_and_then_imported_with_prices_barcodes_and_categories(owner: Client) -> None:
    with nothing_happened(but=SESSION):
        page = preview(owner, MUG, TEA)
    assert [row.diff[:2] for row in page.context["result"].valid_rows()] == [["MUG", "The mug"], ["TEA", "Tea"]]
    assert "2 new, 0 changed, 0 as they are." in said(page)

    assert confirm(owner, page).status_code == 302

    mug, tea = Variant.objects.get(sku="MUG"), Variant.objects.get(sku="TEA")
    assert (mug.title, mug.price, mug.stocked, mug.product.tax_name) == ("The mug", 1250, True, TAX)
    assert (mug.product.category.name, mug.product.category.parent.name) == ("Mugs", "Kitchen")  # type: ignore[union-attr]
    assert [code.code for code in mug.barcodes.all()] == ["4006381333931"]
    assert (tea.price, tea.stocked, tea.product.category) == (300, False, None)
    told = {event.data["sku"]: event.data for event in published("pos.variant_changed")}
    assert told.keys() == {"MUG", "TEA"}
    assert (told["MUG"]["barcodes"], told["MUG"]["category"], Decimal(told["MUG"]["price"])) == (
        ["4006381333931"], "Mugs", 1250,
    )  # fmt: skip
    entry = AuditEntry.objects.get(action="products imported")
    assert (entry.subject, entry.detail) == ("products.csv", "2 new, 0 changed, 2 rows")


def test_a_second_run_changes_nothing(owner: Client) -> None:
    imported(owner, MUG, TEA)
    before, stamps = events(), list(Variant.objects.order_by("sku").values_list("updated_at", flat=True))

    page = preview(owner, MUG, TEA)
    confirm(owner, page)

    assert "0 new, 0 changed, 2 as they are." in said(page)
    assert page.context["result"].valid_rows() == []
    assert events() == before
    assert list(Variant.objects.order_by("sku").values_list("updated_at", flat=True)) == stamps
    assert (Product.objects.count(), Category.objects.count(), Barcode.objects.count()) == (2, 2, 1)


def test_a_changed_price_is_told_with_the_old_and_the_new_one_and_nothing_else_is(owner: Client) -> None:
    imported(owner, MUG, TEA)

    page = preview(owner, "MUG,13.00", "TEA,3.00", headers="sku,price")
    (row,) = page.context["result"].valid_rows()
    confirm(owner, page)

    assert "12.50 → 13.00" in row.diff
    (told,) = published("pos.price_changed")
    assert (told.data["sku"], Decimal(told.data["old"]), Decimal(told.data["new"])) == ("MUG", 1250, 1300)
    assert len(published("pos.variant_changed")) == 3


def test_columns_and_cells_that_are_left_out_leave_what_is_and_a_dash_takes_it_away(owner: Client) -> None:
    imported(owner, MUG)

    imported(owner, "MUG,,", headers="sku,category,barcodes")
    assert Variant.objects.get().barcodes.count() == 1
    imported(owner, "MUG,-,-", headers="sku,category,barcodes")

    mug = Variant.objects.get()
    assert (mug.product.category, mug.barcodes.count(), mug.price, mug.product.name) == (None, 0, 1250, "The mug")


def test_a_renamed_product_is_told_of_all_its_variants(owner: Client) -> None:
    imported(owner, f'S,Shirt,small,,"{TAX}",,10.00,', f'L,Shirt,large,,"{TAX}",,12.00,')
    assert Product.objects.count() == 1
    before = events()

    imported(owner, "S,Tee", headers="sku,product")

    assert Product.objects.get().name == "Tee"
    told = published("pos.variant_changed")[-2:]
    assert {event.data["title"] for event in told} == {"Tee small", "Tee large"}
    assert events() == before + 2


def test_a_new_variant_joins_the_product_of_its_name(owner: Client) -> None:
    imported(owner, f'S,Shirt,small,,"{TAX}",,10.00,')

    imported(owner, f'L,Shirt,large,,"{TAX}",,12.00,')

    assert set(Product.objects.get().variants.values_list("sku", flat=True)) == {"S", "L"}


ROUNDED = "{} is a number that a spreadsheet has rounded: make the column one of text, and write it again."
WRONG = {
    "sku": ([",Cup,,,,,1.00,"], {2: {"sku": ["A row needs the SKU of what it is about."]}}),
    "new": (["CUP,,,,,,,"], {
        2: {
            "product": ["CUP is new and needs the name of its product."],
            "tax_class": ["CUP is new and needs a tax class."],
            "price": ["CUP is new and needs a price."],
        }
    }),
    "tax": (["CUP,Cup,,,Odd,,1.00,"], {2: {"tax_class": ["The shop has no tax class Odd. It has {classes}."]}}),
    "price": ([f'CUP,Cup,,,"{TAX}",,"1,00",'], {
        2: {"price": ["Write an amount of EUR in digits, as 1234.50: no blanks, commas or letters."]}
    }),
    "minor units": ([f'CUP,Cup,,,"{TAX}",,1.5,'], {
        2: {"price": ["EUR has 2 decimals: write 1.50. A price of one unit has up to 8."]}
    }),
    "thousands": ([f'CUP,Cup,,,"{TAX}",,1.250,'], {
        2: {"price": ["EUR has 2 decimals: write 1.25, or 1.2500 for a fraction."]}
    }),
    "rounded codes": ([f'4.00638E+12,Cup,,,"{TAX}",,1.00,"5,01E+11"'], {
        2: {
            "sku": [ROUNDED.format("4.00638E+12")],
            "barcodes": [ROUNDED.format("5,01E+11")],
        }
    }),
    "zeros of a barcode": (["UPC,,,,,,,12345678905"], {
        2: {"barcodes": [
            "The barcode 012345678905 has lost its zeros: make the column one of text, and write it again."
        ]}
    }),
    "barcode of a scale": (["UPC,,,,,,,2112345012346", f'CUP,Cup,,,"{TAX}",,1.00,02112345012346 2112345'], {
        2: {"barcodes": ["2112345012346 is read as 2112345 of a scale, which WEIGHED has: remove it there first."]},
        3: {"barcodes": [
            "02112345012346 is read as 2112345 of a scale, which WEIGHED has: remove it there first.",
            "Line 2 has the barcode 02112345012346 already.",
            "WEIGHED has the barcode 2112345: remove it there first.",
        ]},
    }),
    "many barcodes": ([f'CUP,Cup,,,"{TAX}",,1.00,{" ".join(map(str, range(101)))}'], {
        2: {"barcodes": ["A variant has at most 100 barcodes, not 101."]}
    }),
    "deep": ([f'CUP,Cup,,{">".join("abc" * 17)},"{TAX}",,1.00,'], {
        2: {"category": ["51 categories are parts of one another: at most 50 may be."]}
    }),
    "negative": ([f'CUP,Cup,,,"{TAX}",,-1.00,'], {2: {"price": ["An amount must not be below zero."]}}),
    "stocked": ([f'CUP,Cup,,,"{TAX}",perhaps,1.00,'], {2: {"stocked": ["Write yes or no, not perhaps."]}}),
    "twice": ([TEA, "", "TEA,,,,,,1.00,"], {4: {"sku": ["TEA is in line 2 already."]}}),
    "barcode in the file": (
        [f'A,A,,,"{TAX}",,1.00,96385074', "", f'B,B,,,"{TAX}",,1.00,0000096385074'],
        {4: {"barcodes": ["Line 2 has the barcode 0000096385074 already."]}},
    ),
    "barcode of another": ([f'B,B,,,"{TAX}",,1.00,4006381333931'], {
        2: {"barcodes": ["HELD has the barcode 4006381333931: remove it there first."]}
    }),
    "product": ([f'S,Shirt,s,,"{TAX}",yes,1.00,', f'L,Shirt,l,,"{TAX}",no,1.00,'], {
        3: {"stocked": ["Line 2 says something else of the same product."]}
    }),
    "control": ([f'CUP,C\x07p,,,"{TAX}",,1.00,'], {
        2: {
            "product": ["The text holds the control character U+0007: take it out."],
        }
    }),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_row_by_row_in_plain_words_and_nothing_is_imported(owner: Client, case: str) -> None:
    make.variant("HELD", barcode="4006381333931")
    make.variant("UPC", barcode="012345678905")
    Barcode.objects.create(variant=make.variant("WEIGHED"), code="2112345", kind="WEIGHT")
    lines, expected = WRONG[case]
    classes = ", ".join(sorted(TaxClass.objects.values_list("name", flat=True)))

    with nothing_happened(but=SESSION):
        page = preview(owner, *lines)

    wanted = {
        number: {name: [text.format(classes=classes) for text in texts] for name, texts in of_row.items()}
        for number, of_row in expected.items()
    }
    assert errors(page) == wanted
    assert "confirm_form" not in page.context
    for texts in wanted.values():
        assert all(text in page.content.decode() for found in texts.values() for text in found)


FILES = {
    "no sku": (b"product,price\nMug,1.00\n", "The file has no column 'sku' in its first line"),
    "unknown column": (b"sku,colour\nA,red\n", "The file has a column 'colour': it may have sku, product"),
    "column twice": (b"sku,sku\nA,B\n", "The file has the column 'sku' twice."),
    "cells": (b"sku,price\nA,1,00\n", "Line 2 has 3 cells, the headers are 2: put texts into quotes."),
    "no text": (b"PK\x03\x04\0\0", "The file is no text: save it as CSV, in UTF-8."),
    "too many": (b"sku\n" + b"A\n" * 10_001, "The file has 10001 rows: bring at most 10000 at once."),
    "quote": (b'sku,product\nA,"open\n', "The file is not readable as text"),
    "no encoding": (
        b"sku,product\nA,Caf\x81\n",
        "The file is neither UTF-8 nor Windows-1252: save it as CSV, in UTF-8.",
    ),
    "comma of decimals": (b"sku,price,product\nA,1,00,Mug\n", "Line 2 has 4 cells, the headers are 3"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_no_such_file_is_refused_in_plain_words(owner: Client, case: str) -> None:
    content, sentence = FILES[case]

    with nothing_happened(but=SESSION):
        page = upload(owner, content)

    assert refusal(page).startswith(sentence)


@pytest.mark.parametrize(
    "content",
    [
        f'sku;product;tax_class;price\nCAFE;Café;"{TAX}";2.50\n'.encode("cp1252"),
        f"\ufeffSKU\tProduct\tTax class\tPrice\r\nCAFE\tCafé\t{TAX}\t2.50\r\n".encode(),
    ],
)
def test_files_of_spreadsheets_are_read(owner: Client, content: bytes) -> None:
    assert confirm(owner, upload(owner, content)).status_code == 302

    assert Variant.objects.get(sku="CAFE").title == "Café"


@pytest.mark.parametrize("price", ["12,50", "1.250,00", "1 250,00", "1.250"])
def test_a_price_with_a_comma_or_a_sign_between_thousands_is_refused_at_its_line(owner: Client, price: str) -> None:
    with nothing_happened(but=SESSION):
        page = upload(owner, f'sku;product;tax_class;price\nCUP;Cup;"{TAX}";{price}\n'.encode())

    assert list(errors(page)) == [2]
    assert list(errors(page)[2]) == ["price"]


def test_prices_are_in_major_units_of_the_currency_of_the_shop(owner: Client) -> None:
    set_currency("JPY")

    imported(owner, f'A,A,,,"{TAX}",,1000,')

    assert Variant.objects.get().price == 1000
    assert errors(preview(owner, f'B,B,,,"{TAX}",,10.00,')) == {2: {"price": ["JPY has no decimals: write 10."]}}


def test_what_is_exported_is_imported_without_a_change(owner: Client) -> None:
    imported(owner, MUG, TEA, f'S,Shirt,small,,"{TAX}",,10.00,96385074 4012345678901')
    make.variant("OLD")
    Variant.objects.filter(sku="OLD").update(active=False)

    file = owner.post("/admin/pos/product/export/", {"format": "0", "resource": "0"})
    page = upload(owner, file.content)

    assert file.content.decode("utf-8-sig").splitlines()[:2] == [HEADERS, MUG]
    assert errors(page) == {}
    assert "0 new, 0 changed, 3 as they are." in said(page)


TEXTS = (
    "=1+1", "+1 kg", "-", "- 5", "@home", "'=1+1", "''-", "'t Hart", "\uff1d1+1", "-1.5",
    "Tea > Green", "\\>", "a\\", "a\\b", ">", 'The "best"; tea, loose', "A, B", "Żółć 茶",
)  # fmt: skip


def exported(client: Client) -> bytes:
    answer = client.post("/admin/pos/product/export/", {"format": "0", "resource": "0"})
    assert answer.status_code == 200
    return bytes(answer.content)


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_whatever_names_codes_and_prices_are_their_export_is_imported_without_a_change(
    owner: Client, currency: str
) -> None:
    set_currency(currency)
    for number, text in enumerate(TEXTS):
        variant = make.variant(text, number * 100 + 7, barcode=text)
        above = Category.objects.create(name=text)
        variant.name = text
        variant.save()
        variant.product.name, variant.product.category = text, Category.objects.create(name=text, parent=above)
        variant.product.save()
    make.variant("CODES", 5, barcode="0012345678905")
    for code in ("00012345678", "A B", "\\"):
        Barcode.objects.create(variant=Variant.objects.get(sku="CODES"), code=code)
    for number, price in enumerate(("0.5", "165.9", "0.000001", "99.99", "1255.5")):
        make.variant(f"P{number}")
        base_entries().filter(variant__sku=f"P{number}").update(price=Decimal(price))
    file = exported(owner)

    with nothing_happened(but=SESSION):
        page = upload(owner, file)

    assert errors(page) == {}
    assert [row.diff for row in page.context["result"].valid_rows()] == []
    assert f"0 new, 0 changed, {Variant.objects.count()} as they are." in said(page)
    for row in csv.reader(io.StringIO(file.decode("utf-8-sig"))):
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@")) and cell != "-1.5"]


@pytest.mark.parametrize("cell", ["'=1+1", "=1+1"])
def test_a_name_is_read_with_and_without_the_apostrophe_of_an_export(owner: Client, cell: str) -> None:
    imported(owner, f'{cell},{cell},,{cell},"{TAX}",,1.00,{cell}')

    variant = Variant.objects.get(sku="=1+1")
    assert (variant.product.name, variant.barcodes.get().code) == ("=1+1", "=1+1")
    assert Category.objects.get().name == "=1+1"


def test_prices_with_fractions_are_imported_and_announced(owner: Client) -> None:
    imported(owner, f'A,A,,,"{TAX}",,1.2550,', f'B,B,,,"{TAX}",,1.26,')

    assert {v.sku: v.price for v in Variant.objects.all()} == {"A": 126, "B": 126}
    assert set(base_entries().values_list("variant__sku", "price")) == {("A", Decimal("125.5")), ("B", 126)}

    imported(owner, "A,1.26", "B,1.2550", headers="sku,price")

    assert set(base_entries().values_list("variant__sku", "price")) == {("B", Decimal("125.5")), ("A", 126)}
    told = {(event.data["sku"], event.data["old"], event.data["new"]) for event in published("pos.price_changed")}
    assert told == {("A", "125.5", "126"), ("B", "126", "125.5")}


def test_what_others_have_changed_since_the_preview_counts(owner: Client) -> None:
    page = preview(owner, MUG)
    make.variant("OTHER", barcode="4006381333931")

    answer = confirm(owner, page)

    assert not Variant.objects.filter(sku="MUG").exists()
    (sentence,) = said(owner.get(answer.headers["Location"]))
    assert "OTHER has the barcode 4006381333931: remove it there first." in sentence


def test_rows_that_are_not_right_any_more_when_they_are_written_are_refused(shop: Tenant) -> None:
    make.variant("OTHER", barcode="4006381333931")
    row = CatalogueRow(sku="MUG", product="Mug", tax_class=TAX, price=100, barcodes=("4006381333931",))

    with nothing_happened(), pytest.raises(RowsOutdated, match="OTHER has the barcode 4006381333931"):
        put_rows([row], file_name="products.csv")


def test_a_confirmation_of_what_this_shop_has_not_previewed_is_refused(owner: Client) -> None:
    page = preview(owner, MUG)
    form = page.context["confirm_form"]
    posted = {name: form[name].value() for name in form.fields}

    for forged in ("/etc/passwd", posted["import_file_name"][:-1] + "x", "eJw:1:x"):
        with nothing_happened(but=SESSION):
            answer = owner.post("/admin/pos/product/process_import/", {**posted, "import_file_name": forged})
        assert said(owner.get(answer.headers["Location"])) == [
            "The preview is more than an hour old: choose the file again."
        ]


def test_who_may_not_add_and_change_products_imports_none(shop: Tenant) -> None:
    client = people.viewer("view_product")

    assert client.get(PAGE).status_code == 403
    for ask in (client.get, client.post):
        assert ask("/admin/pos/product/process_import/").status_code == 403
    assert b"/import/" not in client.get("/admin/pos/product/").content
    assert client.get("/admin/pos/product/export/").status_code == 200


def rows(number: int, price: str = "1.00") -> list[str]:
    return [f'S{n:05},Product {n},,Category {n % 20},"{TAX}",yes,{price},{n:05}-X' for n in range(number)]


def test_the_statements_of_an_import_grow_by_hundreds_of_rows_not_by_rows(owner: Client) -> None:
    imported(owner, *rows(1))

    def statements(count: int, price: str) -> int:
        page = preview(owner, *rows(count, price))
        with CaptureQueriesContext(connection) as captured:
            confirm(owner, page)
        return len(captured)

    few, many = statements(20, "2.00"), statements(420, "3.00")

    assert many <= few + 10
    assert Variant.objects.count() == 420
    assert set(Variant.objects.values_list("price", flat=True)) == {300}


def test_the_first_rows_of_a_long_preview_are_shown_and_all_are_counted(owner: Client) -> None:
    page = preview(owner, *rows(250))

    assert len(page.context["result"].valid_rows()) == 200
    assert "250 new, 0 changed, 0 as they are. The first 200 are shown." in said(page)
