"""What can be asked of taxes."""

from pos.taxes.models import TaxClass, TaxRate


def first_rate(tax_class: TaxClass) -> TaxRate | None:
    """Return the first rate that a class has, wherever and whenever: it says the class to the release before."""
    rule = tax_class.rules.select_related("rate").order_by("region", "sequence", "valid_from", "id").first()
    return rule.rate if rule else None
