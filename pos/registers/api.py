"""Devices: what they ask about themselves."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.currencies import exponent
from pos.registers.models import Device, Register
from web.operations import operation


class RegisterSerializer(serializers.ModelSerializer[Register]):
    location_id = serializers.UUIDField()
    location = serializers.CharField(source="location.name")
    currency = serializers.CharField(source="location.currency")
    exponent = serializers.SerializerMethodField()
    timezone = serializers.CharField(source="location.timezone")

    class Meta:
        model = Register
        fields = ("id", "code", "name", "location_id", "location", "currency", "exponent", "timezone")

    @extend_schema_field({"type": "integer", "minimum": 0, "maximum": 3})
    def get_exponent(self, register: Register) -> int:
        """How many decimals amounts of the currency have: 2 for EUR, 0 for JPY, 3 for KWD."""
        return exponent(register.location.currency)


class DeviceSerializer(serializers.ModelSerializer[Device]):
    register = RegisterSerializer()

    class Meta:
        model = Device
        fields = ("id", "name", "register")


class OwnDeviceView(APIView):
    @operation("get_own_device", answers=DeviceSerializer)
    def get(self, request: Request) -> Response:
        """Show the device whose token asks, with its register, and how money is written there."""
        device: Any = request.auth
        return Response(DeviceSerializer(device).data)
