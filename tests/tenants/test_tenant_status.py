"""The status of a tenant changes only from the status that the change is for, whatever a stale object says."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test import Client

from events.models import Event
from kernel.tenancy import in_public_schema
from staff.services import hire_owner
from tenants import schemas, services
from tenants.models import Tenant
from tenants.services import TenantNotInState
from tests.support.unchanged import nothing_happened

NAME = "fading_shop"
STATUS = Tenant.Status
MOVES: dict[str, Callable[..., None]] = {
    "provision": services.provision_tenant,
    "suspend": services.suspend_tenant,
    "reactivate": services.reactivate_tenant,
    "close": services.close_tenant,
}
ALLOWED = {
    ("provision", STATUS.PROVISIONING): STATUS.ACTIVE,
    ("provision", STATUS.ACTIVE): STATUS.ACTIVE,
    ("suspend", STATUS.ACTIVE): STATUS.SUSPENDED,
    ("reactivate", STATUS.SUSPENDED): STATUS.ACTIVE,
    ("close", STATUS.PROVISIONING): STATUS.CLOSED,
    ("close", STATUS.ACTIVE): STATUS.CLOSED,
    ("close", STATUS.SUSPENDED): STATUS.CLOSED,
    ("close", STATUS.CLOSING): STATUS.CLOSED,
}


@pytest.fixture
def fading(committed: Tenant) -> Iterator[Tenant]:
    """A tenant whose schema is made, as far as its status and its events go; without the shop's tables."""
    with in_public_schema(), connection.cursor() as cursor:
        tenant = Tenant.objects.create(schema_name=NAME, name="Fading")
        cursor.execute(f"CREATE SCHEMA {NAME}")
    yield tenant
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {NAME} CASCADE")
        for table in ("event", "subscription"):
            cursor.execute(f"DELETE FROM events_{table} WHERE tenant_id = %s", [NAME])
        Tenant.objects.filter(pk=tenant.pk).delete()


@pytest.fixture(autouse=True)
def _schemas_without_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "unrecorded", lambda _tenant: [])


def _put(tenant: Tenant, status: str) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(status=status)


def _status(tenant: Tenant) -> str:
    return Tenant.objects.values_list("status", flat=True).get(pk=tenant.pk)


def _events() -> list[str]:
    with in_public_schema():
        found = Event.objects.filter(type__startswith="tenants.", data__tenant_name=NAME)
        return list(found.order_by("recorded_at").values_list("type", flat=True))


@pytest.mark.parametrize("actual", list(STATUS))
@pytest.mark.parametrize("remembered", list(STATUS))
@pytest.mark.parametrize("move", list(MOVES))
def test_c08_a_change_is_decided_by_the_row_and_not_by_a_stale_object(
    fading: Tenant, move: str, remembered: Tenant.Status, actual: Tenant.Status
) -> None:
    _put(fading, actual)
    fading.status = remembered
    after = ALLOWED.get((move, actual))

    if after is None:
        with in_public_schema(), nothing_happened(), pytest.raises(TenantNotInState, match=f"is {actual.lower()}"):
            MOVES[move](tenant=fading)
    else:
        MOVES[move](tenant=fading)

    assert _status(fading) == (after or actual)
    assert fading.status == (after or remembered)
    assert len(_events()) == (1 if after not in {None, actual} else 0)


def test_c08_a_closed_tenant_stays_closed_and_says_nothing(fading: Tenant) -> None:
    _put(fading, STATUS.ACTIVE)
    stale = Tenant.objects.get(pk=fading.pk)
    services.close_tenant(tenant=Tenant.objects.get(pk=fading.pk))

    for move in ("suspend", "reactivate", "provision"):
        with in_public_schema(), nothing_happened(), pytest.raises(TenantNotInState, match="is closed"):
            MOVES[move](tenant=stale)

    assert _status(fading) == STATUS.CLOSED
    assert not Event.objects.filter(tenant_id=NAME).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [NAME])
        assert cursor.fetchone()[0] == 0


def test_c08_saving_a_stale_tenant_writes_everything_but_its_status(fading: Tenant) -> None:
    _put(fading, STATUS.ACTIVE)
    stale = Tenant.objects.get(pk=fading.pk)
    _put(fading, STATUS.CLOSED)
    stale.name = "Renamed"

    with in_public_schema():
        stale.save()

    assert list(Tenant.objects.filter(pk=fading.pk).values_list("name", "status")) == [("Renamed", STATUS.CLOSED)]
    with nothing_happened(), pytest.raises(ValueError, match="changed by a service"):
        stale.save(update_fields=["status"])
    assert _status(fading) == STATUS.CLOSED


def test_c08_the_admins_form_leaves_the_status_alone(fading: Tenant) -> None:
    _put(fading, STATUS.SUSPENDED)
    with in_public_schema():
        client = Client(headers={"Host": "localhost"})
        root = hire_owner(username="root", password="a long secret")
        client.force_login(root)
        form = {"name": "New name", "status": "ACTIVE", "timezone": "UTC", "owner_email": "", "_save": "1"}
        inline = {"domains-TOTAL_FORMS": "0", "domains-INITIAL_FORMS": "0"}

        answer = client.post(f"/admin/tenants/tenant/{fading.pk}/change/", {**form, **inline})
        root.delete()

    assert answer.status_code == 302
    assert list(Tenant.objects.filter(pk=fading.pk).values_list("name", "status")) == [("New name", STATUS.SUSPENDED)]


def test_c08_of_two_that_suspend_at_once_one_is_refused(fading: Tenant) -> None:
    _put(fading, STATUS.ACTIVE)

    outcomes = _at_once(services.suspend_tenant, services.suspend_tenant)

    assert sorted(outcomes) == ["", f"tenant '{NAME}' is suspended"]
    assert _events() == ["tenants.tenant_suspended"]


def test_c08_of_two_that_close_at_once_one_is_refused(fading: Tenant) -> None:
    _put(fading, STATUS.ACTIVE)

    outcomes = _at_once(services.close_tenant, services.close_tenant)

    assert sorted(outcomes) == ["", f"tenant '{NAME}' is closed"]
    assert _events() == ["tenants.tenant_closed"]


def test_c08_two_that_provision_at_once_make_one_shop(fading: Tenant) -> None:
    outcomes = _at_once(services.provision_tenant, services.provision_tenant)

    assert outcomes == ["", ""]
    assert _events() == ["tenants.tenant_provisioned"]


def test_c08_suspending_in_the_middle_of_closing_is_refused(fading: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    _put(fading, STATUS.ACTIVE)
    drop, outcomes = schemas.drop, []

    def meanwhile(tenant: Tenant) -> None:
        outcomes.extend(_at_once(services.suspend_tenant))
        drop(tenant)

    monkeypatch.setattr(schemas, "drop", meanwhile)
    services.close_tenant(tenant=fading)

    assert outcomes == [f"tenant '{NAME}' is closing"]
    assert _status(fading) == STATUS.CLOSED
    assert _events() == ["tenants.tenant_closed"]


def _at_once(*moves: Callable[..., None]) -> list[str]:
    """Run services at the same time, each in a separate thread; return what they were refused for."""
    with in_public_schema():
        seen = [Tenant.objects.get(schema_name=NAME) for _ in moves]
    with ThreadPoolExecutor(len(moves)) as pool:
        return list(pool.map(_try, moves, seen))


def _try(move: Callable[..., None], tenant: Tenant) -> str:
    try:
        with in_public_schema():
            move(tenant=tenant)
    except TenantNotInState as refusal:
        return refusal.detail
    finally:
        connections.close_all()
    return ""
