"""Drawers, shifts with a number, cash that is moved and counted, reports, and what shifts come to.

Each register gets a drawer, which has its series, and open shifts move to it. The database makes a drawer for a
register that is written without one, and finds drawer and number of a shift that code of the release before opens.
"""

import django.db.models.deletion
from django.db import migrations, models

import kernel.ids

DRAWERS = """
CREATE FUNCTION pos_drawer_series() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted text;
BEGIN
    IF NEW.series = '' THEN
        wanted := upper(left(regexp_replace(NEW.name, '[^A-Za-z0-9]+', '', 'g'), 12));
        NEW.series := pos_new_series(coalesce(nullif(wanted, ''), 'D'));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pos_cashdrawer_gives_series BEFORE INSERT ON pos_cashdrawer
    FOR EACH ROW EXECUTE FUNCTION pos_drawer_series();
ALTER TABLE pos_cashdrawer ENABLE ALWAYS TRIGGER pos_cashdrawer_gives_series;

CREATE FUNCTION pos_register_take_drawer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    chosen text := NEW.series;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.location_id <> OLD.location_id AND NEW.drawer_id = OLD.drawer_id THEN
            NEW.drawer_id := NULL;
        END IF;
    END IF;
    IF NEW.drawer_id IS NULL THEN
        IF EXISTS (SELECT 1 FROM pos_cashdrawer WHERE series = chosen) THEN
            chosen := pos_new_series(chosen || '-D');
        END IF;
        INSERT INTO pos_cashdrawer (id, location_id, name, series)
            VALUES (uuidv7(), NEW.location_id, NEW.name, chosen) RETURNING id INTO NEW.drawer_id;
    ELSIF NOT EXISTS (SELECT 1 FROM pos_cashdrawer WHERE id = NEW.drawer_id AND location_id = NEW.location_id) THEN
        RAISE EXCEPTION 'The drawer is at another location: choose one at the location of the register.'
            USING ERRCODE = 'check_violation', TABLE = 'pos_register', COLUMN = 'drawer_id',
            CONSTRAINT = 'register_drawer_is_here';
    END IF;
    RETURN NEW;
END $$;
INSERT INTO pos_cashdrawer (id, location_id, name, series)
    SELECT uuidv7(), location_id, name, series FROM pos_register;
UPDATE pos_register r SET drawer_id = d.id FROM pos_cashdrawer d WHERE d.series = r.series;
SET CONSTRAINTS ALL IMMEDIATE;
CREATE TRIGGER pos_register_has_drawer BEFORE INSERT OR UPDATE OF location_id, drawer_id ON pos_register
    FOR EACH ROW EXECUTE FUNCTION pos_register_take_drawer();
ALTER TABLE pos_register ENABLE ALWAYS TRIGGER pos_register_has_drawer;
DROP TRIGGER pos_register_shop_changed ON pos_register;
CREATE CONSTRAINT TRIGGER pos_register_shop_changed
    AFTER INSERT OR DELETE OR UPDATE OF id, location_id, code, name, series, training_series, drawer_id ON pos_register
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pos_shop_changed();
ALTER TABLE pos_register ENABLE ALWAYS TRIGGER pos_register_shop_changed;

UPDATE pos_shift s SET drawer_id = r.drawer_id, number = n.number
FROM pos_register r, (
    SELECT id, row_number() OVER (PARTITION BY register_id ORDER BY opened_at, id) AS number FROM pos_shift
) n WHERE r.id = s.register_id AND n.id = s.id;
UPDATE pos_cashdrawer d SET next_shift_number = n.newest + 1
FROM (SELECT drawer_id, max(number) AS newest FROM pos_shift GROUP BY drawer_id) n WHERE n.drawer_id = d.id;
SET CONSTRAINTS ALL IMMEDIATE;

CREATE FUNCTION pos_shift_take_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.drawer_id IS NULL THEN
        SELECT drawer_id INTO NEW.drawer_id FROM pos_register WHERE id = NEW.register_id;
    END IF;
    IF NEW.number IS NULL THEN
        UPDATE pos_cashdrawer SET next_shift_number = next_shift_number + 1 WHERE id = NEW.drawer_id
            RETURNING next_shift_number - 1 INTO NEW.number;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pos_shift_has_number BEFORE INSERT ON pos_shift
    FOR EACH ROW EXECUTE FUNCTION pos_shift_take_number();
ALTER TABLE pos_shift ENABLE ALWAYS TRIGGER pos_shift_has_number;
"""
NO_DRAWERS = """
DROP TRIGGER pos_shift_has_number ON pos_shift;
DROP FUNCTION pos_shift_take_number();
DROP TRIGGER pos_register_has_drawer ON pos_register;
DROP FUNCTION pos_register_take_drawer();
DROP TRIGGER pos_cashdrawer_gives_series ON pos_cashdrawer;
DROP FUNCTION pos_drawer_series();
DROP TRIGGER pos_register_shop_changed ON pos_register;
CREATE CONSTRAINT TRIGGER pos_register_shop_changed
    AFTER INSERT OR DELETE OR UPDATE OF id, location_id, code, name, series, training_series ON pos_register
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pos_shop_changed();
ALTER TABLE pos_register ENABLE ALWAYS TRIGGER pos_register_shop_changed;
"""
APPEND_ONLY = """
CREATE FUNCTION pos_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused.', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_TABLE_NAME || '_append_only';
END $$;
CREATE TRIGGER pos_cashmovement_append_only BEFORE UPDATE OR DELETE ON pos_cashmovement
    FOR EACH ROW EXECUTE FUNCTION pos_refuse_rewrite();
CREATE TRIGGER pos_cashcount_append_only BEFORE UPDATE OR DELETE ON pos_cashcount
    FOR EACH ROW EXECUTE FUNCTION pos_refuse_rewrite();
CREATE TRIGGER pos_shiftamendment_append_only BEFORE UPDATE OR DELETE ON pos_shiftamendment
    FOR EACH ROW EXECUTE FUNCTION pos_refuse_rewrite();
CREATE TRIGGER pos_shift_stays_closed BEFORE UPDATE OR DELETE ON pos_shift
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION pos_refuse_rewrite();
ALTER TABLE pos_cashmovement ENABLE ALWAYS TRIGGER pos_cashmovement_append_only;
ALTER TABLE pos_cashcount ENABLE ALWAYS TRIGGER pos_cashcount_append_only;
ALTER TABLE pos_shiftamendment ENABLE ALWAYS TRIGGER pos_shiftamendment_append_only;
ALTER TABLE pos_shift ENABLE ALWAYS TRIGGER pos_shift_stays_closed;
"""
REWRITABLE = """
DROP TRIGGER pos_shift_stays_closed ON pos_shift;
DROP TRIGGER pos_shiftamendment_append_only ON pos_shiftamendment;
DROP TRIGGER pos_cashcount_append_only ON pos_cashcount;
DROP TRIGGER pos_cashmovement_append_only ON pos_cashmovement;
DROP FUNCTION pos_refuse_rewrite();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("pos", "0024_exceptions"),
    ]

    operations = [
        migrations.CreateModel(
            name="CashCount",
            fields=[
                ("id", models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "denominations",
                    models.JSONField(help_text="How many of each coin and note, by its worth", null=True),
                ),
                ("counted", models.BigIntegerField()),
                ("expected", models.BigIntegerField()),
                ("staff_id", models.UUIDField(null=True)),
                ("recorded_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="CashDrawer",
            fields=[
                ("id", models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("series", models.CharField(db_default="", default="", editable=False, max_length=30)),
                ("next_shift_number", models.BigIntegerField(db_default=1, default=1, editable=False)),
                ("next_z_number", models.BigIntegerField(db_default=1, default=1, editable=False)),
                ("next_x_number", models.BigIntegerField(db_default=1, default=1, editable=False)),
                ("next_cash_number", models.BigIntegerField(db_default=1, default=1, editable=False)),
                ("next_correction_number", models.BigIntegerField(db_default=1, default=1, editable=False)),
                ("z_head", models.CharField(db_default="", default="", editable=False, max_length=64)),
                ("x_head", models.CharField(db_default="", default="", editable=False, max_length=64)),
                ("cash_head", models.CharField(db_default="", default="", editable=False, max_length=64)),
                ("correction_head", models.CharField(db_default="", default="", editable=False, max_length=64)),
                ("grand_total", models.BigIntegerField(db_default=0, default=0, editable=False)),
            ],
        ),
        migrations.CreateModel(
            name="CashMovement",
            fields=[
                ("id", models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("FLOAT", "Float"),
                            ("PAID_IN", "Paid in"),
                            ("PAID_OUT", "Paid out"),
                            ("PICKUP", "Pickup"),
                            ("NO_SALE", "Opened without a sale"),
                            ("CORRECTION", "Correction"),
                        ],
                        max_length=10,
                    ),
                ),
                ("amount", models.BigIntegerField(help_text="In minor units; below zero for what was taken out")),
                (
                    "source_id",
                    models.UUIDField(
                        help_text="The command that asked for it, the shift of a float, or what is corrected"
                    ),
                ),
                ("reason_code", models.CharField(blank=True, db_default="", default="", max_length=20)),
                ("note", models.CharField(blank=True, db_default="", default="", max_length=500)),
                ("staff_id", models.UUIDField(null=True)),
                ("approval_id", models.UUIDField(null=True)),
                ("receipt_id", models.UUIDField(null=True)),
                ("business_date", models.DateField()),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ShiftAmendment",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField(help_text="Of its shift")),
                ("event_id", models.UUIDField()),
                ("position", models.BigIntegerField(help_text="Of the event in the log")),
                ("receipt_id", models.UUIDField()),
                ("grand_total", models.BigIntegerField(help_text="Of the drawer, with this")),
                ("recorded_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ShiftTotal",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "shift_id",
                        "register_id",
                        "late",
                        "subject",
                        "key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("shift_id", models.UUIDField()),
                ("register_id", models.UUIDField()),
                ("late", models.BooleanField()),
                (
                    "subject",
                    models.CharField(
                        choices=[
                            ("SALES", "Sales"),
                            ("RETURNS", "Returns"),
                            ("TAXES", "Taxes"),
                            ("TAXES_BACK", "Taxes Back"),
                            ("TENDERS", "Tenders"),
                            ("REFUNDS", "Refunds"),
                        ],
                        max_length=10,
                    ),
                ),
                ("key", models.TextField()),
                ("count", models.BigIntegerField()),
                ("total", models.BigIntegerField(help_text="With tax; of tenders without the change")),
                ("net", models.BigIntegerField(help_text="Without tax")),
                ("tax", models.BigIntegerField()),
                ("discount", models.BigIntegerField()),
                ("rounding", models.BigIntegerField()),
                ("change", models.BigIntegerField()),
                ("first_number", models.BigIntegerField(help_text="Of its receipts", null=True)),
                ("last_number", models.BigIntegerField(null=True)),
                ("position", models.BigIntegerField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="receipt",
            name="receipt_kind_known",
        ),
        migrations.RemoveConstraint(
            model_name="shift",
            name="shift_one_open_per_register",
        ),
        migrations.AddField(
            model_name="shift",
            name="business_date",
            field=models.DateField(help_text="On which it was opened", null=True),
        ),
        migrations.AddField(
            model_name="shift",
            name="closed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="shift",
            name="closed_by",
            field=models.UUIDField(help_text="The staff member", null=True),
        ),
        migrations.AddField(
            model_name="shift",
            name="closed_on",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="pos.register",
            ),
        ),
        migrations.AddField(
            model_name="shift",
            name="closed_position",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="shift",
            name="counted",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="shift",
            name="expected",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="shift",
            name="grand_total",
            field=models.BigIntegerField(help_text="Of the drawer, with this shift", null=True),
        ),
        migrations.AddField(
            model_name="shift",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=500),
        ),
        migrations.AddField(
            model_name="shift",
            name="number",
            field=models.BigIntegerField(help_text="Of its drawer", null=True),
        ),
        migrations.AddField(
            model_name="shift",
            name="opened_by",
            field=models.UUIDField(help_text="The staff member", null=True),
        ),
        migrations.AddField(
            model_name="shift",
            name="over_short",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="shift",
            name="receipt_id",
            field=models.UUIDField(help_text="Of the Z report", null=True),
        ),
        migrations.AlterField(
            model_name="receipt",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ORDER", "Order"),
                    ("RETURN", "Return"),
                    ("Z", "Z report"),
                    ("X", "X report"),
                    ("CASH", "Cash moved"),
                    ("CORRECTION", "Amendment of a Z report"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="receipt",
            name="source_id",
            field=models.UUIDField(help_text="Of the order, return, shift, movement or amendment"),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["ORDER", "RETURN", "Z", "X", "CASH", "CORRECTION"])),
                name="receipt_kind_known",
            ),
        ),
        migrations.AddField(
            model_name="cashcount",
            name="register",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="pos.register"
            ),
        ),
        migrations.AddField(
            model_name="cashcount",
            name="shift",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="counts", to="pos.shift"),
        ),
        migrations.AddField(
            model_name="cashdrawer",
            name="location",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="pos.location"),
        ),
        migrations.AddField(
            model_name="register",
            name="drawer",
            field=models.ForeignKey(
                blank=True,
                help_text="Where its cash goes. Empty: another one is made for it",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="registers",
                to="pos.cashdrawer",
            ),
        ),
        migrations.AddField(
            model_name="shift",
            name="drawer",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="shifts", to="pos.cashdrawer"
            ),
        ),
        migrations.AddConstraint(
            model_name="cashdrawer",
            constraint=models.UniqueConstraint(fields=("series",), name="cash_drawer_series_unique"),
        ),
        migrations.RunSQL(DRAWERS, NO_DRAWERS),
        migrations.AlterField(
            model_name="shift",
            name="number",
            field=models.BigIntegerField(help_text="Of its drawer"),
        ),
        migrations.AlterField(
            model_name="shift",
            name="drawer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="shifts", to="pos.cashdrawer"
            ),
        ),
        migrations.AddConstraint(
            model_name="shift",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "OPEN")), fields=("drawer",), name="shift_one_open_per_drawer"
            ),
        ),
        migrations.AddConstraint(
            model_name="shift",
            constraint=models.UniqueConstraint(fields=("drawer", "number"), name="shift_number_unique"),
        ),
        migrations.AddField(
            model_name="cashmovement",
            name="register",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="pos.register"
            ),
        ),
        migrations.AddField(
            model_name="cashmovement",
            name="shift",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="movements", to="pos.shift"
            ),
        ),
        migrations.AddField(
            model_name="shiftamendment",
            name="shift",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="amendments", to="pos.shift"
            ),
        ),
        migrations.AddConstraint(
            model_name="cashmovement",
            constraint=models.UniqueConstraint(fields=("source_id", "kind"), name="cash_movement_once_per_source"),
        ),
        migrations.AddConstraint(
            model_name="cashmovement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount__gte", 0), ("kind__in", ["FLOAT", "PAID_IN"])),
                    models.Q(("amount__lt", 0), ("kind__in", ["PAID_OUT", "PICKUP"])),
                    models.Q(("amount", 0), ("kind", "NO_SALE")),
                    ("kind", "CORRECTION"),
                    _connector="OR",
                ),
                name="cash_movement_has_its_sign",
            ),
        ),
        migrations.AddConstraint(
            model_name="shiftamendment",
            constraint=models.UniqueConstraint(fields=("shift", "event_id"), name="shift_amended_once_per_event"),
        ),
        migrations.AddConstraint(
            model_name="shiftamendment",
            constraint=models.UniqueConstraint(fields=("shift", "number"), name="shift_amendment_number_unique"),
        ),
        migrations.RunSQL(APPEND_ONLY, REWRITABLE),
    ]
