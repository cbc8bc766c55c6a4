"""Opening stock is imported from a file: posted once for each variant and location, as movements with events."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from events.models import AuditEntry
from events.testing.work import published, settle
from inventory.models import StockItem, StockMovement
from inventory.opening import OpeningStockDiffers, open_stock
from inventory.services import adjust_stock
from pos.catalogue.services import archive_variant
from pos.models import Location, Variant
from tenants.models import Tenant
from tests.support import make, people
from tests.support.make import moved, source
from tests.support.unchanged import SESSION, nothing_happened

PAGE = "/admin/inventory/stockitem/import/"


@pytest.fixture
def owner(shop: Tenant) -> Client:
    for sku in ("MUG", "CUP"):
        make.variant(sku)
    make.variant("POST", stocked=False)
    settle()
    return people.owner()


def code() -> str:
    return Location.objects.get().code


def preview(client: Client, *lines: str) -> Any:
    file = SimpleUploadedFile("stock.csv", "\n".join(["sku,location,quantity", *lines]).encode())
    return client.post(PAGE, {"import_file": file, "format": "0", "resource": "0"})


def errors(page: Any) -> dict[int, dict[str, list[str]]]:
    return {row.number: row.error_dict for row in page.context["result"].invalid_rows}


def imported(client: Client, *lines: str) -> list[str]:
    page = preview(client, *lines)
    assert errors(page) == {}
    form = page.context["confirm_form"]
    posted = {name: form[name].value() for name in form.fields}
    answer = client.post("/admin/inventory/stockitem/process_import/", posted)
    assert answer.status_code == 302
    return [str(message) for message in client.get(answer.headers["Location"]).context["messages"]]


def on_hand() -> dict[str, Decimal]:
    return dict(StockItem.objects.values_list("sku", "on_hand"))


def test_opening_stock_is_posted_with_events_and_a_second_run_changes_nothing(owner: Client) -> None:
    lines = [f"MUG,{code()},12", f"CUP,{code()},1.500"]
    imported(owner, *lines)

    assert on_hand() == {"MUG": 12, "CUP": Decimal("1.5")}
    assert set(StockMovement.objects.values_list("kind", "reason")) == {("OPENING", "")}
    told = published("inventory.stock_changed")
    assert {(event.data["sku"], event.data["kind"], event.data["source_type"]) for event in told} == {
        ("MUG", "OPENING", "opening_stock"), ("CUP", "OPENING", "opening_stock"),
    }  # fmt: skip
    assert AuditEntry.objects.get(action="opening stock imported").detail == "2 of 2 rows posted"

    assert imported(owner, *lines) == ["Imported: 0 new, 0 changed, 2 as they are."]

    assert on_hand() == {"MUG": 12, "CUP": Decimal("1.5")}
    assert (StockMovement.objects.count(), len(published("inventory.stock_changed"))) == (2, 2)


def test_a_longer_file_posts_what_is_new_in_it(owner: Client) -> None:
    imported(owner, f"MUG,{code()},12")

    imported(owner, f"MUG,{code()},12", f"CUP,{code()},3")

    assert on_hand() == {"MUG": 12, "CUP": 3}


def test_what_is_wrong_is_said_row_by_row_and_nothing_is_posted(owner: Client) -> None:
    imported(owner, f"MUG,{code()},12")
    number = "Write a quantity above zero in digits, as 12 or 1.500: no comma, at most 3 decimals."

    with nothing_happened(but=SESSION):
        page = preview(
            owner,
            f"NONE,{code()},1",
            "CUP,Nowhere,1",
            *(f"CUP,{code()},{text}" for text in ("0", "-1", "1E3", "1.0005", "100000001", "")),
            f"POST,{code()},1",
            f"MUG,{code()},13",
            f"CUP,{code()},1",
            f"CUP,{code()},1",
        )

    assert errors(page) == {
        2: {"sku": ["No variant that is kept in stock has the SKU NONE."]},
        3: {"location": ["The shop has no location Nowhere: write its code."]},
        **{line: {"quantity": [number]} for line in range(4, 10)},
        10: {"sku": ["No variant that is kept in stock has the SKU POST."]},
        11: {"quantity": ["The opening stock of MUG is 12 already: correct it by an adjustment."]},
        13: {"sku": [f"CUP is in the file twice for {code()}."]},
    }


def test_two_who_post_another_opening_stock_are_told_apart_under_the_lock(owner: Client) -> None:
    location_id = Location.objects.get().id
    imported(owner, f"MUG,{code()},12")
    mug = StockItem.objects.get(sku="MUG")

    with nothing_happened(), pytest.raises(OpeningStockDiffers):
        open_stock(quantities={(mug.variant_id, location_id): Decimal(13)}, now=make.NOW)


def test_stock_is_exported_by_the_codes_of_its_locations(owner: Client) -> None:
    imported(owner, f"MUG,{code()},12")

    file = owner.post("/admin/inventory/stockitem/export/", {"format": "0", "resource": "0"})

    headers = "sku,location,quantity,on_hand"
    assert file.content.decode("utf-8-sig").splitlines() == [headers, f"MUG,{code()},12,12"]


def test_what_is_exported_is_imported_without_a_change_whatever_was_moved_since(owner: Client) -> None:
    imported(owner, f"MUG,{code()},12")
    make.variant("=1+1")
    old = make.variant("OLD")
    archive_variant(variant_id=old.id, now=make.NOW)
    make.variant("OLD")
    settle()
    for name, quantity in (("MUG", "-20"), ("CUP", "5"), ("=1+1", "2"), ("OLD", "1")):
        for variant in Variant.objects.filter(sku=name):
            adjust_stock(source=source("adjustment"), moved=[moved(variant, quantity)])
    file = owner.post("/admin/inventory/stockitem/export/", {"format": "0", "resource": "0"})

    with nothing_happened(but=SESSION):
        page = owner.post(
            PAGE, {"import_file": SimpleUploadedFile("stock.csv", file.content), "format": "0", "resource": "0"}
        )

    assert errors(page) == {}
    assert page.context["result"].summary == "0 new, 0 changed, 4 as they are."
    lines = set(file.content.decode("utf-8-sig").splitlines()[1:])
    assert lines == {f"MUG,{code()},12,-8", f"CUP,{code()},,5", f"'=1+1,{code()},,2", f"OLD,{code()},,1"}


def test_who_may_only_change_reorder_points_imports_no_stock(owner: Client) -> None:
    client = people.viewer("view_stockitem", "change_stockitem")

    assert client.get(PAGE).status_code == 403
    assert people.viewer("view_stockitem", "receive_goods", name="sam").get(PAGE).status_code == 200
