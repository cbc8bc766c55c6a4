"""An order updates its register twice, and the second time a foreign key locks what it refers to: the drawer.

Registers that share a drawer would all write that lock. The trigger of migration 0025 finds the drawer of a register;
this one keeps a drawer that a register names.
"""

import django.db.models.deletion
from django.db import migrations, models

KEPT = """
CREATE FUNCTION pos_cashdrawer_is_used() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM pos_register WHERE drawer_id = OLD.id) THEN
        RAISE EXCEPTION 'The cash of a register goes into this drawer: choose another one for the register first.'
            USING ERRCODE = 'foreign_key_violation', TABLE = 'pos_register', CONSTRAINT = 'register_drawer_is_there';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER pos_cashdrawer_is_kept BEFORE DELETE ON pos_cashdrawer
    FOR EACH ROW EXECUTE FUNCTION pos_cashdrawer_is_used();
ALTER TABLE pos_cashdrawer ENABLE ALWAYS TRIGGER pos_cashdrawer_is_kept;
"""
NOT_KEPT = """
DROP TRIGGER pos_cashdrawer_is_kept ON pos_cashdrawer;
DROP FUNCTION pos_cashdrawer_is_used();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("pos", "0026_refunds"),
    ]

    operations = [
        migrations.AlterField(
            model_name="register",
            name="drawer",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                help_text="Where its cash goes. Empty: another one is made for it",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="registers",
                to="pos.cashdrawer",
            ),
        ),
        migrations.RunSQL(KEPT, NOT_KEPT),
    ]
