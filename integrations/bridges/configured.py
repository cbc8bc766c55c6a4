"""The bridges of this deployment, from its settings."""

from django.conf import settings

from integrations.bridges.aws import SnsBridge, SqsBridge
from integrations.bridges.bridge import Bridge
from integrations.bridges.kafka import KafkaBridge
from integrations.bridges.rabbitmq import RabbitMQBridge


def configured_bridges() -> list[Bridge]:
    bridges: list[Bridge] = []
    if settings.BRIDGE_RABBITMQ_URL:
        bridges.append(RabbitMQBridge(settings.BRIDGE_RABBITMQ_URL, settings.BRIDGE_RABBITMQ_EXCHANGE))
    if settings.BRIDGE_KAFKA_SERVERS:
        bridges.append(KafkaBridge(settings.BRIDGE_KAFKA_SERVERS, settings.BRIDGE_KAFKA_TOPIC))
    if settings.BRIDGE_SNS_TOPIC_ARN:
        bridges.append(SnsBridge(settings.BRIDGE_SNS_TOPIC_ARN))
    if settings.BRIDGE_SQS_QUEUE_URL:
        bridges.append(SqsBridge(settings.BRIDGE_SQS_QUEUE_URL))
    return bridges
