"""To an exchange of RabbitMQ: a durable topic exchange, publisher confirms, the event's type as routing key.

Needs the extra `rabbitmq` (pika). Queues bind by type (`pos.*`); the header `key` holds tenant and stream, for a
consistent-hash exchange after it where consumers want one stream in one queue.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from integrations.bridges.bridge import BridgeDown, Message

HEARTBEAT = 30
TIMEOUT_SECONDS = 10


class RabbitMQBridge:
    name = "events.bridge_to_rabbitmq"

    def __init__(self, url: str, exchange: str) -> None:
        self.url, self.exchange = url, exchange
        self._connection: Any = None
        self._channel: Any = None

    def send(self, messages: Sequence[Message]) -> None:
        import pika
        from pika.exceptions import AMQPError

        confirmed = 0
        try:
            channel = self._open()
            for message in messages:
                properties = pika.BasicProperties(
                    message_id=message.id,
                    type=message.type,
                    content_type=message.content_type,
                    delivery_mode=pika.DeliveryMode.Persistent.value,
                    headers={"key": message.key, "tenant": message.tenant},
                )
                channel.basic_publish(self.exchange, message.type, message.body, properties)
                confirmed += 1
        except (AMQPError, OSError) as error:
            self.close()
            reason = f"RabbitMQ: {type(error).__name__}: {error}"
            raise BridgeDown(reason, confirmed=confirmed) from error

    def close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None and connection.is_open:
            connection.close()

    def _open(self) -> Any:
        import pika

        if not self._is_open():
            parameters = pika.URLParameters(self.url)
            parameters.heartbeat = HEARTBEAT
            parameters.socket_timeout = parameters.blocked_connection_timeout = TIMEOUT_SECONDS
            self._connection = pika.BlockingConnection(parameters)
            self._channel = self._connection.channel()
            self._channel.confirm_delivery()
            self._channel.exchange_declare(self.exchange, exchange_type="topic", durable=True)
        return self._channel

    def _is_open(self) -> bool:
        """Process what has come since the last message: the other side closes a connection whose heart stood still."""
        from pika.exceptions import AMQPError

        if self._channel is None:
            return False
        with suppress(AMQPError, OSError):
            self._connection.process_data_events(0)
        return bool(self._channel.is_open)
