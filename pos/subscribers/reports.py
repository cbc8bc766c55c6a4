"""The subscriber that keeps the figures of reports."""

from collections.abc import Sequence

from events.subscribing import Delivery, subscriber
from pos.events import (
    OrderCompleted,
    OrderPlaced,
    OrderVoided,
    RefundRefused,
    RefundReplaced,
    ReturnCompleted,
    ShiftClosed,
    TendersAdded,
)
from pos.reports import services
from pos.reports.figures import Told, figures_of
from pos.reports.queries import KEEPS_FIGURES


@subscriber(
    KEEPS_FIGURES,
    OrderPlaced,
    TendersAdded,
    OrderCompleted,
    ReturnCompleted,
    OrderVoided,
    RefundReplaced,
    RefundRefused,
    ShiftClosed,
    batch=True,
    batch_size=500,
    from_beginning=True,
    projection=("pos_reportfigure",),
)
def keep_report_figures(deliveries: Sequence[Delivery[Told]]) -> None:
    services.keep_figures(
        figures=[figure for delivery in deliveries for figure in figures_of(delivery.event, delivery.envelope.position)]
    )
