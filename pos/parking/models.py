"""Parked orders: a cart that waits, and the device that works on it for a while."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.timezone import localtime

from kernel import limits
from kernel.constraints import Check
from pos.orders.models import Order


class ParkedOrder(models.Model):
    """What is parked of an order in the state PARKED; gone when it is sold or discarded.

    `cart` is what was sent: the lines and discounts, which are priced again when it is sold. A claim is a lease: of one
    device at a time, until it expires.
    """

    order = models.OneToOneField(Order, on_delete=models.PROTECT, primary_key=True, related_name="parked")
    label = models.CharField(max_length=limits.NAME, blank=True, help_text="How people at the till call it")
    cart = models.JSONField(help_text="Lines and discounts, as they were sent")
    parked_at = models.DateTimeField()
    device_id = models.UUIDField(null=True, help_text="Which device parked it")
    staff_id = models.UUIDField(null=True, help_text="Who parked it")
    claimed_by = models.UUIDField(null=True, help_text="Which device works on it")
    claim_expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            Check(
                condition=Q(claimed_by__isnull=True, claim_expires_at__isnull=True)
                | Q(claimed_by__isnull=False, claim_expires_at__isnull=False),
                name="parked_order_claim_expires",
                field="claim_expires_at",
                sentence="A claim expires, and only a claim does.",
            ),
        ]

    def __str__(self) -> str:
        return self.label or f"Parked at {localtime(self.parked_at):%Y-%m-%d %H:%M}"
