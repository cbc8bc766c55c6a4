"""Why an order is not placed or changed."""

from uuid import UUID

from kernel.refusals import Refusal
from pos.orders.models import Order


class OrderExists(Refusal):
    """The order's id was used before: for the same request it is answered again, for another it is refused."""

    code = "order-exists"
    title = "Order exists"

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"order {order_id} was placed already, with other content", order_id=str(order_id))
        self.order_id = order_id


class SequenceReused(Refusal):
    """The device has sent another order under this sequence number."""

    code = "sequence-reused"
    title = "Sequence number reused"

    def __init__(self, order: Order) -> None:
        super().__init__(f"the device has sent another order under the sequence number {order.device_sequence}")


class OrderNotEditable(Refusal):
    code = "order-not-editable"
    title = "Order not editable"


class CurrencyMismatch(Refusal):
    """The order has amounts of a currency in which the register that asks does not work."""

    code = "currency-mismatch"
    title = "Order in another currency"
    status = 422


class MoneyNotPermitted(Refusal):
    """Money would go back, and whoever asks may not give any."""

    code = "permission-denied"
    title = "Permission denied"
    status = 403

    def __init__(self, order: Order) -> None:
        super().__init__(
            f"money goes back for order {order.id}: "
            "that needs a paired terminal, or an API key with payments:write as well"
        )
