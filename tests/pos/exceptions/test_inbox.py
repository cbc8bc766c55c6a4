"""The inbox of exceptions, and what of a device's sequence has not arrived."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from events.models import Event
from kernel.ids import new_id
from kernel.refusals import NotFound
from pos.exceptions.services.cases import ExceptionExists, ExceptionResolvedBefore, open_case, resolve_case
from pos.models import Device, ExceptionCase, Order
from pos.registers.services import revoke_device
from tenants.models import Tenant
from tests.support import make, people
from tests.support.racing import Aside
from tests.support.selling import kinds, sale, send, shift_of_now
from tests.support.terminal import Terminal, terminal
from tests.support.unchanged import SESSION, nothing_happened

LIST = "/admin/pos/exceptioncase/"


@pytest.fixture
def till(api: Terminal, shop: Tenant) -> Terminal:
    make.variant("MUG", 1000)
    return api


def case() -> ExceptionCase:
    return open_case(kind=ExceptionCase.Kind.LATE_ORDER, command_id=new_id(), now=timezone.now(), payload={"a": 1})


def test_exceptions_are_listed_and_found(till: Terminal) -> None:
    order_id = send(till, sale()).json()["id"]
    shift_of_now()
    send(till, sale(timezone.now() - timedelta(days=4000)))

    def found(**query: str) -> list[str]:
        return [row["kind"] for row in till.get("/exceptions", **query).json()["results"]]

    assert found() == ["no-shift", "clock-skew"]
    assert found(kind="no-shift") == found(order_id=order_id) == found(severity="MEDIUM") == ["no-shift"]
    assert found(resolved="false") == ["no-shift", "clock-skew"]
    assert found(resolved="true") == []
    assert till.get("/exceptions", kind="nonsense").status_code == 422
    assert till.get("/exceptions", colour="red").status_code == 400


def test_an_exception_is_resolved_with_a_note_once(till: Terminal) -> None:
    send(till, sale())
    row = ExceptionCase.objects.get()

    with nothing_happened():
        assert till.post(f"/exceptions/{row.id}/resolve", {}).status_code == 422
        assert till.post(f"/exceptions/{new_id()}/resolve", {"note": "x"}).status_code == 404
    answer = till.post(f"/exceptions/{row.id}/resolve", {"note": "We forgot to open it"})
    with nothing_happened():
        again = till.post(f"/exceptions/{row.id}/resolve", {"note": "x"})

    row.refresh_from_db()
    assert (answer.status_code, answer.json()["note"], row.note) == (200, *["We forgot to open it"] * 2)
    assert row.resolved_by == f"device:{Device.objects.get().id}"
    assert (again.status_code, again.json()["code"]) == (409, "exception-resolved")
    assert Event.objects.get(type="pos.exception_resolved").data["resolution"] == "RESOLVED"


def test_a_command_has_one_exception_of_a_kind(shop: Tenant) -> None:
    first = case()
    ExceptionCase.objects.get(id=first.id)

    with nothing_happened(), pytest.raises(ExceptionExists):
        open_case(kind=ExceptionCase.Kind.LATE_ORDER, command_id=first.command_id, now=timezone.now())


def test_an_exception_is_resolved_once_by_two_at_once(committed: Tenant) -> None:
    row = case()

    def resolve() -> str:
        try:
            resolve_case(exception_id=row.id, by="user:ada", note="x", now=timezone.now())
        except ExceptionResolvedBefore:
            return "refused"
        return "done"

    others = [Aside(committed, resolve) for _ in range(4)]

    assert sorted(each.join() for each in others) == ["done", "refused", "refused", "refused"]
    assert Event.objects.filter(type="pos.exception_resolved").count() == 1


def test_the_exception_of_what_is_held_is_resolved_by_deciding(till: Terminal) -> None:
    shift_of_now()
    revoke_device(device_id=Device.objects.get().id)
    assert send(till, sale()).status_code == 202

    with nothing_happened(), pytest.raises(ExceptionResolvedBefore, match="accept or reject"):
        resolve_case(exception_id=ExceptionCase.objects.get().id, by="user:ada", note="x", now=timezone.now())
    with nothing_happened(), pytest.raises(NotFound):
        resolve_case(exception_id=new_id(), by="user:ada", note="x", now=timezone.now())


def test_a_case_names_who_resolved_it(shop: Tenant) -> None:
    case()

    with pytest.raises(IntegrityError, match="exception_case_resolved_by_somebody"):
        ExceptionCase.objects.update(resolved_at=timezone.now())


def test_the_owner_resolves_exceptions_in_the_admin(till: Terminal) -> None:
    send(till, sale())
    row = ExceptionCase.objects.get()
    client = people.owner()
    chosen = {"action": "resolve", "_selected_action": [str(row.id)]}

    page = client.get(LIST)
    with nothing_happened(but=SESSION):
        asked = client.post(LIST, chosen)
    done = client.post(LIST, {**chosen, "confirmed": "yes", "reason": "Talked to the cashier"}, follow=True)

    row.refresh_from_db()
    assert [str(each) for each in done.context["messages"]] == ["1 exception resolved"]
    assert (page.status_code, asked.status_code) == (200, 200)
    assert (row.resolved_by, row.note) == ("user:ada", "Talked to the cashier")
    assert str(row.id) not in client.get(LIST).content.decode()
    assert str(row.id) in client.get(f"{LIST}?state=resolved").content.decode()
    assert client.get(f"{LIST}{row.id}/change/").status_code == 200


def test_who_may_only_look_resolves_nothing(till: Terminal) -> None:
    send(till, sale())
    client = people.viewer("view_exceptioncase")
    chosen = {"action": "resolve", "_selected_action": [str(ExceptionCase.objects.get().id)]}

    with nothing_happened(but=SESSION):
        client.post(LIST, {**chosen, "confirmed": "yes", "reason": "x"})


def sequence(till: Terminal) -> Any:
    return till.get("/device-sequence").json()


def test_o5_holes_of_a_device_are_reported_exactly(till: Terminal) -> None:
    shift_of_now()
    assert sequence(till) == {"last": 0, "missing": 0, "holes": []}

    for number in (4, 1, 9, 8):
        assert send(till, sale(device_sequence=number)).status_code == 201
    assert sequence(till) == {"last": 9, "missing": 5, "holes": [{"first": 2, "last": 3}, {"first": 5, "last": 7}]}

    for number in (2, 3, 6, 5, 7):
        send(till, sale(device_sequence=number))
    assert sequence(till) == {"last": 9, "missing": 0, "holes": []}
    assert sequence(terminal("north"))["last"] == 0


def test_o5_what_is_held_has_arrived(till: Terminal) -> None:
    shift_of_now()
    send(till, sale(device_sequence=1))
    lines = [{"sku": "GONE", "quantity": "1"}]
    assert send(till, sale(device_sequence=2, origin="OFFLINE", lines=lines)).status_code == 202
    send(till, sale(device_sequence=3))

    assert sequence(till) == {"last": 3, "missing": 0, "holes": []}


def test_a_sequence_number_that_is_used_twice_makes_an_exception_and_stays_with_the_first(till: Terminal) -> None:
    shift_of_now()
    first, second = send(till, sale(device_sequence=1)), send(till, sale(device_sequence=1))
    unpaid = send(till, sale(device_sequence=1, tenders=[]))

    assert (kinds(first), kinds(second)) == ([], ["sequence-reused"])
    assert (second.status_code, second.json()["device_sequence"]) == (201, None)
    assert (unpaid.status_code, kinds(unpaid)) == (201, ["sequence-reused"])
    assert ExceptionCase.objects.first().payload == {"device_sequence": 1}  # type: ignore[union-attr]
    assert Order.objects.filter(device_sequence=1).count() == 1


def test_a_repeated_request_keeps_its_number(till: Terminal) -> None:
    shift_of_now()
    body = sale(device_sequence=1)

    first, again = send(till, body), send(till, body)

    assert first.content == again.content
    assert kinds(again) == []


def test_a_number_is_one_device_s(till: Terminal) -> None:
    shift_of_now()

    assert [kinds(send(each, sale(device_sequence=1))) for each in (till, terminal("north"))] == [[], []]
