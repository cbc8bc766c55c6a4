"""Who works at the tills: people with a code and a PIN, their roles, sessions and approvals."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import localtime

from kernel import limits
from kernel.constraints import Check, Unique
from kernel.ids import new_id
from kernel.permissions import OnDuty, Permission, Rule
from staff.duty.rules import read_rules

CODE = r"[A-Z0-9]{1,20}"
IDLE_MINUTES, LONGEST_IDLE_MINUTES = 15, 12 * 60


class Role(models.Model):
    """What its members may do at a till, and in the admin where they act there.

    :param rules: by permission: `{"discount": {"mode": "allow", "percent": "5"}}`. What it does not name is denied.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=limits.NAME, unique=True)
    rules = models.JSONField(default=dict)
    approves = models.BooleanField("approves", default=False, help_text="May approve what others ask for")
    approves_own = models.BooleanField(
        "approves own requests", default=False, help_text="May approve what they ask for themselves"
    )
    idle_minutes = models.PositiveSmallIntegerField(
        default=IDLE_MINUTES,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_IDLE_MINUTES)],
        help_text="Minutes without a request after which a session that begins from now on ends",
    )

    class Meta:
        verbose_name: ClassVar = "role at the till"
        verbose_name_plural: ClassVar = "roles at the till"
        constraints: ClassVar = [
            Check(
                condition=Q(idle_minutes__gte=1, idle_minutes__lte=LONGEST_IDLE_MINUTES),
                name="role_idle_minutes",
                field="idle_minutes",
                sentence=f"A session may be idle for 1 to {LONGEST_IDLE_MINUTES} minutes.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def read_rules(self) -> Mapping[Permission, Rule]:
        return read_rules(self.rules)


class StaffMember(models.Model):
    """Somebody who works at the tills. Rows of money and stock name them, so nobody who has worked is deleted.

    Only the hash of the PIN is kept; `pin_digits` is how long it is.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(
        max_length=limits.SHORT_CODE,
        unique=True,
        validators=[RegexValidator(rf"\A{CODE}\Z", "A staff code is 1 to 20 capital letters and digits.")],
        help_text="What they type before the PIN: 1 to 20 capital letters and digits",
    )
    name = models.CharField(max_length=limits.NAME)
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="members")
    pin_hash = models.CharField(max_length=200, editable=False)
    pin_digits = models.PositiveSmallIntegerField(default=4, editable=False)
    pin_set_at = models.DateTimeField(editable=False)
    is_active = models.BooleanField(default=True, help_text="Whoever is not active cannot sign in at a till")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="staff_member",
        verbose_name="user of the admin",
        help_text="Their role at the till then holds for what they do in the admin as well",
    )

    class Meta:
        verbose_name: ClassVar = "staff member"

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def on_duty(self) -> OnDuty:
        """Return what services ask of a person. The role is at hand."""
        return OnDuty(
            staff_id=self.id,
            rules=self.role.read_rules(),
            approves=self.role.approves,
            approves_own=self.role.approves_own,
        )


class StaffSession(models.Model):
    """Somebody who is signed in at a device. Only the hash of its token is kept.

    `last_used_at` is exact to a minute. A session that is idle for too long is over, whether or not `ended_at` says so.
    """

    class End(models.TextChoices):
        SIGNED_OUT = "SIGNED_OUT", "Signed out"
        IDLE = "IDLE", "Idle for too long"
        DEACTIVATED = "DEACTIVATED", "No longer active"
        PIN_CHANGED = "PIN_CHANGED", "New PIN"
        ROLE_CHANGED = "ROLE_CHANGED", "Another role, or another content of it"
        DEVICE_REVOKED = "DEVICE_REVOKED", "Device revoked"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    staff = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="sessions")
    device_id = models.UUIDField(editable=False)
    register_id = models.UUIDField(editable=False)
    started_at = models.DateTimeField(editable=False)
    last_used_at = models.DateTimeField(editable=False)
    idle_seconds = models.PositiveIntegerField(editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    ended_by = models.CharField(max_length=14, choices=End.choices, blank=True, default="", editable=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["device_id"], name="staff_session_open_device", condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} at {self.device_id}"


class PinTries(models.Model):
    """How many PINs were tried on a day (UTC): of a person, at a device, and of a person at a device.

    :param subject: the person, or a stand-in for a code that nobody has. No person, or no device, is all zeros.
    """

    subject = models.UUIDField()
    device_id = models.UUIDField()
    day = models.DateField()
    tries = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            Unique(
                fields=["subject", "device_id", "day"],
                name="pin_tries_of_a_day",
                field="day",
                sentence="The tries of this day are counted already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tries} on {self.day}"


class Approval(models.Model):
    """A person's yes to what another one asked for: to one command, once, for two minutes.

    Commands on one document have its id: an order is placed with an approval, and voided with another one. So several
    approvals with one `command_id` are used. What a command does once, its Idempotency-Key and its document see to.

    :param actions: permissions. :param command_id: of the document. :param digest: of the command's content
        (`web/commands.py`).
    :param own_allowed: whether the approver's role lets them approve what they ask for themselves.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    actions = models.JSONField(default=list)
    command_id = models.UUIDField()
    digest = models.CharField(max_length=64)
    requested_by = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="approvals_requested")
    approved_by = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="approvals_granted")
    own_allowed = models.BooleanField(default=False)
    device_id = models.UUIDField()
    reason = models.CharField(max_length=limits.REASON)
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            Check(
                condition=~Q(approved_by=F("requested_by")) | Q(own_allowed=True),
                name="approval_by_another",
                field="approved_by",
                sentence="Nobody approves what they ask for themselves, unless their role allows it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.actions))} ({localtime(self.granted_at):%Y-%m-%d %H:%M})"

    def summary(self) -> Mapping[str, Any]:
        return {"id": self.id, "actions": self.actions, "expires_at": self.expires_at}
