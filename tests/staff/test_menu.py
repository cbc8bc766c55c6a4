"""The menu of the admin: the day's work of a shop first; permissions at the till in plain words."""

from django.contrib import admin

from kernel.permissions import Permission
from staff.admin.words import WORDS, in_words
from staff.menu import GROUPS, LAST
from tenants.models import Tenant
from tests.support import people


def test_a_shop_s_menu_begins_with_sales_and_ends_with_what_keeps_it_running(shop: Tenant) -> None:
    menu = people.owner().get("/admin/").context["app_list"]

    names = [group["name"] for group in menu]
    assert names == [*GROUPS, LAST]
    assert [page["object_name"] for page in menu[0]["models"]][:2] == ["Order", "Receipt"]
    assert {page["model"]._meta.app_label for page in menu[-1]["models"]} == {"events"}


def test_the_menu_names_pages_that_there_are() -> None:
    registered = {model._meta.label for model in admin.site._registry}

    assert {label for labels in GROUPS.values() for label in labels} <= registered


def test_whoever_may_see_one_page_has_a_menu_of_one(shop: Tenant) -> None:
    (group,) = people.viewer("view_stockitem").get("/admin/").context["app_list"]

    assert (group["name"], [page["object_name"] for page in group["models"]]) == ("Stock", ["StockItem"])


def test_each_permission_at_the_till_has_words(shop: Tenant) -> None:
    page = people.owner().get("/admin/staff/role/add/").content.decode()

    assert set(WORDS) == set(Permission)
    assert "Take goods back without a receipt: up to" in page
    assert "major units" not in page
    assert "unlinked" not in page.replace("return_unlinked", "")
    assert in_words("of_a_later_release") == "of a later release"
