"""`/healthz` says that the process lives, `/readyz` whether what it works with does (W18)."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from config import health
from config.health import Readiness, readiness
from demo.stack.broker import free_port
from events.maintenance import sweeper
from events.models import Event, Subscription
from events.subscriptions.doorbells import doorbells
from events.testing.work import settle
from kernel.tenancy import in_public_schema
from tenants.models import Tenant
from tests.support import make, wsgi


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    readiness.forget()
    yield
    readiness.forget()
    doorbells.breaker.worked()


def ready(client: Client, query: str = "", host: str = "north.localhost") -> tuple[int, Any]:
    answer = client.get(f"/readyz{query}", headers={"Host": host})
    return answer.status_code, answer.json()


@pytest.mark.parametrize("host", ["localhost", "north.localhost", "nobody.localhost", "10.0.0.7:8000", "example.com"])
def test_w18_a_process_lives_whatever_the_host_and_the_database_are(
    host: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INSTANCE = "of this test"
    monkeypatch.setattr(connection, "ensure_connection", lambda: pytest.fail("asked the database"))

    with wsgi.client() as web:
        answer = web.get("/healthz", environ_overrides={"HTTP_HOST": host})
        head = web.head("/healthz", environ_overrides={"HTTP_HOST": host})
        other = web.post("/healthz", environ_overrides={"HTTP_HOST": host})

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert answer.headers["Tillflow-Instance"] == "of this test"
    assert answer.headers["Cache-Control"] == "no-store"
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", answer.headers["Content-Length"])
    assert (other.status_code, other.headers["Allow"]) == (405, "GET, HEAD")


def test_w18_a_stack_that_works_is_ready(shop: Tenant, client: Client) -> None:
    code, said = ready(client)

    assert (code, said["status"]) == (200, "ok")
    assert said["checks"] == {
        "database": {"ok": True},
        "broker": {"ok": True},
        "events": {"ok": True, "oldest_pending_seconds": 0.0},
    }


def test_w18_a_broker_that_is_away_is_named_and_the_sweep_fails(shop: Tenant, client: Client, settings: Any) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"

    code, said = ready(client)

    assert (code, said["status"]) == (503, "failing")
    assert said["checks"]["broker"] == {"ok": False, "detail": "the broker does not answer"}
    assert said["checks"]["database"] == {"ok": True}
    assert ready(client, "?exclude=broker")[0] == 200
    with pytest.raises(CommandError, match="the broker does not answer"):
        call_command("events", "sweep")


def test_w18_a_broker_that_goes_away_during_a_sweep_fails_it(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    make.variant()
    monkeypatch.setattr(sweeper, "MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(doorbells, "_try", lambda _command, **_about: None)

    with pytest.raises(CommandError, match=r"rang for 0 of \d+: the broker has stopped answering"):
        call_command("events", "sweep")


def test_w18_a_database_that_is_away_is_named(shop: Tenant, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_arguments: Any) -> None:
        raise OperationalError("connection to server failed")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", gone)
        patch.setattr(connection, "close", lambda: None)
        code, said = ready(client)

    assert code == 503
    assert said["checks"]["database"] == {"ok": False, "detail": "the database does not answer"}
    assert not said["checks"]["events"]["ok"]
    assert said["checks"]["broker"] == {"ok": True}


def test_w18_events_that_nobody_applies_are_told_by_their_age(shop: Tenant, client: Client, settings: Any) -> None:
    make.variant()
    (event,) = Event.objects.all()
    settings.READY_PENDING_SECONDS = 0.0

    code, said = ready(client)

    assert code == 503
    age = (timezone.now() - event.recorded_at).total_seconds()
    assert 0 <= said["checks"]["events"]["oldest_pending_seconds"] <= age + 0.1
    assert "do the workers and beat run?" in said["checks"]["events"]["detail"]
    settings.READY_PENDING_SECONDS = 3600
    readiness.forget()
    assert ready(client)[0] == 200


@pytest.mark.parametrize("waiting", ["applied", "paused", "suspended", "unknown"])
def test_w18_what_waits_on_purpose_is_not_pending(
    shop: Tenant, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, waiting: str
) -> None:
    make.variant()
    settings.READY_PENDING_SECONDS = 0.0
    if waiting == "applied":
        settle()
    elif waiting == "paused":
        Subscription.objects.update(paused_at=timezone.now())
    elif waiting == "suspended":
        with in_public_schema():
            Tenant.objects.filter(pk=shop.pk).update(status="SUSPENDED")
    else:
        monkeypatch.setattr(health, "all_subscribers", list)

    code, said = ready(client, host="localhost")

    assert (code, said["checks"]["events"]) == (200, {"ok": True, "oldest_pending_seconds": 0.0})


def test_w18_an_unknown_check_is_refused(db: None, client: Client) -> None:
    code, said = ready(client, "?exclude=brocker")

    assert code == 400
    assert said["detail"] == "there is no check brocker; there are database, broker, events"


def test_w18_asking_often_costs_the_database_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, now = [0], [0.0]

    def check() -> dict[str, Any]:
        asked[0] += 1
        return {"ok": True}

    monkeypatch.setattr(health, "CHECKS", {"database": check})
    kept = Readiness(clock=lambda: now[0])

    for now[0] in (10.0, 10.5, 10.9, 11.1, 12.0):
        kept.check("database")

    assert asked == [2]
