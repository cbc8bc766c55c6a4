"""Which subscribers were renamed: for what is in archives under the old name, and for older code that still has it."""

from django.db import migrations

TABLE = """
CREATE TABLE public.events_renamed (
    before text PRIMARY KEY,
    after text NOT NULL CHECK (after <> before)
);
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0012_partitions_of_past_months")]
    operations = [migrations.RunSQL(TABLE, "DROP TABLE public.events_renamed;")]
