"""What leaves the database: leased, counted before the call, retried with the same key."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from events.maintenance import sweeper
from events.models import Outgoing
from events.outgoing import calls
from events.outgoing.calls import Call, RefusedForGood, State, send, send_later
from events.publishing.errors import NotInUnitOfWork
from events.tasks import send as send_task
from kernel.ids import new_id
from tenants.models import Tenant
from tests.support.sending import FakeSender, wanted
from tests.support.unchanged import nothing_happened


def test_it_is_sent_outside_a_transaction_with_its_key(committed: Tenant, sender: FakeSender) -> None:
    key = new_id()

    assert send(wanted(key).id) is State.DELIVERED

    assert sender.calls == [Call(key=key, attempt=1)]
    assert sender.in_transaction == [False]
    assert sender.recorded == ["taken"]


def test_it_is_not_sent_twice(shop: Tenant, sender: FakeSender) -> None:
    row = wanted()
    send(row.id)

    assert send(row.id) is None
    assert len(sender.calls) == 1


def test_nothing_is_sent_for_a_unit_that_failed(shop: Tenant, sender: FakeSender) -> None:
    with nothing_happened(), pytest.raises(NotInUnitOfWork):
        send_later("tests.fake", new_id())

    assert Outgoing.objects.filter(kind="tests.fake").count() == 0


def test_a_failed_attempt_is_made_again_with_the_same_key(shop: Tenant, sender: FakeSender) -> None:
    sender.errors = [OSError("down"), OSError("down")]
    row = wanted()

    states = [send(row.id) for _ in range(3)]

    assert states == [State.PENDING, State.PENDING, State.DELIVERED]
    assert {call.key for call in sender.calls} == {row.key}
    assert [call.attempt for call in sender.calls] == [1, 2, 3]


def test_without_an_answer_the_state_is_unknown(shop: Tenant, sender: FakeSender) -> None:
    sender.errors = [OSError("down")] * 3
    row = wanted()

    for _ in range(3):
        send(row.id)

    row.refresh_from_db()
    assert row.state == State.UNKNOWN
    assert sender.failures == [State.PENDING, State.PENDING, State.UNKNOWN]
    assert "OSError: down" in row.error


def test_an_error_that_cannot_be_stored_as_it_is_counts_like_any(shop: Tenant, sender: FakeSender) -> None:
    sender.errors = [ValueError("nul \0")]
    row = wanted()

    assert send(row.id) is State.PENDING

    row.refresh_from_db()
    assert row.error == "ValueError: nul \ufffd"


def test_a_refusal_is_final(shop: Tenant, sender: FakeSender) -> None:
    sender.errors = [RefusedForGood("no")]

    assert send(wanted().id) is State.FAILED


def test_a_row_whose_worker_died_is_sent_again_after_its_lease(
    committed: Tenant, sender: FakeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_call: Call) -> str:
        raise KeyboardInterrupt

    row = wanted()
    with monkeypatch.context() as patch:
        patch.setattr(sender, "send", die)
        with pytest.raises(KeyboardInterrupt):
            send(row.id)
    assert send(row.id) is None
    assert sweeper.sweep() == 0

    Outgoing.objects.filter(id=row.id).update(next_attempt_at=timezone.now() - timedelta(seconds=2))

    assert sweeper.sweep() == 1
    assert send_task("north", str(row.id)) == {"tenant": "north", "state": State.DELIVERED}
    assert sender.calls[0].attempt == 2


def test_nobodys_rows_hide_behind_anothers(shop: Tenant, sender: FakeSender) -> None:
    forgotten, card = (waiting_since(timedelta(minutes=1), kind) for kind in ("tests.forgotten", "payments.refund"))
    for _ in range(101):
        waiting_since(timedelta(hours=1), "tests.many")
    Outgoing.objects.filter(kind="tests.many").update(kind=sender.kind)

    found = calls.due(["north"])

    assert [queue for _, _, queue in found].count("mail") == 100
    assert ("north", card, "cards") in found
    assert forgotten not in {row for _, row, _ in found}
    assert calls.due(["south"]) == []


def waiting_since(age: timedelta, kind: str) -> UUID:
    row = wanted()
    Outgoing.objects.filter(id=row.id).update(kind=kind, next_attempt_at=timezone.now() - age)
    return row.id


def overtaken(row: Outgoing) -> Callable[[], State | None]:
    """Let the lease be over, and another worker make the next attempt, while the first one still waits."""

    def send_again() -> State | None:
        Outgoing.objects.filter(id=row.id).update(next_attempt_at=timezone.now())
        return send(row.id)

    return send_again


def test_a_failure_after_the_lease_was_lost_undoes_nothing(shop: Tenant, sender: FakeSender) -> None:
    row = wanted()
    again = overtaken(row)

    def arrive() -> None:
        assert again() is State.DELIVERED
        sender.errors = [OSError("timed out")]

    sender.meanwhile = arrive

    assert send(row.id) is None

    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == (State.DELIVERED, 2, "")
    assert (sender.recorded, sender.failures) == (["taken"], [])


def test_a_success_counts_though_the_lease_was_lost_and_the_next_attempt_failed(
    shop: Tenant, sender: FakeSender
) -> None:
    row = wanted()
    again = overtaken(row)

    def fail_again() -> None:
        sender.errors = [OSError("down")]
        assert again() is State.PENDING

    sender.meanwhile = fail_again

    assert send(row.id) is State.DELIVERED

    assert send(row.id) is None
    assert sender.recorded == ["taken"]


def test_a_call_that_kills_its_worker_is_not_made_for_ever(shop: Tenant, sender: FakeSender) -> None:
    row = wanted()
    Outgoing.objects.filter(id=row.id).update(attempts=3, state=State.SENDING)

    assert send(row.id) is State.UNKNOWN

    row.refresh_from_db()
    assert (sender.calls, sender.failures, row.error) == ([], [State.UNKNOWN], "NeverEnded: ")
