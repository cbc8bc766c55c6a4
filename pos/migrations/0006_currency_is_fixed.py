"""The currency of a location is fixed from its first shift on: every amount that was recorded there is in it.

The registers are locked, which a shift that is being opened refers to, so that neither passes the other unseen.
"""

from django.db import migrations

FIXED = """
CREATE FUNCTION pos_location_keep_currency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM pos_register WHERE location_id = OLD.id FOR UPDATE;
    IF EXISTS (
        SELECT 1 FROM pos_shift JOIN pos_register ON pos_register.id = pos_shift.register_id
        WHERE pos_register.location_id = OLD.id
    ) THEN
        RAISE EXCEPTION 'The currency is % since the first shift here: make another location for %.',
            OLD.currency, NEW.currency USING ERRCODE = 'check_violation', TABLE = 'pos_location',
            COLUMN = 'currency', CONSTRAINT = 'location_currency_is_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pos_location_currency_is_fixed BEFORE UPDATE ON pos_location FOR EACH ROW
    WHEN (OLD.currency <> NEW.currency) EXECUTE FUNCTION pos_location_keep_currency();

CREATE FUNCTION pos_register_keep_currency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM pos_shift WHERE register_id = OLD.id)
        AND (SELECT count(DISTINCT currency) FROM pos_location WHERE id IN (OLD.location_id, NEW.location_id)) > 1
    THEN
        RAISE EXCEPTION 'The register has shifts in another currency than this location has: make another register.'
            USING ERRCODE = 'check_violation', TABLE = 'pos_register', COLUMN = 'location',
            CONSTRAINT = 'register_currency_is_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pos_register_currency_is_fixed BEFORE UPDATE ON pos_register FOR EACH ROW
    WHEN (OLD.location_id <> NEW.location_id) EXECUTE FUNCTION pos_register_keep_currency();
"""
FREE = """
DROP TRIGGER pos_register_currency_is_fixed ON pos_register;
DROP FUNCTION pos_register_keep_currency();
DROP TRIGGER pos_location_currency_is_fixed ON pos_location;
DROP FUNCTION pos_location_keep_currency();
"""


class Migration(migrations.Migration):
    dependencies = [("pos", "0005_wide_shelf_levels")]
    operations = [migrations.RunSQL(FIXED, FREE)]
