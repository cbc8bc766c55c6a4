"""Events that kill their workers: suspected, counted, dead; nobody else is taken for one."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connection

from events.delivery.dispatch import Dispatch
from events.delivery.drain import Drain
from events.delivery.failures import OUTAGES_BEFORE_FAILURE
from events.event import EventUnreadable, decode
from events.models import ParkedEvent, Subscription
from events.publishing import unit_of_work
from events.subscribing import Backoff, Delivery
from events.subscriptions import cursors, parking
from events.subscriptions.notes import Note
from events.subscriptions.registry import find_subscriber
from events.testing.doorbells import SilentDoorbells
from events.testing.work import PATIENT_SECONDS, drain
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.outages import outage
from tests.support.recording import SOON, Recorder, Subscribe, let_a_second_pass, parked, say, write, written


def exit_on_poison(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
    if event.tenant_name == "poison":
        raise SystemExit
    write(event.tenant_name, delivery)


def drain_after_a_kill(name: str, bells: SilentDoorbells | None = None) -> None:
    """Drain as one does that finds the note of another which never said that it ended."""
    bells = bells or SilentDoorbells()
    bells.unended = True
    Drain(find_subscriber(name), "north", bells, budget=PATIENT_SECONDS).run()


def kill_until_dead(name: str) -> None:
    """Let the first event kill two drains; another must find it dead."""
    killed = 0
    for _ in range(5):
        try:
            drain_after_a_kill(name)
        except SystemExit:
            killed += 1
        let_a_second_pass(name)

    assert killed == 2
    assert parked(name) == [(1, "DEAD")]
    assert "KilledItsWorker: started 3 times" in ParkedEvent.objects.get(subscriber=name).error


def test_an_event_behind_a_failed_one_is_not_taken_for_the_killer(recorder: Recorder, subscribe: Subscribe) -> None:
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=Backoff(base=600))
    say("bad")
    drain(name)
    say("bad")
    Subscription.objects.filter(subscriber=name).update(started_position=2, starts=2)

    drain_after_a_kill(name)

    assert parked(name) == [(1, "RETRYING"), (2, "WAITING")]


def test_an_event_that_kills_its_worker_goes_dead_and_others_go_on(committed: Tenant, subscribe: Subscribe) -> None:
    def die(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if event.tenant_name == "poison":
            os._exit(137)
        write(event.tenant_name, delivery)

    name = subscribe(die, TenantSuspended)
    say("good", "poison", "better")

    for _ in range(5):
        connection.close()
        child = os.fork()
        if not child:
            drain_after_a_kill(name)
            os._exit(0)
        os.waitpid(child, 0)
        let_a_second_pass(name)

    assert written() == ["1-good", "3-better"]
    assert parked(name) == [(2, "DEAD")]


@pytest.mark.parametrize("death", [SystemExit, asyncio.CancelledError, SoftTimeLimitExceeded])
def test_an_upcaster_that_ends_or_holds_up_its_process_is_a_killer_too(
    shop: Tenant, subscribe: Subscribe, death: type[BaseException]
) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    say("poison", "good")

    def read(type_name: str, version: int, data: str) -> Any:
        if "poison" in data:
            try:
                raise death
            except Exception as error:
                raise EventUnreadable("an upcaster failed") from error
        return decode(type_name, version, data)

    for _ in range(5):
        subscriber = find_subscriber(name)
        dispatch = Dispatch(subscriber, "north", decode=read)
        with contextlib.suppress(SystemExit, asyncio.CancelledError):
            Drain(subscriber, "north", SilentDoorbells(), budget=PATIENT_SECONDS, dispatch=dispatch).run()
        let_a_second_pass(name)

    assert parked(name) == [(1, "DEAD")]
    assert Subscription.objects.get(subscriber=name).cursor == 2


def test_a_drain_that_has_committed_and_not_ended_yet_is_not_taken_for_killed(
    recorder: Recorder, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = subscribe(recorder.record, TenantSuspended)
    say("a", "b", "c")
    bells = SilentDoorbells()
    committed = Note(run="living", cursor=-1)
    monkeypatch.setattr(bells, "begin", lambda *_arguments: committed)

    Drain(find_subscriber(name), "north", bells, budget=PATIENT_SECONDS).run()

    assert Subscription.objects.values_list("starts", "cursor").get(subscriber=name) == (0, 3)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT isolation FROM events_subscription WHERE tenant_id = 'north' AND subscriber = %s", [name]
        )
        assert cursor.fetchone() == ("",)


def test_drains_that_meet_do_not_count_for_one_another(shop: Tenant, subscribe: Subscribe) -> None:
    name = subscribe(exit_on_poison, TenantSuspended)
    say("poison")
    bells = SilentDoorbells()
    for _ in range(5):
        with contextlib.suppress(SystemExit):
            drain_after_a_kill(name, bells)

    assert Subscription.objects.get(subscriber=name).starts == 1
    assert bells.rung == [name], "they wait for one moment, and ring once for it"
    assert parked(name) == []


def test_a_start_that_an_outage_ended_is_taken_back(shop: Tenant, subscribe: Subscribe) -> None:
    away = True

    def note(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if away:
            raise outage()
        write(event.tenant_name, delivery)

    name = subscribe(note, TenantSuspended)
    say("good")
    for _ in range(OUTAGES_BEFORE_FAILURE - 1):
        with pytest.raises(OperationalError):
            drain_after_a_kill(name)
        assert Subscription.objects.get(subscriber=name).started_position == 1
        assert Subscription.objects.get(subscriber=name).starts == 0
        let_a_second_pass(name)
    away = False
    drain(name)

    assert written() == ["1-good"]
    assert parked(name) == []


def test_a_retrys_start_that_an_outage_ended_is_taken_back(shop: Tenant, subscribe: Subscribe) -> None:
    errors = iter([ValueError(), *[outage() for _ in range(OUTAGES_BEFORE_FAILURE - 1)]])

    def note(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if error := next(errors, None):
            raise error
        write(event.tenant_name, delivery)

    name = subscribe(note, TenantSuspended, backoff=Backoff(base=600))
    say("good")
    drain(name)
    ParkedEvent.objects.filter(subscriber=name).update(next_attempt_at=make.NOW)
    for _ in range(OUTAGES_BEFORE_FAILURE - 1):
        with pytest.raises(OperationalError):
            drain_after_a_kill(name)
        row = ParkedEvent.objects.get(subscriber=name)
        assert (row.state, row.attempts, row.starts) == ("RETRYING", 1, 0)
        assert row.started_at is not None
        let_a_second_pass(name)
    drain(name)

    assert written() == ["1-good"]
    assert parked(name) == []


@contextmanager
def losing_the_lock_after_the_count(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let another drain take the lock between the count of a start and the start."""
    counted: list[bool] = []
    count_at_cursor, count_parked, lock = cursors.count_start, parking.count_start, cursors.lock

    def count(counting: Callable[..., Any], *of: Any) -> Any:
        counted.append(True)
        return counting(*of)

    with monkeypatch.context() as patched:
        patched.setattr(cursors, "count_start", partial(count, count_at_cursor))
        patched.setattr(parking, "count_start", partial(count, count_parked))
        patched.setattr(cursors, "lock", lambda *of: None if counted and counted.pop() else lock(*of))
        yield


def test_a_start_that_another_drain_prevented_is_taken_back(
    shop: Tenant, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, bells = subscribe(exit_on_poison, TenantSuspended), SilentDoorbells()
    say("good")
    for _ in range(4):
        with losing_the_lock_after_the_count(monkeypatch):
            drain_after_a_kill(name, bells)
        subscription = Subscription.objects.get(subscriber=name)
        assert (subscription.started_position, subscription.starts) == (1, 0)
        let_a_second_pass(name)

    drain(name)

    assert bells.rung == [name], "they wait for one moment, and ring once for it"
    assert written() == ["1-good"]


def test_a_start_that_ended_with_a_failure_is_taken_back_when_another_drain_prevents_the_parking(
    recorder: Recorder, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.failing = {"bad": 1}
    name, bells = subscribe(recorder.record, TenantSuspended), SilentDoorbells()
    say("bad")
    lock = cursors.lock
    with monkeypatch.context() as patched:
        patched.setattr(cursors, "lock", lambda *of: None if recorder.calls else lock(*of))
        drain_after_a_kill(name, bells)

    subscription = Subscription.objects.get(subscriber=name)
    assert (subscription.started_position, subscription.starts, parked(name)) == (1, 0, [])


def test_a_retrys_start_that_another_drain_prevented_is_taken_back(
    recorder: Recorder, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.failing = {"bad": 1}
    name = subscribe(recorder.record, TenantSuspended, backoff=Backoff(base=600))
    say("bad")
    drain(name)
    ParkedEvent.objects.filter(subscriber=name).update(next_attempt_at=make.NOW)
    for _ in range(4):
        with losing_the_lock_after_the_count(monkeypatch):
            drain_after_a_kill(name)
        row = ParkedEvent.objects.get(subscriber=name)
        assert (row.state, row.starts) == ("RETRYING", 0)
        assert row.started_at is not None
        let_a_second_pass(name)

    drain(name)

    assert parked(name) == []


@contextmanager
def cut_off_at_the_commit_of_a_count(monkeypatch: pytest.MonkeyPatch, *, made: bool) -> Iterator[None]:
    """Cut the connection while the COMMIT of a counted start is under way, once; it is made or it is not."""
    counted: list[bool] = []
    count_at_cursor, count_parked, begin = cursors.count_start, parking.count_start, unit_of_work.unit_of_work

    def count(counting: Callable[..., Any], *of: Any) -> Any:
        counted.append(True)
        return counting(*of)

    def cut_off_once() -> None:
        if counted == [True]:
            counted.append(False)
            raise OperationalError

    @contextmanager
    def cut_off() -> Iterator[None]:
        with begin():
            yield
            if not made:
                cut_off_once()
        cut_off_once()

    with monkeypatch.context() as patched:
        patched.setattr(cursors, "count_start", partial(count, count_at_cursor))
        patched.setattr(parking, "count_start", partial(count, count_parked))
        patched.setattr(unit_of_work, "unit_of_work", cut_off)
        yield


@pytest.mark.parametrize("made", [True, False])
def test_a_count_whose_commit_is_not_answered_is_taken_back_where_it_was_made(
    shop: Tenant, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch, made: bool
) -> None:
    name = subscribe(exit_on_poison, TenantSuspended)
    say("poison")

    with cut_off_at_the_commit_of_a_count(monkeypatch, made=made), pytest.raises(OperationalError):
        drain_after_a_kill(name)

    subscription = Subscription.objects.get(subscriber=name)
    assert (subscription.started_position, subscription.starts, parked(name)) == (int(made), 0, [])


@pytest.mark.parametrize("made", [True, False])
def test_a_retrys_count_whose_commit_is_not_answered_is_taken_back_where_it_was_made(
    recorder: Recorder, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch, made: bool
) -> None:
    recorder.failing = {"bad": 1}
    name = subscribe(recorder.record, TenantSuspended, backoff=Backoff(base=600))
    say("bad")
    drain(name)
    ParkedEvent.objects.filter(subscriber=name).update(next_attempt_at=make.NOW, starts=1)

    with cut_off_at_the_commit_of_a_count(monkeypatch, made=made), pytest.raises(OperationalError):
        drain_after_a_kill(name)

    row = ParkedEvent.objects.get(subscriber=name)
    assert (row.state, row.attempts, row.starts) == ("RETRYING", 1, 1)


def test_a_start_is_counted_before_the_handler_of_a_suspected_event(shop: Tenant, subscribe: Subscribe) -> None:
    name = subscribe(exit_on_poison, TenantSuspended)
    say("poison", "good")

    kill_until_dead(name)

    assert written() == ["2-good"]


def test_an_event_whose_start_did_not_end_is_set_aside_and_other_streams_go_on_before_it_is_tried_again(
    shop: Tenant, subscribe: Subscribe
) -> None:
    name, bells = subscribe(exit_on_poison, TenantSuspended), SilentDoorbells()
    say("poison", "good")
    with pytest.raises(SystemExit):
        drain_after_a_kill(name)
    let_a_second_pass(name)

    drain_after_a_kill(name, bells)

    row = ParkedEvent.objects.get(subscriber=name)
    assert written() == ["2-good"]
    assert (row.state, row.starts) == ("RETRYING", 1)
    assert "started once without an end" in row.error
    assert bells.rung == [name]


def test_issue10_drains_that_find_a_retry_just_started_ring_once_for_it_and_not_at_once(
    shop: Tenant, subscribe: Subscribe
) -> None:
    name, bells = subscribe(exit_on_poison, TenantSuspended), SilentDoorbells()
    say("poison")
    for _ in range(2):
        with contextlib.suppress(SystemExit):
            drain_after_a_kill(name)
        let_a_second_pass(name)
    with pytest.raises(SystemExit):
        drain_after_a_kill(name)
    for _ in range(4):
        drain_after_a_kill(name, bells)

    assert bells.rung == [name]
    assert ParkedEvent.objects.get(subscriber=name).starts == 2


def test_what_follows_an_event_that_was_set_aside_on_its_stream_waits_for_it(
    shop: Tenant, subscribe: Subscribe
) -> None:
    calls: list[int] = []

    def exit_once(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        calls.append(delivery.envelope.position)
        if calls == [1]:
            raise SystemExit
        write(event.tenant_name, delivery)

    name = subscribe(exit_once, TenantSuspended)
    say("same", "same", "other")
    with pytest.raises(SystemExit):
        drain_after_a_kill(name)
    let_a_second_pass(name)
    drain(name)
    aside = parked(name)
    let_a_second_pass(name)
    drain(name)

    assert aside == [(1, "RETRYING"), (2, "WAITING")]
    assert calls == [1, 3, 1, 2]
    assert parked(name) == []


def test_a_retry_that_kills_its_worker_every_time_goes_dead(shop: Tenant, subscribe: Subscribe) -> None:
    def fail_then_exit(_event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        if delivery.attempt == 1:
            raise ValueError("first")
        raise SystemExit

    name = subscribe(fail_then_exit, TenantSuspended, backoff=SOON)
    say("a")

    kill_until_dead(name)
