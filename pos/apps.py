from django.apps import AppConfig

from kernel.streams import name_streams_by


class PosConfig(AppConfig):
    name = "pos"
    verbose_name = "Point of sale"

    def ready(self) -> None:
        from pos.returns.queries import stream_of_receipt

        name_streams_by(stream_of_receipt)
