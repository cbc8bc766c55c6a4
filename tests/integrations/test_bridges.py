"""Bridges to real peers: Debian's RabbitMQ, a Kafka cluster of librdkafka's, SNS and SQS as moto has them."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from demo.stack.broker import free_port
from events.models import Binding, Subscription
from events.subscriptions.registry import forget_subscriber
from integrations.bridges.aws import LARGEST_BYTES, SnsBridge, SqsBridge
from integrations.bridges.bridge import BridgeDown, Message, MessageRefused
from integrations.bridges.kafka import KafkaBridge
from integrations.bridges.rabbitmq import RabbitMQBridge
from tenants.models import Tenant
from tests.support.bridging import A, B, bridged, key
from tests.support.hooking import fail
from tests.support.waiting import wait_for


@pytest.fixture
def kafka() -> Iterator[str]:
    """A mock cluster of three brokers, which librdkafka brings with it."""
    from confluent_kafka import Producer

    cluster = Producer({"test.mock.num.brokers": 3, "bootstrap.servers": "mock"})
    brokers = cluster.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    del cluster


def test_kafka_gets_every_event_keyed_by_its_stream(shop: Tenant, kafka: str) -> None:
    from confluent_kafka import Consumer

    bridge = KafkaBridge(kafka, "tillflow.events")
    forward = bridged(bridge)
    fail(A, B, A)
    try:
        assert forward() == 3
    finally:
        forget_subscriber(bridge.name)
        bridge.close()

    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "tests", "auto.offset.reset": "earliest"})
    consumer.subscribe(["tillflow.events"])
    got: list[Any] = []
    deadline = time.monotonic() + 30
    while len(got) < 3 and time.monotonic() < deadline:
        message = consumer.poll(0.5)
        if message is not None and message.error() is None:
            got.append(message)
    consumer.close()
    positions = {k: [json.loads(m.value())["position"] for m in got if m.key().decode() == k] for k in (key(A), key(B))}
    assert positions == {key(A): [1, 3], key(B): [2]}
    assert {name for name, _value in got[0].headers()} == {"content-type", "id"}


def test_a_kafka_that_is_away_is_down_and_a_message_too_large_is_refused(kafka: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("integrations.bridges.kafka.FLUSH_SECONDS", 0.3)
    message = Message(id="1", type="t", tenant="north", key="k", body=b"{}")
    away = KafkaBridge("127.0.0.1:1", "tillflow.events")
    there = KafkaBridge(kafka, "tillflow.events")

    with pytest.raises(BridgeDown, match="1 without an answer"):
        away.send([message])
    with pytest.raises(MessageRefused, match="Kafka"):
        there.send([Message(id="2", type="t", tenant="north", key="k", body=b"x" * 2_000_000)])
    away.close()
    there.close()


class StrictProducer:
    """A producer whose cluster answers to some messages, when they have reached it, that it does not take them."""

    def __init__(self, errors: dict[bytes, int]) -> None:
        self.errors = errors

    def produce(self, _topic: str, body: bytes, _key: str, *, headers: Any, on_delivery: Any) -> None:
        from confluent_kafka import KafkaError

        on_delivery(KafkaError(self.errors[body]) if body in self.errors else None, None)

    def poll(self, _seconds: float) -> None: ...

    def flush(self, _seconds: float) -> int:
        return 0

    def purge(self) -> None: ...


def test_what_the_kafka_cluster_itself_does_not_take_is_refused_or_sent_again() -> None:
    from confluent_kafka import KafkaError

    messages = [Message(id=n, type="t", tenant="north", key="k", body=n.encode()) for n in ("1", "2", "3")]
    bridge = KafkaBridge("127.0.0.1:1", "tillflow.events")

    bridge._producer = StrictProducer({b"2": KafkaError.MSG_SIZE_TOO_LARGE, b"3": KafkaError._FATAL})
    with pytest.raises(MessageRefused, match="event 2: Kafka: Broker: Message size too large"):
        bridge.send(messages)
    bridge._producer = StrictProducer({b"2": KafkaError.NOT_LEADER_FOR_PARTITION})
    with pytest.raises(BridgeDown, match="1 not delivered, 0 without an answer: .*Not leader"):
        bridge.send(messages)
    bridge._producer = StrictProducer({})
    bridge.send(messages)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """SNS and SQS as moto has them, on loopback."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    yield boto3
    server.stop()


def received(sqs: Any, url: str) -> list[Any]:
    got: list[Any] = []
    for _ in range(10):
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        got += messages
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return got


@pytest.mark.parametrize("fifo", [True, False])
def test_sns_and_sqs_get_every_event_in_order(shop: Tenant, aws: Any, fifo: bool) -> None:
    sqs, sns = aws.client("sqs"), aws.client("sns")
    suffix, attributes = (".fifo", {"FifoQueue": "true"}) if fifo else ("", {})
    direct = sqs.create_queue(QueueName=f"direct{suffix}", Attributes=attributes)["QueueUrl"]
    behind = sqs.create_queue(QueueName=f"behind{suffix}", Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=behind, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=f"events{suffix}", Attributes={"FifoTopic": "true"} if fifo else {})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

    for bridge, url in ((SqsBridge(direct), direct), (SnsBridge(topic), behind)):
        forward = bridged(bridge)
        Subscription.objects.filter(subscriber=bridge.name).update(start=0, cursor=0)
        Binding.objects.filter(subscriber=bridge.name).update(since=0)
        if url == direct:
            fail(*([A, B] * 8))
        try:
            assert forward() == 16
        finally:
            forget_subscriber(bridge.name)
            bridge.close()
        positions = [json.loads(message["Body"])["position"] for message in received(sqs, url)]
        assert (positions if fifo else sorted(positions)) == list(range(1, 17))


def test_aws_that_is_away_is_down_and_a_message_too_large_is_refused(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Message(id="1", type="t", tenant="north", key="k", body=b"{}")

    with pytest.raises(MessageRefused, match="bytes are more than"):
        SqsBridge("q").send([Message(id="2", type="t", tenant="north", key="k", body=b"x" * LARGEST_BYTES)])
    with pytest.raises(BridgeDown, match="sqs"):
        SqsBridge(f"{os.environ['AWS_ENDPOINT_URL']}/123456789012/nowhere").send([small])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(BridgeDown, match="sns"):
        SnsBridge("arn:aws:sns:eu-west-1:1:events").send([small])


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Debian's RabbitMQ, on loopback, in a separate folder."""
    folder: Path = tmp_path_factory.mktemp("rabbitmq")
    port, distribution, epmd = free_port(), free_port(), free_port()
    environment = {
        **os.environ,
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"tillflow{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(epmd),
    }
    (folder / "plugins").write_text("[].\n")
    (folder / "rabbitmq.conf").write_text("loopback_users.guest = true\n")
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            ["/usr/lib/rabbitmq/bin/rabbitmq-server"], env=environment, stdout=out, stderr=out, start_new_session=True
        )
    import pika

    url = f"amqp://guest:guest@127.0.0.1:{port}/"

    def answers() -> bool:
        assert process.poll() is None, (folder / "out").read_text()
        with suppress(pika.exceptions.AMQPError, OSError):
            pika.BlockingConnection(pika.URLParameters(url)).close()
            return True
        return False

    try:
        wait_for(answers, seconds=90)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
        for left in psutil.process_iter(["name", "environ"]):
            if left.info["name"] == "epmd" and (left.info["environ"] or {}).get("ERL_EPMD_PORT") == str(epmd):
                left.kill()


@pytest.mark.rabbitmq
def test_rabbitmq_gets_every_event_confirmed_and_in_order(shop: Tenant, rabbitmq: str) -> None:
    import pika

    bridge = RabbitMQBridge(rabbitmq, "tillflow.events")
    forward = bridged(bridge)
    bridge._open()
    listening = pika.BlockingConnection(pika.URLParameters(rabbitmq))
    channel = listening.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "tillflow.events", "payments.*")
    fail(A, B, A)

    try:
        assert forward() == 3
        got = [channel.basic_get(queue, auto_ack=True) for _ in range(4)]
        bridge.close()
        fail(B)
        assert forward() == 1
    finally:
        forget_subscriber(bridge.name)
        bridge.close()
        listening.close()

    bodies = [json.loads(body) for _method, _properties, body in got if body]
    assert [body["position"] for body in bodies] == [1, 2, 3]
    _method, properties, _body = got[0]
    assert (properties.message_id, properties.headers["key"]) == (bodies[0]["id"], key(A))
    assert properties.content_type == "application/cloudevents+json"


@pytest.mark.rabbitmq
def test_a_connection_that_rabbitmq_has_cut_because_it_was_idle_is_made_anew(
    rabbitmq: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.bridges.rabbitmq.HEARTBEAT", 1)
    bridge = RabbitMQBridge(rabbitmq, "tillflow.events")
    message = Message(id="1", type="t", tenant="north", key="k", body=b"{}")
    bridge.send([message])
    first = bridge._connection
    wait_for(lambda: has_said_goodbye(first), seconds=30)

    bridge.send([message])

    assert bridge._connection is not first
    bridge.close()


def has_said_goodbye(connection: Any) -> bool:
    """Look, without reading anything, whether the other side has closed a connection."""
    own = connection._impl._transport._sock.getsockname()
    established = (each for each in psutil.Process().net_connections("tcp") if each.status == psutil.CONN_ESTABLISHED)
    return own not in {tuple(each.laddr) for each in established}


def test_a_rabbitmq_that_is_away_is_down() -> None:
    with pytest.raises(BridgeDown, match="RabbitMQ"):
        RabbitMQBridge("amqp://127.0.0.1:1/?connection_attempts=1", "e").send(
            [Message(id="1", type="t", tenant="north", key="k", body=b"{}")]
        )


class PartialClient:
    """An AWS client that does not take every entry; `taken` are the bodies of those that it takes."""

    def __init__(self, failed: list[dict[str, Any]]) -> None:
        self.failed = failed
        self.taken: list[list[str]] = []

    def send_message_batch(self, **asked: Any) -> dict[str, Any]:
        ids = {each["Id"] for each in self.failed}
        self.taken.append([entry["MessageBody"] for entry in asked["Entries"] if entry["Id"] not in ids])
        return {"Failed": self.failed}


def test_nothing_passes_what_a_fifo_queue_did_not_take() -> None:
    messages = [Message(id=n, type="t", tenant="north", key=n[0], body=n.encode()) for n in ("a1", "b1", "a2", "a3")]
    bridge, standard = SqsBridge("q.fifo"), SqsBridge("q")
    bridge._client, standard._client = PartialClient([{"Id": "0"}]), PartialClient([])

    with pytest.raises(BridgeDown):
        bridge.send(messages)
    assert bridge._client.taken == [["b1"]]
    bridge._client.failed = []
    bridge.send(messages)
    standard.send(messages)

    assert bridge._client.taken[1:] == [["a1", "b1"], ["a2"], ["a3"]]
    assert standard._client.taken == [["a1", "b1", "a2", "a3"]]


@pytest.mark.parametrize(("sender_fault", "error"), [(True, MessageRefused), (False, BridgeDown)])
def test_an_entry_that_sqs_did_not_take_is_refused_or_sent_again(sender_fault: bool, error: type[Exception]) -> None:
    bridge = SqsBridge("q")
    bridge._client = PartialClient([{"Id": "0", "SenderFault": sender_fault, "Code": "InvalidMessageContents"}])

    with pytest.raises(error, match="InvalidMessageContents"):
        bridge.send([Message(id="1", type="t", tenant="north", key="k", body=b"{}")])
