"""The epochs of the database, and for each tenant the position of its log after which one began."""

from django.db import migrations

TABLES = """
CREATE TABLE public.events_epoch (
    number bigint PRIMARY KEY,
    began_at timestamptz NOT NULL
);
INSERT INTO public.events_epoch (number, began_at) VALUES (1, clock_timestamp());

CREATE TABLE public.events_epochstart (
    epoch bigint NOT NULL REFERENCES public.events_epoch (number),
    tenant_id text NOT NULL,
    since bigint NOT NULL,
    PRIMARY KEY (tenant_id, epoch)
);
ALTER TABLE public.events_epochstart ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.events_epochstart FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON public.events_epochstart
    USING (tenant_id = (SELECT public.events_tenant()) OR (SELECT public.events_tenant()) = 'public');
"""
REVERSE = "DROP TABLE public.events_epochstart; DROP TABLE public.events_epoch;"


class Migration(migrations.Migration):
    dependencies = [("events", "0016_isolation")]
    operations = [migrations.RunSQL(TABLES, REVERSE)]
