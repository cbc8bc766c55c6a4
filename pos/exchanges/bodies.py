"""What is sent of exchanges."""

from kernel import limits
from pos.orders.bodies import DiscountBody, OrderLineBody, RefundBody, TenderBody
from pos.returns.bodies import ReturnBody
from web.commands import ApprovableBody
from web.fields import MailAddress, ReportedMomentField, Text, UUIDv7Field
from web.inputs import Body


class WantedBody(Body):
    id = UUIDv7Field()
    lines = OrderLineBody(many=True, allow_empty=False, max_length=limits.MOST_LINES)  # type: ignore[call-arg]
    discounts = DiscountBody(many=True, default=list, max_length=limits.MOST_DISCOUNTS)  # type: ignore[call-arg]
    customer_email = MailAddress()
    note = Text(limits.NOTE, optional=True, lines=True)


class ExchangeBody(ApprovableBody):
    """`brought` comes back, `wanted` goes out. One of `tenders` and `refunds` settles what is between them."""

    occurred_at = ReportedMomentField()
    brought = ReturnBody()
    wanted = WantedBody()
    tenders = TenderBody(many=True, default=list, max_length=limits.MOST_TENDERS)  # type: ignore[call-arg]
    refunds = RefundBody(many=True, default=list, max_length=limits.MOST_TENDERS)  # type: ignore[call-arg]
