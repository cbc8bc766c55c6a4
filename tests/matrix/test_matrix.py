"""The isolation matrix: every route and method of three tenants, asked by everybody who must not be answered."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test import Client

from events.testing.work import settle
from kernel.tenancy import in_public_schema, in_tenant
from pos.models import Device
from staff.models import ApiKey, User
from staff.services import hire_owner, issue_api_key
from tenants.hosts import host_cache
from tenants.models import Domain, Tenant
from tests.support import make
from tests.support.routes import METHODS, Guard, NotAddressable, Route, routes
from web.scopes import ALL_SCOPES, CATALOGUE_READ, EVENTS_OPERATE

UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
SUSPENDED = "west"
FEW_SCOPES = (CATALOGUE_READ, EVENTS_OPERATE)
MARK = "zq-{}-only"


class Shop:
    """A shop with rows of many kinds, and everybody who holds something of it."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.name, self.host = tenant.schema_name, f"{tenant.schema_name}.localhost"
        self.mark = MARK.format(self.name)
        with in_tenant(tenant):
            make.variant(sku=self.mark)
            self.order = make.order(make.cash(1000), lines=[make.asked(self.mark)], email=f"{self.mark}@example.test")
            settle()
            revoked, self.revoked_token = make.device()
            Device.objects.filter(pk=revoked.pk).update(status=Device.Status.REVOKED)
            _, self.token = make.device()
            self.keys = {scope: issue_api_key(name=f"{self.mark} {scope}", scopes=[scope]) for scope in ALL_SCOPES}
            self.all_scopes = issue_api_key(name=f"{self.mark} all", scopes=list(ALL_SCOPES))
            self.revoked_key = issue_api_key(name=f"{self.mark} revoked", scopes=list(ALL_SCOPES))
            ApiKey.objects.filter(name__endswith="revoked").update(revoked_at=make.NOW)
            self.owner = self._session(hire_owner(username=f"{self.mark}-owner", password="a long secret"))
            self.nobody = User.objects.create_user(f"{self.mark}-nobody", is_staff=True)
            self.staff = self._session(self.nobody)
            left = hire_owner(username=f"{self.mark}-left", password="a long secret")
            self.left = self._session(left)
            User.objects.filter(pk=left.pk).update(is_active=False)
            self.customer = self._session(User.objects.create_user(f"{self.mark}-customer"))
            self.ids = self._uuids()

    def key_of(self, model: Any) -> str:
        """Return the key of a row that this shop has; empty when it has none of this kind, as of what is the platform's."""
        if model._meta.app_label == "tenants" or model._meta.label == "events.Archive":
            return ""
        with in_tenant(self.tenant):
            row = model._default_manager.order_by("-pk").first()
        return "" if row is None else str(row.pk)

    def _session(self, person: User) -> str:
        client = Client(headers={"Host": self.host})
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    def _uuids(self) -> set[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [self.name])
            own = [f'"{self.name}"."{table}"' for (table,) in cursor.fetchall()]
            cursor.execute("SELECT event_id::text FROM events_event WHERE tenant_id = %s", [self.name])
            found = {event_id for (event_id,) in cursor.fetchall()}
            for table in own:
                cursor.execute(f"SELECT t::text FROM {table} t")
                found |= {uuid for (row,) in cursor.fetchall() for uuid in UUID.findall(row)}
            return found


@pytest.fixture(scope="module")
def shops(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Shop]]:
    """Three tenants; the third is suspended, and answers nobody, whoever they are. All is rolled back at the end."""
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]
    with django_db_blocker.unblock(), around:
        tenants = list(Tenant.objects.filter(schema_name__in=["north", "south"]))
        _suspended_tenant()
        host_cache.forget()
        yield {tenant.schema_name: Shop(tenant) for tenant in tenants}
        transaction.set_rollback(True)
    host_cache.forget()


@pytest.fixture(autouse=True)
def _live_feeds_end_at_once(settings: Any) -> None:
    """A feed that is not read to its end keeps its place, and later tests find none."""
    settings.LIVE_SECONDS = 0


def _suspended_tenant() -> None:
    with in_public_schema():
        third = Tenant.objects.create(schema_name=SUSPENDED, name=MARK.format(SUSPENDED), status="SUSPENDED")
        Domain.objects.create(tenant=third, domain=f"{SUSPENDED}.localhost", is_primary=True)


class Matrix:
    """Asks, and keeps what was not answered as expected. :param foreign: ids and marks that no answer may hold."""

    def __init__(self, host: str, foreign: list[Shop]) -> None:
        self.host, self.foreign = host, foreign
        self.cases, self.wrong = 0, list[str]()
        self.client = Client(headers={"Host": self.host}, raise_request_exception=False)

    def ask(self, route: Route, method: str, who: str, expected: set[int], *, uuid: str, **given: str) -> None:
        self.cases += 1
        client = self.client
        client.cookies.clear()
        headers = {"Authorization": f"Bearer {given['bearer']}"} if "bearer" in given else {}
        if "session" in given:
            client.cookies[settings.SESSION_COOKIE_NAME] = given["session"]
        sent = {} if method in {"GET", "HEAD", "OPTIONS"} else {"data": "{}", "content_type": "application/json"}
        if route.template.startswith("/admin/") and method == "POST":
            sent = {"data": {}}
        address = route.address(uuid=uuid, key=given.get("key", uuid))
        answer = client.generic(method, address, headers=headers, **sent) if method != "POST" else client.post(
            address, headers=headers, **sent
        )  # fmt: skip
        if answer.status_code not in expected:
            self.wrong.append(f"{method} {address} by {who}: {answer.status_code}, not {sorted(expected)}")
        content = b"".join(answer) if answer.streaming else answer.content
        shown = content.decode(errors="replace") + str(dict(answer.items()))
        for shop in self.foreign:
            leaked = (set(UUID.findall(shown)) & shop.ids) - {uuid}
            if leaked or shop.mark in shown:
                self.wrong.append(f"{method} {address} by {who}: shows {leaked or shop.mark} of {shop.name}")


def report(matrix: Matrix, capsys: pytest.CaptureFixture[str], name: str) -> None:
    with capsys.disabled():
        print(f"\nisolation matrix, {name}: {matrix.cases} cases, {len(matrix.wrong)} wrong")
    assert matrix.wrong == []


def bearer_of(shop: Shop, other: Shop) -> dict[str, tuple[str, set[int]]]:
    """Who is refused by every route that asks for a terminal or a scope, and with what."""
    return {
        "garbage": ("x" * 40, {401}),
        "a garbage token": (f"tf.{shop.name}.garbage", {401}),
        "a garbage key": (f"tk.{shop.name}.garbage", {401}),
        "another tenant's token": (other.token, {403}),
        "another tenant's key": (next(iter(other.keys.values())), {403}),
        "a revoked device": (shop.revoked_token, {401}),
        "a revoked key": (shop.revoked_key, {401}),
    }


def allowed(route: Route, method: str) -> set[int]:
    """What somebody may get who may use the route: nothing of another tenant is found, and nothing breaks."""
    if method not in route.methods:
        return {405}
    return {200, 201, 204, 400, 404, 409, 410, 415, 422, 503}


def forbidden(route: Route, key: str) -> set[int]:
    """What staff get whose role does not open a page: of a row that does not exist, they learn just that."""
    return {403, 404} if key or "{key}" not in route.template else {302, 403, 404}


PUBLIC = {Guard.OPEN: {200, 405}, Guard.CODE: {400, 405, 422}, Guard.LEADS: {302, 405}, Guard.MOVED: {301}}


@pytest.mark.parametrize(("name", "every"), [("north", True), ("south", False)])
def test_the_api_answers_nobody_but_its_own(shops: dict[str, Shop], name: str, every: bool, capsys: Any) -> None:
    """One shop is asked by every method, the other one by those that a route offers.

    What a route does not offer is asked with keys of two scopes: no scope decides there.
    """
    shop = shops[name]
    (other,) = [each for each in shops.values() if each is not shop]
    matrix = Matrix(shop.host, [other])
    for route in [each for each in routes("config.urls") if not each.template.startswith("/admin/")]:
        for method in METHODS if every else route.methods:
            uuid = str(other.order.id)
            if route.guard in PUBLIC:
                matrix.ask(route, method, "nobody", PUBLIC[route.guard], uuid=uuid)
                continue
            matrix.ask(route, method, "nobody", {401}, uuid=uuid)
            for who, (bearer, expected) in bearer_of(shop, other).items():
                matrix.ask(route, method, who, expected, uuid=uuid, bearer=bearer)
            for scope in ALL_SCOPES if method in route.methods else FEW_SCOPES:
                expected = allowed(route, method) if route.opens_to(scope, method) else {403}
                matrix.ask(route, method, f"a key for {scope}", expected, uuid=uuid, bearer=shop.keys[scope])
            may = route.guard is Guard.TERMINAL or route.scope == "events:read"
            matrix.ask(
                route, method, "a terminal", allowed(route, method) if may else {403}, uuid=uuid, bearer=shop.token
            )

    report(matrix, capsys, f"API of {name}")


@pytest.mark.parametrize("name", ["north", "south"])
def test_sh13_a_key_that_names_a_place_of_another_shop_learns_nothing(
    shops: dict[str, Shop], name: str, capsys: Any
) -> None:
    shop = shops[name]
    (other,) = [each for each in shops.values() if each is not shop]
    matrix = Matrix(shop.host, [other])
    with in_tenant(other.tenant):
        register = make.register()
    for route in [each for each in routes("config.urls") if each.scopes]:
        for method, scopes in route.scopes.items():
            for kind, named in (("location", register.location_id), ("register", register.id)):
                key = shop.all_scopes if len(scopes) > 1 else shop.keys[scopes[0]]
                asked = replace(route, template=f"{route.template}?{kind}={named}")
                matrix.ask(asked, method, "a key at a foreign place", {400, 404, 422}, uuid=str(named), bearer=key)

    report(matrix, capsys, f"foreign places of {name}")


@pytest.mark.parametrize(("name", "methods"), [("north", ("GET", "POST")), ("south", ("GET",))], ids=["north", "south"])
def test_the_admin_answers_nobody_but_its_own(
    shops: dict[str, Shop], name: str, methods: tuple[str, ...], capsys: Any
) -> None:
    shop = shops[name]
    (other,) = [each for each in shops.values() if each is not shop]
    matrix = Matrix(shop.host, [other])
    people = {
        "a garbage session": "x" * 32,
        "another tenant's owner": other.owner,
        "an owner who has left": shop.left,
        "somebody who is not staff": shop.customer,
    }
    for route in [each for each in routes("config.urls") if each.template.startswith("/admin/")]:
        for method in methods:
            uuid, door = str(other.order.id), route.guard is Guard.DOOR
            refused = {200, 302, 405} if door else PUBLIC.get(route.guard, {302})
            matrix.ask(route, method, "nobody", refused, uuid=uuid)
            for who, session in people.items():
                matrix.ask(route, method, who, refused, uuid=uuid, session=session)
            if route.guard is Guard.MODEL:
                key = shop.key_of(route.model)
                matrix.ask(
                    route,
                    method,
                    "staff without a role",
                    forbidden(route, key),
                    uuid=uuid,
                    key=key or uuid,
                    session=shop.staff,
                )
            if route.template != "/admin/logout/" and route.guard is not Guard.MOVED:
                matrix.ask(route, method, "the owner", {200, 302, 400, 403, 404, 405}, uuid=uuid, session=shop.owner)
    report(matrix, capsys, f"admin of {name}")


def test_a_page_of_the_admin_needs_a_permission_of_its_own_model(shops: dict[str, Shop], capsys: Any) -> None:
    """Somebody with every permission but those of one model opens no page of it."""
    shop, other = shops["north"], shops["south"]
    matrix = Matrix(shop.host, [other])
    by_model: dict[Any, list[Route]] = {}
    for route in routes("config.urls"):
        if route.guard is Guard.MODEL:
            by_model.setdefault(route.model, []).append(route)
    for model, pages in by_model.items():
        meta = model._meta
        of_model = {"content_type__app_label": meta.app_label, "content_type__model": meta.model_name}
        with in_tenant(shop.tenant):
            shop.nobody.user_permissions.set(Permission.objects.exclude(**of_model))
        for route in pages:
            for method in ("GET", "POST"):
                who = f"staff with all but {meta.label}"
                key = shop.key_of(model)
                uuid = str(other.order.id)
                matrix.ask(route, method, who, forbidden(route, key), uuid=uuid, key=key or uuid, session=shop.staff)

    with in_tenant(shop.tenant):
        shop.nobody.user_permissions.clear()
    report(matrix, capsys, "wrong roles")


@pytest.mark.parametrize("host", ["west.localhost", "unknown.localhost", "localhost"])
def test_no_other_host_answers_for_a_shop(shops: dict[str, Shop], host: str, capsys: Any) -> None:
    """A suspended shop refuses on every route, an unknown one does not exist, and the platform knows no tenant's keys."""
    north = shops["north"]
    matrix = Matrix(host, list(shops.values()))
    urlconf = "config.public_urls" if host == "localhost" else "config.urls"
    for route in routes(urlconf):
        for method in ("GET", "POST"):
            expected = {"west.localhost": {403}, "unknown.localhost": {404}}.get(host) or {
                **PUBLIC,
                Guard.METRICS: {401, 405},
                Guard.DOOR: {200, 302, 405},
            }.get(route.guard, {302})
            asked: dict[str, dict[str, str]] = {
                "nobody": {},
                "a tenant's terminal": {"bearer": north.token},
                "a tenant's key": {"bearer": next(iter(north.keys.values()))},
                "a tenant's owner": {"session": north.owner},
            }
            for who, given in asked.items():
                matrix.ask(route, method, who, expected, uuid=str(north.order.id), **given)

    report(matrix, capsys, host)


def test_a_route_that_no_rule_fits_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.urls import path, re_path

    from tests.support import routes as module

    for pattern in (path("new", lambda _request: None), re_path(r"^new/(?P<x>\d+)$", lambda _request: None)):
        monkeypatch.setattr(module, "get_resolver", lambda _urlconf, p=pattern: type("R", (), {"url_patterns": [p]}))
        with pytest.raises(NotAddressable, match="new"):
            routes("config.urls")
