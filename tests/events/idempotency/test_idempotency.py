"""Idempotency keys: one effect, and the same answer to every copy."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from events.idempotency.keys import Answer, IdempotencyKeyReused, claim, fingerprint_of, remember
from events.models import IdempotencyRecord
from events.publishing.unit_of_work import unit_of_work
from events.tasks import look_after_tables
from events.testing.work import names
from kernel.tenancy import in_tenant
from pos.models import Order
from pos.orders import receiving
from tenants.models import Tenant
from tests.support import make
from tests.support.make import order_body
from tests.support.terminal import Terminal, terminal
from tests.support.unchanged import nothing_happened

BODY = {"a": 1}


def test_a_claimed_key_gives_its_answer_again(shop: Tenant) -> None:
    fingerprint = fingerprint_of("POST", "/x", BODY)
    with unit_of_work():
        assert claim("test", "key", fingerprint, patience="1s") is None
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("1s",)
        remember("test", "key", status=201, body='{"id": 5}')

    assert claim("test", "key", fingerprint, patience="1s") == Answer(status=201, body=b'{"id": 5}')


def test_a_key_of_another_request_is_refused(shop: Tenant) -> None:
    claim("test", "key", fingerprint_of("POST", "/x", BODY), patience="1s")

    with nothing_happened(), pytest.raises(IdempotencyKeyReused):
        claim("test", "key", fingerprint_of("POST", "/x", {"a": 2}), patience="1s")


def test_the_order_of_members_does_not_matter() -> None:
    assert fingerprint_of("POST", "/x", {"a": 1, "b": 2}) == fingerprint_of("POST", "/x", {"b": 2, "a": 1})


def test_16_parallel_copies_make_one_order_and_16_equal_answers(committed: Tenant) -> None:
    make.variant()
    make.shift()
    till = terminal("north")
    body = order_body()

    def send(_copy: int) -> tuple[int, bytes]:
        try:
            response = Terminal("north.localhost", till.headers["Authorization"][7:]).post(
                "/orders", body, key=body["id"]
            )
            return response.status_code, response.content
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(16)))

    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert Order.objects.count() == 1
    assert names().count("pos.order_completed") == 1


def test_parallel_copies_under_different_keys_make_one_order(committed: Tenant) -> None:
    make.variant()
    make.shift()
    token = terminal("north").headers["Authorization"][7:]
    body = order_body()

    def send(_copy: int) -> tuple[int, Any]:
        try:
            response = Terminal("north.localhost", token).post("/orders", body)
            return response.status_code, response.json()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    assert [status for status, _ in answers] == [201] * 8
    assert {answer["receipt"] for _, answer in answers} == {"R1-000001"}
    assert Order.objects.count() == 1


def test_a_replayed_answer_says_so_and_is_the_same(api: Terminal) -> None:
    make.variant()
    make.shift()
    body = order_body()

    first = api.post("/orders", body, key="the-same-key")
    again = api.post("/orders", body, key="the-same-key")

    assert again.json() == first.json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_refused_request_leaves_no_key_and_may_come_again(api: Terminal) -> None:
    body = order_body(tenders=[])

    with nothing_happened():
        refused = api.post("/orders", body, key="the-same-key")
    make.variant()
    make.shift()
    accepted = api.post("/orders", body, key="the-same-key")

    assert refused.status_code == 409
    assert refused.json()["code"] == "shift-not-open"
    assert accepted.status_code == 201


@pytest.mark.parametrize(("key", "code"), [("", "idempotency-key-missing"), ("a b", "idempotency-key-invalid")])
def test_a_request_without_a_good_key_is_refused(api: Terminal, key: str, code: str) -> None:
    with nothing_happened():
        response = api.post("/orders", order_body(), key=key)

    assert response.status_code == 400
    assert response.json()["code"] == code


def test_the_same_id_with_other_content_is_refused(api: Terminal) -> None:
    make.variant()
    make.shift()
    body = order_body()
    api.post("/orders", body)

    with nothing_happened():
        response = api.post("/orders", {**body, "note": "another"})

    assert response.status_code == 409
    assert response.json()["code"] == "order-exists"


def test_a_request_that_is_still_being_worked_on_is_told_so(committed: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.idempotency.requests.LONGEST_WAIT", "100ms")
    make.variant()
    make.shift()
    token = terminal("north").headers["Authorization"][7:]
    body = order_body()

    def send() -> Any:
        try:
            return Terminal("north.localhost", token).post("/orders", body, key="the-same-key")
        finally:
            connection.close()

    with in_tenant(committed), unit_of_work():
        claim("orders", "the-same-key", "whatever", patience="1s")
        with nothing_happened(), ThreadPoolExecutor(1) as pool:
            response = pool.submit(send).result()

    assert response.status_code == 409
    assert response.json()["code"] == "idempotency-in-progress"


def test_a_deadlock_is_tried_again_and_another_error_is_not(api: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    make.variant()
    make.shift()
    place, failures = receiving.place_order, [psycopg.errors.DeadlockDetected, psycopg.errors.DeadlockDetected]

    def fail_then_place(**asked: Any) -> Order:
        if failures:
            raise OperationalError("x") from failures.pop()("x")
        return place(**asked)

    monkeypatch.setattr(receiving, "place_order", fail_then_place)
    answer = api.post("/orders", order_body())
    failures.append(psycopg.errors.AdminShutdown)

    assert answer.status_code == 201
    with pytest.raises(OperationalError):
        api.post("/orders", order_body())
    assert Order.objects.count() == 1


def test_a_key_is_forgotten_after_four_hundred_days(committed: Tenant) -> None:
    for days in (399, 401):
        with unit_of_work():
            claim("tests", f"{days} days old", "fingerprint", patience="1s")
        at = timezone.now() - timedelta(days=days)
        IdempotencyRecord.objects.filter(key=f"{days} days old").update(created_at=at)

    assert look_after_tables()["forgotten"] == 1

    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["399 days old"]
