"""What documents of a shop are looked for by. Lists are for looking up; to keep up with a shop, read its log."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from kernel.limits import LARGEST_AMOUNT
from web.fields import Code, MailAddress, PeriodEndField, WholeNumber
from web.inputs import Query


class DocumentQuery(Query):
    """What documents of a shop (orders, returns) are looked for by."""

    register_id = serializers.UUIDField(required=False)
    recorded_from = PeriodEndField(required=False, help_text="From this moment on, by the server's clock")
    recorded_before = PeriodEndField(required=False, help_text="Before this moment, by the server's clock")
    customer_email = MailAddress(default=empty, allow_blank=False, help_text="In capital or small letters")
    total = WholeNumber(required=False, max_value=LARGEST_AMOUNT, help_text="Minor units")
    currency = Code("[A-Z]{3}", 3, required=False, help_text="Of the total")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "currency" in attrs and "total" not in attrs:
            raise ValidationError({"currency": "This is the currency of a total: give the total."})
        return attrs
