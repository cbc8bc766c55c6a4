"""Tables, products with stock and a way to pay, for the benchmark. Run in the environment of django-oscar."""

import sys

import django

django.setup()

from django.core.management import call_command
from oscar.core.loading import get_model

Partner = get_model("partner", "Partner")
Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")
SourceType = get_model("payment", "SourceType")
StockRecord = get_model("partner", "StockRecord")


def prepare(skus: list[str]) -> None:
    call_command("migrate", verbosity=0)
    SourceType.objects.get_or_create(code="cash", defaults={"name": "Cash"})
    partner, _ = Partner.objects.get_or_create(code="shop", defaults={"name": "Shop"})
    goods, _ = ProductClass.objects.get_or_create(
        slug="goods", defaults={"name": "Goods", "requires_shipping": False, "track_stock": True}
    )
    for sku in skus:
        product, _ = Product.objects.get_or_create(upc=sku, defaults={"title": sku, "product_class": goods})
        StockRecord.objects.update_or_create(
            product=product, partner=partner, partner_sku=sku, defaults={"price": 10, "num_in_stock": 1_000_000_000}
        )


prepare(sys.argv[1:])
