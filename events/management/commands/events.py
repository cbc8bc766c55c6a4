"""`manage.py events`: list, lag, pause, resume, retry, discard, repair, recheck, send-again, sweep, canary, …"""

import argparse
import getpass
import time
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from events.contracts import catalogue
from events.maintenance import sweeper
from events.operations import parked, pausing, undelivered
from events.operations.accounts import check_anew, unaccounted_on_the_books
from events.operations.canary import arrivals, hearing, release_canary
from events.operations.repairing import repair
from events.operations.restoring import StillServing, begin_epoch, require_nobody_serves
from events.subscriptions import queries
from events.subscriptions.doorbells import doorbells
from events.subscriptions.registry import known_subscriber
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.refusals import NotFound
from kernel.tenancy import current_tenant, in_public_schema, require_furnished, schema_entered, tenant_statuses

TO_INTEGRATORS = """
Tell integrators:
- Our database was restored from a backup. What happened after the positions above is lost; other events have their
  positions and stream versions from now on.
- Feeds and streams answer cursors from before with 410 cursor-of-another-epoch. Go on with its resume_after, and take
  back what you were given after its withdrawn_after. Cursors are texts from now on: "{number}-17".
- Webhooks and bridges go on by themselves. They may repeat events, under the same ids. An event of a higher `epoch` is
  newer, whatever its position and streamversion."""


class Command(OurCommand):
    help = "Show subscribers and what is pending for them; pause, resume, retry and discard; send again."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="every event type and its subscribers")
        listing.add_argument("--markdown", action="store_true", help="as docs/events.md")
        lag = actions.add_parser("lag", help="what is pending for every subscriber")
        lag.add_argument("--tenant", type=arguments.name, help="only this tenant")
        lag.add_argument("--behind", action="store_true", help="only those with something pending or parked")
        for action in ("pause", "resume", "retry", "discard"):
            acting = actions.add_parser(action)
            acting.add_argument("subscriber", type=arguments.name)
            acting.add_argument("--tenant", type=arguments.name, required=True)
            acting.add_argument("--reason", default="")
            if action in {"retry", "discard"}:
                acting.add_argument("--position", type=arguments.position)
                acting.add_argument("--fingerprint", default="", help="only this kind of error")
        again = actions.add_parser(
            "send-again", help="repeat outgoing calls that are undelivered, or wait for their next attempt"
        )
        again.add_argument("--tenant", type=arguments.name, required=True)
        again.add_argument("--kind", default="", help="only of this kind: payments.charge, notifications.mail, ...")
        again.add_argument("--id", type=UUID, help="only this one, though it was refused for good")
        again.add_argument("--reason", default="")
        repairing = actions.add_parser("repair", help="release parked events that wait for nothing, in order")
        repairing.add_argument("--tenant", type=arguments.name, required=True)
        repairing.add_argument("--subscriber", type=arguments.name, help="only this one's")
        rechecking = actions.add_parser("recheck", help="check the accounts again, after what was wrong is fixed")
        rechecking.add_argument("--tenant", type=arguments.name, required=True, help="only this one's (public: all)")
        epoch = actions.add_parser("new-epoch", help="after a restore from a backup: refuse all earlier cursors")
        epoch.add_argument(
            "--restored-at", type=arguments.moment, help="when that was, if events have been recorded since"
        )
        epoch.add_argument("--reason", required=True, help="for the audit: which backup was restored, and why")
        epoch.add_argument(
            "--while-running", action="store_true", help="though web processes or workers use the database"
        )
        actions.add_parser("sweep", help="ring for all that is pending, now")
        canary = actions.add_parser("canary", help="ask every subscriber of a tenant, or one, whether it is alive")
        canary.add_argument("--tenant", type=arguments.name, required=True)
        canary.add_argument("--subscriber", type=arguments.name)
        canary.add_argument("--seconds", type=arguments.seconds, default=10.0, help="how long to wait for all of them")

    def handle(self, *_arguments: Any, action: str, **options: Any) -> None:
        getattr(self, f"_{action.replace('-', '_')}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        if options["markdown"]:
            self.stdout.write(catalogue.markdown(), ending="")
            return
        for line in catalogue.lines():
            self.stdout.write(line)

    def _lag(self, options: dict[str, Any]) -> None:
        if options["tenant"] is not None:
            require_furnished(options["tenant"])
        with in_public_schema():
            lags = queries.lags()
            unaccounted = unaccounted_on_the_books()
        heading = ("tenant", "subscriber", "cursor", "pending", "oldest s", "retrying", "waiting", "dead", "")
        self.stdout.write("{:<20} {:<40} {:>8} {:>8} {:>9} {:>8} {:>8} {:>6} {}".format(*heading))
        for lag in lags:
            if options["tenant"] not in {None, lag.tenant_id}:
                continue
            if options["behind"] and not (lag.behind or lag.retrying or lag.waiting or lag.dead):
                continue
            self.stdout.write(
                f"{lag.tenant_id:<20} {lag.subscriber:<40} {lag.cursor:>8} {lag.behind:>8} {lag.oldest_seconds:>9.1f} "
                f"{lag.retrying:>8} {lag.waiting:>8} {lag.dead:>6} {_remarks(lag)}"
            )
        self.stdout.write(f"unaccounted={unaccounted}")

    def _pause(self, options: dict[str, Any]) -> None:
        with schema_entered(options["tenant"]):
            pausing.pause_subscription(**self._acting(options), reason=options["reason"])
        self.stdout.write(f"{options['subscriber']} of {options['tenant']} is paused")

    def _resume(self, options: dict[str, Any]) -> None:
        with schema_entered(options["tenant"]):
            pausing.resume_subscription(**self._acting(options), reason=options["reason"])
        self.stdout.write(f"{options['subscriber']} of {options['tenant']} goes on")

    def _retry(self, options: dict[str, Any]) -> None:
        with schema_entered(options["tenant"]):
            count = parked.retry_parked(
                **self._acting(options), position=options["position"], fingerprint=options["fingerprint"]
            )
        self.stdout.write(f"{count} events of {options['subscriber']} are tried again")

    def _discard(self, options: dict[str, Any]) -> None:
        with schema_entered(options["tenant"]):
            count = parked.discard_parked(
                **self._acting(options),
                position=options["position"],
                fingerprint=options["fingerprint"],
                reason=options["reason"],
            )
        self.stdout.write(f"{count} events are discarded for {options['subscriber']}")

    def _send_again(self, options: dict[str, Any]) -> None:
        with schema_entered(options["tenant"]):
            count = undelivered.send_again(
                outgoing_id=options["id"], kind=options["kind"], reason=options["reason"], operator=_operator()
            )
        self.stdout.write(f"{count} calls of {options['tenant']} are sent again")

    def _repair(self, options: dict[str, Any]) -> None:
        if options["subscriber"]:
            self._acting(options)
        with schema_entered(options["tenant"]):
            done = repair(operator=_operator(), subscriber=options["subscriber"] or "")
        for each in done:
            self.stdout.write(
                f"{each.subscriber}: {len(each.released)} events are tried again, {len(each.held_back)} wait"
            )
        if not done:
            self.stdout.write(f"all parked events of {options['tenant']} are in order")

    def _recheck(self, options: dict[str, Any]) -> None:
        with schema_entered(options["tenant"]):
            unaccounted = check_anew()
        if unaccounted:
            message = f"unaccounted={unaccounted}: manage.py verify says which invariant is broken"
            raise CommandError(message)
        self.stdout.write("unaccounted=0")

    def _new_epoch(self, options: dict[str, Any]) -> None:
        if not options["while_running"]:
            _require_nobody_serves()
        begun = begin_epoch(operator=_operator(), reason=options["reason"], restored_at=options["restored_at"])
        self.stdout.write(f"epoch {begun.number} has begun; it shares with the one before:")
        for tenant_id, since in begun.starts.items():
            self.stdout.write(f"{tenant_id:<20} positions up to {since}")
        self.stdout.write(TO_INTEGRATORS.format(number=begun.number))

    def _sweep(self, _options: dict[str, Any]) -> None:
        doorbells.require_broker()
        due, rung = sweeper.sweep_all()
        if rung < due:
            message = f"rang for {rung} of {due}: the broker has stopped answering"
            raise CommandError(message)
        self.stdout.write(f"rang for {rung}")

    def _canary(self, options: dict[str, Any]) -> None:
        if tenant_statuses().get(options["tenant"]) == "SUSPENDED":
            message = f"{options['tenant']} is suspended: its subscribers stand still, and would not apply a canary"
            raise CommandError(message)
        with schema_entered(options["tenant"]):
            if options["subscriber"]:
                _require_canaries_heard_by(options["subscriber"])
            event_id = release_canary()
            deadline = time.monotonic() + options["seconds"]
            while True:
                found = [each for each in arrivals(event_id) if options["subscriber"] in {None, each.subscriber}]
                missing = [each for each in found if each.seconds is None and not each.paused]
                if not missing or time.monotonic() > deadline:
                    break
                time.sleep(0.1)
        for each in found:
            arrived = "paused" if each.paused else "has not arrived"
            took = f"{each.seconds * 1000:9.1f} ms" if each.seconds is not None else f"  {arrived}"
            self.stdout.write(f"{each.subscriber:<44} {took}")
        if missing:
            message = f"{len(missing)} of {len(found)} subscribers did not apply the canary in {options['seconds']} s"
            raise CommandError(message)

    def _acting(self, options: dict[str, Any]) -> dict[str, Any]:
        with schema_entered(options["tenant"]):
            pausing.require_subscriber(subscriber=options["subscriber"])
        return {"subscriber": options["subscriber"], "operator": _operator()}


def _require_canaries_heard_by(subscriber: str) -> None:
    pausing.require_subscriber(subscriber=subscriber)
    if subscriber not in hearing():
        message = f"{subscriber} of {current_tenant()} hears no canaries: manage.py subscribe binds what is declared"
        raise NotFound(message)


def _require_nobody_serves() -> None:
    try:
        require_nobody_serves()
    except StillServing as refusal:
        message = f"{refusal.detail}; --while-running begins an epoch all the same"
        raise CommandError(message) from None


def _remarks(lag: queries.Lag) -> str:
    unknown = "" if known_subscriber(lag.subscriber) else "not in this code"
    return ", ".join(filter(None, ["paused" if lag.paused else "", unknown]))


def _operator() -> str:
    return f"shell:{getpass.getuser()}"
