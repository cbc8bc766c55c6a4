"""Mail through Django's mail backend: SMTP where EMAIL_URL names a server, the console by default."""

from smtplib import SMTPException, SMTPRecipientsRefused

from django.core.mail import EmailMessage

from events.outgoing.calls import RefusedForGood
from kernel.text import without_addresses
from notifications.models import Message


class MailNotTaken(OSError):
    """The mail server did not take a mail. The text names no address: it is logged, and stands in rows of calls."""


def send_mail(message: Message) -> None:
    """Hand a message to the mail server.

    :raises RefusedForGood: when the server refuses the recipient.
    :raises MailNotTaken: when it does not take the mail for another reason.
    :raises OSError: when the server cannot be reached.
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
        raise RefusedForGood(without_addresses(str(refused))) from None
    except SMTPException as error:
        raise MailNotTaken(without_addresses(f"{type(error).__name__}: {error}")) from None
