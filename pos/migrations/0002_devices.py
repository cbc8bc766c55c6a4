"""Devices whose tokens expire and rotate with an overlap, and which stay revoked."""

from django.db import migrations, models

FINAL = """
CREATE FUNCTION pos_device_refuse_revival() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the device % was revoked, which is final', OLD.name USING ERRCODE = 'check_violation',
        TABLE = 'pos_device', CONSTRAINT = 'device_revocation_is_final';
END $$;
CREATE TRIGGER pos_device_revoked_is_final BEFORE UPDATE ON pos_device FOR EACH ROW
    WHEN (OLD.status = 'REVOKED' AND (NEW.status <> 'REVOKED' OR NEW.token_hash <> OLD.token_hash))
    EXECUTE FUNCTION pos_device_refuse_revival();
"""
MUTABLE = """
DROP TRIGGER pos_device_revoked_is_final ON pos_device;
DROP FUNCTION pos_device_refuse_revival();
"""


class Migration(migrations.Migration):
    dependencies = [("pos", "0001_initial")]
    operations = [
        migrations.AddField(
            "Device", "previous_hash", models.CharField(max_length=64, unique=True, null=True, editable=False)
        ),
        migrations.AddField("Device", "previous_until", models.DateTimeField(null=True, editable=False)),
        migrations.AddField(
            "Device",
            "expires_at",
            models.DateTimeField(null=True, blank=True, help_text="The token is refused from then on; empty: never"),
        ),
        migrations.AddField("Device", "last_used_at", models.DateTimeField(null=True, editable=False)),
        migrations.RunSQL(FINAL, MUTABLE),
    ]
