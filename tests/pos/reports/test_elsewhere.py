"""Money of an order that is taken, or given back, at another location than the order's counts where it moves."""

from typing import Any

import pytest

from events.testing.work import published, settle
from pos.models import Register
from pos.orders.services.paying import add_tenders
from pos.orders.services.voiding import void_order
from pos.reports.definitions import REPORTS
from pos.reports.queries import Asked, report
from tenants.models import Tenant
from tests.support import make
from tests.support.places import branch
from tests.support.verifying import require_sound

ALL = Asked(first=make.NOW.date(), last=make.NOW.date().replace(day=make.NOW.day + 1))


@pytest.fixture
def elsewhere(shop: Tenant) -> Register:
    """Return a register on an island where the next day has begun, with an open shift."""
    make.variant("MUG", 1000)
    return branch("B", timezone="Pacific/Kiritimati")


def rows(name: str, *columns: str) -> list[tuple[Any, ...]]:
    found = report(REPORTS[name], ALL).rows
    return sorted((row["business_date"].day, row["location"], *(row[column] for column in columns)) for row in found)


def test_a_tender_counts_at_the_location_where_it_is_taken(elsewhere: Register) -> None:
    order = make.order(make.cash(300))
    add_tenders(order_id=order.id, register=elsewhere, tenders=[make.cash(700)], now=make.NOW)
    settle()

    assert rows("tenders", "register", "taken") == [(23, "MAIN", "R1", 300), (24, "B", "R2", 700)]
    assert rows("sales", "register", "total") == [(23, "MAIN", "R1", 1000)]
    (added,) = published("pos.tenders_added")
    where = added.data["location_id"], added.data["time_zone"], added.data["business_date"]
    assert where == (str(elsewhere.location_id), "Pacific/Kiritimati", "2026-11-24")
    require_sound()


def test_what_a_cancelled_order_gives_back_counts_at_the_location_that_gives_it(elsewhere: Register) -> None:
    order = make.order(make.cash(300))
    void_order(order_id=order.id, reason="left", register=elsewhere, now=make.NOW)
    settle()

    taken_and_back = rows("tenders", "register", "taken", "refunded")
    assert taken_and_back == [(23, "MAIN", "R1", 300, 0), (24, "B", "R2", 0, 300)]
    assert rows("refunds", "cancelled", "given_back") == [(24, "B", 1, 300)]
    require_sound()
