"""What an operator may not do for a subscription that no longer hears the event: nothing would apply it."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from events import event
from events.models import Binding, Event, ParkedEvent
from events.operations import pausing
from events.operations.copies import CopyInvalid
from events.operations.dead_letters import letters
from events.operations.parked import HearsNothing, publish_edited_copy, retry_parked
from events.subscriptions.bindings import unbind
from events.subscriptions.registry import CANARY, Backoff
from events.testing.work import drain
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support.recording import Recorder, Subscribe, parked, say, written
from tests.support.releases import REACTIVATED, SUSPENDED, declares, release
from tests.support.terminal import Terminal
from tests.support.unchanged import SESSION, nothing_happened


@pytest.fixture
def failed(shop: Tenant, subscribe: Subscribe, recorder: Recorder) -> str:
    """A subscriber of two types that could not apply position 1."""
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, TenantReactivated, backoff=Backoff(attempts=1))
    say("bad")
    drain(name)
    recorder.failing = {}
    return name


@pytest.fixture
def ended(failed: str) -> Iterator[str]:
    """The same subscriber, which the code has no more, ended."""
    with release(without=failed):
        call_command("unsubscribe", failed, "--reason", "gone", stdout=StringIO())
        yield failed


def copied(name: str) -> None:
    (letter,) = letters(subscriber=name)
    publish_edited_copy(subscriber=name, position=1, data=letter.data, operator="user:ada", reason="r")


def test_a_copy_of_a_type_that_is_no_longer_heard_is_refused_and_the_event_stays(
    failed: str, recorder: Recorder
) -> None:
    with release(declares(failed, recorder.record, TenantReactivated)):
        call_command("subscribe", "--unbind", stdout=StringIO())

        with nothing_happened(), pytest.raises(CopyInvalid, match=f"{failed} of north no longer hears {SUSPENDED}"):
            copied(failed)

    assert parked(failed) == [(1, "DEAD")]
    assert Event.objects.count() == 1


def test_a_copy_for_an_ended_subscription_that_the_code_declares_again_is_refused(failed: str) -> None:
    with release(without=failed):
        call_command("unsubscribe", failed, "--reason", "gone", stdout=StringIO())

    with nothing_happened(), pytest.raises(CopyInvalid, match="no longer hears"):
        copied(failed)

    assert parked(failed) == [(1, "DEAD")]


def test_a_copy_of_a_type_that_is_bound_again_is_heard(failed: str) -> None:
    unbind("north", failed, [SUSPENDED])
    call_command("subscribe", stdout=StringIO())

    copied(failed)
    drain(failed)

    assert (parked(failed), written()) == ([(1, "DISCARDED")], ["2-bad"])


def test_a_copy_for_a_paused_subscription_waits_until_it_goes_on(failed: str) -> None:
    acting = {"subscriber": failed, "operator": "user:ada", "reason": "r"}
    pausing.pause_subscription(**acting)
    copied(failed)
    pausing.resume_subscription(**acting)
    while drain(failed):
        pass

    assert written()[0].endswith("-bad")


def test_a_copy_of_a_type_that_the_code_lacks_is_refused(failed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(event._types, SUSPENDED)

    with nothing_happened(), pytest.raises(CopyInvalid, match=f"no event type {SUSPENDED}"):
        publish_edited_copy(subscriber=failed, position=1, data={}, operator="user:ada", reason="r")


def test_a_retry_for_an_ended_subscription_is_refused_wherever_it_is_asked_for(
    ended: str, operator: Terminal, owner: Client
) -> None:
    letter = ParkedEvent.objects.get(subscriber=ended)
    with (
        nothing_happened(),
        pytest.raises(CommandError, match=f"{ended} of north hears nothing any more.*discard them"),
    ):
        call_command("events", "retry", ended, "--tenant", "north", stdout=StringIO())
    with nothing_happened(but=SESSION):
        answer = operator.post("/dead-letters/retry", {"subscriber": ended, "position": 1})
        page = owner.post(f"/admin/events/parkedevent/{letter.pk}/dry-run/", {"action": "retry"}, follow=True)
        listed = owner.post(
            "/admin/events/parkedevent/", {"action": "retry", "_selected_action": [str(letter.pk)]}, follow=True
        )

    assert (answer.status_code, answer.json()["code"]) == (409, "subscription-hears-nothing")
    assert "hears nothing any more" in page.content.decode()
    assert "hears nothing any more" in listed.content.decode()


def test_a_retry_for_a_subscription_that_was_never_bound_or_lost_every_type_is_refused(failed: str) -> None:
    unbind("north", failed, [SUSPENDED, REACTIVATED, CANARY])
    with nothing_happened(), pytest.raises(HearsNothing):
        retry_parked(subscriber=failed, operator="user:ada")
    Binding.objects.filter(subscriber=failed).delete()
    with nothing_happened(), pytest.raises(HearsNothing):
        retry_parked(subscriber=failed, operator="user:ada")

    assert parked(failed) == [(1, "DEAD")]


def test_a_retry_for_a_subscription_that_still_hears_something_is_made(failed: str) -> None:
    unbind("north", failed, [REACTIVATED])

    assert retry_parked(subscriber=failed, operator="user:ada") == 1
    drain(failed)

    assert (parked(failed), written()) == ([], ["1-bad"])
