"""The default list of an installation made by older code has the currency of its shop, and sells as before."""

from kernel.tenancy import in_tenant
from pos.models import Location, PriceEntry, PriceList, Variant
from tests.upgrade.restoring import SHOPS, Upgraded
from tests.upgrade.working import shop


def test_each_shop_has_a_default_list_in_the_currency_of_its_locations(upgraded: Upgraded) -> None:
    for name in SHOPS:
        with in_tenant(shop(name)):
            (currency,) = set(Location.objects.values_list("currency", flat=True))
            (price_list,) = PriceList.objects.all()
            assert (price_list.currency, price_list.tax_included, price_list.split_at) == (currency, None, None)
            prices = dict(PriceEntry.objects.filter(price_list=price_list).values_list("variant_id", "price"))
            assert prices == dict(Variant.objects.values_list("id", "price"))
