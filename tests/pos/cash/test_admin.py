"""Drawers, shifts with their Z and moved cash in the admin of a shop."""

from django.contrib.auth.models import Group
from django.test import Client

from events.models import Event
from events.testing.work import settle
from kernel.ids import new_id
from pos.models import CashDrawer, CashMovement, Location, Receipt, Register, Shift, TenderType
from staff.models import User
from staff.services import define_roles
from tests.support import make, people
from tests.support.day import closed, moved, opened, sold
from tests.support.terminal import Terminal
from tests.support.till_roles import clerk


def a_day(api: Terminal) -> str:
    make.variant("MUG", 1000)
    shift = opened(api)
    sold(api)
    moved(api, shift, "PAID_OUT", 250)
    closed(api, shift, 10700)
    return shift


def test_a_shift_is_shown_with_its_z_its_cash_and_its_difference(api: Terminal) -> None:
    shift, client = a_day(api), people.owner()

    listed = client.get("/admin/pos/shift/").content.decode()
    page = client.get(f"/admin/pos/shift/{shift}/change/").content.decode()

    assert "cash -0.50 EUR" in listed
    for shown in ("cash -0.50 EUR", "Z report R1-Z000001", "-2.50 EUR", f"/admin/pos/shift/{shift}/z/"):
        assert shown in page


def test_a_z_is_printed_from_the_admin_by_who_may_see_shifts(api: Terminal) -> None:
    shift = a_day(api)

    owner = people.owner()
    shown = owner.get(f"/admin/pos/shift/{shift}/z/")
    printed, again = (owner.post(f"/admin/pos/shift/{shift}/z/", {"confirmed": "yes"}) for _ in range(2))

    assert (shown.status_code, printed.status_code) == (200, 200)
    assert "Z report R1-Z000001" in shown.content.decode()
    assert ["COPY" in page.content.decode() for page in (printed, again)] == [False, True]
    assert people.viewer("view_order").get(f"/admin/pos/shift/{shift}/z/").status_code == 403
    open_one = opened(api)
    assert owner.get(f"/admin/pos/shift/{open_one}/z/").status_code == 404


def test_moved_cash_is_listed_and_nobody_edits_it(api: Terminal) -> None:
    a_day(api)
    client, movement = people.owner(), CashMovement.objects.get(kind="PAID_OUT")

    assert "-2.50 EUR" in client.get("/admin/pos/cashmovement/").content.decode()
    assert client.post(f"/admin/pos/cashmovement/{movement.id}/change/", {"amount": "1"}).status_code == 403


def test_cash_that_was_moved_or_counted_is_named_in_major_units_of_its_currency(api: Terminal) -> None:
    shift, client = opened(api), people.owner()
    moved(api, shift, "PAID_IN", 555)
    api.post(f"/shifts/{shift}/spot-counts", {"id": str(new_id()), "amount": {"amount": 10500}})

    page = client.get(f"/admin/pos/shift/{shift}/change/").content.decode()
    of_movement = client.get(f"/admin/pos/cashmovement/{CashMovement.objects.get(kind='PAID_IN').id}/change/")

    assert "105.00 EUR, expected 105.55 EUR" in page
    assert "Paid in 5.55 EUR" in of_movement.content.decode()
    assert not [text for text in ("PAID_IN 555", "10500", "10555") if text in page]


def test_a_drawer_is_made_named_and_shared_in_the_admin(api: Terminal) -> None:
    client, location = people.owner(), Location.objects.get()

    client.post("/admin/pos/cashdrawer/add/", {"name": "Back office", "location": str(location.id)})
    drawer = CashDrawer.objects.get(name="Back office")
    assert drawer.series == "BACKOFFICE"
    till = {"code": "R2", "name": "Two", "location": str(location.id), "drawer": str(drawer.id), "series": ""}
    assert client.post("/admin/pos/register/add/", till).status_code == 302

    assert Register.objects.get(code="R2").drawer == drawer
    assert "R2" in client.get("/admin/pos/cashdrawer/").content.decode()


def test_a_register_shares_only_a_drawer_of_its_location(api: Terminal) -> None:
    elsewhere = Location.objects.create(code="B", name="Branch", currency="EUR")
    drawer = CashDrawer.objects.create(name="Far", location=elsewhere)
    register, client = make.register(), people.owner()
    body = {
        "code": "R1",
        "name": "Till 1",
        "location": str(register.location_id),
        "drawer": str(drawer.id),
        "series": "R1",
    }

    answer = client.post(f"/admin/pos/register/{register.id}/change/", body)

    assert "The drawer is at another location" in answer.content.decode()
    register.refresh_from_db()
    assert register.drawer_id != drawer.id


def test_a_register_that_moves_gets_a_drawer_where_it_is_now(api: Terminal) -> None:
    register = make.register()
    branch = Location.objects.create(code="B", name="Branch", currency="EUR")
    before = register.drawer_id

    register.location = branch
    register.save()
    register.refresh_from_db()

    assert register.drawer_id != before
    assert register.drawer is not None
    assert register.drawer.location == branch
    assert Shift.objects.count() == 0


def _member_of(role: str) -> Client:
    user = User.objects.create_user(role, password=people.PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return people.signed_in(user)


def test_whoever_views_receipts_but_no_shifts_sees_no_z_in_the_admin(api: Terminal) -> None:
    define_roles()
    a_day(api)
    z = f"/admin/pos/receipt/{Receipt.objects.get(kind='Z').id}/change/"
    cashier, accountant = (_member_of(name) for name in ("cashier", "accountant"))

    assert cashier.get("/admin/pos/receipt/").status_code == 200
    assert cashier.get(z).status_code == 302
    assert accountant.get(z).status_code == 200


def test_events_that_tell_differences_are_not_shown_to_a_user_whose_role_counts_blind(api: Terminal) -> None:
    a_day(api)
    settle()
    page = f"/admin/events/event/{Event.objects.get(type='pos.shift_closed').pk}/change/"
    _, blind = clerk("cashier")

    assert people.owner().get(page).status_code == 200
    assert blind.get("/admin/events/event/").status_code == 200
    assert blind.get(page).status_code == 302


def test_the_smallest_coin_says_that_it_is_in_minor_units(api: Terminal) -> None:
    client = people.owner()
    TenderType.objects.filter(code="cash").update(rounding_step=5)

    page = client.get(f"/admin/pos/tendertype/{TenderType.objects.get(code='cash').id}/change/").content.decode()

    assert "Smallest coin (minor units)" in page
    assert "5 where the smallest coin is 0.05 EUR" in page
    assert "smallest coin (minor units)" in client.get("/admin/pos/tendertype/").content.decode().lower()
