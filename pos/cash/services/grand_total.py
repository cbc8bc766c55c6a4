"""The perpetual total of a drawer."""

from django.db.models import F

from pos.registers.models import CashDrawer


def add_to_grand_total(drawer: CashDrawer, turnover: int) -> tuple[int, int]:
    """Add orders less returns to a drawer's perpetual total; return it before and after.

    The drawer's row is locked from here to the end of the transaction.
    """
    CashDrawer.objects.filter(id=drawer.id).update(grand_total=F("grand_total") + turnover)
    after = CashDrawer.objects.values_list("grand_total", flat=True).get(id=drawer.id)
    return after - turnover, after
