from django.urls import path

from pos.cash.api import CurrentShiftView, ShiftListView, TenderTypeListView
from pos.catalogue.api import (
    CategoryListView,
    ProductArchiveView,
    ProductListView,
    TaxListView,
    VariantArchiveView,
    VariantListView,
    VariantView,
)
from pos.orders.api import (
    OrderListView,
    OrderReceiptView,
    OrderTendersView,
    OrderView,
    OrderVoidView,
    PriceQuoteView,
)
from pos.receipts.api import ReceiptDeliveriesView, ReceiptPrintsView, ReceiptView
from pos.registers.api import HeartbeatView, OwnDeviceView, PairView
from pos.reports.api import ReportView
from pos.returns.api import ReturnListView, ReturnView

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
    path("tender-types", TenderTypeListView.as_view()),
    path("variants/<uuid:variant_id>/archive", VariantArchiveView.as_view()),
    path("shifts", ShiftListView.as_view()),
    path("shifts/current", CurrentShiftView.as_view()),
    path("price-quotes", PriceQuoteView.as_view()),
    path("orders", OrderListView.as_view()),
    path("orders/<uuid:order_id>", OrderView.as_view()),
    path("orders/<uuid:order_id>/tenders", OrderTendersView.as_view()),
    path("orders/<uuid:order_id>/void", OrderVoidView.as_view()),
    path("orders/<uuid:order_id>/receipt", OrderReceiptView.as_view()),
    path("receipts/<uuid:receipt_id>", ReceiptView.as_view()),
    path("receipts/<uuid:receipt_id>/prints", ReceiptPrintsView.as_view()),
    path("receipts/<uuid:receipt_id>/deliveries", ReceiptDeliveriesView.as_view()),
    path("reports/<slug:name>", ReportView.as_view()),
    path("returns", ReturnListView.as_view()),
    path("returns/<uuid:return_id>", ReturnView.as_view()),
]
