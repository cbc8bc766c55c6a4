from django.apps import AppConfig

from kernel.streams import name_streams_by
from web.goods import find_goods_with
from web.places import find_places_with, list_places_with


class PosConfig(AppConfig):
    name = "pos"
    verbose_name = "Point of sale"

    def ready(self) -> None:
        from pos.catalogue.naming import find_named
        from pos.prices.queries import currency_of_catalogue
        from pos.registers.queries import find_place, list_places, zone_of_shop
        from pos.returns.queries import stream_of_receipt
        from web.admin.money import currency_of_shop_by
        from web.admin.zones import zone_of_shop_by

        find_places_with(find_place)
        list_places_with(list_places)
        find_goods_with(find_named)
        currency_of_shop_by(currency_of_catalogue)
        zone_of_shop_by(zone_of_shop)
        name_streams_by(stream_of_receipt)
