"""One endpoint: a basket of three lines becomes an order that is paid in cash, by django-oscar's own classes."""

import json
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from oscar.core.loading import get_class, get_model

Basket = get_model("basket", "Basket")
Product = get_model("catalogue", "Product")
Source = get_model("payment", "Source")
SourceType = get_model("payment", "SourceType")
OrderCreator = get_class("order.utils", "OrderCreator")
OrderTotalCalculator = get_class("checkout.calculators", "OrderTotalCalculator")
NoShippingRequired = get_class("shipping.methods", "NoShippingRequired")
Selector = get_class("partner.strategy", "Selector")


def place_order(request: HttpRequest) -> JsonResponse:
    asked = json.loads(request.body)
    with transaction.atomic():
        order, source = _place(request, asked)
    shown: dict[str, Any] = {
        "number": order.number,
        "status": order.status,
        "currency": order.currency,
        "total": str(order.total_incl_tax),
        "lines": [
            {
                "sku": line.partner_sku,
                "title": line.title,
                "quantity": line.quantity,
                "total": str(line.line_price_incl_tax),
            }
            for line in order.lines.all()
        ],
        "paid": str(source.amount_debited),
    }
    return JsonResponse(shown, status=201)


def _place(request: HttpRequest, asked: dict[str, Any]) -> tuple[Any, Any]:
    skus = [line["sku"] for line in asked["lines"]]
    products = {product.upc: product for product in Product.objects.filter(upc__in=skus)}
    basket = Basket.objects.create()
    basket.strategy = Selector().strategy(request=request)
    for line in asked["lines"]:
        basket.add_product(products[line["sku"]], quantity=line["quantity"])
    method = NoShippingRequired()
    charge = method.calculate(basket)
    total = OrderTotalCalculator().calculate(basket, charge)
    order = OrderCreator().place_order(basket, total, method, charge, request=request)
    basket.submit()
    cash = SourceType.objects.get(code="cash")
    source = Source(order=order, source_type=cash, currency=total.currency, amount_allocated=Decimal(0))
    source.save()
    source.debit(total.incl_tax)
    return order, source


urlpatterns = [path("orders", place_order)]
