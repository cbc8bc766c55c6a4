"""A shop with something of everything, which the document's requests meet."""

from collections.abc import Iterator
from typing import Any

import pytest

from events.testing.work import settle
from integrations.webhooks.endpoints import create_endpoint
from kernel.ids import new_id
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.document import document
from tests.support.known import Known
from tests.support.terminal import terminal
from tests.support.wsgi import in_this_transaction
from web.scopes import ALL_SCOPES
from web.throttles import DeviceThrottle


@pytest.fixture(scope="session")
def described() -> Any:
    return document()


@pytest.fixture
def known(shop: Tenant, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Known]:  # noqa: ARG001
    """Bring goods, orders of every state, a return, stock and an endpoint; and who may ask."""
    monkeypatch.setattr(DeviceThrottle, "allow_request", lambda *_: True)
    settings.LIVE_SECONDS = 0.0
    settings.WEBHOOKS_MAY_BE_LOCAL = True
    mug = make.variant("MUG", barcode="4006381333931")
    settle()
    completed, placed = make.order(make.cash(1000)), make.order()
    sold = make.order(make.cash(1000))
    returned = make.return_(sold, make.returning(sold))
    settle()
    with in_this_transaction():
        yield Known(
            variant_id=str(mug.id),
            order_ids=[str(completed.id), str(placed.id)],
            order_line_id=str(completed.lines.get().id),
            return_id=str(returned.id),
            endpoint_id=str(create_endpoint(url="http://127.0.0.1:1/hook", now=make.NOW)[0].id),
            terminal=terminal("north").headers["Authorization"],
            key=f"Bearer {issue_api_key(name=str(new_id()), scopes=ALL_SCOPES)}",
        )
