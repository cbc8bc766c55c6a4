"""To a topic of Kafka: an idempotent producer that waits for all replicas, keyed by tenant and stream.

No message gives up by itself, since a later one might still arrive, and pass it: it is the bridge that gives all of
them up together, and sends them again with another producer.

Needs the extra `kafka` (confluent-kafka).
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from integrations.bridges.bridge import BridgeDown, Message, MessageRefused

FLUSH_SECONDS = 20


class KafkaBridge:
    name = "events.bridge_to_kafka"

    def __init__(self, servers: str, topic: str) -> None:
        self.servers, self.topic = servers, topic
        self._producer: Any = None

    def send(self, messages: Sequence[Message]) -> None:
        from confluent_kafka import KafkaException

        producer, answers = self._open(), dict[str, Any]()
        try:
            for each in messages:
                self._produce(producer, each, answers)
            left = producer.flush(FLUSH_SECONDS)
        except (KafkaException, BufferError) as error:
            self.close()
            reason = f"Kafka: {error}"
            raise BridgeDown(reason, confirmed=_confirmed(messages, answers)) from error
        failures = [(message, answers[message.id]) for message in messages if answers.get(message.id) is not None]
        if left or failures:
            self.close()
            confirmed = _confirmed(messages, answers)
            for message, failure in failures:
                _require_takeable(message, failure, confirmed=confirmed)
            reason = (
                f"Kafka: {len(failures)} not delivered, {left} without an answer: {failures[0][1] if failures else ''}"
            )
            raise BridgeDown(reason, confirmed=confirmed)

    def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()

    def _produce(self, producer: Any, message: Message, answers: dict[str, Any]) -> None:
        from confluent_kafka import KafkaException

        def note(error: Any, _message: Any) -> None:
            answers[message.id] = error

        headers = [("content-type", message.content_type.encode()), ("id", message.id.encode())]
        try:
            producer.produce(self.topic, message.body, message.key, headers=headers, on_delivery=note)
        except KafkaException as error:
            _require_takeable(message, error.args[0])
            raise
        producer.poll(0)

    def _open(self) -> Any:
        from confluent_kafka import Producer

        if self._producer is None:
            self._producer = Producer(
                {
                    "bootstrap.servers": self.servers,
                    "enable.idempotence": True,
                    "enable.gapless.guarantee": True,
                    "acks": "all",
                    "message.timeout.ms": 0,
                    "linger.ms": 5,
                }
            )
        return self._producer


def _confirmed(messages: Sequence[Message], answers: dict[str, Any]) -> int:
    """Count the messages from the first on that the cluster has; one without an answer ends the count."""
    confirmed = list(takewhile(lambda message: answers.get(message.id, message) is None, messages))
    return len(confirmed)


def _require_takeable(message: Message, error: Any, *, confirmed: int = 0) -> None:
    """:raises MessageRefused: when the error is the message's own: no broker of the cluster will ever take it."""
    from confluent_kafka import KafkaError

    if error.code() in {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG, KafkaError.INVALID_RECORD}:
        raise MessageRefused(message.id, f"Kafka: {error.str()}", confirmed=confirmed)
