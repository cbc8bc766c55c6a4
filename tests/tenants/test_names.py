"""One rule for names of tenants, one for their hosts: commands, services, admin and models alike (W2, IN6, IN20)."""

from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from events.models import Subscription
from kernel.tenancy import in_public_schema
from staff.services import hire_owner
from tenants import registering, services
from tenants.hostnames import normal_host, requested_host
from tenants.models import Domain, Tenant
from tests.support.forms import filled_form
from tests.support.unchanged import SESSION, nothing_happened

RESERVED = ["public", "information_schema", "pg_catalog", "pg_toast", "pg_x", "PUBLIC", "Information_Schema", "PG_shop"]
MALFORMED = [
    "x",
    "",
    " ",
    "1shop",
    "a-b",
    "a.b",
    "Shop",
    "müller",
    "shop\n",
    "x" * 41,
    "x" * 64,
    "_shop",
    'a"b',
    "a;b",
    "ａb",
]
ADD = "/admin/tenants/tenant/add/"


@pytest.mark.parametrize("name", [*RESERVED, *MALFORMED])
def test_w02_a_name_that_no_tenant_may_have_is_refused_before_anything_is_written(committed: Tenant, name: str) -> None:
    with in_public_schema(), nothing_happened():
        with pytest.raises(CommandError, match="reserved" if name in RESERVED else "2 to 40 characters|^name: "):
            call_command("tenant", "create", name)
        with pytest.raises(registering.TenantInvalid, match="^name: "):
            services.create_tenant(name=name)
        with pytest.raises(ValidationError):
            Tenant.objects.create(schema_name=name, name="Past the service")


def test_w02_a_schema_that_is_there_is_not_taken_over(committed: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA ledger_of_others; CREATE TABLE ledger_of_others.entry (id int)")
    try:
        with (
            in_public_schema(),
            nothing_happened(),
            pytest.raises(CommandError, match="has a schema 'ledger_of_others' already"),
        ):
            call_command("tenant", "create", "ledger_of_others")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA ledger_of_others CASCADE")


def schemas() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace ORDER BY 1")
        return cursor.fetchall()


@pytest.mark.parametrize("schema", ["public", "information_schema", "ledger_of_others"])
def test_w02_closing_drops_no_schema_that_is_not_the_tenants(committed: Tenant, schema: str) -> None:
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA ledger_of_others; CREATE TABLE ledger_of_others.entry (id int)")
        Tenant.objects.bulk_create([Tenant(schema_name=schema, name="Of an older release", status="ACTIVE")])
        odd = Tenant.objects.get(schema_name=schema)
        subscriptions = Subscription.objects.filter(tenant_id="public").count()
    try:
        for arguments in (["close", schema, "--yes"], ["resume", schema]):
            Tenant.objects.filter(pk=odd.pk).update(status="ACTIVE" if arguments[0] == "close" else "PROVISIONING")
            with (
                in_public_schema(),
                nothing_happened(),
                pytest.raises(CommandError, match="was not made for this tenant"),
            ):
                call_command("tenant", *arguments)
        Tenant.objects.filter(pk=odd.pk).update(status="ACTIVE")
        before = schemas()

        call_command("tenant", "close", schema, "--yes", "--keep-schema", stdout=StringIO())

        assert schemas() == before
        assert Tenant.objects.get(pk=odd.pk).status == Tenant.Status.CLOSED
        with in_public_schema():
            assert Subscription.objects.filter(tenant_id="public").count() == subscriptions > 0
    finally:
        with in_public_schema(), connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA ledger_of_others CASCADE")
            Tenant.objects.filter(pk=odd.pk).delete()


@pytest.mark.parametrize("status", ["PROVISIONING", "CLOSING", "CLOSED"])
def test_w02_nobody_is_hired_in_a_tenant_without_tables(db: None, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_PASSWORD", "a long secret phrase")
    with in_public_schema():
        Tenant.objects.create(schema_name="half_made", name="Half made", status=status)

    with nothing_happened(), pytest.raises(CommandError, match="not finished, or is closed"):
        call_command("owner", "mallory", "--tenant", "half_made")


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("shop.localhost", "shop.localhost"),
        ("SHOP.Localhost.", "shop.localhost"),
        ("Müller.localhost", "xn--mller-kva.localhost"),
        ("xn--mller-kva.localhost", "xn--mller-kva.localhost"),
        ("faß.localhost", "xn--fa-hia.localhost"),
        ("ｓｈｏｐ。localhost", "shop.localhost"),
    ],
)
def test_in06_a_host_has_one_form(text: str, host: str) -> None:
    assert normal_host(text) == host


@pytest.mark.parametrize(
    ("header", "host"),
    [("shop.localhost", "shop.localhost"), ("SHOP.localhost.:8000", "shop.localhost"), ("[::1]:80", "[::1]")],
)
def test_in06_the_look_up_has_the_same_form(header: str, host: str) -> None:
    assert requested_host(header) == host


@pytest.mark.parametrize(
    "host",
    [
        "shop.localhost:8000", "http://shop.localhost", "shop.localhost/", "shop localhost", " shop.localhost", "shop.localhost\n",
        "a..localhost", ".localhost", "-a.localhost", "a_b.localhost", "*.localhost", f"{'a' * 64}.localhost",
        ".".join(["a" * 60] * 5), "xn--.localhost", "shop@x.localhost", "127.0.0.1", "[::1]", "::1", "1.2", "shop.0x7f",
        "localhost", "LOCALHOST.", "shop.example.com", "testserver.example",
    ],
)  # fmt: skip
def test_in06_a_host_that_nothing_would_reach_is_refused_before_anything_is_written(
    committed: Tenant, host: str
) -> None:
    with in_public_schema(), nothing_happened():
        with pytest.raises(CommandError, match="^host: "):
            call_command("tenant", "create", "lost_shop", f"--host={host}")
        with pytest.raises(ValidationError):
            Domain.objects.create(tenant=committed, domain=host)


def test_in06_a_name_whose_host_would_be_none_needs_a_host(committed: Tenant) -> None:
    with (
        in_public_schema(),
        nothing_happened(),
        pytest.raises(registering.TenantInvalid, match="host: 'shop-.localhost' is not a host name"),
    ):
        services.create_tenant(name="shop_")


def test_in06_a_shop_answers_at_its_host_however_it_is_written(committed: Tenant, client: Client) -> None:
    with in_public_schema():
        Domain.objects.create(tenant=committed, domain="Nörd.localhost.", is_primary=False)
    try:
        for host in ("xn--nrd-sna.localhost", "XN--NRD-SNA.localhost.", "xn--nrd-sna.LOCALHOST:8000"):
            assert client.get("/admin/login/", headers={"Host": host}).status_code == 200
    finally:
        Domain.objects.filter(domain__startswith="xn--").delete()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"currency": "ZZZ"}, "currency: 'ZZZ' is not a currency in use"),
        ({"currency": "eur"}, "currency: 'eur' is not a currency in use"),
        ({"currency": "XTS"}, "currency: 'XTS' is not a currency in use"),
        ({"currency": "DEM"}, "currency: 'DEM' is not a currency in use"),
        ({"currency": ""}, "currency: "),
        ({"currency": "CLF"}, "currency: amounts of CLF have 4 decimals: only currencies with 0, 2 or 3 are supported"),
        ({"currency": "BGN"}, "currency: 'BGN' is not a currency in use"),
        ({"currency": "XAU"}, "currency: 'XAU' is not a currency in use"),
        ({"timezone": "Mars/Olympus"}, "time zone: 'Mars/Olympus' is not a time zone"),
        ({"timezone": "../../etc/passwd"}, "time zone: "),
        ({"timezone": "europe/berlin"}, "time zone: "),
        ({"timezone": "localtime"}, "time zone: "),
        ({"timezone": ""}, "time zone: "),
        ({"owner_email": "nobody"}, "owner's e-mail: "),
        ({"title": "x" * 201}, "title: "),
    ],
)
def test_in07_what_no_region_has_is_refused_before_anything_is_written(
    committed: Tenant, values: dict[str, str], said: str
) -> None:
    with in_public_schema(), nothing_happened(), pytest.raises(CommandError) as refused:
        call_command("tenant", "create", "lost_shop", **values)

    assert str(refused.value).startswith(said)


def test_in07_the_locations_of_a_shop_follow_the_same_rule(shop: Tenant) -> None:
    client = Client(headers={"Host": "north.localhost"})
    client.force_login(hire_owner(username="root", password="a long secret"))
    form = {"code": "M2", "name": "Second", "currency": "ZZZ", "timezone": "Mars/Olympus", "_save": "1"}

    answer = client.post("/admin/pos/location/add/", form)

    assert answer.status_code == 200
    assert b"is not a currency in use" in answer.content
    assert b"is not a time zone" in answer.content


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"schema_name": "public"}, "reserved for the platform"),
        ({"schema_name": "north"}, "already"),
        ({"schema_name": "elsewhere", "host": "north.localhost"}, "another tenant&#x27;s already"),
        ({"schema_name": "shop_"}, "is not a host name"),
        ({"schema_name": "elsewhere", "host": "localhost"}, "the platform&#x27;s own host"),
        ({"schema_name": "elsewhere", "host": "a:80"}, "leave out scheme, port"),
        ({"schema_name": "elsewhere", "currency": "CLF"}, "4 decimals"),
        ({"schema_name": "elsewhere", "timezone": "Mars/Olympus"}, "is not a time zone"),
    ],
)
def test_in14_the_admins_form_says_what_is_wrong_with_a_tenant(
    committed: Tenant, values: dict[str, str], said: str
) -> None:
    with in_public_schema():
        client = Client(headers={"Host": "localhost"})
        root = hire_owner(username="root", password="a long secret")
        client.force_login(root)
    try:
        form = {**filled_form(client.get(ADD).content, "tenant_form"), "name": "Elsewhere", **values, "_save": "1"}

        with in_public_schema(), nothing_happened(but=SESSION):
            answer = client.post(ADD, form)

        assert answer.status_code == 200
        assert said in answer.content.decode(), answer.context["adminform"].form.errors
    finally:
        with in_public_schema():
            root.delete()
