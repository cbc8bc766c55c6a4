"""Cash on the API: drawers, shifts, movements, counts and reports."""

from pos.cash.api.cash import CashMovementsView, NoSaleView, SpotCountsView
from pos.cash.api.closing import CloseShiftView, XReportsView, XReportView, ZReportView
from pos.cash.api.shifts import CurrentShiftView, DrawerListView, ShiftListView, ShiftView
from pos.cash.api.tender_types import TenderTypeListView

__all__ = [
    "CashMovementsView",
    "CloseShiftView",
    "CurrentShiftView",
    "DrawerListView",
    "NoSaleView",
    "ShiftListView",
    "ShiftView",
    "SpotCountsView",
    "TenderTypeListView",
    "XReportView",
    "XReportsView",
    "ZReportView",
]
