"""Reading the retailer's file: every row is used, or listed with its reason."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.replay import _name, _tenders
from demo.retail import FileUnusable, Invoice, iter_documents, read_retail

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
ROWS = """536365,85123a,HEART,6,2010-12-01T08:26,2.55,17850,United Kingdom
536365,POST,POSTAGE,1,2010-12-01T08:26,18,17850,United Kingdom
C536379,D,Discount,-1,2010-12-01T09:41,27.5,14527,United Kingdom
536589,21777,,-10,2010-12-01T16:50,0,,United Kingdom
536590,DOT,,-10,2010-12-01T16:50,0,,United Kingdom
536591,21777,X,0,2010-12-01T16:50,1,,United Kingdom
536592,21777,X,1,2010-12-01T16:50,-1,,United Kingdom
C536593,21777,X,1,2010-12-01T16:50,1,,United Kingdom
536594,21777,X,one,2010-12-01T16:50,1,,United Kingdom
536595,21777,X,1,2010-12-01T16:50,1.005,,United Kingdom
536596,,X,1,2010-12-01T16:50,1,,United Kingdom
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "retail.csv"
    path.write_text(HEADER + ROWS)
    return path


def test_rows_become_documents_and_the_rest_has_reasons(file: Path) -> None:
    retail = read_retail(file)

    sold = {invoice.number: [row.code for row in invoice.sold] for invoice in iter_documents(retail)}
    assert sold == {"536365": ["85123A", "POST"], "C536379": ["D"], "536589": []}
    assert [row.quantity for invoice in retail.invoices for row in invoice.adjusted] == [-10]
    assert {rejected.number: rejected.reason for rejected in retail.rejected} == {
        6: "a stock adjustment of DOT, which is no product",
        7: "a quantity of nothing",
        8: "a negative price",
        9: "a positive quantity on a return",
        10: "the quantity 'one' is not a number",
        11: "a price with more than two decimals",
        12: "no invoice number or no code",
    }
    assert retail.rows == 11
    assert retail.titles() == {"85123A": ("HEART", 255), "21777": ("21777", 0)}


def test_gzip_and_a_limit_of_invoices(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv.gz"
    path.write_bytes(gzip.compress((HEADER + ROWS).encode()))

    retail = read_retail(path, limit=1)

    assert [invoice.number for invoice in retail.invoices] == ["536365"]
    assert retail.rows == 2


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\xff\xfe", b""])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(content)

    with pytest.raises(FileUnusable):
        read_retail(path)
    with pytest.raises(FileUnusable, match="cannot be read"):
        read_retail(tmp_path / "none.csv")


def test_documents_have_the_same_uuid7_at_every_run() -> None:
    at = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)

    assert _name("order", "1", at=at) == _name("order", "1", at=at)
    assert _name("order", "1", at=at) != _name("order", "2", at=at)
    assert _name("order", "1", at=at).version == 7
    assert _name("order", "1", at=at).int >> 80 == int(at.timestamp() * 1000)


def test_customers_pay_by_card_or_in_cash_with_change() -> None:
    at = datetime(2010, 12, 1, tzinfo=UTC)

    assert _tenders(Invoice(number="12", at=at), 1234) == [{"type": "card", "amount": {"amount": 1234}}]
    assert _tenders(Invoice(number="13", at=at), 1234) == [{"type": "cash", "amount": {"amount": 1500}}]
    assert _tenders(Invoice(number="13", at=at), 0) == []


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("cp1252"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").replace("\n", "\r\n").encode("utf-16"),
        lambda text: gzip.compress(text.encode("cp1252")),
        lambda text: text.replace("InvoiceNo", "Invoice").replace("UnitPrice", "Price").replace("CustomerID", "Customer ID").encode(),
    ],
    ids=["bom", "latin-1", "utf-16", "semicolons", "tabs", "gzip", "second edition"],
)  # fmt: skip
def test_in10_the_file_is_read_however_a_spreadsheet_has_written_it(
    tmp_path: Path, write: Callable[[str], bytes]
) -> None:
    path = tmp_path / "retail"
    path.write_bytes(write(HEADER + "536365,85123A,CAFÉ £5 MUG,6,12/1/2010 8:26,2.55,17850,United Kingdom\n"))

    (invoice,) = read_retail(path).invoices

    assert invoice.at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert [row.description for row in invoice.rows] == ["CAFÉ £5 MUG"]


@pytest.mark.parametrize(
    "date", ["2010-12-01T08:26", "2010-12-01 08:26:00", "12/1/2010 8:26", "12/01/10 08:26", "2010-12-01T09:26+01:00"]
)
def test_in10_dates_are_read_as_they_are_written(tmp_path: Path, date: str) -> None:
    path = tmp_path / "retail.csv"
    path.write_text(f"{HEADER}536365,85123A,MUG,6,{date},2.55,,\n")

    assert read_retail(path).invoices[0].at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,21777,X,NaN,2010-12-01T16:50,1,,", "the quantity 'NaN' is not a number"),
        ("1,21777,X,Infinity,2010-12-01T16:50,1,,", "the quantity 'Infinity' is not a number"),
        ("1,21777,X,1,2010-12-01T16:50,sNaN,,", "the price 'sNaN' is not a number"),
        ("1,21777,X,1,2010-12-01T16:50,-inf,,", "the price '-inf' is not a number"),
        ("1,21777,X,1e99999,2010-12-01T16:50,1,,", "the quantity '1e99999' is too large"),
        ("1,21777,X,1,2010-12-01T16:50,1e99999,,", "the price '1e99999' is too large"),
        ("1,21777,X,0.0001,2010-12-01T16:50,1,,", "a quantity with more than three decimals"),
        ("1,21777,X,1,13/31/2010 8:26,1,,", "the date '13/31/2010 8:26' is neither"),
        ("1,21777,X,1,1969-12-31T23:59,1,,", "the date '1969-12-31T23:59': This moment is before 2000-01-01"),
        ("1,21777,X,1,9999-12-31T23:59,1,,", "the date '9999-12-31T23:59': This moment is in the future"),
        ("1,21777,X", "not as many columns as the heading"),
        ("1,21777,X,1,2010-12-01T16:50,1,,,,", "not as many columns as the heading"),
    ],
)
def test_in10_a_row_that_cannot_be_sent_has_its_reason(tmp_path: Path, row: str, reason: str) -> None:
    path = tmp_path / "retail.csv"
    path.write_text(f"{HEADER}{row}\n")

    retail = read_retail(path)

    assert [rejected.reason[: len(reason)] for rejected in retail.rejected] == [reason]
    assert list(iter_documents(retail)) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04rest", "export it as CSV"),
        (gzip.compress(HEADER.encode(), mtime=0)[:20], "cannot be read"),
        (b"\x1f\x8bgarbage", "cannot be read"),
        ((HEADER + "1," + "x" * 200_000).encode(), "field larger than field limit"),
        (b"\x00\x01\x02", "has the columns"),
    ],
)
def test_in10_a_file_that_is_another_is_refused_in_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "retail.csv"
    path.write_bytes(content)

    with pytest.raises(FileUnusable, match=said):
        read_retail(path)
