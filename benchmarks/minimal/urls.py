"""One endpoint: an order, its lines and one event row, in one transaction."""

from typing import Any

from django.db import transaction
from django.urls import path
from rest_framework import generics, serializers

from benchmarks.minimal.models import Event, Line, Order


class LineSerializer(serializers.ModelSerializer[Line]):
    class Meta:
        model = Line
        fields = ("sku", "quantity", "unit_price")


class OrderSerializer(serializers.ModelSerializer[Order]):
    id = serializers.UUIDField()
    lines = LineSerializer(many=True)

    class Meta:
        model = Order
        fields = ("id", "occurred_at", "total", "lines")
        read_only_fields = ("total",)

    def create(self, validated_data: dict[str, Any]) -> Order:
        lines = validated_data.pop("lines")
        total = int(sum(line["quantity"] * line["unit_price"] for line in lines))
        with transaction.atomic():
            order = Order.objects.create(total=total, **validated_data)
            Line.objects.bulk_create([Line(order=order, **line) for line in lines])
            Event.objects.create(type="order_completed", data={"order_id": str(order.id), "total": total})
        return order


class OrderView(generics.CreateAPIView[Order]):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer


urlpatterns = [path("orders", OrderView.as_view())]
