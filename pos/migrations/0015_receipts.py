"""Receipts as rows, the series of registers, and the versions of the shop's profile.

A series is given once: `pos_series` keeps those of registers that were renamed or deleted. Receipts and versions of the
profile are written once. What processes remember of a shop includes its profile and the series of its registers.
"""

import django.core.validators
from django.db import migrations, models

import kernel.ids

SERIES = """
CREATE TABLE pos_series (series varchar(30) PRIMARY KEY);
COMMENT ON TABLE pos_series IS 'written by triggers';

CREATE FUNCTION pos_new_series(wanted text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    candidate text := wanted;
    tried integer := 1;
BEGIN
    LOOP
        INSERT INTO pos_series VALUES (candidate) ON CONFLICT DO NOTHING;
        IF FOUND THEN
            RETURN candidate;
        END IF;
        tried := tried + 1;
        candidate := wanted || '-' || tried;
    END LOOP;
END $$;

CREATE FUNCTION pos_register_give_series() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.series <> '' AND (
            OLD.next_receipt_number > 1 OR OLD.next_return_number > 1 OR OLD.next_training_number > 1
        ) THEN
            RAISE EXCEPTION 'The series is % since the first number here: make another register for another series.',
                OLD.series USING ERRCODE = 'check_violation', TABLE = 'pos_register', COLUMN = 'series',
                CONSTRAINT = 'register_series_is_fixed';
        END IF;
    END IF;
    IF NEW.series = '' THEN
        NEW.series := pos_new_series(NEW.code);
    ELSE
        INSERT INTO pos_series VALUES (NEW.series) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'The series % was given before, and numbers of a series are not repeated: choose another.',
                NEW.series USING ERRCODE = 'check_violation', TABLE = 'pos_register', COLUMN = 'series',
                CONSTRAINT = 'register_series_is_new';
        END IF;
    END IF;
    NEW.training_series := pos_new_series(NEW.series || '-T');
    RETURN NEW;
END $$;

INSERT INTO pos_series SELECT code FROM pos_register;
UPDATE pos_register SET series = code, training_series = pos_new_series(code || '-T');
SET CONSTRAINTS ALL IMMEDIATE;

CREATE TRIGGER pos_register_gives_series BEFORE INSERT ON pos_register
    FOR EACH ROW EXECUTE FUNCTION pos_register_give_series();
CREATE TRIGGER pos_register_keeps_series BEFORE UPDATE ON pos_register FOR EACH ROW
    WHEN ((OLD.series, OLD.training_series) IS DISTINCT FROM (NEW.series, NEW.training_series))
    EXECUTE FUNCTION pos_register_give_series();
ALTER TABLE pos_register ENABLE ALWAYS TRIGGER pos_register_gives_series;
ALTER TABLE pos_register ENABLE ALWAYS TRIGGER pos_register_keeps_series;
"""
NO_SERIES = """
DROP TRIGGER pos_register_keeps_series ON pos_register;
DROP TRIGGER pos_register_gives_series ON pos_register;
DROP FUNCTION pos_register_give_series();
DROP FUNCTION pos_new_series(text);
DROP TABLE pos_series;
"""
WRITTEN_ONCE = """
CREATE FUNCTION pos_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - TG_ARGV[0] = to_jsonb(OLD) - TG_ARGV[0] THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is written once: only % may change.', TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_TABLE_NAME || '_written_once';
END $$;

CREATE TRIGGER pos_receipt_written_once BEFORE UPDATE OR DELETE ON pos_receipt
    FOR EACH ROW EXECUTE FUNCTION pos_written_once('print_count');
ALTER TABLE pos_receipt ENABLE ALWAYS TRIGGER pos_receipt_written_once;
CREATE TRIGGER pos_shopprofile_written_once BEFORE UPDATE OR DELETE ON pos_shopprofile
    FOR EACH ROW EXECUTE FUNCTION pos_written_once('current');
ALTER TABLE pos_shopprofile ENABLE ALWAYS TRIGGER pos_shopprofile_written_once;
"""
WRITTEN_OFTEN = """
DROP TRIGGER pos_shopprofile_written_once ON pos_shopprofile;
DROP TRIGGER pos_receipt_written_once ON pos_receipt;
DROP FUNCTION pos_written_once();
"""
PROFILE = """
INSERT INTO pos_shopprofile (id, version, current, legal_name, address, vat_number, receipt_header, receipt_footer,
    cut_over_hour, made_at)
SELECT gen_random_uuid(), 1, true, name, '', '', '', '', 0, now() FROM pos_location ORDER BY id LIMIT 1;
"""
REMEMBERED = """
DROP TRIGGER pos_register_shop_changed ON pos_register;
CREATE CONSTRAINT TRIGGER pos_register_shop_changed
    AFTER INSERT OR DELETE OR UPDATE OF id, location_id, code, name, series, training_series ON pos_register
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pos_shop_changed();
ALTER TABLE pos_register ENABLE ALWAYS TRIGGER pos_register_shop_changed;
CREATE CONSTRAINT TRIGGER pos_shopprofile_shop_changed AFTER INSERT OR DELETE OR UPDATE ON pos_shopprofile
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pos_shop_changed();
CREATE TRIGGER pos_shopprofile_shop_truncated AFTER TRUNCATE ON pos_shopprofile
    FOR EACH STATEMENT EXECUTE FUNCTION pos_shop_changed();
ALTER TABLE pos_shopprofile ENABLE ALWAYS TRIGGER pos_shopprofile_shop_changed;
ALTER TABLE pos_shopprofile ENABLE ALWAYS TRIGGER pos_shopprofile_shop_truncated;
"""
NOT_REMEMBERED = """
DROP TRIGGER pos_shopprofile_shop_truncated ON pos_shopprofile;
DROP TRIGGER pos_shopprofile_shop_changed ON pos_shopprofile;
DROP TRIGGER pos_register_shop_changed ON pos_register;
CREATE CONSTRAINT TRIGGER pos_register_shop_changed
    AFTER INSERT OR DELETE OR UPDATE OF id, location_id, code, name ON pos_register
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pos_shop_changed();
ALTER TABLE pos_register ENABLE ALWAYS TRIGGER pos_register_shop_changed;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("pos", "0014_cash_rounding"),
    ]

    operations = [
        migrations.CreateModel(
            name="Receipt",
            fields=[
                ("id", models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("ORDER", "Order"), ("RETURN", "Return")], max_length=10)),
                ("series", models.CharField(max_length=30)),
                ("number", models.BigIntegerField()),
                ("source_id", models.UUIDField(help_text="Of the order or the return")),
                ("snapshot", models.TextField(help_text="Canonical JSON: what the hash is of")),
                ("previous_hash", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                ("print_count", models.PositiveIntegerField(default=0)),
                ("issued_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ShopProfile",
            fields=[
                ("id", models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField(editable=False, unique=True)),
                ("current", models.BooleanField(default=True, editable=False)),
                ("legal_name", models.CharField(max_length=200)),
                ("address", models.TextField(blank=True, max_length=500)),
                ("vat_number", models.CharField(blank=True, max_length=64, verbose_name="VAT number")),
                ("receipt_header", models.TextField(blank=True, max_length=1000)),
                ("receipt_footer", models.TextField(blank=True, max_length=1000)),
                (
                    "cut_over_hour",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="When the business day changes, by the clock of the location: 0 to 23",
                        validators=[django.core.validators.MaxValueValidator(23)],
                    ),
                ),
                ("made_at", models.DateTimeField(editable=False)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="order",
            name="order_receipt_number_unique",
        ),
        migrations.AddField(
            model_name="location",
            name="address",
            field=models.TextField(blank=True, db_default="", default="", max_length=500),
        ),
        migrations.AddField(
            model_name="order",
            name="business_date",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="customer_salt",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="Of the customer's reference in the receipt; erased with the address",
                max_length=32,
            ),
        ),
        migrations.AddField(model_name="order", name="receipt_id", field=models.UUIDField(null=True)),
        migrations.AddField(model_name="return", name="receipt_id", field=models.UUIDField(null=True)),
        migrations.AddField(
            model_name="order",
            name="series",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="Of the receipt number", max_length=30
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="training",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="register",
            name="next_training_number",
            field=models.BigIntegerField(db_default=1, default=1, editable=False),
        ),
        migrations.AddField(
            model_name="register",
            name="receipt_head",
            field=models.CharField(db_default="", default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="register",
            name="receipts_chained",
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="register",
            name="return_head",
            field=models.CharField(db_default="", default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="register",
            name="returns_chained",
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="register",
            name="trainings_chained",
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="register",
            name="series",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Begins the receipt numbers, and cannot be changed after the first. Empty: made of the code",
                max_length=30,
            ),
        ),
        migrations.AddField(
            model_name="register",
            name="training_head",
            field=models.CharField(db_default="", default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="register",
            name="training_series",
            field=models.CharField(db_default="", default="", editable=False, max_length=30),
        ),
        migrations.AddField(
            model_name="return",
            name="business_date",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="return",
            name="series",
            field=models.CharField(blank=True, db_default="", default="", max_length=30),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                fields=("register", "receipt_number", "training"), name="order_receipt_number_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(fields=("series", "kind", "number"), name="receipt_number_unique"),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(fields=("source_id", "kind"), name="receipt_once_per_source"),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["ORDER", "RETURN"])), name="receipt_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="shopprofile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("current", True)), fields=("current",), name="shop_profile_one_current"
            ),
        ),
        migrations.AddConstraint(
            model_name="shopprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(("cut_over_hour__lte", 23)), name="shop_profile_cut_over_hour"
            ),
        ),
        migrations.RunSQL(PROFILE, migrations.RunSQL.noop),
        migrations.RunSQL(SERIES, NO_SERIES),
        migrations.AddConstraint(
            model_name="register",
            constraint=models.UniqueConstraint(fields=("series",), name="register_series_unique"),
        ),
        migrations.RunSQL(WRITTEN_ONCE, WRITTEN_OFTEN),
        migrations.RunSQL(REMEMBERED, NOT_REMEMBERED),
    ]
