from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Payments"

    def ready(self) -> None:
        """:raises ImproperlyConfigured: when CARD_GATEWAY names no class that can be imported."""
        from payments.gateways.gateway import require_gateway

        require_gateway()
