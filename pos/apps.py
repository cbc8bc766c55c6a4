from django.apps import AppConfig

from kernel.streams import name_streams_by
from web.places import find_places_with


class PosConfig(AppConfig):
    name = "pos"
    verbose_name = "Point of sale"

    def ready(self) -> None:
        from pos.registers.queries import find_place
        from pos.returns.queries import stream_of_receipt

        find_places_with(find_place)
        name_streams_by(stream_of_receipt)
