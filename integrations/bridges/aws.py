"""To Amazon SNS or SQS: FIFO ones keep the order of each stream and drop repetitions; standard ones promise neither.

Needs the extra `aws` (boto3), which takes credentials, region and endpoint from its own environment variables.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from integrations.bridges.bridge import BridgeDown, Message, MessageRefused

LARGEST_BATCH = 10
LARGEST_BYTES = 256 * 1024
TIMEOUT_SECONDS = 5
NO_PROXIES = {"http": "", "https": ""}
"""Those of the environment are not used: the timeouts would not end a proxy that drips."""


class _AwsBridge(ABC):
    """Sends batches in order, and says which message was refused."""

    service: str
    target: str

    def __init__(self) -> None:
        self._client: Any = None

    def send(self, messages: Sequence[Message]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        confirmed = 0
        try:
            for batch in _batches(messages, ordered=self._is_ordered()):
                answer = self._send(self._open(), [self._entry(n, message) for n, message in enumerate(batch)])
                failures = sorted(answer.get("Failed", []), key=lambda failed: int(failed["Id"]))
                confirmed += int(failures[0]["Id"]) if failures else len(batch)
                self._require_taken(batch, failures, confirmed)
        except MessageTooLarge as large:
            raise MessageRefused(large.event_id, large.reason, confirmed=confirmed) from None
        except (BotoCoreError, ClientError) as error:
            reason = f"{self.service}: {type(error).__name__}: {error}"
            raise BridgeDown(reason, confirmed=confirmed) from error

    def _require_taken(self, batch: list[Message], failures: list[dict[str, Any]], confirmed: int) -> None:
        """:raises MessageRefused: when one of a batch will never be taken.

        :raises BridgeDown: when one was not taken.
        """
        for failed in failures:
            if failed.get("SenderFault"):
                reason = f"{self.service}: {failed.get('Message') or failed.get('Code')}"
                raise MessageRefused(batch[int(failed["Id"])].id, reason, confirmed=confirmed)
        if failures:
            reason = f"{self.service}: {failures[0]}"
            raise BridgeDown(reason, confirmed=confirmed)

    def close(self) -> None:
        self._client = None

    @abstractmethod
    def _send(self, client: Any, entries: list[dict[str, Any]]) -> dict[str, Any]:
        """Make the service's call for a batch."""

    @abstractmethod
    def _entry(self, number: int, message: Message) -> dict[str, Any]:
        """Write a message as the service names its parts."""

    def _attributes(self, message: Message) -> dict[str, Any]:
        named = {"id": message.id, "type": message.type, "tenant": message.tenant, "content-type": message.content_type}
        return {name: {"DataType": "String", "StringValue": value} for name, value in named.items()}

    def _is_ordered(self) -> bool:
        return self.target.endswith(".fifo")

    def _ordering(self, message: Message) -> dict[str, str]:
        if not self._is_ordered():
            return {}
        return {"MessageGroupId": sha256(message.key.encode()).hexdigest(), "MessageDeduplicationId": message.id}

    def _open(self) -> Any:
        if self._client is None:
            import boto3
            from botocore.config import Config

            timeouts = Config(
                connect_timeout=TIMEOUT_SECONDS,
                read_timeout=TIMEOUT_SECONDS,
                retries={"max_attempts": 2},
                proxies=NO_PROXIES,
            )
            self._client = boto3.client(self.service, config=timeouts)
        return self._client


class SnsBridge(_AwsBridge):
    name = "events.bridge_to_sns"
    service = "sns"

    def __init__(self, topic_arn: str) -> None:
        super().__init__()
        self.target = topic_arn

    def _send(self, client: Any, entries: list[dict[str, Any]]) -> dict[str, Any]:
        answer: dict[str, Any] = client.publish_batch(TopicArn=self.target, PublishBatchRequestEntries=entries)
        return answer

    def _entry(self, number: int, message: Message) -> dict[str, Any]:
        return {
            "Id": str(number),
            "Message": message.body.decode(),
            "MessageAttributes": self._attributes(message),
            **self._ordering(message),
        }


class SqsBridge(_AwsBridge):
    name = "events.bridge_to_sqs"
    service = "sqs"

    def __init__(self, queue_url: str) -> None:
        super().__init__()
        self.target = queue_url

    def _send(self, client: Any, entries: list[dict[str, Any]]) -> dict[str, Any]:
        answer: dict[str, Any] = client.send_message_batch(QueueUrl=self.target, Entries=entries)
        return answer

    def _entry(self, number: int, message: Message) -> dict[str, Any]:
        return {
            "Id": str(number),
            "MessageBody": message.body.decode(),
            "MessageAttributes": self._attributes(message),
            **self._ordering(message),
        }


class MessageTooLarge(Exception):
    """A message alone is larger than a call takes."""

    def __init__(self, event_id: str, reason: str) -> None:
        super().__init__(reason)
        self.event_id, self.reason = event_id, reason


def _batches(messages: Sequence[Message], *, ordered: bool) -> Iterator[list[Message]]:
    """Cut into what one call takes: ten messages, a quarter of a mebibyte.

    :param ordered: whether a batch may hold only one message of a stream: of those in a call some may be taken and some
        not, and one must not be taken before an earlier one of its stream.
    :raises MessageTooLarge: when one message alone is larger, after those before it.
    """
    batch: list[Message] = []
    room = LARGEST_BYTES
    for message in messages:
        size = len(message.body) + 1024
        follows = ordered and message.key in {earlier.key for earlier in batch}
        if batch and (len(batch) == LARGEST_BATCH or size > room or follows):
            yield batch
            batch, room = [], LARGEST_BYTES
        if size > LARGEST_BYTES:
            raise MessageTooLarge(message.id, f"{len(message.body)} bytes are more than {LARGEST_BYTES}")
        batch.append(message)
        room -= size
    if batch:
        yield batch
