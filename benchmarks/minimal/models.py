import uuid

from django.db import models


class Order(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    occurred_at = models.DateTimeField()
    total = models.BigIntegerField()


class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    sku = models.CharField(max_length=64)
    quantity = models.DecimalField(max_digits=12, decimal_places=3)
    unit_price = models.BigIntegerField()


class Event(models.Model):
    type = models.TextField()
    data = models.JSONField()
    recorded_at = models.DateTimeField(auto_now_add=True)
