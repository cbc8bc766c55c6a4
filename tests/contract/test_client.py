"""A client that a generator makes from the document sells, returns and reads."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from events.testing.work import settle
from kernel.ids import new_id
from pos.models import Order
from tests.support.crew import person
from tests.support.known import HOST, Known
from tests.support.wsgi import application
from web.commands import digest_of

NAME = "generated_tillflow_client"
GENERATOR = Path(sys.executable).with_name("openapi-python-client")


class Till:
    """What a program does with the generated package: `till.call("orders", "place_order", body=…)`."""

    def __init__(self, package: ModuleType, token: str) -> None:
        self.models = importlib.import_module(f"{NAME}.models")
        self.client = package.AuthenticatedClient(
            base_url=HOST, token=token, httpx_args={"transport": httpx.WSGITransport(app=application)}
        )

    def model(self, name: str, /, **members: Any) -> Any:
        return getattr(self.models, name)(**members)

    def call(self, tag: str, operation: str, **arguments: Any) -> Any:
        module = importlib.import_module(f"{NAME}.api.{tag}.{operation}")
        return module.sync(client=self.client, **arguments)

    def post(self, tag: str, operation: str, body: Any, **arguments: Any) -> Any:
        return self.call(tag, operation, body=body, idempotency_key=uuid4().hex, **arguments)

    def money(self, amount: int, name: str = "MoneyInput") -> Any:
        return self.model(name, amount=amount)


@pytest.fixture(scope="session")
def package(described: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    tmp_path = tmp_path_factory.mktemp("client")
    (tmp_path / "openapi.json").write_text(json.dumps(described))
    subprocess.run(
        [
            GENERATOR, "generate", "--path", tmp_path / "openapi.json", "--output-path", tmp_path / NAME,
            "--meta", "none", "--fail-on-warning",
        ],
        check=True, timeout=120, env={"PATH": str(GENERATOR.parent)},
    )  # fmt: skip
    sys.path.insert(0, str(tmp_path))
    yield importlib.import_module(NAME)
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.split(".")[0] == NAME]:
        del sys.modules[name]


@pytest.fixture
def till(package: ModuleType, known: Known) -> Till:
    return Till(package, known.terminal.removeprefix("Bearer "))


def test_in01_it_sells_and_returns_and_reads(till: Till) -> None:
    item = till.model("ItemBody", sku="TEA", name="Tea", price=till.money(525), tax_name="Zero", barcodes=["12345678"])
    product = till.post("products", "put_product", item)
    settle()
    line = till.model("ReceivedLineBody", variant_id=product.id, quantity="5")
    goods = till.post("goods_receipts", "receive_goods", till.model("GoodsReceiptBody", id=new_id(), lines=[line]))
    line = till.model("OrderLineBody", barcode="12345678", quantity="2")
    cash = till.model("TenderBody", type_="cash", amount=till.money(1100, "PositiveMoneyInput"))
    order = till.post("orders", "place_order", placing(till, [line], [cash]))
    settle()
    line = till.model("ReturnLineBody", order_line_id=order.lines[0].id, quantity="1")
    asked = till.model(
        "CompleteReturnBody", id=new_id(), order_id=order.id, occurred_at=datetime.now(UTC), lines=[line]
    )
    returned = till.post("returns", "complete_return", asked)
    settle()

    assert (product.sku, product.tax_name) == ("TEA", "Zero")
    assert [movement.quantity for movement in goods.movements] == ["5.000"]
    assert (order.status, order.change_total.amount, order.due.amount) == ("COMPLETED", 50, 0)
    assert (returned.total.amount, returned.refunds[0].tender_id) == (525, order.tenders[0].id)
    assert till.call("orders", "get_order", order_id=order.id).receipt == order.receipt
    assert till.call("orders", "get_receipt", order_id=order.id).receipt == order.receipt
    (found,) = till.call("variants", "list_variants", barcode="12345678").results
    assert (found.id, found.on_hand) == (product.id, "4.000")
    (stock,) = till.call("stock", "list_stock", variant_id=product.id).results
    assert stock.on_hand == "4.000"
    (payment,) = till.call("payments", "list_payments", order_id=order.id).results
    assert payment.refunds[0].amount.amount == 525
    assert till.call("shifts", "get_current_shift").state == "OPEN"
    page = till.call("events", "list_events", types="pos.order_completed")
    assert order.id in [UUID(event.data["order_id"]) for event in page.events]
    assert page.next_after > 0


def test_in01_it_signs_in_and_what_it_does_is_of_whoever_is_signed_in(till: Till) -> None:
    anna, ben = person("ANNA"), person("BEN", "manager")
    code = till.model("SignInBody", staff_code=anna.code, pin=anna.pin)
    session = till.call("staff_sessions", "start_staff_session", body=code)
    signed_in = {"x_staff_session": session.token}
    line = till.model("OrderLineBody", sku="MUG", quantity="1")
    nobody = till.post("orders", "place_order", placing(till, [line], []))
    order = till.post("orders", "place_order", placing(till, [line], []), **signed_in)
    void = till.model("VoidBody", reason="A child did it")
    refused = till.post("orders", "void_order", void, order_id=order.id, **signed_in)
    subject = {"id": str(order.id), "digest": digest_of(void.to_dict())}
    asked = till.models.ApproveBody.from_dict(
        {"action": "void", "subject": subject, "staff_code": ben.code, "pin": ben.pin, "reason": "Seen"}
    )
    approval = till.call("approvals", "approve_command", body=asked, **signed_in)
    void.approval_id = approval.id
    voided = till.post("orders", "void_order", void, order_id=order.id, **signed_in)

    assert (nobody.status, nobody.code) == (401, "staff-session-required")
    assert Order.objects.get(id=order.id).staff_id == anna.id
    assert (refused.status, refused.code) == (403, "approval-required")
    assert voided.status == "VOIDED"


def test_in01_it_reads_a_refusal(till: Till) -> None:
    line = till.model("OrderLineBody", sku="NOTHING", quantity="1")

    refused = till.post("orders", "place_order", placing(till, [line], []))
    lost = till.call("orders", "get_order", order_id=new_id())

    assert (refused.status, refused.code, refused.errors[0].pointer) == (422, "validation-failed", "/lines/0")
    assert (lost.status, lost.code) == (404, "not-found")


def test_in01_it_sends_again_under_the_same_key(till: Till) -> None:
    line = till.model("OrderLineBody", sku="MUG", quantity="1")
    body, key = placing(till, [line], []), uuid4().hex

    first, again = (till.call("orders", "place_order", body=body, idempotency_key=key) for _ in range(2))

    assert first.status == "PLACED"
    assert first.to_dict() == again.to_dict()


def placing(till: Till, lines: list[Any], tenders: list[Any]) -> Any:
    return till.model("PlaceOrderBody", id=new_id(), occurred_at=datetime.now(UTC), lines=lines, tenders=tenders)
