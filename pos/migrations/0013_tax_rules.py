"""Tax classes and rules. Each rate becomes a class of its name whose one rule has that rate everywhere and always.

A rate is never changed from now on. At most one rule holds for a class, region and place at each moment: `btree_gist`
is not in every PostgreSQL, so the key of what must be equal is compared by its hash.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import kernel.ids
import kernel.local_moments

CLASSES = """
INSERT INTO pos_taxclass (id, name) SELECT uuidv7(), name FROM pos_taxrate ORDER BY id;
INSERT INTO pos_taxrule (id, tax_class_id, region, sequence, rate_id, on_top)
SELECT uuidv7(), c.id, '', 1, r.id, false FROM pos_taxrate r JOIN pos_taxclass c ON c.name = r.name;
UPDATE pos_product p SET tax_class_id = c.id FROM pos_taxrate r JOIN pos_taxclass c ON c.name = r.name
WHERE r.id = p.tax_rate_id;
SET CONSTRAINTS ALL IMMEDIATE;
"""
RULES = """
ALTER TABLE pos_taxrule ADD CONSTRAINT tax_rule_one_at_a_time EXCLUDE USING gist (
    numrange(hashtextextended(tax_class_id::text || '/' || sequence::text || '/' || region, 0)::numeric,
        hashtextextended(tax_class_id::text || '/' || sequence::text || '/' || region, 0)::numeric, '[]') WITH &&,
    tsrange(valid_from, valid_to) WITH &&
);

CREATE FUNCTION pos_taxrate_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A tax rate is never changed: add another one, and a rule that says from when on it is valid.'
        USING ERRCODE = 'check_violation', TABLE = 'pos_taxrate', COLUMN = 'rate', CONSTRAINT = 'tax_rate_is_fixed';
END $$;
CREATE TRIGGER pos_taxrate_is_fixed BEFORE UPDATE ON pos_taxrate FOR EACH ROW
    WHEN ((OLD.code, OLD.rate, OLD.inclusive) IS DISTINCT FROM (NEW.code, NEW.rate, NEW.inclusive))
    EXECUTE FUNCTION pos_taxrate_keep();

CREATE FUNCTION pos_taxrule_agree() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    agree boolean;
BEGIN
    -- Of two that change a class at once, the second waits. At COMMIT the search_path may be another one.
    EXECUTE format('SELECT 1 FROM %I.pos_taxclass WHERE id = $1 FOR UPDATE', TG_TABLE_SCHEMA) USING NEW.tax_class_id;
    EXECUTE format('SELECT count(DISTINCT r.inclusive) <= 1 FROM %1$I.pos_taxrule t JOIN %1$I.pos_taxrate r
        ON r.id = t.rate_id WHERE t.tax_class_id = $1', TG_TABLE_SCHEMA) INTO agree USING NEW.tax_class_id;
    IF NOT agree THEN
        RAISE EXCEPTION 'Prices contain all taxes of a class, or none: the rates of its rules do not agree.'
            USING ERRCODE = 'check_violation', TABLE = 'pos_taxrule', COLUMN = 'rate',
            CONSTRAINT = 'tax_rule_inclusive_agrees';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER pos_taxrule_inclusive_agrees AFTER INSERT OR UPDATE ON pos_taxrule
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION pos_taxrule_agree();
"""
WITHOUT_RULES = """
DROP TRIGGER pos_taxrule_inclusive_agrees ON pos_taxrule;
DROP FUNCTION pos_taxrule_agree();
DROP TRIGGER pos_taxrate_is_fixed ON pos_taxrate;
DROP FUNCTION pos_taxrate_keep();
ALTER TABLE pos_taxrule DROP CONSTRAINT tax_rule_one_at_a_time;
"""
TABLES = ("taxclass", "taxrule")
TRIGGERS = "".join(
    f"""
CREATE CONSTRAINT TRIGGER pos_{table}_shop_changed AFTER INSERT OR DELETE OR UPDATE ON pos_{table}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pos_shop_changed();
CREATE TRIGGER pos_{table}_shop_truncated AFTER TRUNCATE ON pos_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION pos_shop_changed();
ALTER TABLE pos_{table} ENABLE ALWAYS TRIGGER pos_{table}_shop_changed;
ALTER TABLE pos_{table} ENABLE ALWAYS TRIGGER pos_{table}_shop_truncated;
"""
    for table in TABLES
)
WITHOUT_TRIGGERS = "".join(
    f"""
DROP TRIGGER pos_{table}_shop_changed ON pos_{table};
DROP TRIGGER pos_{table}_shop_truncated ON pos_{table};
"""
    for table in TABLES
)


class Migration(migrations.Migration):
    dependencies = [("pos", "0012_amounts_of_lines")]
    operations = [
        migrations.AddField(
            "location",
            "tax_region",
            models.CharField(
                blank=True, db_default="", default="", help_text="Which tax rules hold here", max_length=20
            ),
        ),
        migrations.AddField(
            "taxrate",
            "code",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of the tax, the same for all its versions; the name when left empty",
                max_length=100,
            ),
        ),
        migrations.CreateModel(
            name="TaxClass",
            fields=[
                (
                    "id",
                    models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
            ],
            options={"verbose_name_plural": "tax classes"},
        ),
        migrations.CreateModel(
            name="TaxRule",
            fields=[
                (
                    "id",
                    models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "tax_class",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rules", to="pos.taxclass"
                    ),
                ),
                (
                    "region",
                    models.CharField(
                        blank=True, default="", help_text="As of locations; empty: all others", max_length=20
                    ),
                ),
                (
                    "sequence",
                    models.PositiveSmallIntegerField(default=1, help_text="Its place among several taxes of the goods"),
                ),
                ("rate", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="pos.taxrate")),
                (
                    "on_top",
                    models.BooleanField(
                        default=False, help_text="Whether it is charged on the taxes before it as well"
                    ),
                ),
                (
                    "valid_from",
                    kernel.local_moments.LocalMomentField(
                        blank=True,
                        help_text="By the location's clock; empty: since ever",
                        null=True,
                        verbose_name="from",
                    ),
                ),
                (
                    "valid_to",
                    kernel.local_moments.LocalMomentField(
                        blank=True, help_text="From this moment on no more; empty: on", null=True, verbose_name="until"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_from__lt=F("valid_to")),
                        name="tax_rule_ends_after_it_begins",
                    )
                ],
            },
        ),
        migrations.AddField(
            "product",
            "tax_class",
            models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="pos.taxclass"),
        ),
        migrations.AlterField(
            "product",
            "tax_rate",
            models.ForeignKey(
                help_text="The only tax of what has no class; else read by the release before",
                on_delete=django.db.models.deletion.PROTECT,
                to="pos.taxrate",
            ),
        ),
        migrations.RunSQL(CLASSES, migrations.RunSQL.noop),
        migrations.RunSQL(RULES, WITHOUT_RULES),
        migrations.RunSQL(TRIGGERS, WITHOUT_TRIGGERS),
    ]
