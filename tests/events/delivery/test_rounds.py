"""Rounds: all of a queue in turn, nobody held up by a neighbour, nothing left that the round's bell has rung for."""

import sys
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError

from events.delivery.bells import BellsInRound
from events.delivery.drain import Drain
from events.delivery.rhythm import BETWEEN_SECONDS, Rhythm
from events.delivery.round import Drained, Round
from events.models import ParkedEvent, Subscription
from events.publishing.publish import publish
from events.subscribing import Backoff, Delivery
from events.subscriptions.cursors import Isolation, Suspicion, isolate
from events.subscriptions.notes import Note
from events.subscriptions.registry import Subscriber, find_subscriber
from events.testing.doorbells import SilentDoorbells
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.outages import outage
from tests.support.racing import in_thread
from tests.support.recording import Recorder, Subscribe, say, write, written


class Bells(SilentDoorbells):
    def ring_later(self, _tenant_id: str, subscriber: Subscriber, *, countdown: float) -> None:
        assert countdown >= 0
        self.rung.append(f"{subscriber.name} later")


def in_round(bells: Bells, *names: str, **options: Any) -> list[tuple[str, int]]:
    return [(each.subscriber, each.handled) for each in round_of(bells, *names, **options)]


def round_of(bells: Bells, *names: str, **options: Any) -> list[Drained]:
    def drain(subscriber: Subscriber, bells: BellsInRound, store: Any, budget: float) -> Drain:
        patient = {"clock": options["clock"]} if "clock" in options else {}
        return Drain(subscriber, "north", bells, store=store, looks_again=False, budget=budget, **patient)

    options = {"is_slow": lambda _subscriber: False, **options}
    return Round("north", "events", [find_subscriber(name) for name in names], bells, drain, **options).run()


def nothing(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
    """Handle an event."""


def test_a_round_drains_those_that_have_news_and_silences_its_bell_before_its_last_look(
    recorder: Recorder, subscribe: Subscribe
) -> None:
    first, second = subscribe(recorder.record, TenantSuspended), subscribe(nothing, TenantSuspended)
    idle = subscribe(nothing, TenantReactivated)
    bells, looks = Bells(), []
    say("a", "b")

    class Watching(Round):
        def _look(self) -> Any:
            looks.append(list(bells.bell))
            return super()._look()

        def _look_again(self) -> Any:
            looks.append(list(bells.bell))
            return super()._look_again()

    drained = Watching(
        "north",
        "events",
        [find_subscriber(name) for name in (first, idle, second)],
        bells,
        lambda subscriber, bells, store, budget: Drain(
            subscriber, "north", bells, store=store, looks_again=False, budget=budget
        ),
    ).run()

    assert [(each.subscriber, each.handled) for each in drained] == [(first, 2), (second, 2)]
    assert (looks, bells.bell) == ([["rings"], ["rings", "silent"]], ["rings", "silent"])
    assert bells.rung == []
    assert Subscription.objects.get(subscriber=idle).cursor == 0


def test_effects_of_effects_are_drained_in_the_same_round(shop: Tenant, subscribe: Subscribe) -> None:
    def answer(event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        publish(TenantReactivated(tenant_uuid=event.tenant_uuid, tenant_name="back"))

    heard = subscribe(nothing, TenantReactivated)
    name = subscribe(answer, TenantSuspended)
    bells = Bells()
    say("a")

    assert in_round(bells, heard, name, clock=lambda: 0.0) == [(name, 1), (heard, 1)]
    assert bells.bell == ["rings", "silent", "rings", "silent"]


def test_one_that_fails_holds_up_no_neighbour_and_is_rung_for_alone_when_its_retry_is_due(
    recorder: Recorder, subscribe: Subscribe
) -> None:
    def fail(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        raise ValueError("no")

    once = Backoff(base=60.0, attempts=3)
    failing, well = subscribe(fail, TenantSuspended, backoff=once), subscribe(recorder.record, TenantSuspended)
    bells = Bells()
    say("a")

    assert in_round(bells, failing, well) == [(failing, 0), (well, 1)]
    assert bells.rung == [f"{failing} later"]

    say("b")
    ParkedEvent.objects.filter(subscriber=failing).update(next_attempt_at=make.NOW)
    assert in_round(bells, failing, well) == [(well, 1)]
    assert set(bells.rung[1:]) == {failing}
    assert ParkedEvent.objects.get(subscriber=failing).attempts == 1


def test_one_whose_drain_may_have_died_is_left_to_its_own_task(shop: Tenant, subscribe: Subscribe) -> None:
    died, ending, careful, well = (subscribe(nothing, TenantSuspended) for _ in range(4))
    bells = Bells()
    bells.notes = {died: Note(run="other", cursor=0), ending: Note(run="other", cursor=-1)}
    say("a")
    isolate("north", careful, Isolation(until=1, suspicion=Suspicion.KILLS))

    assert in_round(bells, died, ending, careful, well) == [(ending, 1), (well, 1)]
    assert set(bells.rung) == {died, careful}


def test_one_that_is_far_behind_or_slow_is_left_to_its_own_task(shop: Tenant, subscribe: Subscribe) -> None:
    far, slow, well = (subscribe(nothing, TenantSuspended) for _ in range(3))
    bells = Bells()
    bells.behind = {far}
    say("a")

    drained = in_round(bells, far, slow, well, is_slow=lambda subscriber: subscriber.name == slow)

    assert drained == [(well, 1)]
    assert set(bells.rung) == {far, slow}


def test_what_is_left_by_a_round_is_rung_for_by_its_last_look(recorder: Recorder, subscribe: Subscribe) -> None:
    """Its own drain may have ended before an event was committed for which only this round's bell has rung."""

    def say_more(event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        if event.tenant_name == "a":
            publish(TenantSuspended(tenant_uuid=event.tenant_uuid, tenant_name="b"))

    name, other = subscribe(recorder.record, TenantSuspended), subscribe(say_more, TenantSuspended)
    bells = Bells()
    bells.behind = {name}
    say("a")

    assert in_round(bells, name, other) == [(other, 1), (other, 1)]
    assert bells.rung == [name, name]


def test_one_that_has_more_to_do_than_its_share_goes_to_the_backlog_and_the_others_get_the_next_round(
    recorder: Recorder, subscribe: Subscribe
) -> None:
    ticks = count()

    def take_long(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        for _ in range(1000):
            next(ticks)

    greedy = subscribe(take_long, TenantSuspended, batch_size=1)
    patient = subscribe(recorder.record, TenantSuspended)
    bells = Bells()
    say("a", "b", "c")
    clock = lambda: next(ticks) / 1000  # noqa: E731

    assert in_round(bells, greedy, patient, clock=clock) == [(greedy, 1)]
    assert (bells.rung, bells.behind, bells.bell[-1]) == ([greedy], {greedy}, "rings for 0.000")
    assert in_round(bells, greedy, patient, clock=lambda: 0.0) == [(patient, 3)]


def test_an_outage_of_one_is_tried_again_alone_and_of_two_is_everybodys(
    recorder: Recorder, subscribe: Subscribe
) -> None:
    def deadlock(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        raise outage("40P01")

    one, two = (subscribe(deadlock, TenantSuspended) for _ in range(2))
    well = subscribe(recorder.record, TenantSuspended)
    bells = Bells()
    say("a")

    drained = round_of(bells, one, well)
    assert [(each.subscriber, each.handled, bool(each.failed)) for each in drained] == [
        (one, 0, True),
        (well, 1, False),
    ]
    assert bells.rung == [one]

    with pytest.raises(OperationalError):
        in_round(bells, one, two)
    assert bells.bell[-1] == "silent"


def test_who_has_waited_longest_is_drained_first(shop: Tenant, subscribe: Subscribe) -> None:
    now, handled = [0.0], dict[str, int]()

    def slowly(_deliveries: list[Delivery[TenantSuspended]]) -> None:
        now[0] += 0.07

    names = [subscribe(slowly, TenantSuspended, batch=True) for _ in range(4)]
    for _round in range(8):
        say("a")
        for name, number in in_round(Bells(), *names, clock=lambda: now[0]):
            handled[name] = handled.get(name, 0) + number

    assert set(handled) == set(names)
    assert min(handled.values()) >= 6


def test_one_whose_outage_takes_the_whole_round_is_tried_again_in_the_backlog(
    recorder: Recorder, subscribe: Subscribe
) -> None:
    now, tried = [0.0], []

    def deadlock(event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        tried.append(event)
        now[0] += 1
        raise outage("40P01")

    harmed, well = subscribe(deadlock, TenantSuspended), subscribe(recorder.record, TenantSuspended)
    bells = Bells()
    say("a", "b")

    assert in_round(bells, harmed, well, clock=lambda: now[0]) == [(harmed, 0)]
    assert (bells.rung, bells.behind, bells.bell) == ([harmed], {harmed}, ["rings", "rings for 0.000"])
    assert in_round(bells, harmed, well, clock=lambda: now[0]) == [(well, 2)]
    assert len(tried) == 1


def test_a_handler_that_exits_ends_its_drain_and_not_the_round(recorder: Recorder, subscribe: Subscribe) -> None:
    def leave(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        sys.exit(3)

    leaving, well = subscribe(leave, TenantSuspended), subscribe(recorder.record, TenantSuspended)
    bells = Bells()
    say("a")

    drained = round_of(bells, leaving, well)

    assert [(each.subscriber, each.failed) for each in drained] == [(leaving, "SystemExit: 3"), (well, "")]
    assert f"{leaving} later" in bells.rung
    assert Subscription.objects.get(subscriber=leaving).starts == 1


def test_a_handler_that_is_interrupted_ends_the_round_once_the_time_is_over(
    recorder: Recorder, subscribe: Subscribe
) -> None:
    now = [0.0]

    def hang(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        now[0] += 30
        raise SoftTimeLimitExceeded

    hanging, well = subscribe(hang, TenantSuspended), subscribe(recorder.record, TenantSuspended)
    bells = Bells()
    say("a")

    assert in_round(bells, hanging, well, clock=lambda: now[0]) == [(hanging, 0)]
    assert bells.bell == ["rings", "rings for 0.000"]
    assert written() == []


def test_an_error_of_the_drain_itself_is_seen_and_the_others_are_drained(
    recorder: Recorder, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, well = subscribe(nothing, TenantSuspended), subscribe(recorder.record, TenantSuspended)
    bells = Bells()
    run = Drain.run

    def run_or_fail(drain: Drain) -> int:
        if drain.subscriber.name == broken:
            raise RuntimeError("a defect")
        return run(drain)

    monkeypatch.setattr(Drain, "run", run_or_fail)
    say("a")

    drained = round_of(bells, broken, well)

    assert [(each.subscriber, each.failed) for each in drained] == [(broken, "RuntimeError: a defect"), (well, "")]
    assert bells.rung == [broken]


def test_one_on_which_another_drain_works_is_rung_for_alone(committed: Tenant, subscribe: Subscribe) -> None:
    busy, well = subscribe(nothing, TenantSuspended), subscribe(nothing, TenantSuspended)
    bells = Bells()
    say("a")

    def hold(_event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        in_thread(committed, lambda: drained.extend(in_round(bells, busy, well))).join(30)

    drained: list[tuple[str, int]] = []
    holding = Drain(replace(find_subscriber(busy), handler=hold), "north", SilentDoorbells())
    holding.run()

    assert drained == [(busy, 0), (well, 1)]
    assert bells.rung == [busy]


@pytest.mark.parametrize(
    ("events", "interval", "waits"),
    [(1, None, 0.0), (6, None, 0.0), (7, None, 0.045), (3, 0.01, 0.0), (4, 0.01, 0.045), (6, 0.05, 0.0)],
)
def test_only_a_busy_shop_waits_for_more(events: int, interval: float | None, waits: float) -> None:
    rhythm = Rhythm(put_off_by=None if interval is None else 100.0 - interval)

    rhythm.look(100.0)

    assert rhythm.wait(events, 100.0 + 0.005) == pytest.approx(waits)
    assert rhythm.wait(events, 100.0 + 0.005, spent=True) == pytest.approx(0.045)
    assert rhythm.wait(events, 100.0 + 2 * BETWEEN_SECONDS) == 0.0


def test_a_busy_round_gives_its_slot_back_while_its_bell_rings(shop: Tenant, subscribe: Subscribe) -> None:
    name = subscribe(nothing, TenantSuspended)
    bells = Bells()
    bells.put_off_by = 99.95
    say(*"abcdefgh")

    assert in_round(bells, name, now=lambda: 100.0, clock=lambda: 0.0) == [(name, 8)]
    assert bells.bell == ["rings", f"rings for {BETWEEN_SECONDS:.3f}"]


def test_an_event_that_a_round_does_not_hear_of_is_written_nowhere(recorder: Recorder, subscribe: Subscribe) -> None:
    bells = Bells()

    assert in_round(bells) == []
    assert in_round(bells, subscribe(recorder.record, TenantSuspended)) == []
    assert bells.bell == ["rings", "silent"] * 2
    assert written() == []


def test_a_handler_writes_in_a_round_what_it_writes_alone(shop: Tenant, subscribe: Subscribe) -> None:
    def note(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        write(event.tenant_name, delivery)

    name = subscribe(note, TenantSuspended, batch_size=1)
    say("a", "b", "c")

    assert in_round(Bells(), name) == [(name, 3)]
    assert written() == ["1-a", "2-b", "3-c"]
