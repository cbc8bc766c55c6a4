"""Price lists and their entries."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from kernel import limits
from kernel.constraints import Check, Unique
from kernel.ids import new_id
from kernel.local_moments import LocalMomentField
from kernel.validators import validate_currency
from pos.registers.models import Location

ANY_QUANTITY = 0


class PriceList(models.Model):
    """Prices in one currency that hold at a location, or at all that sell in it, for a time.

    Of a list, currency and tax are never changed. The default list holds wherever its currency is, and always, after
    all others, and has a price of each variant: the database keeps it equal to the variant's `price`, whichever of them
    is written. Its currency is that of the shop's first location until the shop has its first document.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=limits.NAME, unique=True)
    currency = models.CharField(
        max_length=3, validators=[validate_currency], help_text="Of its prices: locations of another one do not use it"
    )
    tax_included = models.BooleanField(
        null=True,
        help_text="Whether its prices contain all taxes; unknown, which only the default list may be, and those that"
        " were split off it: as the tax rate of the goods says",
    )
    location = models.ForeignKey(
        Location,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: all that sell in its currency",
    )
    valid_from = LocalMomentField("from", null=True, blank=True, help_text="By the location's clock; empty: since ever")
    valid_to = LocalMomentField("until", null=True, blank=True, help_text="From this moment on no more; empty: on")
    priority = models.PositiveSmallIntegerField(
        default=0, help_text="The larger one wins; of the same one, a location's own list before those of all"
    )
    is_default = models.BooleanField(default=False, db_default=False, editable=False)
    split_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When the default list, which had no currency before, was split into one list of each; empty: never",
    )

    exclusions: ClassVar = {
        "price_list_one_at_a_time": (
            "valid_from",
            (
                "Another list of this priority holds for the same locations at the same time: give one another"
                " priority, or end it first."
            ),
        )
    }

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="price_list_one_default",
                field="name",
                sentence="There is a default list already.",
            ),
            Check(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_from__lt=F("valid_to")),
                name="price_list_ends_after_it_begins",
                field="valid_to",
                sentence="A list ends after it begins.",
            ),
            Check(
                condition=~Q(currency=""),
                name="price_list_has_a_currency",
                field="currency",
                sentence="A list names the currency of its prices.",
            ),
            Check(
                condition=Q(is_default=True) | Q(tax_included__isnull=False) | Q(split_at__isnull=False),
                name="price_list_says_what_its_prices_are",
                field="tax_included",
                sentence="A list says whether its prices contain the taxes.",
            ),
            Check(
                condition=Q(is_default=False)
                | Q(location=None, valid_from=None, valid_to=None, priority=0, is_default=True),
                name="price_list_default_holds_always",
                field="valid_from",
                sentence="The default list holds everywhere and always, after all others.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """:raises ValidationError: when it would hold at a location of another currency, where nobody could use it."""
        if self.location is not None and self.location.currency != self.currency:
            message = f"{self.location} sells in {self.location.currency}, not in {self.currency}."
            raise ValidationError({"location": message})


class PriceEntry(models.Model):
    """What one unit of a variant costs by a list, from a quantity on."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="entries", db_index=False)
    variant = models.ForeignKey("pos.Variant", on_delete=models.DO_NOTHING, related_name="price_entries")
    minimum_quantity = models.DecimalField(
        "from a quantity of",
        max_digits=limits.QUANTITY_DIGITS,
        decimal_places=3,
        default=ANY_QUANTITY,
        db_default=ANY_QUANTITY,
        help_text="Of one line; 0: any",
    )
    price = models.DecimalField(
        max_digits=limits.PRICE_DIGITS, decimal_places=limits.PRICE_DECIMALS, help_text="Of one unit, in minor units"
    )

    class Meta:
        verbose_name_plural: ClassVar = "price entries"
        constraints: ClassVar = [
            Unique(
                fields=["price_list", "variant", "minimum_quantity"],
                name="price_entry_one_per_quantity",
                field="minimum_quantity",
                sentence="The list has a price of this variant from that quantity on already.",
            ),
            Check(
                condition=Q(price__gte=0) & Q(price__lte=limits.LARGEST_AMOUNT),
                name="price_entry_is_an_amount",
                field="price",
                sentence=f"A price is from 0 to {limits.LARGEST_AMOUNT} minor units.",
            ),
            Check(
                condition=Q(minimum_quantity__gte=0) & Q(minimum_quantity__lte=limits.LARGEST_QUANTITY),
                name="price_entry_quantity_not_negative",
                field="minimum_quantity",
                sentence="A quantity is from 0 to 100,000,000.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.price_list}: {self.variant.sku}"

    @property
    def is_base(self) -> bool:
        """Whether the variant's own price is equal to it."""
        return self.price_list.is_default and self.minimum_quantity == ANY_QUANTITY
