"""Devices: paired by a code, and what they say of themselves."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.log.causes import acting_as
from kernel import limits
from kernel.currencies import exponent
from pos.registers.models import Device, Register
from pos.registers.queries import find_device, has_staff
from pos.registers.services import PairingCodeInvalid, note_device, pair_by_code
from web.fields import ReportedMomentField, Text
from web.inputs import Body
from web.operations import operation
from web.terminal import Anyone, Terminal
from web.throttles import PairingThrottle


class PairBody(Body):
    code = Text(limits.CODE, help_text="As the admin shows it: `7K2M-9QXR-4T8W`")
    app_version = Text(limits.SHORT_CODE, optional=True)


class HeartbeatBody(Body):
    app_version = Text(limits.SHORT_CODE, optional=True)
    clock = ReportedMomentField(
        required=False,
        default=None,
        allow_null=True,
        help_text="RFC 3339 with an offset: what the device's clock shows",
    )


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
    needs_staff = serializers.SerializerMethodField()

    class Meta:
        model = Device
        fields = (
            "id", "name", "register", "needs_staff", "paired_at", "last_used_at", "expires_at", "app_version",
            "clock_offset_ms",
        )  # fmt: skip

    def get_needs_staff(self, _device: Device) -> bool:
        """Whether the shop has staff, so that somebody signs in before anything is sold."""
        return has_staff()


class PairedSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="Shown once: send it as Authorization: Bearer")
    device = DeviceSerializer()


class BeatSerializer(serializers.Serializer[Any]):
    device = DeviceSerializer()
    server_time = serializers.DateTimeField()


class PairView(APIView):
    authentication_classes = ()
    permission_classes = (Anyone,)
    throttle_classes = (PairingThrottle,)

    @operation(
        "pair_device",
        body=PairBody,
        answers={201: PairedSerializer},
        refuses=[PairingCodeInvalid],
        example={"code": "7K2M-9QXR-4T8W", "app_version": "1.4.0"},
    )
    def post(self, _request: Request, asked: dict[str, Any]) -> Response:
        """Pair a device with the register for which the code was made in the admin, once and within five minutes."""
        with acting_as("pairing code"):
            device, token = pair_by_code(code=asked["code"], app_version=asked["app_version"], now=timezone.now())
        shown = {"token": token, "device": find_device(device.id)}
        return Response(PairedSerializer(shown).data, status=201, headers={"Cache-Control": "no-store"})


class OwnDeviceView(APIView):
    @operation("get_own_device", answers=DeviceSerializer)
    def get(self, request: Request) -> Response:
        """Show the device whose token asks, with its register."""
        return Response(DeviceSerializer(find_device(_own(request).device_id)).data)


class HeartbeatView(APIView):
    @operation(
        "report_device",
        body=HeartbeatBody,
        answers={200: BeatSerializer},
        without_staff=True,
        example={"app_version": "1.4.0", "clock": "2026-11-23T12:00:00.250Z"},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Take down the device's version and how far its clock is from ours; answer the time."""
        now = timezone.now()
        device = note_device(
            device_id=_own(request).device_id, app_version=asked["app_version"], clock=asked["clock"], now=now
        )
        return Response(BeatSerializer({"device": device, "server_time": now}).data)


def _own(request: Request) -> Terminal:
    """Return the terminal that asks. Keys have no scope for these operations."""
    terminal = request.user
    assert isinstance(terminal, Terminal)
    return terminal
