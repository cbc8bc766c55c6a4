"""The accountant's script: from the feed with an API key to a booked day, whose sums are those of the orders."""

import io
import json
import runpy
import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.db.models import Sum

from config.place import ROOT
from events.testing.work import settle
from kernel.ids import new_id
from payments.models import PaymentIntent, SimulatedCharge
from pos.models import Location, Order, ReportFigure, Return, TenderType
from pos.orders.models import OrderLineTax
from pos.orders.services.voiding import void_order
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal
from web.scopes import EVENTS_READ

SCRIPT = ROOT / "docs" / "accountant.py"


@pytest.fixture
def day(shop: Tenant) -> None:
    Location.objects.update(timezone="Europe/Madrid")
    make.variant("MUG", 1000)
    make.variant("TEA", 333, tax_rate="Standard, added")
    make.variant("CUP", 250, tax_rate="Zero")
    make.shift()
    order = make.order(make.cash(4000), lines=[make.asked("MUG", "2"), make.asked("TEA", "3"), make.asked("CUP", "2")])
    make.order(make.card(1000))
    settle()
    make.return_(order, make.returning(order), make.returning(order, line=2))
    settle()


def run(shop: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the script as a program; its requests are answered in the test's own process."""
    reader = Terminal(f"{shop}.localhost", issue_api_key(name=str(new_id()), scopes=[EVENTS_READ]))

    def answered(request: urllib.request.Request, **_options: Any) -> io.BytesIO:
        assert request.get_header("Authorization") == reader.headers["Authorization"]
        return io.BytesIO(reader.client.get(request.full_url.split("localhost")[1], headers=reader.headers).content)

    key = reader.headers["Authorization"].removeprefix("Bearer ")
    monkeypatch.setattr(urllib.request, "urlopen", answered)
    monkeypatch.setattr("sys.argv", [str(SCRIPT), f"http://{shop}.localhost", key, "2026-11-23"])
    capsys.readouterr()
    runpy.run_path(str(SCRIPT), run_name="__main__")
    return json.loads(capsys.readouterr().out)


def test_the_script_books_a_day_whose_sums_are_the_orders(
    day: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book = run("north", monkeypatch, capsys)

    sold = Order.objects.filter(status="COMPLETED").aggregate(total=Sum("total"), tax=Sum("tax_total"))
    back = Return.objects.aggregate(total=Sum("total"), tax=Sum("tax_total"))
    taxes = {
        name: amount
        for name, amount in book["credit"].items()
        if name not in {"sales", "rounding", "open orders", "owed"}
    }
    assert sum(book["debit"].values()) == sold["total"] - back["total"]
    assert sum(taxes.values()) == sold["tax"] - back["tax"]
    assert book["credit"]["sales"] == sold["total"] - sold["tax"] - back["total"] + back["tax"]
    assert set(book["debit"]) == {"CASH", "GATEWAY"}


def test_the_script_s_taxes_by_rate_are_the_rows_of_the_lines(
    day: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book = run("north", monkeypatch, capsys)

    for name in ("Standard, included", "Standard, added", "Zero"):
        rows = OrderLineTax.objects.filter(name=name)
        sold = sum(row.amount for row in rows)
        back = sum(
            tax["amount"]
            for each in Return.objects.all()
            for line in each.lines.all()
            for tax in line.taxes or ()
            if tax["name"] == name
        )
        booked = sum(amount for account, amount in book["credit"].items() if account.startswith(name))
        assert booked == sold - back


def _by_kind(direction: str) -> dict[str, int]:
    figures = ReportFigure.objects.filter(kind="TENDERS", direction=direction).values("detail")
    return {each["detail"]: each["all"] for each in figures.annotate(all=Sum("total"))}


def test_the_script_books_money_of_open_orders_and_refused_refunds_as_the_report_of_tenders_does(
    day: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make.order(make.cash(300), opens=False)
    given_up = make.order(make.cash(200), opens=False)
    void_order(order_id=given_up.id, reason="left", register=make.register(), now=make.NOW)
    settle()
    refused = make.refused_refund()

    waiting = run("north", monkeypatch, capsys)
    make.replaced(refused)
    settle()
    paid = run("north", monkeypatch, capsys)

    assert (waiting["credit"]["owed"], paid["credit"]["owed"]) == (1000, 0)
    assert waiting["credit"]["open orders"] == paid["credit"]["open orders"] == 300
    assert paid["debit"]["CASH"] == waiting["debit"]["CASH"] - 1000
    taken, back = _by_kind("SALE"), _by_kind("RETURN")
    assert paid["debit"] == {kind: taken[kind] - back.get(kind, 0) for kind in taken}


def test_the_script_books_what_coins_cannot_pay_as_rounding(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is held of an order that is cancelled, or owed of a refund that is paid, when cash was rounded for it."""
    TenderType.objects.filter(code="cash").update(rounding_step=5)
    make.variant("MUG", 1002)
    make.variant("CUP", 302)
    make.order(make.cash(2000))
    given_up = make.order(make.cash(302))
    void_order(order_id=given_up.id, reason="left", register=make.register(), now=make.NOW)
    waits = make.order(make.card(700, "tok_timeout"), make.cash(500))
    settle()
    open_ = run("north", monkeypatch, capsys)
    void_order(order_id=waits.id, reason="left", register=make.register(), now=make.NOW)
    paid = make.order(make.card(302), lines=[make.asked("CUP")])
    settle()
    SimulatedCharge.objects.filter(key=PaymentIntent.objects.get(order_id=paid.id).id).update(refunds={"x": 302})
    refund = make.return_(paid, make.returning(paid)).refunds.get()
    settle()
    make.replaced(refund)
    settle()

    book = run("north", monkeypatch, capsys)

    assert open_["credit"]["open orders"] == 302
    assert (book["credit"]["open orders"], book["credit"]["owed"]) == (0, 0)
    assert book["credit"]["rounding"] == -2 + 2 + 2
    assert sum(book["debit"].values()) == 1002 + book["credit"]["rounding"]


def test_the_script_is_short() -> None:
    assert len(SCRIPT.read_text().splitlines()) <= 60


ADDRESS, KEY, DAY = "http://127.0.0.1:{port}", "sk_wrong", "2026-11-23"


class Refusing(BaseHTTPRequestHandler):
    """A shop that knows no key; under /elsewhere, something that is no shop."""

    def do_GET(self) -> None:
        elsewhere = self.path.startswith("/elsewhere")
        self.send_response(200 if elsewhere else 401)
        self.end_headers()
        self.wfile.write(b"<h1>Hello</h1>" if elsewhere else b'{"code": "api-key-invalid"}')

    def log_message(self, *_: Any) -> None: ...


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "usage: accountant.py ADDRESS KEY DAY"),
        ([ADDRESS, KEY], 2, "usage: accountant.py ADDRESS KEY DAY"),
        ([ADDRESS, KEY, DAY], 1, "HTTP Error 401: Unauthorized"),
        ([f"{ADDRESS}/elsewhere", KEY, DAY], 1, "Expecting value"),
        (["http://127.0.0.1:9", KEY, DAY], 1, "Connection refused"),
        (["shop.example.com", KEY, DAY], 1, "unknown url type"),
        ([ADDRESS, "sk_\u2026", DAY], 1, "can't encode"),
    ],
)
def test_the_script_says_in_one_line_why_it_cannot_read_the_feed(arguments: list[str], code: int, said: str) -> None:
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        given = [each.replace("{port}", str(server.server_port)) for each in arguments]
        ended = subprocess.run(
            [sys.executable, str(SCRIPT), *given], capture_output=True, text=True, check=False, timeout=60
        )
        server.shutdown()

    assert (ended.returncode, ended.stdout) == (code, "")
    (line,) = ended.stderr.splitlines()
    assert said in line
    assert "Check address and key" in line or code == 2
