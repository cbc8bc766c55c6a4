"""W10 and IN21: what browsers are told, with TLS and without; pages where no shop answers."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from config.browsers import browser_settings
from kernel.tenancy import in_public_schema
from staff.services import hire_owner
from tenants.models import Tenant
from tests.support.people import PASSWORD

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
LOGIN = "/admin/login/?next=/admin/"


@pytest.fixture
def tls(settings: Any) -> None:
    """Let a proxy in front end TLS."""
    for name, value in browser_settings("https", hsts_seconds=31536000).items():
        setattr(settings, name, value)
    settings.TRUSTED_PROXIES = 1


def client(host: str = "north.localhost", **options: Any) -> Client:
    return Client(headers={"Host": host, "X-Forwarded-Proto": "https"}, **options)


def test_w10_a_deployment_with_tls_has_no_warnings(tls: None, db: None) -> None:
    assert [str(found) for found in run_checks(include_deployment_checks=True)] == []


def test_w10_cookies_belong_to_one_host_and_one_secure_origin(tls: None, shop: Tenant) -> None:
    hire_owner(username="ada", password=PASSWORD)
    browser = client()

    browser.get(LOGIN)
    answer = browser.post(LOGIN, {"username": "ada", "password": PASSWORD})

    assert answer.status_code == 302
    assert set(browser.cookies) == {"__Host-sessionid", "__Host-csrftoken"}
    for cookie in browser.cookies.values():
        assert cookie["secure"]
        assert cookie["httponly"]
        assert (cookie["path"], cookie["domain"]) == ("/", "")


def test_w10_browsers_stay_with_tls(tls: None, shop: Tenant) -> None:
    secure = client().get(LOGIN)
    plain = Client(headers={"Host": "north.localhost"}).get(LOGIN)
    probe = Client(headers={"Host": "localhost"}).get("/readyz?exclude=database&exclude=broker&exclude=events")

    assert secure["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert (plain.status_code, plain["Location"]) == (301, f"https://north.localhost{LOGIN}")
    assert probe.status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://north.localhost", 302),
        ("https://south.localhost", 403),
        ("http://north.localhost", 403),
        ("https://north.localhost.evil.example", 403),
        ("null", 403),
    ],
)
def test_w10_forms_are_taken_from_the_own_origin_only(tls: None, shop: Tenant, origin: str, status: int) -> None:
    hire_owner(username="ada", password=PASSWORD)
    browser = client(enforce_csrf_checks=True)
    token = browser.get(LOGIN).context["csrf_token"]
    form = {"username": "ada", "password": PASSWORD, "csrfmiddlewaretoken": str(token)}

    assert browser.post(LOGIN, form, headers={"Origin": origin}).status_code == status


def test_w10_without_tls_nothing_asks_for_it(shop: Tenant) -> None:
    hire_owner(username="ada", password=PASSWORD)
    browser = Client(headers={"Host": "north.localhost", "X-Forwarded-Proto": "https"})

    browser.get(LOGIN)
    answer = browser.post(LOGIN, {"username": "ada", "password": PASSWORD})

    assert set(browser.cookies) == {"sessionid", "csrftoken"}
    assert not any(cookie["secure"] for cookie in browser.cookies.values())
    assert "Strict-Transport-Security" not in answer
    assert not answer.wsgi_request.is_secure()


@pytest.mark.parametrize("host", ["north.localhost", "localhost", "nobody.localhost", "evil.example"])
def test_w10_every_page_says_what_it_may_load(db: None, host: str) -> None:
    answer = Client(headers={"Host": host, "Accept": BROWSER}).get("/admin/login/")

    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";") if part.strip())
    assert policy["default-src"] == "'none'"
    assert "unsafe-inline" not in policy["script-src"]
    assert (policy["frame-ancestors"], policy["base-uri"], policy["form-action"]) == ("'none'", "'none'", "'self'")


def test_w10_another_scheme_is_refused_at_start() -> None:
    with pytest.raises(ImproperlyConfigured, match="http or https"):
        browser_settings("ftp", hsts_seconds=1)


@pytest.fixture
def suspended(north: Tenant, db: None) -> Iterator[str]:
    with in_public_schema():
        Tenant.objects.filter(pk=north.pk).update(status="SUSPENDED")
    return "north.localhost"


@pytest.mark.parametrize("path", ["/", "/admin/", "/nowhere"])
def test_in21_a_browser_gets_a_page_and_a_program_a_problem(db: None, suspended: str, path: str) -> None:
    for host, status, code in ((suspended, 403, "tenant-suspended"), ("nope.localhost", 404, "not-found")):
        page = Client(headers={"Host": host, "Accept": BROWSER}).get(path)
        problem = Client(headers={"Host": host, "Accept": "application/json"}).get(path)

        assert (page.status_code, problem.status_code) == (status, status)
        assert page["Content-Type"].startswith("text/html")
        assert b"<h1>" in page.content
        assert problem["Content-Type"] == "application/problem+json"
        assert problem.json()["code"] == code


def test_in21_the_api_answers_problems_whatever_is_accepted(db: None, suspended: str) -> None:
    for host in (suspended, "nope.localhost", "evil.example"):
        answer = Client(headers={"Host": host, "Accept": BROWSER}).get("/api/v1/orders")

        assert answer["Content-Type"] == "application/problem+json"


def test_in21_a_shops_name_is_text_on_the_page(db: None, suspended: str, north: Tenant) -> None:
    with in_public_schema():
        Tenant.objects.filter(pk=north.pk).update(name="<script>alert(1)</script>")

    page = Client(headers={"Host": suspended, "Accept": BROWSER}).get("/").content

    assert b"<script>" not in page
    assert b"&lt;script&gt;" in page


@pytest.mark.parametrize("host", ["north.localhost", "localhost"])
def test_in21_the_root_leads_to_the_admin(db: None, host: str) -> None:
    assert Client(headers={"Host": host}).get("/")["Location"] == "/admin/"


def test_in21_a_page_that_does_not_exist_is_a_page(db: None) -> None:
    page = Client(headers={"Host": "localhost", "Accept": BROWSER}).get("/nowhere")

    assert page.status_code == 404
    assert b"<h1>Nothing is here</h1>" in page.content
