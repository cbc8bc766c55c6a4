"""A receipt in all its forms, from its snapshot alone (SH6, SH7)."""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

from kernel.ids import new_id
from kernel.moments import business_date
from kernel.text import find_control_character
from pos.receipts.html import receipt_html
from pos.receipts.pdf import MARGIN, SIZE, WIDTH, _broken, receipt_pdf
from pos.receipts.pdf_fonts import ARABIC, FONT, OTHERS, THAI, UNKNOWN, runs, width_of
from pos.receipts.rows import pair
from pos.receipts.snapshot import (
    Discount,
    Paid,
    Place,
    Seller,
    Snapshot,
    Till,
    canonical,
    line_of,
    read_snapshot,
    tax_of,
    taxes_by_rate,
    when_of,
)
from pos.receipts.text import _lines, receipt_text

EMBEDDED = {FONT, THAI, ARABIC, OTHERS}
AT = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Texts:
    name: str = "The shop"
    description: str = "Mug"


def snapshot(texts: Texts = Texts(), **more: Any) -> Snapshot:  # noqa: B008 - frozen
    zone = more.pop("timezone", "UTC")
    unit_price = more.pop("unit_price", Decimal(1000))
    total = more.pop("total", 2000)
    tax = tax_of(name="VAT", rate=Decimal("0.200000"), inclusive=True, base=total - 333, amount=333)
    line = line_of(
        number=1,
        sku="MUG",
        description=texts.description,
        quantity=Decimal("2.000"),
        unit_price=unit_price,
        total=total,
        taxes=[tax],
    )
    values: dict[str, Any] = {
        "kind": "ORDER",
        "series": "R1",
        "number": 18,
        "receipt": "R1-000018",
        "source_id": new_id(),
        "seller": Seller(
            profile=1, legal_name=texts.name, address="", vat_number="ESB1", header="Hello", footer="Come again"
        ),
        "location": Place(name=texts.name, address="Main street 1\nMadrid"),
        "register": Till(code="R1", name="Till 1"),
        "when": when_of(AT, timezone=zone, day=business_date(AT, zone=zone, cut_over_hour=4)),
        "currency": "EUR",
        "lines": [line],
        "taxes": taxes_by_rate([line]),
        "tenders": [Paid(type="card", name="Card", amount=total, change=0, reference="AUTH123")],
        "subtotal": total - 333,
        "tax_total": 333,
        "total": total,
        "change_total": 0,
    }
    return Snapshot(**{**values, **more})


def test_the_text_of_42_columns() -> None:
    assert receipt_text(snapshot()) == (
        "                 The shop\n"
        "              Main street 1\n"
        "                  Madrid\n"
        "                 VAT ESB1\n"
        "                  Hello\n"
        "            Receipt R1-000018\n"
        "           2026-11-23 22:30 UTC\n"
        "                  Till 1\n"
        "------------------------------------------\n"
        "Mug\n"
        "  2 x 10.00                          20.00\n"
        "------------------------------------------\n"
        "TOTAL                            20.00 EUR\n"
        "of which tax                      3.33 EUR\n"
        "  VAT 20 % of 16.67                   3.33\n"
        "Card                             20.00 EUR\n"
        "  AUTH123\n"
        "------------------------------------------\n"
        "                Come again\n"
    )


@pytest.mark.parametrize("columns", [42, 48])
@settings(deadline=None)
@given(name=st.text(max_size=120), description=st.text(max_size=120))
def test_nothing_leaves_its_line_whatever_is_written(columns: int, name: str, description: str) -> None:
    text = receipt_text(snapshot(Texts(name, description)), columns=columns, copy=1)

    assert find_control_character(text.replace("\n", " ")) is None
    assert all(0 <= wcswidth(line) <= columns for line in text.splitlines())
    assert sum(line.startswith("TOTAL  ") for line in text.splitlines()) >= 1


@pytest.mark.parametrize("columns", [42, 48])
@pytest.mark.parametrize("wide", ["東京のコーヒーカップ" * 8, "👩‍👩‍👧" * 40, "e\u0301" * 90, "한국어 " * 30])
def test_wide_characters_and_joined_ones_keep_the_columns(columns: int, wide: str) -> None:
    lines = receipt_text(snapshot(Texts(wide, wide)), columns=columns).splitlines()

    assert max(map(wcswidth, lines)) == columns
    assert [line for line in lines if line.startswith("TOTAL")] == [f"TOTAL{'20.00 EUR':>{columns - 5}}"]


def test_sh6_the_local_time_with_its_zone_and_the_business_date() -> None:
    shown = snapshot(timezone="Europe/Madrid")

    assert "2026-11-23 23:30 CET (UTC+01:00)" in receipt_text(shown)
    assert (shown.when.local, shown.when.zone) == ("2026-11-23T23:30:00+01:00", "Europe/Madrid")
    assert "2026-11-24 07:30 JST (UTC+09:00)" in receipt_text(snapshot(timezone="Asia/Tokyo"))
    assert "2026-11-24 04:15 UTC+05:45" in receipt_text(snapshot(timezone="Asia/Kathmandu"))


@pytest.mark.parametrize(
    ("moment", "timezone", "cut_over", "day"),
    [
        (datetime(2026, 11, 23, 22, 30, tzinfo=UTC), "Europe/Madrid", 0, "2026-11-23"),
        (datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "Europe/Madrid", 0, "2026-11-24"),
        (datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "Europe/Madrid", 4, "2026-11-23"),
        (datetime(2026, 11, 24, 2, 59, 59, tzinfo=UTC), "Europe/Madrid", 4, "2026-11-23"),
        (datetime(2026, 11, 24, 3, 0, tzinfo=UTC), "Europe/Madrid", 4, "2026-11-24"),
        (datetime(2026, 10, 25, 2, 59, tzinfo=UTC), "Europe/Madrid", 4, "2026-10-24"),
        (datetime(2026, 10, 25, 3, 0, tzinfo=UTC), "Europe/Madrid", 4, "2026-10-25"),
    ],
)
def test_sh6_the_business_date_changes_at_the_cut_over_hour(
    moment: datetime, timezone: str, cut_over: int, day: str
) -> None:
    assert business_date(moment, zone=timezone, cut_over_hour=cut_over).isoformat() == day


def test_sh7_amounts_have_the_decimals_of_their_currency() -> None:
    yen = receipt_text(snapshot(currency="JPY", unit_price=Decimal(333), total=999))
    dinar = receipt_text(snapshot(currency="KWD", unit_price=Decimal("1659.5"), total=1659))

    assert "999 JPY" in yen
    assert "9.99" not in yen
    assert "1.659 KWD" in dinar
    assert "2 x 1.6595" in dinar


def test_what_is_not_the_first_print_or_no_sale_says_so() -> None:
    assert "COPY" not in receipt_text(snapshot())
    for form in (receipt_text, receipt_html):
        assert "COPY 2" in form(snapshot(), copy=2)
        assert "TRAINING" in form(snapshot(training=True))
    assert "Return R1-R000001" in receipt_text(snapshot(kind="RETURN", receipt="R1-R000001", of_receipt="R1-000018"))


def test_discounts_rounding_and_change_are_shown() -> None:
    shown = receipt_text(
        snapshot(discounts=[Discount(name="Staff", amount=100)], rounding_adjustment=-2, change_total=500)
    )

    assert "Staff -1.00" in shown
    assert any(line.split() == ["Rounding", "-0.02", "EUR"] for line in shown.splitlines())
    assert any(line.split() == ["Change", "5.00", "EUR"] for line in shown.splitlines())


def test_the_page_escapes_what_was_typed_and_loads_nothing() -> None:
    page = receipt_html(snapshot(Texts("<script>alert(1)</script>", "Mug & <b>tea</b>")))

    assert "<script" not in page
    assert "Mug &amp; &lt;b&gt;tea&lt;/b&gt;" in page
    assert "<svg" in page
    assert "src=" not in page.replace("srcset", "")


@settings(deadline=None)
@given(name=st.text(max_size=60), description=st.text(max_size=200))
def test_the_pdf_takes_every_text(name: str, description: str) -> None:
    assert receipt_pdf(snapshot(Texts(name, description))).startswith(b"%PDF-")


SCRIPTS = {
    "Greek": "Καφές",
    "Cyrillic": "Кава",
    "Thai": "กาแฟร้อน น้ำผึ้ง",
    "Arabic": "قَهوة عربية ٣، كبيرة؟",
    "Hebrew": "שָׁלוֹם עולם",
    "Georgian": "ყავა დიდი",
    "Armenian": "Սուրճ մեծ",
    "Devanagari": "हिन्दी क्षत्रिय",
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_pdf_has_the_letters_of_a_script_in_fonts_that_are_embedded(script: str) -> None:
    text = SCRIPTS[script]

    assert {run.font for run in runs(text)} <= EMBEDDED
    assert not [run for run in runs(text) if UNKNOWN in run.text]
    file = receipt_pdf(snapshot(Texts(text, text)))
    assert file.count(b"/FontFile2") >= len({run.font for run in runs(text)})
    assert file == receipt_pdf(snapshot(Texts(text, text)))


def test_the_pdf_shapes_letters_that_join_and_marks_that_stand_on_others() -> None:
    joined, apart = (sum(run.width(8) for run in runs(text)) for text in ("قهوة", "ق ه و ة"))
    spaces = 3 * width_of(" ", 8)

    assert joined < apart - spaces
    assert width_of("ที่", 8) == width_of("ท", 8)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("שלום (abc) 12", ["12 (abc) ", "שלום"]),
        ("(שלום)", ["(", "שלום", ")"]),
        ("א) ב", ["ב", " (", "א"]),
        ("mug (שלום) 5", ["mug (", "שלום", ") 5"]),
        ("قهوة ٣٤ x", ["x ", "٣٤", " ", "قهوة"]),
        ("a) mug", ["a) mug"]),
    ],
)
def test_the_pdf_writes_from_the_right_what_is_read_so(text: str, seen: list[str]) -> None:
    assert [run.text for run in runs(text)] == seen


def test_the_pdf_has_a_question_mark_for_what_no_font_has_and_nothing_for_format_characters() -> None:
    assert [run.text for run in runs("A\u200f\U0001f600B")] == ["A?B"]
    assert {run.font for run in runs("茶コ커")} == {"STSong-Light", "HeiseiMin-W3", "HYSMyeongJo-Medium"}


@pytest.mark.parametrize("text", ["กาแฟน้ำผึ้งที่นี่" * 12, "قهوة عربية كبيرة " * 12, "咖啡" * 60, "Mug " * 60])
def test_the_pdf_breaks_long_texts_where_no_mark_loses_its_letter(text: str) -> None:
    room = WIDTH - 2 * MARGIN
    parts = _broken(text, room)

    assert len(parts) > 1
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    assert all(width_of(part, SIZE) <= room for part in parts)
    assert not [part for part in parts if unicodedata.category(part[0]).startswith("M")]


def test_the_pdf_is_cut_into_pages_and_always_the_same() -> None:
    many = msgspec.structs.replace(snapshot(), lines=snapshot().lines * 200)

    assert receipt_pdf(many) == receipt_pdf(many)
    assert receipt_pdf(many).count(b"/Type /Page\n") > 3


def test_a_snapshot_is_read_as_it_was_written() -> None:
    written = snapshot(Texts('"quoted" \\ 😀'))

    assert read_snapshot(canonical(written)) == written
    assert canonical(read_snapshot(canonical(written))) == canonical(written)


def test_a_snapshot_of_before_a_member_was_added_is_read() -> None:
    text = canonical(snapshot()).replace('"rounding_adjustment":0,', "").replace('"code":"",', "")

    assert read_snapshot(text).rounding_adjustment == 0


@pytest.mark.parametrize("columns", [42, 48])
def test_what_is_too_long_for_its_line_goes_on_in_the_next(columns: int) -> None:
    left = "  A tax with a very long name of so many characters 19.975 % of 1,234.56"
    rows = [*_lines(pair(left, "246.60"), columns), *_lines(pair(f"  {'4711' * 15}", ""), columns)]

    assert all(wcswidth(row) <= columns for row in rows)
    assert "".join(rows).replace(" ", "") == f"{left}246.60{'4711' * 15}".replace(" ", "")
    assert all(row.startswith("  ") for row in rows)
    assert [row for row in rows if row.endswith("246.60")]
