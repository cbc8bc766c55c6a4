"""Integrators on the API: endpoints, their secrets and versions, the delivery log, replays."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.contracts import pins
from events.contracts.pins import PinImpossible
from events.contracts.public_types import TypesUnknown
from events.log.horizon import EventArchived
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.webhooks import deliveries, endpoints
from integrations.webhooks.deliveries import NotSkippable
from integrations.webhooks.endpoints import TooManyEndpoints
from integrations.webhooks.http import UrlRefused
from integrations.webhooks.queueing import ReplayTooLarge, replay_period
from kernel import limits
from kernel.refusals import NotFound
from web.fields import MomentField, PeriodEndField, Several, Text, Url
from web.inputs import Body, Query
from web.operations import operation
from web.pages import Pages
from web.scopes import WEBHOOKS_WRITE, require_scope

LARGEST_VERSION = 10_000


class PinsField(serializers.DictField):
    """At most so many types, each with the number of a version."""

    default_error_messages = {"many": "At most {most} types can be pinned at once."}
    child = serializers.IntegerField(min_value=1, max_value=LARGEST_VERSION)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and len(data) > limits.MOST_TYPES:
            self.fail("many", most=limits.MOST_TYPES)
        return super().to_internal_value(data)


@extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
class PinsShown(serializers.JSONField):
    """Type name → version."""


class EndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    pins = PinsShown(read_only=True)

    class Meta:
        model = WebhookEndpoint
        fields = (
            "id", "url", "description", "types", "pins", "state", "pause_reason", "failing_since", "failures",
            "created_at", "updated_at",
        )  # fmt: skip


class EndpointBody(Body):
    url = Url()
    description = Text(limits.REASON, optional=True)
    types = Several(Text(limits.TYPE_NAME), limits.MOST_TYPES, help_text="None for all")
    pins = PinsField(default=dict, help_text="Type name → the older version it wants")


class SecretSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="Shown once: whsec_…, as Standard Webhooks has it")


class CreatedEndpointSerializer(EndpointSerializer):
    secret = serializers.CharField(read_only=True)

    class Meta(EndpointSerializer.Meta):
        fields = (*EndpointSerializer.Meta.fields, "secret")  # type: ignore[assignment]


class StateBody(Body):
    state = serializers.ChoiceField(choices=["ACTIVE", "PAUSED"])
    reason = Text(limits.LONG_REASON, default="paused through the API")


class ReplayBody(Body):
    since = MomentField()
    until = PeriodEndField()
    types = Several(Text(limits.TYPE_NAME), limits.MOST_TYPES)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["since"] >= attrs["until"]:
            raise serializers.ValidationError("The period ends after it begins.")
        return attrs


class ReplayedSerializer(serializers.Serializer[Any]):
    replay = serializers.CharField()
    count = serializers.IntegerField()


class AttemptSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    attempted_at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    milliseconds = serializers.IntegerField(allow_null=True)
    error = serializers.CharField()
    response = serializers.CharField()


class DeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    tries = AttemptSerializer(many=True)

    class Meta:
        model = WebhookDelivery
        fields = (
            "id", "endpoint_id", "replay", "position", "event_id", "type", "stream", "state", "attempts",
            "next_attempt_at", "delivered_at", "created_at", "tries",
        )  # fmt: skip


class PinSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    version = serializers.IntegerField()


class PinBody(Body):
    type = Text(limits.TYPE_NAME)
    version = serializers.IntegerField(
        allow_null=True, min_value=1, max_value=LARGEST_VERSION, help_text="Null for the newest"
    )


class IntegratorView(APIView):
    permission_classes = [require_scope(WEBHOOKS_WRITE)]


class EndpointsView(IntegratorView):
    @operation("list_webhook_endpoints", answers=EndpointSerializer(many=True))
    def get(self, _request: Request) -> Response:
        """List the shop's endpoints."""
        return Response(EndpointSerializer(endpoints.list_endpoints(), many=True).data)

    @operation(
        "create_webhook_endpoint",
        body=EndpointBody,
        answers={201: CreatedEndpointSerializer},
        refuses=[UrlRefused, TypesUnknown, PinImpossible, TooManyEndpoints],
        example={"url": "https://example.com/hook", "types": ["pos.order_completed"], "description": "Accounting"},
    )
    def post(self, _request: Request, asked: dict[str, Any]) -> Response:
        """Tell a URL of what happens from now on. The secret is shown in this answer only."""
        endpoint, secret = endpoints.create_endpoint(**asked, now=timezone.now())
        return Response({**EndpointSerializer(endpoint).data, "secret": secret}, status=201)


class EndpointView(IntegratorView):
    @operation("get_webhook_endpoint", answers=EndpointSerializer, refuses=[NotFound])
    def get(self, _request: Request, endpoint_id: UUID) -> Response:
        """Show an endpoint and how it does."""
        return Response(EndpointSerializer(endpoints.find_endpoint(endpoint_id=endpoint_id)).data)

    @operation(
        "pause_webhook_endpoint",
        body=StateBody,
        answers=EndpointSerializer,
        refuses=[NotFound],
        example={"state": "PAUSED", "reason": "The receiver moves"},
    )
    def patch(self, _request: Request, asked: dict[str, Any], endpoint_id: UUID) -> Response:
        """Pause an endpoint, or resume it where it stopped."""
        if asked["state"] == "PAUSED":
            endpoints.pause_endpoint(endpoint_id=endpoint_id, reason=asked["reason"], now=timezone.now())
        else:
            endpoints.resume_endpoint(endpoint_id=endpoint_id, now=timezone.now())
        return Response(EndpointSerializer(endpoints.find_endpoint(endpoint_id=endpoint_id)).data)

    @operation("delete_webhook_endpoint", answers={204: None}, refuses=[NotFound])
    def delete(self, _request: Request, endpoint_id: UUID) -> Response:
        """Delete an endpoint."""
        endpoints.delete_endpoint(endpoint_id=endpoint_id, now=timezone.now())
        return Response(status=204)


class RotateSecretView(IntegratorView):
    @operation("rotate_webhook_secret", answers={201: SecretSerializer}, refuses=[NotFound])
    def post(self, _request: Request, endpoint_id: UUID) -> Response:
        """Make a new secret; for a day every request is signed with the one before as well."""
        secret = endpoints.rotate_secret(endpoint_id=endpoint_id, now=timezone.now())
        return Response({"secret": secret}, status=201)


class TestEndpointView(IntegratorView):
    @operation("test_webhook_endpoint", answers={202: DeliverySerializer}, refuses=[NotFound])
    def post(self, _request: Request, endpoint_id: UUID) -> Response:
        """Send a signed test event soon, once. Its delivery, among the endpoint's, shows the answer."""
        queued = deliveries.queue_test(endpoint_id=endpoint_id, now=timezone.now())
        return Response(DeliverySerializer(queued).data, status=202)


class ReplayView(IntegratorView):
    @operation(
        "replay_webhooks",
        body=ReplayBody,
        answers={202: ReplayedSerializer},
        refuses=[NotFound, EventArchived, ReplayTooLarge, TypesUnknown],
        example={"since": "2026-11-23T00:00:00Z", "until": "2026-11-24T00:00:00Z", "types": ["pos.order_completed"]},
    )
    def post(self, _request: Request, asked: dict[str, Any], endpoint_id: UUID) -> Response:
        """Send what was recorded in a period once more, under the same event ids."""
        replay, count = replay_period(endpoint_id=endpoint_id, **asked)
        return Response({"replay": replay, "count": count}, status=202)


class NewestFirst(Pages):
    page_size = 50
    ordering = ("-created_at", "-position")


class DeliveriesQuery(Query):
    renamed = {"endpoint": "endpoint_id"}

    endpoint_id = serializers.UUIDField(required=False, default=None)
    state = serializers.ChoiceField(required=False, choices=WebhookDelivery.State.choices)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value({**data, "state": data["state"].upper()} if "state" in data else data)


class DeliveriesView(generics.GenericAPIView[WebhookDelivery]):
    permission_classes = [require_scope(WEBHOOKS_WRITE)]
    queryset = WebhookDelivery.objects.none()
    serializer_class = DeliverySerializer
    pagination_class = NewestFirst

    @operation("list_webhook_deliveries", query=DeliveriesQuery, answers=DeliverySerializer(many=True), paged=True)
    def get(self, _request: Request, asked: dict[str, Any]) -> Response:
        """List what was sent, with every attempt, the newest first."""
        found = deliveries.deliveries_of(asked["endpoint_id"])
        if "state" in asked:
            found = found.filter(state=asked["state"])
        return self.get_paginated_response(DeliverySerializer(self.paginate_queryset(found), many=True).data)


class RedeliverView(IntegratorView):
    @operation("redeliver_webhook", answers={202: None}, refuses=[NotFound, EventArchived])
    def post(self, _request: Request, delivery_id: UUID) -> Response:
        """Send a delivery again, whatever its outcome was."""
        deliveries.redeliver(delivery_id=delivery_id, now=timezone.now())
        return Response(status=202)


class SkipView(IntegratorView):
    @operation("skip_webhook_delivery", answers={204: None}, refuses=[NotFound, NotSkippable])
    def post(self, _request: Request, delivery_id: UUID) -> Response:
        """Give a delivery up, so that the next ones of its stream go on."""
        deliveries.skip(delivery_id=delivery_id)
        return Response(status=204)


class PinsView(IntegratorView):
    @operation("list_version_pins", answers=PinSerializer(many=True))
    def get(self, _request: Request) -> Response:
        """List the types that the shop's consumers are served in an older version."""
        return Response([{"type": name, "version": version} for name, version in pins.pins_of_tenant().items()])

    @operation(
        "pin_version",
        body=PinBody,
        answers={204: None},
        refuses=[PinImpossible],
        example={"type": "pos.return_completed", "version": 1},
    )
    def patch(self, _request: Request, asked: dict[str, Any]) -> Response:
        """Serve the shop's feeds, and the endpoints without a separate pin, an older version of a type."""
        pins.pin_version(type_name=asked["type"], version=asked["version"])
        return Response(status=204)
