"""Crashes at the seams: between commit and doorbell, between key and read."""

import os
import time
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection

from events.maintenance import sweeper
from events.subscriptions.doorbells import Doorbells, doorbells
from events.subscriptions.registry import find_subscriber
from events.testing.work import drain, settle
from inventory.models import StockedVariant
from tenants.models import Tenant
from tests.support import make
from tests.support.isolation import flush_broker
from tests.support.make import order_body
from tests.support.terminal import terminal

SUBSCRIBER = "inventory.know_variants"


def in_child(work: Any) -> None:
    connection.close()
    child = os.fork()
    if not child:
        doorbells.forget_connection()
        try:
            work()
        finally:
            os._exit(1)
    os.waitpid(child, 0)


def test_a_crash_between_commit_and_doorbell_loses_nothing(committed: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Doorbells, "ring", lambda *_arguments: os._exit(137))

    in_child(make.variant)
    monkeypatch.undo()
    assert redis.Redis.from_url(settings.REDIS_URL).llen("events") == 0
    time.sleep(sweeper.MOMENT_SECONDS + 0.1)

    assert sweeper.sweep() == 1
    assert drain(SUBSCRIBER) == 1
    assert StockedVariant.objects.count() == 1


def test_a_crash_between_key_and_read_loses_nothing(committed: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    make.variant()

    def answer_and_die() -> None:
        doorbells.answer("north", find_subscriber(SUBSCRIBER))
        os._exit(137)

    in_child(answer_and_die)
    flush_broker()
    time.sleep(sweeper.MOMENT_SECONDS + 0.1)

    assert sweeper.sweep() == 1
    assert drain(SUBSCRIBER) == 1


def test_doorbells_that_are_repeated_and_reordered_change_nothing(committed: Tenant) -> None:
    make.variant("A")
    make.variant("B")

    handled = [drain(name) for name in (SUBSCRIBER, "pos.note_shelf_levels", SUBSCRIBER, SUBSCRIBER)]

    assert handled == [2, 0, 0, 0]


def test_with_the_broker_down_an_order_is_still_answered_201(
    committed: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.variant()
    make.shift()
    till = terminal("north")
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    doorbells.forget_connection()

    answers = [till.post("/orders", order_body()) for _ in range(3)]

    monkeypatch.undo()
    doorbells.forget_connection()
    assert [answer.status_code for answer in answers] == [201] * 3
    doorbells.breaker.worked()
    settle()
    assert StockedVariant.objects.count() == 1
