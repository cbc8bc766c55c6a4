"""The audit of sign-ins, pairings, keys and permissions: shared, walled by tenant, append-only.

The attempts to sign in (django-axes) are the platform's: no tenant's session sees them, its own neither.
"""

from django.db import migrations, models

TABLE = """
CREATE TABLE public.events_auditentry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    acted_at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL,
    address text NOT NULL,
    correlation_id uuid NOT NULL
);
CREATE INDEX events_auditentry_moment ON public.events_auditentry (tenant_id, acted_at);
CREATE INDEX events_auditentry_age ON public.events_auditentry (acted_at);
CREATE TRIGGER events_auditentry_append_only BEFORE UPDATE OR DELETE ON public.events_auditentry
    FOR EACH ROW EXECUTE FUNCTION public.events_refuse_rewrite();
ALTER TABLE public.events_auditentry ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.events_auditentry FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON public.events_auditentry
    USING (tenant_id = (SELECT public.events_tenant()) OR (SELECT public.events_tenant()) = 'public');
"""
ATTEMPTS = ("accessattempt", "accesslog", "accessfailurelog", "accessattemptexpiration")
HIDE = "".join(
    f"""
ALTER TABLE public.axes_{table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.axes_{table} FORCE ROW LEVEL SECURITY;
CREATE POLICY platform_only ON public.axes_{table} USING ((SELECT public.events_tenant()) = 'public');
"""
    for table in ATTEMPTS
)
SHOW = "".join(
    f"""
DROP POLICY platform_only ON public.axes_{table};
ALTER TABLE public.axes_{table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.axes_{table} DISABLE ROW LEVEL SECURITY;
"""
    for table in ATTEMPTS
)


class Migration(migrations.Migration):
    dependencies = [("events", "0017_epochs"), ("axes", "0010_accessattemptexpiration")]
    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE public.events_auditentry;"),
        migrations.RunSQL(HIDE, SHOW),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tenant_id", models.TextField()),
                ("acted_at", models.DateTimeField()),
                ("actor", models.TextField()),
                ("action", models.TextField()),
                ("subject", models.TextField()),
                ("detail", models.TextField()),
                ("address", models.TextField()),
                ("correlation_id", models.UUIDField()),
            ],
            options={
                "db_table": "events_auditentry",
                "managed": False,
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit",
            },
        ),
    ]
