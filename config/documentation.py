"""What the OpenAPI document says of itself, and how its enumerations are named."""

from typing import Any

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Tillflow terminal API",
    "DESCRIPTION": "What a terminal, a back office or an integrator asks of one shop. Errors are RFC 9457 problems.",
    "VERSION": "1.1.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_NAME_OVERRIDES": {
        "Permission": "kernel.permissions.CHOICES",
        "ExceptionKind": "pos.exceptions.models.ExceptionCase.Kind",
        "ReceiptKind": "pos.receipts.models.Receipt.Kind",
        "EndpointState": "integrations.models.WebhookEndpoint.State",
        "DeliveryState": "integrations.models.WebhookDelivery.State",
        "RefundState": "payments.models.PaymentRefund.State",
        "WantedEndpointState": [("ACTIVE", "ACTIVE"), ("PAUSED", "PAUSED")],
    },
}
