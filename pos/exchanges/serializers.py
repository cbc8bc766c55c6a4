"""Exchanges as the API answers them."""

from typing import Any

from rest_framework import serializers

from pos.orders.serializers import OrderSerializer
from pos.returns.serializers import ReturnSerializer
from web.money import MoneyField


class ExchangeSerializer(serializers.Serializer[Any]):
    net = MoneyField(read_only=True, help_text="What the customer pays; below zero: what goes back")
    returned = ReturnSerializer(read_only=True)
    order = OrderSerializer(read_only=True)
