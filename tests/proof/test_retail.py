"""Reading the retailer's file: every row is used, or listed with its reason."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proof.replay import _name, _tenders
from proof.retail import FileUnusable, Invoice, iter_documents, read_retail

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
        10: "quantity, price or date cannot be read",
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
