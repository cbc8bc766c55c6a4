"""How the barcodes begin that a shop's scales print: a setting of the shop, which its barcodes of scales agree with.

Of a barcode that is added and a setting that is changed at once, the second waits for the first: whoever adds one locks
the current profile.
"""

from django.core.validators import RegexValidator
from django.db import migrations, models
from django.db.models import Q

ALL = "20 21 22 23 24 25 26 27 28 29"
TRIGGERS = f"""
CREATE FUNCTION pos_barcode_prefix() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    prefixes text;
BEGIN
    EXECUTE format('SELECT scale_prefixes FROM %I.pos_shopprofile WHERE current FOR SHARE', TG_TABLE_SCHEMA)
        INTO prefixes;
    prefixes := coalesce(prefixes, '{ALL}');
    IF left(NEW.code, 2) <> ALL (string_to_array(prefixes, ' ')) THEN
        RAISE EXCEPTION 'The scales of this shop print codes that begin with % (its profile says so), not %.',
            prefixes, NEW.code USING ERRCODE = 'check_violation', TABLE = 'pos_barcode', COLUMN = 'code',
            CONSTRAINT = 'barcode_of_a_scale_of_the_shop';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pos_barcode_prefix BEFORE INSERT OR UPDATE OF code, kind ON pos_barcode
    FOR EACH ROW WHEN (NEW.kind <> 'PLAIN') EXECUTE FUNCTION pos_barcode_prefix();

CREATE FUNCTION pos_shopprofile_prefixes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    other text;
BEGIN
    EXECUTE format('SELECT code FROM %I.pos_barcode WHERE kind <> ''PLAIN'' AND live
        AND left(code, 2) <> ALL (string_to_array($1, '' '')) ORDER BY code LIMIT 1', TG_TABLE_SCHEMA)
        INTO other USING NEW.scale_prefixes;
    IF other IS NOT NULL THEN
        RAISE EXCEPTION 'The barcode % of a scale begins otherwise: remove it first.', other
            USING ERRCODE = 'check_violation', TABLE = 'pos_shopprofile', COLUMN = 'scale_prefixes',
            CONSTRAINT = 'shop_profile_prefixes_of_barcodes';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER pos_shopprofile_prefixes AFTER INSERT ON pos_shopprofile
    FOR EACH ROW WHEN (NEW.current) EXECUTE FUNCTION pos_shopprofile_prefixes();
"""
WITHOUT = """
DROP TRIGGER pos_shopprofile_prefixes ON pos_shopprofile;
DROP FUNCTION pos_shopprofile_prefixes();
DROP TRIGGER pos_barcode_prefix ON pos_barcode;
DROP FUNCTION pos_barcode_prefix();
"""


class Migration(migrations.Migration):
    dependencies = [("pos", "0029_finding_receipts")]
    operations = [
        migrations.AddField(
            "shopprofile",
            "scale_prefixes",
            models.CharField(
                blank=True,
                db_default=ALL,
                default=ALL,
                help_text="Of the barcodes that the shop's scales print, the first two digits: 02, 04, 20 to 29, with"
                " blanks between; empty: it has no scales",
                max_length=35,
                validators=[
                    RegexValidator(
                        r"\A(?:0[24]|2[0-9])(?: (?:0[24]|2[0-9]))*\Z",
                        "Write 02, 04 or numbers from 20 to 29 with a blank between, as 20 21 28.",
                    )
                ],
            ),
        ),
        migrations.RemoveConstraint("barcode", "barcode_of_scale"),
        migrations.AddConstraint(
            "barcode",
            models.CheckConstraint(
                condition=Q(kind="PLAIN") | Q(code__regex="^(?:0[24]|2[0-9])[0-9]{5}$", quantity=1),
                name="barcode_of_scale",
            ),
        ),
        migrations.RunSQL(TRIGGERS, WITHOUT),
    ]
