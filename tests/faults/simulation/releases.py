"""A rolling deploy: what older and newer code declare, and the release step between them.

The statements are those of `events.subscriptions.bindings`, `events.operations.renaming` and `manage.py subscribe`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any

from django.db import OperationalError

from events.event import EventUnreadable
from events.subscribing import Backoff
from events.subscriptions.bindings import Interval
from events.subscriptions.registry import Subscriber
from tests.faults.simulation.database import Database
from tests.faults.simulation.rows import Rows, SubscriptionRow

if TYPE_CHECKING:
    from tests.faults.simulation.shop import Shop

SOLD, COUNTED, RETURNED, CHECKED = "sold", "counted", "returned", "checked"
RENAMED = {"levels": "shelves"}
CHANGES = ["type added", "subscriber added", "version raised", "subscriber renamed"]
HOLD_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class SeededBackoff(Backoff):
    random: Random

    def delay(self, attempt: int, random: Random | None = None) -> float:
        return self.random.uniform(0, min(self.cap, self.base * 2**attempt))


@dataclass(frozen=True, kw_only=True)
class Release:
    """What one version of the code declares.

    :param versions: the newest version that it knows of each type.
    :param renamed: older names of subscribers with their newer ones.
    """

    subscribers: dict[str, Subscriber]
    versions: dict[str, int]
    renamed: dict[str, str] = field(default_factory=dict)

    def decode(self, type_name: str, version: int, data: str) -> str:
        """:raises EventUnreadable: when the version is newer than this code."""
        if version > self.versions.get(type_name, 0):
            message = f"version {version} of {type_name} is unknown"
            raise EventUnreadable(message)
        return data


def identity(name: str) -> str:
    """Return the name that a subscriber has had from the beginning."""
    return next((before for before, after in RENAMED.items() if after == name), name)


def old_release(shop: "Shop") -> Release:
    declared = [("stock", {SOLD}, {"batch_size": 3}), ("levels", {SOLD, COUNTED}, {"batch": True, "batch_size": 4})]
    return Release(subscribers=_subscribers(shop, declared), versions={SOLD: 1, COUNTED: 1})


def new_release(shop: "Shop", changes: list[str]) -> Release:
    versions, renamed, levels = {SOLD: 1, COUNTED: 1}, {}, "levels"
    stock = {SOLD}
    if "type added" in changes:
        stock.add(RETURNED)
        versions[RETURNED] = 1
    if "version raised" in changes:
        versions[SOLD] = 2
    if "subscriber renamed" in changes:
        renamed, levels = RENAMED, RENAMED["levels"]
    declared: list[tuple[str, set[str], dict[str, Any]]] = [
        ("stock", stock, {"batch_size": 3}),
        (levels, {SOLD, COUNTED}, {"batch": True, "batch_size": 4}),
    ]
    if "subscriber added" in changes:
        declared.append(("audit", {CHECKED, SOLD}, {"batch_size": 3}))
        versions[CHECKED] = 1
    return Release(subscribers=_subscribers(shop, declared), versions=versions, renamed=renamed)


def _subscribers(shop: "Shop", declared: list[tuple[str, set[str], dict[str, Any]]]) -> dict[str, Subscriber]:
    backoff = SeededBackoff(base=0.5, cap=5.0, attempts=4, random=shop.random)
    return {
        name: Subscriber(
            name=name,
            types=frozenset(types),
            backoff=backoff,
            handler=shop.handlers.many(name) if options.get("batch") else shop.handlers.one(name),
            **options,
        )
        for name, types, options in declared
    }


def first_rows(release: Release) -> Rows:
    """Return a tenant's rows before its first event: everyone hears everything."""
    bound = [(name, kind) for name, each in release.subscribers.items() for kind in sorted(each.types)]
    return Rows(
        subscriptions=dict.fromkeys(release.subscribers, SubscriptionRow(cursor=0)),
        bindings={(name, kind, 0): Interval(type=kind, since=0) for name, kind in bound},
    )


class Deploy:
    """Rolls a release out, perhaps back, and out again. May be killed at any statement, and is then begun anew."""

    def __init__(self, shop: "Shop", before: Release, after: Release) -> None:
        self.shop, self.before, self.after = shop, before, after
        self.random, self.world = shop.random, shop.world

    def run(self) -> None:
        self.world.sleep(self.random.uniform(1, 12))
        self._roll(self.after)
        if self.random.random() < 0.5:
            self.world.sleep(self.random.uniform(0, 4))
            self._roll(self.before, unbind=self.random.random() < 0.7)
            self.world.sleep(self.random.uniform(0, 6))
        self.finish()

    def finish(self) -> None:
        self._roll(self.after)

    def _roll(self, release: Release, *, unbind: bool = False) -> None:
        """Do the release step before the new processes serve; after a rollback, its unbinding when they do."""
        shop = self.shop
        if release is self.after:
            self._step(lambda tenant: subscribe(shop, tenant, release))
        shop.release = release
        shop.open_tills(1)
        for process in [process for process in shop.workers if shop.release_of[process] is not release]:
            self.world.sleep(self.random.uniform(0, 2))
            shop.retire(process)
        shop.replace_sweeper()
        if unbind:
            self._step(lambda tenant: unsubscribe(shop, tenant, release))

    def _step(self, work: Callable[[str], None]) -> None:
        for tenant in self.shop.database.tenants:
            while True:
                try:
                    with self.shop.protocol.unit_of_work():
                        work(tenant)
                    break
                except OperationalError:
                    self.world.sleep(0.5)


def subscribe(shop: "Shop", tenant: str, release: Release) -> None:
    """Rename, create what is missing, and bind what is not bound."""
    database = shop.database
    for before, after in release.renamed.items():
        _rename(database, tenant, before, after)
    rows = database.snapshot(tenant)
    wanted = [(name, kind) for name, each in sorted(release.subscribers.items()) for kind in sorted(each.types)]
    missing = [each for each in wanted if not _is_bound(rows, *each)]
    if not missing:
        return
    rows = database.snapshot(tenant)
    for name in sorted({name for name, _kind in missing}):
        if name not in rows.subscriptions:
            database.lock(("subscriptions", tenant, name))
            if name not in database.newest(tenant).subscriptions:
                database.write(tenant, "subscriptions", name, SubscriptionRow(cursor=rows.head, start=rows.head))
    _lock(database, tenant, {name for name, _kind in missing})
    rows = database.snapshot(tenant)
    for name, kind in missing:
        if name in rows.subscriptions and not _is_bound(rows, name, kind):
            since = rows.head if rows.bound(name).intervals else rows.subscriptions[name].start
            database.write(tenant, "bindings", (name, kind, since), Interval(type=kind, since=since))


def unsubscribe(shop: "Shop", tenant: str, release: Release) -> None:
    """End the bindings that this release lacks, at the cursors."""
    database = shop.database
    rows = database.snapshot(tenant)
    lacking = [key for key in rows.bindings if not _declares(release, key[0], key[1])]
    _lock(database, tenant, {name for name, _kind, _since in lacking})
    rows = database.snapshot(tenant)
    for key in lacking:
        interval = rows.bindings[key]
        if interval.until is None and key[0] in rows.subscriptions:
            until = max(interval.since, rows.subscriptions[key[0]].cursor)
            database.write(tenant, "bindings", key, Interval(type=interval.type, since=interval.since, until=until))


def _declares(release: Release, name: str, kind: str) -> bool:
    renamed = any(name == after and before in release.subscribers for before, after in RENAMED.items())
    return renamed or (name in release.subscribers and kind in release.subscribers[name].types)


def _is_bound(rows: Rows, name: str, kind: str) -> bool:
    return any(interval.type == kind and interval.until is None for interval in rows.bound(name).intervals)


def _lock(database: Database, tenant: str, names: set[str]) -> None:
    found = database.snapshot(tenant).subscriptions
    for name in sorted(names & set(found)):
        database.world.step()
        database.lock(("subscriptions", tenant, name))


def _rename(database: Database, tenant: str, before: str, after: str) -> None:
    """Give what one name has to another, under the locks of both.

    :raises LockTimeout: when a drain holds one of them for longer than a moment.
    """
    if before not in database.snapshot(tenant).subscriptions:
        return
    for name in sorted([before, after]):
        if name in database.snapshot(tenant).subscriptions:
            database.lock(("subscriptions", tenant, name), patience=HOLD_SECONDS)
    rows = database.snapshot(tenant)
    if before not in rows.subscriptions:
        return
    _move(database, tenant, before, after)


def _move(database: Database, tenant: str, before: str, after: str) -> None:
    rows = database.snapshot(tenant)
    database.write(tenant, "subscriptions", after, rows.subscriptions[before])
    database.write(tenant, "subscriptions", before, None)
    for (name, kind, since), interval in rows.bindings.items():
        if name == before:
            database.write(tenant, "bindings", (name, kind, since), None)
            database.write(tenant, "bindings", (after, kind, since), interval)
    for row in list(database.snapshot(tenant).parked_of(before)):
        database.change_newest(tenant, "parked", row.id, lambda row: replace(row, subscriber=after))
    for name, position in database.snapshot(tenant).processed:
        if name == before:
            database.write(tenant, "processed", (before, position), None)
            database.write(tenant, "processed", (after, position), True)
    for position, audience in rows.audiences.items():
        if audience == before:
            database.write(tenant, "audiences", position, after)
