"""A sign-out ends a session everywhere at once: every request reads the session's row, and no process remembers one."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from tenants.models import Tenant
from tests.support import people


@pytest.fixture
def here(shop: Tenant) -> Client:
    return people.owner()


@pytest.fixture
def elsewhere(here: Client) -> Client:
    """Another browser, or a thief, with the same cookies."""
    client = Client(headers={"Host": people.SHOP})
    client.cookies.update(here.cookies)
    return client


def seen_by(client: Client) -> Any:
    return client.get("/admin/").status_code


def test_the_cookie_of_a_session_that_was_signed_out_is_refused_wherever_it_is_sent(
    here: Client, elsewhere: Client
) -> None:
    assert (seen_by(here), seen_by(elsewhere)) == (200, 200)

    here.post("/admin/logout/")

    assert (seen_by(here), seen_by(elsewhere)) == (302, 302)


def test_a_session_that_another_process_has_ended_is_refused_by_the_next_request(here: Client) -> None:
    """All that this process can see of another one's sign-out is that the row is gone."""
    assert seen_by(here) == 200
    Session.objects.all().delete()

    assert seen_by(here) == 302
