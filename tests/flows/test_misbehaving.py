"""Events whose handlers end their process, or do not end: dead letters, by a real worker's pool."""

from pathlib import Path

from events.maintenance import sweeper
from events.models import ParkedEvent, Subscription
from events.operations.tenant_records import subscribe_tenant
from events.subscribing import subscriber
from events.subscriptions.messages import ROUND
from events.subscriptions.registry import forget_subscriber
from kernel.tenancy import in_public_schema
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support.misbehaving import NAME, misbehave, worker
from tests.support.recording import parked, say, written
from tests.support.task_events import watched
from tests.support.waiting import wait_for


def test_g03_events_that_end_or_hold_up_a_process_of_the_pool_are_dead_letters(
    committed: Tenant, tmp_path: Path
) -> None:
    subscriber(NAME, TenantSuspended)(misbehave)
    subscribe_tenant()
    say("exits", "first", "vanishes", "hangs", "hangs for good", "last")

    def all_is_settled() -> bool:
        with in_public_schema():
            sweeper.sweep()
        tried_again = ParkedEvent.objects.filter(subscriber=NAME, state="RETRYING").exists()
        return Subscription.objects.get(subscriber=NAME).cursor == 6 and not tried_again

    try:
        with watched() as seen, worker(tmp_path) as started:
            wait_for(all_is_settled, seconds=120)
    finally:
        forget_subscriber(NAME)

    assert parked(NAME) == [(1, "DEAD"), (3, "DEAD"), (4, "DEAD"), (5, "DEAD")]
    assert written() == ["2-first", "6-last"]
    assert [len(started[way]) for way in ("exits", "hangs")] == [2, 2]
    assert all(2 <= len(started[way]) <= 3 for way in ("vanishes", "hangs for good"))
    assert started["dead"] <= 8
    rounds = {task.uuid for _, task in seen.tasks_by_type(ROUND)}
    assert any(task.parent_id in rounds for _, task in seen.tasks_by_type(NAME))
    assert any(task.parent_id is None and task.state == "SUCCESS" for _, task in seen.tasks_by_type(NAME))
