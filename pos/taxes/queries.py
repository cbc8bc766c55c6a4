"""What can be asked of taxes."""

from uuid import UUID

from django.db.models import F

from pos.taxes.models import TaxClass, TaxRate, TaxRule


def first_rate(tax_class: TaxClass) -> TaxRate | None:
    """Return the first rate that a class has, wherever and whenever: it says the class to the release before."""
    rule = tax_class.rules.select_related("rate").order_by("region", "sequence", "valid_from", "id").first()
    return rule.rate if rule else None


def first_rates() -> dict[UUID, TaxRate]:
    """Return the first rate of each class that has one, by the class's id."""
    order = ("tax_class", "region", "sequence", F("valid_from").asc(nulls_last=True), "id")
    rules = TaxRule.objects.select_related("rate").order_by(*order).distinct("tax_class")
    return {rule.tax_class_id: rule.rate for rule in rules}
