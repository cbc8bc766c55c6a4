"""To Amazon SNS or SQS: FIFO ones keep the order of each stream and drop repetitions; standard ones promise neither.

Needs the extra `aws` (boto3), which takes credentials, region and endpoint from its own environment variables.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from events.bridges.bridge import BridgeDown, Message, MessageRefused

LARGEST_BATCH = 10
LARGEST_BYTES = 256 * 1024
TIMEOUT_SECONDS = 5


class _AwsBridge(ABC):
    """Sends batches in order, and says which message was refused."""

    service: str
    target: str

    def __init__(self) -> None:
        self._client: Any = None

    def send(self, messages: Sequence[Message]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            for batch in _batches(messages, ordered=self._is_ordered()):
                answer = self._send(self._open(), [self._entry(n, message) for n, message in enumerate(batch)])
                for failed in answer.get("Failed", []):
                    message = batch[int(failed["Id"])]
                    if failed.get("SenderFault"):
                        raise MessageRefused(
                            message.id, f"{self.service}: {failed.get('Message') or failed.get('Code')}"
                        )
                    reason = f"{self.service}: {failed}"
                    raise BridgeDown(reason)
        except (BotoCoreError, ClientError) as error:
            reason = f"{self.service}: {type(error).__name__}: {error}"
            raise BridgeDown(reason) from error

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
                connect_timeout=TIMEOUT_SECONDS, read_timeout=TIMEOUT_SECONDS, retries={"max_attempts": 2}
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


def _batches(messages: Sequence[Message], *, ordered: bool) -> list[list[Message]]:
    """Cut into what one call takes: ten messages, a quarter of a mebibyte.

    :param ordered: whether a batch may hold only one message of a stream: of those in a call some may be taken and some
        not, and one must not be taken before an earlier one of its stream.
    :raises MessageRefused: when one message alone is larger.
    """
    batches: list[list[Message]] = []
    room = 0
    for message in messages:
        size = len(message.body) + 1024
        if size > LARGEST_BYTES:
            raise MessageRefused(message.id, f"{len(message.body)} bytes are more than {LARGEST_BYTES}")
        follows = ordered and batches and message.key in {earlier.key for earlier in batches[-1]}
        if not batches or len(batches[-1]) == LARGEST_BATCH or size > room or follows:
            batches.append([])
            room = LARGEST_BYTES
        batches[-1].append(message)
        room -= size
    return batches
