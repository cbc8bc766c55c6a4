"""Integrators on the API: endpoints, their secrets and versions, the delivery log, replays."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events import pins
from events.models import WebhookDelivery, WebhookEndpoint
from events.webhooks import deliveries, endpoints
from events.webhooks.queueing import replay_period
from kernel.api.fields import MomentField, PeriodEndField
from kernel.api.pages import Pages
from kernel.api.scopes import WEBHOOKS_WRITE, require_scope


class EndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    class Meta:
        model = WebhookEndpoint
        fields = (
            "id", "url", "description", "types", "pins", "state", "pause_reason", "failing_since", "failures",
            "created_at", "updated_at",
        )  # fmt: skip


class NewEndpointSerializer(serializers.Serializer[Any]):
    url = serializers.URLField(max_length=2000)
    description = serializers.CharField(default="", allow_blank=True, max_length=200)
    types = serializers.ListField(child=serializers.CharField(), default=list, help_text="None for all")
    pins = serializers.DictField(
        child=serializers.IntegerField(min_value=1), default=dict, help_text="Type name → the older version it wants"
    )


class SecretSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="Shown once: whsec_…, as Standard Webhooks has it")


class CreatedEndpointSerializer(EndpointSerializer):
    secret = serializers.CharField(read_only=True)

    class Meta(EndpointSerializer.Meta):
        fields = (*EndpointSerializer.Meta.fields, "secret")  # type: ignore[assignment]


class StateSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=["ACTIVE", "PAUSED"])
    reason = serializers.CharField(default="paused through the API")


class ReplaySerializer(serializers.Serializer[Any]):
    since = MomentField()
    until = PeriodEndField()
    types = serializers.ListField(child=serializers.CharField(), default=list)

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
    version = serializers.IntegerField(allow_null=True, min_value=1, help_text="Null for the newest")


class IntegratorView(APIView):
    permission_classes = [require_scope(WEBHOOKS_WRITE)]


class EndpointsView(IntegratorView):
    @extend_schema(responses=EndpointSerializer(many=True), operation_id="list_webhook_endpoints")
    def get(self, _request: Request) -> Response:
        """List the shop's endpoints."""
        return Response(EndpointSerializer(endpoints.list_endpoints(), many=True).data)

    @extend_schema(
        request=NewEndpointSerializer,
        responses={201: CreatedEndpointSerializer},
        operation_id="create_webhook_endpoint",
    )
    def post(self, request: Request) -> Response:
        """Tell a URL of what happens from now on. The secret is shown in this answer only."""
        asked = NewEndpointSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        endpoint, secret = endpoints.create_endpoint(**asked.validated_data, now=timezone.now())
        return Response({**EndpointSerializer(endpoint).data, "secret": secret}, status=201)


class EndpointView(IntegratorView):
    @extend_schema(responses=EndpointSerializer, operation_id="get_webhook_endpoint")
    def get(self, _request: Request, endpoint_id: UUID) -> Response:
        """Show an endpoint and how it does."""
        return Response(EndpointSerializer(endpoints.find_endpoint(endpoint_id=endpoint_id)).data)

    @extend_schema(request=StateSerializer, responses=EndpointSerializer, operation_id="pause_webhook_endpoint")
    def patch(self, request: Request, endpoint_id: UUID) -> Response:
        """Pause an endpoint, or resume it where it stopped."""
        asked = StateSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        if asked.validated_data["state"] == "PAUSED":
            endpoints.pause_endpoint(endpoint_id=endpoint_id, reason=asked.validated_data["reason"], now=timezone.now())
        else:
            endpoints.resume_endpoint(endpoint_id=endpoint_id, now=timezone.now())
        return Response(EndpointSerializer(endpoints.find_endpoint(endpoint_id=endpoint_id)).data)

    @extend_schema(responses={204: None}, operation_id="delete_webhook_endpoint")
    def delete(self, _request: Request, endpoint_id: UUID) -> Response:
        """Delete an endpoint."""
        endpoints.delete_endpoint(endpoint_id=endpoint_id, now=timezone.now())
        return Response(status=204)


class RotateSecretView(IntegratorView):
    @extend_schema(request=None, responses={201: SecretSerializer}, operation_id="rotate_webhook_secret")
    def post(self, _request: Request, endpoint_id: UUID) -> Response:
        """Make a new secret; for a day every request is signed with the one before as well."""
        secret = endpoints.rotate_secret(endpoint_id=endpoint_id, now=timezone.now())
        return Response({"secret": secret}, status=201)


class TestEndpointView(IntegratorView):
    @extend_schema(request=None, responses={202: DeliverySerializer}, operation_id="test_webhook_endpoint")
    def post(self, _request: Request, endpoint_id: UUID) -> Response:
        """Send a signed test event soon, once. What was answered is told by its delivery, among the endpoint's."""
        queued = deliveries.queue_test(endpoint_id=endpoint_id, now=timezone.now())
        return Response(DeliverySerializer(queued).data, status=202)


class ReplayView(IntegratorView):
    @extend_schema(request=ReplaySerializer, responses={202: ReplayedSerializer}, operation_id="replay_webhooks")
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Send what was recorded in a period once more, under the same event ids."""
        asked = ReplaySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        replay, count = replay_period(endpoint_id=endpoint_id, **asked.validated_data)
        return Response({"replay": replay, "count": count}, status=202)


class NewestFirst(Pages):
    page_size = 50
    ordering = ("-created_at", "-position")


class DeliveriesView(generics.GenericAPIView[WebhookDelivery]):
    permission_classes = [require_scope(WEBHOOKS_WRITE)]
    queryset = WebhookDelivery.objects.none()
    serializer_class = DeliverySerializer
    pagination_class = NewestFirst

    class Query(serializers.Serializer[Any]):
        endpoint = serializers.UUIDField(required=False, default=None)
        state = serializers.CharField(required=False, default="")

    @extend_schema(parameters=[Query], responses=DeliverySerializer(many=True), operation_id="list_webhook_deliveries")
    def get(self, request: Request) -> Response:
        """List what was sent, with every attempt, the newest first."""
        query = self.Query(data=request.query_params)
        query.is_valid(raise_exception=True)
        found = deliveries.deliveries_of(query.validated_data["endpoint"])
        if query.validated_data["state"]:
            found = found.filter(state=query.validated_data["state"].upper())
        return self.get_paginated_response(DeliverySerializer(self.paginate_queryset(found), many=True).data)


class RedeliverView(IntegratorView):
    @extend_schema(request=None, responses={202: None}, operation_id="redeliver_webhook")
    def post(self, _request: Request, delivery_id: UUID) -> Response:
        """Send a delivery again, whatever came of it."""
        deliveries.redeliver(delivery_id=delivery_id, now=timezone.now())
        return Response(status=202)


class SkipView(IntegratorView):
    @extend_schema(request=None, responses={204: None}, operation_id="skip_webhook_delivery")
    def post(self, _request: Request, delivery_id: UUID) -> Response:
        """Give a delivery up, so that those behind it on its stream go on."""
        deliveries.skip(delivery_id=delivery_id)
        return Response(status=204)


class PinsView(IntegratorView):
    @extend_schema(responses=PinSerializer(many=True), operation_id="list_version_pins")
    def get(self, _request: Request) -> Response:
        """List the types that the shop's consumers are served in an older version."""
        return Response([{"type": name, "version": version} for name, version in pins.pins_of_tenant().items()])

    @extend_schema(request=PinSerializer, responses={204: None}, operation_id="pin_version")
    def patch(self, request: Request) -> Response:
        """Serve the shop's feeds, and the endpoints without a pin of their own, an older version of a type."""
        asked = PinSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        pins.pin_version(type_name=asked.validated_data["type"], version=asked.validated_data["version"])
        return Response(status=204)
