"""The API's taxes."""

from datetime import datetime

from django.db.models import F, Prefetch
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pos.taxes.models import TaxRate, TaxRule
from web.operations import operation
from web.pages import Pages
from web.scopes import CATALOGUE_READ


class TaxRuleSerializer(serializers.ModelSerializer[TaxRule]):
    """`tax_class` is what a product's `tax_name` names: its goods have this tax in the region, from and until then."""

    tax_class = serializers.CharField(source="tax_class.name", read_only=True)
    valid_from = serializers.SerializerMethodField(help_text="By the location's clock, without an offset")
    valid_to = serializers.SerializerMethodField(help_text="From this moment on no more")

    class Meta:
        model = TaxRule
        fields = ("tax_class", "region", "sequence", "on_top", "valid_from", "valid_to")

    def get_valid_from(self, rule: TaxRule) -> str | None:
        return _local(rule.valid_from)

    def get_valid_to(self, rule: TaxRule) -> str | None:
        return _local(rule.valid_to)


def _local(moment: datetime | None) -> str | None:
    return moment.replace(tzinfo=None).isoformat() if moment else None


class TaxSerializer(serializers.ModelSerializer[TaxRate]):
    rules = TaxRuleSerializer(many=True, read_only=True, source="ordered_rules")

    class Meta:
        model = TaxRate
        fields = ("id", "code", "name", "rate", "inclusive", "rules")


class TaxListView(generics.GenericAPIView[TaxRate]):
    queryset = TaxRate.objects.prefetch_related(
        Prefetch(
            "taxrule_set",
            queryset=TaxRule.objects.select_related("tax_class").order_by(
                "tax_class__name", "region", "sequence", F("valid_from").asc(nulls_first=True), "id"
            ),
            to_attr="ordered_rules",
        )
    )
    serializer_class = TaxSerializer
    pagination_class = Pages

    @operation("list_taxes", answers=TaxSerializer(many=True), paged=True, tagged=True, scopes=[CATALOGUE_READ])
    def get(self, _request: Request) -> Response:
        """List the taxes, with the rules by which goods have them.

        Products and services name a tax class, which may have several taxes, or one tax alone.
        """
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(TaxSerializer(page, many=True).data)
