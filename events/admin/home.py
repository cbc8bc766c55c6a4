"""The card of the admin's home that says whether something waits: what others see may be out of date by it."""

from django.http import HttpRequest
from django.urls import reverse

from events.subscriptions.queries import lags
from kernel.tenancy import in_public
from web.admin.home import Card, home_card

MOST_SHOWN = 10


@home_card(50)
def waiting_events(request: HttpRequest) -> Card | None:
    if in_public() or not request.user.has_perm("events.view_subscription"):
        return None
    found = [lag for lag in lags() if lag.behind or lag.retrying or lag.waiting or lag.dead or lag.paused]
    rows: list[tuple[str, ...]] = [
        (
            lag.subscriber,
            str(lag.behind),
            str(lag.retrying + lag.waiting),
            str(lag.dead),
            "paused" if lag.paused else "",
        )
        for lag in sorted(found, key=lambda lag: (-lag.dead, -lag.behind, lag.subscriber))
    ]
    return Card(
        title="Events that wait",
        figures=[
            ("Not applied yet", str(sum(lag.behind for lag in found))),
            ("Failed, tried again", str(sum(lag.retrying + lag.waiting for lag in found))),
            ("Dead letters", str(sum(lag.dead for lag in found))),
        ],
        heads=("Subscriber", "Waiting", "Failed", "Dead letters", ""),
        rows=rows[:MOST_SHOWN],
        note="Everything that happened is applied.",
        link=(reverse("admin:events_parkedevent_changelist"), "Dead letters"),
    )
