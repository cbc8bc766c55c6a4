"""To a topic of Kafka: an idempotent producer that waits for all replicas, keyed by tenant and stream.

Needs the extra `kafka` (confluent-kafka).
"""

from collections.abc import Sequence
from typing import Any

from events.bridges.bridge import BridgeDown, Message, MessageRefused

DELIVERY_MILLISECONDS = 20_000
FLUSH_SECONDS = 25


class KafkaBridge:
    name = "events.bridge_to_kafka"

    def __init__(self, servers: str, topic: str) -> None:
        self.servers, self.topic = servers, topic
        self._producer: Any = None

    def send(self, messages: Sequence[Message]) -> None:
        from confluent_kafka import KafkaException

        producer, failures = self._open(), []

        def note(error: Any, _message: Any) -> None:
            if error is not None:
                failures.append(error)

        try:
            for message in messages:
                self._produce(producer, message, note)
            left = producer.flush(FLUSH_SECONDS)
        except (KafkaException, BufferError) as error:
            self.close()
            reason = f"Kafka: {error}"
            raise BridgeDown(reason) from error
        if left or failures:
            self.close()
            reason = f"Kafka: {len(failures)} not delivered, {left} without an answer: {failures[:1]}"
            raise BridgeDown(reason)

    def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()

    def _produce(self, producer: Any, message: Message, note: Any) -> None:
        from confluent_kafka import KafkaError, KafkaException

        headers = [("content-type", message.content_type.encode()), ("id", message.id.encode())]
        try:
            producer.produce(self.topic, message.body, message.key, headers=headers, on_delivery=note)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE:
                raise MessageRefused(message.id, f"Kafka: {error.args[0].str()}") from error
            raise
        producer.poll(0)

    def _open(self) -> Any:
        from confluent_kafka import Producer

        if self._producer is None:
            self._producer = Producer(
                {
                    "bootstrap.servers": self.servers,
                    "enable.idempotence": True,
                    "acks": "all",
                    "message.timeout.ms": DELIVERY_MILLISECONDS,
                    "linger.ms": 5,
                }
            )
        return self._producer
