"""Subscribers of notifications."""

from events.events import SubscriptionPaused, WebhookEndpointPaused
from events.subscribing import Delivery, subscriber
from inventory.events import ProductOutOfStock, StockRanLow
from kernel.money import formatted, written
from notifications import services
from notifications.services import (
    queue_operation_alert,
    queue_receipt,
    queue_refund_alert,
    queue_stock_alert,
    queue_webhook_alert,
)
from payments.events import RefundFailed
from pos.events import ReceiptRequested
from tenants.events import TenantProvisioned


@subscriber("notifications.mail_receipts", ReceiptRequested)
def mail_receipts(event: ReceiptRequested, delivery: Delivery[ReceiptRequested]) -> None:
    queue_receipt(
        event_id=delivery.envelope.event_id,
        order_id=event.order_id,
        recipient=event.recipient,
        receipt=event.receipt,
        text=event.text,
    )


@subscriber("notifications.alert_low_stock", StockRanLow)
def alert_low_stock(event: StockRanLow, delivery: Delivery[StockRanLow]) -> None:
    queue_stock_alert(
        event_id=delivery.envelope.event_id,
        variant_id=event.variant_id,
        subject=f"Running low: {event.sku} {event.title}",
        body=f"{written(event.on_hand)} left of {event.sku} {event.title}, "
        f"the reorder point is {written(event.reorder_point)}.\n",
    )


@subscriber("notifications.alert_out_of_stock", ProductOutOfStock)
def alert_out_of_stock(event: ProductOutOfStock, delivery: Delivery[ProductOutOfStock]) -> None:
    queue_stock_alert(
        event_id=delivery.envelope.event_id,
        variant_id=event.variant_id,
        subject=f"Out of stock: {event.sku} {event.title}",
        body=f"{event.sku} {event.title} is out of stock ({written(event.on_hand)} on hand).\n",
    )


@subscriber("notifications.receive_alerts", TenantProvisioned)
def receive_alerts(event: TenantProvisioned, _delivery: Delivery[TenantProvisioned]) -> None:
    services.receive_alerts(email=event.owner_email, kept_as=f"owner:{event.tenant_uuid}")


@subscriber("notifications.alert_webhook_paused", WebhookEndpointPaused)
def alert_webhook_paused(event: WebhookEndpointPaused, delivery: Delivery[WebhookEndpointPaused]) -> None:
    queue_webhook_alert(
        event_id=delivery.envelope.event_id,
        endpoint_id=event.endpoint_id,
        subject=f"Events are no longer sent to {event.url}",
        body=f"The webhook endpoint {event.url} was paused: {event.reason}.\n"
        "Its events wait until then. Resume it in the admin, or through the API.\n",
    )


@subscriber("notifications.alert_subscription_paused", SubscriptionPaused)
def alert_subscription_paused(event: SubscriptionPaused, delivery: Delivery[SubscriptionPaused]) -> None:
    queue_operation_alert(
        event_id=delivery.envelope.event_id,
        subject=f"Paused: {event.subscriber}",
        body=f"{event.operator} has paused {event.subscriber}: {event.reason}\n"
        "Its events wait until then. Resume it in the admin, under Subscriptions.\n",
    )


@subscriber("notifications.alert_refund_failed", RefundFailed)
def alert_refund_failed(event: RefundFailed, delivery: Delivery[RefundFailed]) -> None:
    amount = formatted(event.amount, event.currency)
    what = f"return {event.return_id}" if event.return_id else f"order {event.order_id}"
    queue_refund_alert(
        event_id=delivery.envelope.event_id,
        refund_id=event.refund_id,
        subject=f"A refund was refused: you owe {amount}",
        body=f"The card gateway refused to give {amount} back for {what}: {event.reason}\n"
        "The customer has not got this money. Pay it at a till in another way, or try the card again.\n"
        f"The admin lists it under Refunds, the API under /api/v1/refunds/{event.refund_id}.\n",
    )
