"""W7 and W11: limits at the admin's door, its sessions, and the audit of who came in."""

import time
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from events.models import AuditEntry
from events.operations import audit
from kernel.tenancy import in_public_schema, in_tenant
from staff.models import SignInRules, User
from staff.services import hire_owner
from tenants.models import Tenant
from tests.support import people
from tests.support.people import PASSWORD, sign_in
from web.client import client_address, network_of


@pytest.fixture
def ada(shop: Tenant) -> User:
    return hire_owner(username="ada", password=PASSWORD)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that was hashed."""
    seen: list[str] = []
    encode = Argon2PasswordHasher.encode

    def noting(self: Any, password: str, salt: str) -> str:
        seen.append(password)
        return encode(self, password, salt)

    verify = Argon2PasswordHasher.verify

    def verifying(self: Any, password: str, encoded: str) -> bool:
        seen.append(password)
        return verify(self, password, encoded)

    monkeypatch.setattr(Argon2PasswordHasher, "encode", noting)
    monkeypatch.setattr(Argon2PasswordHasher, "verify", verifying)
    return seen


def audited(*actions: str) -> list[tuple[str, ...]]:
    rows = AuditEntry.objects.filter(action__in=actions).order_by("id")
    return list(rows.values_list("action", "actor", "subject", "detail", "address"))


def test_whoever_opens_the_page_of_the_door_itself_comes_to_the_admin(ada: User) -> None:
    client = Client(headers={"Host": people.SHOP})

    answer = client.post("/admin/login/", {"username": "ada", "password": PASSWORD})

    assert answer.url == "/admin/"  # type: ignore[attr-defined]


def test_w07_after_five_failures_no_password_is_looked_at(ada: User, hashed: list[str]) -> None:
    answers = [sign_in("ada", f"wrong {number}", address="10.0.0.1").answer for number in range(60)]
    right = sign_in("ada", PASSWORD, address="10.0.0.9").answer

    assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 56
    assert (right.status_code, right["Retry-After"]) == (429, "900")
    assert hashed == [f"wrong {number}" for number in range(5)]


def test_w07_known_and_unknown_names_are_answered_alike(ada: User) -> None:
    def typed(name: str, address: str) -> list[tuple[int, bytes]]:
        answers = [sign_in(name, "wrong", address=address).answer for _ in range(6)]
        pages = [answer.content.replace(name.encode(), b"NAME") for answer in answers]
        return [(answer.status_code, _without_token(page)) for answer, page in zip(answers, pages, strict=True)]

    assert typed("ada", "10.0.0.1") == typed("nobody", "10.0.0.2")


def _without_token(page: bytes) -> bytes:
    return b"\n".join(line for line in page.splitlines() if b"csrfmiddlewaretoken" not in line)


def test_w07_one_address_is_limited_over_all_names_and_shops(ada: User, south: Tenant, settings: Any) -> None:
    settings.SIGN_IN_FAILURES_PER_ADDRESS = 6
    for number in range(3):
        sign_in(f"north{number}", "wrong", address="10.0.0.1")
        sign_in(f"south{number}", "wrong", host="south.localhost", address="10.0.0.1")

    assert sign_in("ada", PASSWORD, address="10.0.0.1").answer.status_code == 429
    assert sign_in("ada", PASSWORD, host="south.localhost", address="10.0.0.1").answer.status_code == 429
    assert sign_in("ada", PASSWORD, address="10.0.0.2").answer.status_code == 302


def test_w07_a_lock_at_one_shop_is_none_at_another(ada: User, south: Tenant) -> None:
    for _ in range(6):
        sign_in("ada", "wrong", host="south.localhost", address="10.0.0.1")

    assert sign_in("ada", PASSWORD, address="10.0.0.2").answer.status_code == 302


def test_w07_a_success_forgives_the_person_and_not_the_address(ada: User) -> None:
    for _ in range(3):
        sign_in("ada", "wrong")
        sign_in("bob", "wrong")
    sign_in("ada", PASSWORD)

    with in_public_schema():
        left = list(AccessAttempt.objects.values_list("username", "failures_since_start"))

    assert left == [("bob@north", 3)]


def test_w07_the_lock_ends(ada: User) -> None:
    for _ in range(6):
        sign_in("ada", "wrong")
    with in_public_schema():
        AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))

    assert sign_in("ada", PASSWORD).answer.status_code == 302


def test_w07_attempts_are_the_platforms_alone(ada: User) -> None:
    sign_in("ada", "wrong")

    assert AccessAttempt.objects.count() == 0
    with in_public_schema():
        assert AccessAttempt.objects.count() == 1
        row = AccessAttempt.objects.get()
    assert "wrong" not in row.post_data + row.get_data
    with in_tenant(Tenant.objects.get(schema_name="south")):
        assert AccessAttempt.objects.update(failures_since_start=0) == 0


def test_w11_sign_ins_failures_locks_and_sign_outs_are_in_the_audit(ada: User) -> None:
    for _ in range(7):
        sign_in("bob", "wrong", address="10.0.0.1")
    client = sign_in("ada", PASSWORD, address="10.0.0.2")
    client.post("/admin/logout/")

    failed = ("sign-in failed", "", "user:bob", "", "10.0.0.1")
    assert audited("sign-in failed", "signed in", "signed out") == [
        *[failed] * 4,
        ("sign-in failed", "", "user:bob", "locked out", "10.0.0.1"),
        ("signed in", "user:ada", "", "", "10.0.0.2"),
        ("signed out", "user:ada", "", "", "10.0.0.2"),
    ]


def test_w11_refusals_are_in_the_audit_once_a_minute(shop: Tenant) -> None:
    client = people.viewer("view_order")

    for _ in range(3):
        assert client.get("/admin/payments/payment/").status_code == 403

    assert audited("refused") == [("refused", "user:vic", "GET /admin/payments/payment/", "", "127.0.0.1")]


def test_w11_a_key_without_the_scope_is_in_the_audit(shop: Tenant) -> None:
    from staff.services import issue_api_key
    from tests.support.terminal import Terminal

    reader = Terminal("north.localhost", issue_api_key(name="reader", scopes=["events:read"]))

    assert reader.get("/dead-letters").status_code == 403

    assert [row[:3] for row in audited("refused")] == [("refused", "api-key:reader", "GET /api/v1/dead-letters")]


def test_w11_the_audit_is_append_only_and_each_shops_own(ada: User, south: Tenant) -> None:
    from django.db import DatabaseError, transaction

    people.signed_in(ada)

    for statement in ("UPDATE events_auditentry SET actor = 'x'", "DELETE FROM events_auditentry"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with in_tenant(south):
        assert AuditEntry.objects.count() == 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM events_auditentry WHERE tenant_id = 'north'")
            assert cursor.fetchone() == (0,)


def test_the_audit_is_kept_for_its_days(ada: User, settings: Any) -> None:
    with in_public_schema():
        AuditEntry.objects.create(
            tenant_id="north", acted_at=timezone.now() - timedelta(days=401), actor="", action="old", subject="",
            detail="", address="", correlation_id=audit.current_cause().correlation_id,
        )  # fmt: skip
        before = AuditEntry.objects.count()

        assert audit.forget_old() == 1
        assert AuditEntry.objects.count() == before - 1
        settings.AUDIT_DAYS = 0
        assert audit.forget_old() == 0


def test_w10_a_session_ends_when_nobody_works(ada: User) -> None:
    SignInRules.objects.create(idle_minutes=10)
    client = sign_in("ada", PASSWORD)

    assert client.cookies["sessionid"]["max-age"] == 600
    first = client.get("/admin/").cookies["sessionid"]["max-age"]
    client.session.model.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert first == 600
    assert client.get("/admin/").status_code == 302


def test_w10_a_session_ends_after_a_working_day(ada: User) -> None:
    client = sign_in("ada", PASSWORD)
    session = client.session
    session["signed_in_at"] = int(time.time()) - 13 * 3600
    session.save()

    assert client.get("/admin/").status_code == 302
    assert audited("signed out") == [("signed out", "user:ada", "", "", "127.0.0.1")]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "6.6.6.6, 7.7.7.7", "7.7.7.7"),
        (2, "6.6.6.6, 7.7.7.7, 8.8.8.8", "7.7.7.7"),
        (1, "", "10.0.0.1"),
        (1, "nonsense", ""),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_w07_the_address_is_what_our_own_proxy_says(proxies: int, forwarded: str, expected: str, settings: Any) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory(REMOTE_ADDR="10.0.0.1").get("/", headers={"X-Forwarded-For": forwarded})

    assert client_address(request) == expected


def test_w07_one_ipv6_customer_counts_once() -> None:
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2:bbbb::2") == "2001:db8:1:2::"
    assert network_of("10.0.0.1") == "10.0.0.1"


def test_a_name_with_nul_is_refused_at_the_door(ada: User) -> None:
    assert Client(headers={"Host": people.SHOP}).get("/admin/login/?next=%00").status_code == 400
    assert sign_in("a\0b", "x").answer.status_code == 400
