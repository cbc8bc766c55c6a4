"""Mail through Django's mail backend: SMTP where EMAIL_URL names a server, the console by default."""

from smtplib import SMTPRecipientsRefused

from django.core.mail import EmailMessage

from events.outgoing.calls import RefusedForGood
from notifications.models import Message


def send_mail(message: Message) -> None:
    """Hand a message to the mail server.

    :raises RefusedForGood: when the server refuses the recipient.
    :raises OSError: when the server cannot be reached (SMTP errors are OSErrors).
    """
    mail = EmailMessage(
        subject=" ".join(message.subject.split()),
        body=message.body,
        to=[message.recipient],
        headers={"Message-ID": f"<{message.id}@tillflow>"},
    )
    try:
        mail.send()
    except SMTPRecipientsRefused as refused:
        raise RefusedForGood(str(refused)) from refused
