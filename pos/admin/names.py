"""What the rows of a shop are called where others keep only their ids."""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from pos.cash.models import Shift
from pos.catalogue.models import Variant
from pos.exceptions.models import HeldCommand
from pos.orders.models import Order
from pos.prices.models import PriceList
from pos.receipts.models import Receipt
from pos.registers.models import Device, Location, Register
from pos.returns.models import Return
from web.admin.names import name_rows_by


def _texts(
    rows: Callable[[], "QuerySet[Any]"],
) -> Callable[[Collection[UUID]], Mapping[UUID, str]]:
    return lambda ids: {row.pk: str(row) for row in rows().filter(pk__in=ids)}


name_rows_by("order", "pos_order", _texts(lambda: Order.objects.select_related("register")))
name_rows_by("return", "pos_return", _texts(lambda: Return.objects.select_related("register")))
name_rows_by("held sale", "pos_heldcommand", _texts(HeldCommand.objects.all))
name_rows_by("receipt", "pos_receipt", _texts(Receipt.objects.all))
name_rows_by("shift", "pos_shift", _texts(Shift.objects.all))
name_rows_by("register", "pos_register", _texts(Register.objects.all))
name_rows_by("device", "pos_device", _texts(Device.objects.all))
name_rows_by("location", "pos_location", _texts(Location.objects.all))
name_rows_by("price list", "pos_pricelist", _texts(PriceList.objects.all))
name_rows_by("variant", "pos_variant", lambda ids: dict(Variant.objects.filter(pk__in=ids).values_list("pk", "sku")))
