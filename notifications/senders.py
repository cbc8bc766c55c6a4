"""What notifications send."""

from django.utils import timezone

from events.outgoing.calls import Call, State, register_sender
from events.subscribing import Backoff
from kernel.text import storable
from notifications.channels.mail import send_mail
from notifications.models import Message
from notifications.services import MAIL, record_not_sent, record_sent


class MailSender:
    kind = MAIL
    queue = "mail"
    backoff = Backoff(base=5.0, cap=3600.0, attempts=12)
    lease_seconds = 60

    def send(self, call: Call) -> None:
        send_mail(Message.objects.get(id=call.key))

    def record(self, call: Call, _outcome: None) -> None:
        record_sent(message_id=call.key, now=timezone.now())

    def record_failure(self, call: Call, error: Exception, state: State) -> None:
        record_not_sent(message_id=call.key, failure=storable(str(error)), final=state is not State.PENDING)


register_sender(MailSender())
