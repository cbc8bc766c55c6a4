"""Lines keep the category of their goods, orders and tenders who took them; processes remember categories."""

from django.db import migrations, models

VERSION = """
CREATE CONSTRAINT TRIGGER pos_category_shop_changed AFTER INSERT OR DELETE OR UPDATE ON pos_category
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pos_shop_changed();
CREATE TRIGGER pos_category_shop_truncated AFTER TRUNCATE ON pos_category
    FOR EACH STATEMENT EXECUTE FUNCTION pos_shop_changed();
ALTER TABLE pos_category ENABLE ALWAYS TRIGGER pos_category_shop_changed;
ALTER TABLE pos_category ENABLE ALWAYS TRIGGER pos_category_shop_truncated;
"""
WITHOUT = """
DROP TRIGGER pos_category_shop_changed ON pos_category;
DROP TRIGGER pos_category_shop_truncated ON pos_category;
"""


class Migration(migrations.Migration):
    dependencies = [("pos", "0020_money_where_and_when")]
    operations = [
        migrations.AddField("order", "staff_id", models.UUIDField(null=True)),
        migrations.AddField("tender", "staff_id", models.UUIDField(null=True)),
        migrations.AddField("orderline", "category", models.CharField(max_length=200, null=True)),
        migrations.AddField("returnline", "category", models.CharField(max_length=200, null=True)),
        migrations.RunSQL(VERSION, WITHOUT),
    ]
