"""`GET /taxes` says what a product may name: tax classes, with the rules by which their goods have taxes (SH2)."""

from datetime import datetime
from decimal import Decimal

from pos.models import TaxClass, TaxRate, TaxRule
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal


def test_sh2_taxes_say_of_which_classes_they_are(shop: Tenant, api: Terminal) -> None:  # noqa: ARG001
    make.register()
    quebec = TaxClass.objects.create(name="Quebec")
    for sequence, (code, rate) in enumerate([("GST", "0.05"), ("QST", "0.09975")], start=1):
        tax = TaxRate.objects.create(code=code, name=f"{code} of now", rate=Decimal(rate), inclusive=False)
        TaxRule.objects.create(
            tax_class=quebec, rate=tax, region="QC", sequence=sequence, on_top=sequence == 2,
            valid_from=datetime(2026, 1, 1),  # noqa: DTZ001 - by the clock of the location
        )  # fmt: skip

    shown = {each["name"]: each for each in api.get("/taxes").json()["results"]}

    rule = {"tax_class": "Quebec", "region": "QC", "valid_from": "2026-01-01T00:00:00", "valid_to": None}
    assert shown["GST of now"]["rules"] == [{**rule, "sequence": 1, "on_top": False}]
    assert shown["QST of now"]["rules"] == [{**rule, "sequence": 2, "on_top": True}]
    assert (shown["QST of now"]["code"], shown["QST of now"]["rate"]) == ("QST", "0.099750")
