"""The release step: before new code serves, its subscribers get their subscriptions and what they hear.

For each tenant one transaction, under the locks of the subscriptions that change: renames, then new subscriptions and
new types, then, after a rollback, the types that this code lacks. It may be repeated, also by two at once.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.utils import timezone
from django_tenants.utils import get_public_schema_name, get_tenant_model

from events.contracts import gate
from events.models import OperatorAction, Subscription
from events.operations.actions import ReasonMissing
from events.operations.removing import end_subscription
from events.operations.renaming import RenameRefused, rename
from events.subscriptions.bindings import bind, unbind
from events.subscriptions.declarations import (
    declared,
    keep_other_releases_away,
    note_release,
    note_rename,
    renamed_names,
)
from events.subscriptions.holding import SubscriptionBusy
from events.subscriptions.leases import LEASE_SECONDS
from events.subscriptions.registry import all_subscribers, known_subscriber, renamed_subscribers
from kernel.refusals import NotFound, Refusal
from kernel.tenancy import in_public_schema
from kernel.text import require_reason_text

PATIENCE_SECONDS = LEASE_SECONDS + 10
PAUSE_SECONDS = 0.5


class StillDeclared(Refusal):
    code = "subscriber-still-declared"
    title = "Subscriber still declared"


class NameTaken(Refusal):
    code = "subscriber-name-taken"
    title = "Subscriber renamed"


class _NotForReal(Exception):
    """A dry run ends here: everything is rolled back."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What the release step is to do.

    :param operator: who runs it, for the record.
    :param dry_run: whether everything is rolled back again.
    :param unbind: whether types that this code lacks are no longer heard.
    :param renames: older names with newer ones, beside those that the subscribers declare.
    :param pause: seconds to wait; called while a subscription is busy.
    """

    operator: str
    dry_run: bool = False
    unbind: bool = False
    renames: dict[str, str] = field(default_factory=dict)
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """:param lines: what was changed, or would be. :param notes: what this code lacks. :param error: why it failed."""

    tenant_id: str
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str = ""


def tenants_to_release() -> list[str]:
    """List the platform and the tenants that are neither closed nor being closed."""
    with in_public_schema():
        open_ = get_tenant_model().objects.exclude(status__in=["CLOSING", "CLOSED"])
        names = open_.order_by("schema_name").values_list("schema_name", flat=True)
        return [get_public_schema_name(), *(name for name in names if name != get_public_schema_name())]


def require_known(renames: dict[str, str]) -> None:
    """:raises NotFound: when no tenant has a subscription under the older name, nor under the newer one."""
    with in_public_schema():
        for before, after in renames.items():
            if not Subscription.objects.filter(subscriber__in=[before, after]).exists():
                message = f"no tenant has a subscription {before!r}, and none was renamed to {after!r}"
                raise NotFound(message)


def release(step: Step, tenants: Sequence[str] | None = None) -> Iterator[Outcome]:
    """Do the release step for some tenants, or for all and those to come; a tenant that fails does not stop the others.

    :raises NameTaken: when this code declares a name that a newer release gave up for another.
    :raises RenameRefused: when it is to rename what this code serves, or to a name that nobody would serve.
    """
    _refuse_unserved_names(step.renames)
    renames = {**renamed_subscribers(), **step.renames}
    with in_public_schema():
        _refuse_old_names(renames)
        if tenants is None and not step.dry_run:
            with transaction.atomic():
                keep_other_releases_away()
                for before, after in renames.items():
                    note_rename(before, after)
                note_release()
    for tenant_id in tenants if tenants is not None else tenants_to_release():
        yield _release(step, tenant_id, renames)


def unsubscribe(
    *, subscriber: str, operator: str, reason: str, tenants: Sequence[str] | None = None
) -> Iterator[Outcome]:
    """End the subscriptions of a subscriber that this code no longer has; what is pending becomes dead letters.

    :raises ReasonMissing: when no reason is given.
    :raises StillDeclared: when this code declares it: the next release step would subscribe it again.
    :raises NotFound: when none of the chosen tenants has such a subscription.
    """
    if not reason.strip():
        raise ReasonMissing("give a reason for discarding what is pending")
    require_reason_text(reason)
    if known_subscriber(subscriber) is not None:
        message = f"this code declares {subscriber}: take its declaration out, then unsubscribe it with that code"
        raise StillDeclared(message)
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id FROM events_subscription WHERE subscriber = %s ORDER BY tenant_id", [subscriber]
        )
        found = [tenant_id for (tenant_id,) in cursor.fetchall() if tenants is None or tenant_id in tenants]
        if not found:
            message = f"there is no subscription {subscriber!r}"
            raise NotFound(message)
    for tenant_id in found:
        yield _try(tenant_id, lambda: _unsubscribe(tenant_id, subscriber, operator, reason), time.sleep)  # noqa: B023


def _refuse_unserved_names(renames: dict[str, str]) -> None:
    """Let no rename take a subscription away from the code that serves it."""
    for before, after in renames.items():
        if known_subscriber(before) is not None:
            message = f"this code declares {before}: nobody would serve what it has under the name {after}"
            raise RenameRefused(message)
        if known_subscriber(after) is None:
            message = f"this code does not declare {after}: nobody would serve what {before} has under that name"
            raise RenameRefused(message)


def _refuse_old_names(renames: dict[str, str]) -> None:
    given_up = renamed_names()
    for each in all_subscribers():
        after = given_up.get(each.name)
        if after is not None and renames.get(after) != each.name:
            message = (
                f"{each.name} was renamed to {after} by a newer release: after a rollback, "
                f"run manage.py subscribe --rename {after}={each.name}"
            )
            raise NameTaken(message)


def _release(step: Step, tenant_id: str, renames: dict[str, str]) -> Outcome:
    return _try(tenant_id, lambda: _release_once(step, tenant_id, renames), step.pause)


def _try(tenant_id: str, act: Callable[[], Outcome], pause: Callable[[float], None]) -> Outcome:
    """Act on one tenant, patiently while a subscription is busy; whatever goes wrong is the outcome's."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except SubscriptionBusy as busy:
            if time.monotonic() >= deadline:
                return Outcome(tenant_id=tenant_id, error=busy.detail)
            pause(PAUSE_SECONDS)
        except Exception as error:  # noqa: BLE001 - the other tenants are to be released all the same
            return Outcome(tenant_id=tenant_id, error=f"{type(error).__name__}: {error}")


def _release_once(step: Step, tenant_id: str, renames: dict[str, str]) -> Outcome:
    lines: list[str] = []
    notes: list[str] = []
    try:
        with in_public_schema(), transaction.atomic():
            if not _keep_open(tenant_id):
                return Outcome(tenant_id=tenant_id)
            lines += _rename(step, tenant_id, renames)
            lines += _bind(tenant_id)
            if step.unbind:
                lines += _unbind(step, tenant_id)
            notes += _lacking(tenant_id)
            if step.dry_run:
                raise _NotForReal
    except _NotForReal:
        pass
    return Outcome(tenant_id=tenant_id, lines=lines, notes=notes)


def _keep_open(tenant_id: str) -> bool:
    """Keep the tenant from being closed until the end of the transaction; False when it is closed already."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        if tenant_id == get_public_schema_name():
            return True
        cursor.execute(
            f"SELECT status FROM {get_tenant_model()._meta.db_table} WHERE schema_name = %s FOR SHARE", [tenant_id]
        )
        row = cursor.fetchone()
    return row is not None and row[0] not in {"CLOSING", "CLOSED"}


def _rename(step: Step, tenant_id: str, renames: dict[str, str]) -> Iterator[str]:
    for before, after in renames.items():
        renamed = rename(tenant_id, before, after)
        if renamed:
            moved = f"with {renamed.processed} processed and {renamed.parked} parked events"
            _record(tenant_id, "rename", after, step.operator, f"was {before}, {moved}")
            yield f"{before} is renamed to {after}, {moved}"


def _bind(tenant_id: str) -> Iterator[str]:
    for change in bind(tenant_id, declared(platform=tenant_id == get_public_schema_name())):
        what = f"hears {change.type} after" if change.type else "is new, and begins after"
        yield f"{change.subscriber} {what} {change.since}"


def _unbind(step: Step, tenant_id: str) -> Iterator[str]:
    for lacking in gate.unknown_types(tenant_id):
        if not unbind(tenant_id, lacking.subscriber, [lacking.type]):
            continue
        lost = f"{lacking.pending} pending events of it will not be heard"
        _record(tenant_id, "unbind", lacking.subscriber, step.operator, f"{lacking.type}: {lost}")
        yield f"{lacking.subscriber} no longer hears {lacking.type}; {lost}"


def _lacking(tenant_id: str) -> Iterator[str]:
    yield from map(str, gate.unknown_types(tenant_id))
    yield from map(str, gate.unknown_subscribers(tenant_id))


def _unsubscribe(tenant_id: str, subscriber: str, operator: str, reason: str) -> Outcome:
    with in_public_schema(), transaction.atomic():
        ended = end_subscription(tenant_id, subscriber, reason)
        _record(
            tenant_id, "unsubscribe", subscriber, operator, f"{reason} ({ended.parked} pending events are dead now)"
        )
    line = f"{subscriber} hears nothing after {ended.cursor}; {ended.parked} pending events are dead letters now"
    return Outcome(tenant_id=tenant_id, lines=[line])


def _record(tenant_id: str, action: str, subscriber: str, operator: str, reason: str) -> None:
    OperatorAction.objects.create(
        tenant_id=tenant_id,
        subscriber=subscriber,
        action=action,
        operator=operator,
        reason=reason,
        acted_at=timezone.now(),
    )
