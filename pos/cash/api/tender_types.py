"""The ways to pay."""

from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pos.cash.models import TenderType
from web.operations import operation
from web.pages import Pages
from web.scopes import CATALOGUE_READ


class TenderTypeSerializer(serializers.ModelSerializer[TenderType]):
    gives_change = serializers.BooleanField(read_only=True)

    class Meta:
        model = TenderType
        fields = ("id", "code", "name", "kind", "gives_change", "rounding_step")


class TenderTypeListView(generics.GenericAPIView[TenderType]):
    queryset = TenderType.objects.all()
    serializer_class = TenderTypeSerializer
    pagination_class = Pages

    @operation(
        "list_tender_types",
        answers=TenderTypeSerializer(many=True),
        paged=True,
        tagged=True,
        scopes=[CATALOGUE_READ],
    )
    def get(self, _request: Request) -> Response:
        """List the ways to pay."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(TenderTypeSerializer(page, many=True).data)
