from django.urls import path

from pos.cash.api import (
    CashMovementsView,
    CloseShiftView,
    CurrentShiftView,
    DrawerListView,
    NoSaleView,
    ShiftListView,
    ShiftView,
    SpotCountsView,
    TenderTypeListView,
    XReportsView,
    XReportView,
    ZReportView,
)
from pos.catalogue.api import (
    CategoryListView,
    ProductArchiveView,
    ProductListView,
    VariantArchiveView,
    VariantListView,
    VariantView,
)
from pos.exceptions.api import DeviceSequenceView, ExceptionListView, ExceptionResolveView
from pos.exchanges.api import ExchangeListView
from pos.finding.api import ReceiptListView
from pos.orders.api import (
    OrderListView,
    OrderReceiptView,
    OrderTendersView,
    OrderView,
    OrderVoidView,
    PriceQuoteView,
)
from pos.parking.api import (
    ParkedOrderClaimView,
    ParkedOrderDiscardView,
    ParkedOrderListView,
    ParkedOrderReleaseView,
    ParkedOrderResumeView,
)
from pos.prices.api import PriceEntryListView, PriceListListView
from pos.quarantine.api import HeldCommandAcceptView, HeldCommandListView, HeldCommandRejectView
from pos.receipts.api import ReceiptDeliveriesView, ReceiptPrintsView, ReceiptView
from pos.refunds.api import RefundListView, RefundReplacementsView, RefundView
from pos.registers.api import HeartbeatView, OwnDeviceView, PairView
from pos.reports.api import ReportView
from pos.returns.api import ReturnListView, ReturnQuoteView, ReturnView
from pos.taxes.api import TaxListView

urlpatterns = [
    path("devices/pair", PairView.as_view()),
    path("devices/self", OwnDeviceView.as_view()),
    path("devices/self/heartbeat", HeartbeatView.as_view()),
    path("products", ProductListView.as_view()),
    path("products/<uuid:product_id>/archive", ProductArchiveView.as_view()),
    path("variants", VariantListView.as_view()),
    path("variants/<uuid:variant_id>", VariantView.as_view()),
    path("categories", CategoryListView.as_view()),
    path("taxes", TaxListView.as_view()),
    path("price-lists", PriceListListView.as_view()),
    path("price-lists/<uuid:price_list_id>/entries", PriceEntryListView.as_view()),
    path("tender-types", TenderTypeListView.as_view()),
    path("variants/<uuid:variant_id>/archive", VariantArchiveView.as_view()),
    path("shifts", ShiftListView.as_view()),
    path("shifts/current", CurrentShiftView.as_view()),
    path("shifts/<uuid:shift_id>", ShiftView.as_view()),
    path("shifts/<uuid:shift_id>/cash-movements", CashMovementsView.as_view()),
    path("shifts/<uuid:shift_id>/no-sale", NoSaleView.as_view()),
    path("shifts/<uuid:shift_id>/spot-counts", SpotCountsView.as_view()),
    path("shifts/<uuid:shift_id>/close", CloseShiftView.as_view()),
    path("shifts/<uuid:shift_id>/x-report", XReportView.as_view()),
    path("shifts/<uuid:shift_id>/x-reports", XReportsView.as_view()),
    path("shifts/<uuid:shift_id>/z-report", ZReportView.as_view()),
    path("drawers", DrawerListView.as_view()),
    path("price-quotes", PriceQuoteView.as_view()),
    path("orders", OrderListView.as_view()),
    path("orders/<uuid:order_id>", OrderView.as_view()),
    path("orders/<uuid:order_id>/tenders", OrderTendersView.as_view()),
    path("orders/<uuid:order_id>/void", OrderVoidView.as_view()),
    path("orders/<uuid:order_id>/receipt", OrderReceiptView.as_view()),
    path("parked-orders", ParkedOrderListView.as_view()),
    path("parked-orders/<uuid:order_id>/claim", ParkedOrderClaimView.as_view()),
    path("parked-orders/<uuid:order_id>/release", ParkedOrderReleaseView.as_view()),
    path("parked-orders/<uuid:order_id>/resume", ParkedOrderResumeView.as_view()),
    path("parked-orders/<uuid:order_id>/discard", ParkedOrderDiscardView.as_view()),
    path("exceptions", ExceptionListView.as_view()),
    path("exceptions/<uuid:exception_id>/resolve", ExceptionResolveView.as_view()),
    path("device-sequence", DeviceSequenceView.as_view()),
    path("held-commands", HeldCommandListView.as_view()),
    path("held-commands/<uuid:command_id>/accept", HeldCommandAcceptView.as_view()),
    path("held-commands/<uuid:command_id>/reject", HeldCommandRejectView.as_view()),
    path("receipts", ReceiptListView.as_view()),
    path("receipts/<uuid:receipt_id>", ReceiptView.as_view()),
    path("receipts/<uuid:receipt_id>/prints", ReceiptPrintsView.as_view()),
    path("receipts/<uuid:receipt_id>/deliveries", ReceiptDeliveriesView.as_view()),
    path("reports/<slug:name>", ReportView.as_view()),
    path("return-quotes", ReturnQuoteView.as_view()),
    path("returns", ReturnListView.as_view()),
    path("returns/<uuid:return_id>", ReturnView.as_view()),
    path("exchanges", ExchangeListView.as_view()),
    path("refunds", RefundListView.as_view()),
    path("refunds/<uuid:refund_id>", RefundView.as_view()),
    path("refunds/<uuid:refund_id>/replacements", RefundReplacementsView.as_view()),
]
