"""Rules for signing in; keys that expire, rotate with an overlap, and stay revoked."""

import django.core.validators
from django.db import migrations, models
from django.db.models import Q

FINAL = """
CREATE FUNCTION staff_apikey_refuse_revival() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the API key % was revoked, which is final', OLD.name USING ERRCODE = 'check_violation',
        TABLE = 'staff_apikey', CONSTRAINT = 'api_key_revocation_is_final';
END $$;
CREATE TRIGGER staff_apikey_revoked_is_final BEFORE UPDATE ON staff_apikey FOR EACH ROW
    WHEN (OLD.revoked_at IS NOT NULL
        AND (NEW.revoked_at IS DISTINCT FROM OLD.revoked_at OR NEW.key_hash <> OLD.key_hash))
    EXECUTE FUNCTION staff_apikey_refuse_revival();
"""
MUTABLE = """
DROP TRIGGER staff_apikey_revoked_is_final ON staff_apikey;
DROP FUNCTION staff_apikey_refuse_revival();
"""


class Migration(migrations.Migration):
    dependencies = [("staff", "0002_apikey")]
    operations = [
        migrations.CreateModel(
            name="SignInRules",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                (
                    "second_factor_required",
                    models.BooleanField(
                        default=False, help_text="Whoever signs in needs the code of an authenticator app"
                    ),
                ),
                (
                    "idle_minutes",
                    models.PositiveSmallIntegerField(
                        default=30,
                        help_text="Minutes without a request after which a session that begins from now on ends",
                        validators=[
                            django.core.validators.MinValueValidator(5),
                            django.core.validators.MaxValueValidator(720),
                        ],
                    ),
                ),
            ],
            options={
                "verbose_name": "rules for signing in",
                "verbose_name_plural": "rules for signing in",
                "constraints": [
                    models.CheckConstraint(condition=Q(id=1), name="sign_in_rules_are_one"),
                    models.CheckConstraint(
                        condition=Q(idle_minutes__gte=5, idle_minutes__lte=720), name="sign_in_rules_idle_minutes"
                    ),
                ],
            },
        ),
        migrations.AddField(
            "ApiKey", "previous_hash", models.CharField(max_length=64, unique=True, null=True, editable=False)
        ),
        migrations.AddField("ApiKey", "previous_until", models.DateTimeField(null=True, editable=False)),
        migrations.AddField("ApiKey", "expires_at", models.DateTimeField(null=True, blank=True)),
        migrations.AddField("ApiKey", "last_used_at", models.DateTimeField(null=True, editable=False)),
        migrations.RunSQL(FINAL, MUTABLE),
    ]
