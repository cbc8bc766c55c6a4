"""People at the tills. Each shop that exists gets the roles of a new one, and nobody who holds them."""

import json
from typing import Any

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kernel.ids
from kernel.ids import new_id
from staff.duty.models import IDLE_MINUTES
from staff.duty.rules import DEFAULT_ROLES


def define_roles(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.schema_name == "public":
        return
    for role in DEFAULT_ROLES:
        values = (new_id(), role.name, json.dumps(role.rules()), role.approves, role.approves_own, IDLE_MINUTES)
        schema_editor.execute(
            "INSERT INTO staff_role (id, name, rules, approves, approves_own, idle_minutes)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (name) DO NOTHING",
            values,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0004_offered_permissions"),
    ]

    operations = [
        migrations.CreateModel(
            name="PinTries",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.UUIDField()),
                ("device_id", models.UUIDField()),
                ("day", models.DateField()),
                ("tries", models.PositiveIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("subject", "device_id", "day"), name="pin_tries_of_a_day")
                ],
            },
        ),
        migrations.CreateModel(
            name="Role",
            fields=[
                ("id", models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200, unique=True)),
                ("rules", models.JSONField(default=dict)),
                (
                    "approves",
                    models.BooleanField(
                        default=False, help_text="May approve what others ask for", verbose_name="approves"
                    ),
                ),
                (
                    "approves_own",
                    models.BooleanField(
                        default=False,
                        help_text="May approve what they ask for themselves",
                        verbose_name="approves own requests",
                    ),
                ),
                (
                    "idle_minutes",
                    models.PositiveSmallIntegerField(
                        default=15,
                        help_text="Minutes without a request after which a session that begins from now on ends",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(720),
                        ],
                    ),
                ),
            ],
            options={
                "verbose_name": "role at the till",
                "verbose_name_plural": "roles at the till",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("idle_minutes__gte", 1), ("idle_minutes__lte", 720)),
                        name="role_idle_minutes",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StaffMember",
            fields=[
                ("id", models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "code",
                    models.CharField(
                        help_text="What they type before the PIN: 1 to 20 capital letters and digits",
                        max_length=20,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Z0-9]{1,20}\\Z", "A staff code is 1 to 20 capital letters and digits."
                            )
                        ],
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("pin_hash", models.CharField(editable=False, max_length=200)),
                ("pin_digits", models.PositiveSmallIntegerField(default=4, editable=False)),
                ("pin_set_at", models.DateTimeField(editable=False)),
                (
                    "is_active",
                    models.BooleanField(default=True, help_text="Whoever is not active cannot sign in at a till"),
                ),
                (
                    "role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="members", to="staff.role"
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        blank=True,
                        help_text="Their role at the till then holds for what they do in the admin as well",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="staff_member",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user of the admin",
                    ),
                ),
            ],
            options={
                "verbose_name": "staff member",
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("actions", models.JSONField(default=list)),
                ("command_id", models.UUIDField()),
                ("digest", models.CharField(max_length=64)),
                ("own_allowed", models.BooleanField(default=False)),
                ("device_id", models.UUIDField()),
                ("reason", models.CharField(max_length=200)),
                ("granted_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("consumed_at", models.DateTimeField(null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals_granted",
                        to="staff.staffmember",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals_requested",
                        to="staff.staffmember",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("consumed_at__isnull", False)),
                        fields=("command_id",),
                        name="approval_of_a_command",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("approved_by", models.F("requested_by")), _negated=True),
                            ("own_allowed", True),
                            _connector="OR",
                        ),
                        name="approval_by_another",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StaffSession",
            fields=[
                ("id", models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("device_id", models.UUIDField(editable=False)),
                ("register_id", models.UUIDField(editable=False)),
                ("started_at", models.DateTimeField(editable=False)),
                ("last_used_at", models.DateTimeField(editable=False)),
                ("idle_seconds", models.PositiveIntegerField(editable=False)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
                (
                    "ended_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("SIGNED_OUT", "Signed out"),
                            ("IDLE", "Idle for too long"),
                            ("DEACTIVATED", "No longer active"),
                            ("PIN_CHANGED", "New PIN"),
                            ("ROLE_CHANGED", "Another role, or another content of it"),
                            ("DEVICE_REVOKED", "Device revoked"),
                        ],
                        default="",
                        editable=False,
                        max_length=14,
                    ),
                ),
                (
                    "staff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sessions", to="staff.staffmember"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at", None)), fields=["device_id"], name="staff_session_open_device"
                    )
                ],
            },
        ),
        migrations.RunPython(define_roles, migrations.RunPython.noop),
    ]
