"""The API's taxes."""

from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pos.taxes.models import TaxRate
from web.operations import operation
from web.pages import Pages
from web.scopes import CATALOGUE_READ


class TaxSerializer(serializers.ModelSerializer[TaxRate]):
    class Meta:
        model = TaxRate
        fields = ("id", "name", "rate", "inclusive")


class TaxListView(generics.GenericAPIView[TaxRate]):
    queryset = TaxRate.objects.all()
    serializer_class = TaxSerializer
    pagination_class = Pages

    @operation("list_taxes", answers=TaxSerializer(many=True), paged=True, tagged=True, scopes=[CATALOGUE_READ])
    def get(self, _request: Request) -> Response:
        """List the taxes, by whose names products and services refer to them."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(TaxSerializer(page, many=True).data)
