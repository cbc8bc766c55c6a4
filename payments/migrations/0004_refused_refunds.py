"""A refund that the gateway refused counts no longer as money that went back, and says why it was refused."""

from django.db import migrations

REFUSED = """
UPDATE payments_paymentrefund SET failure = left(reference, 200), reference = ''
WHERE state = 'FAILED' AND failure = '';
UPDATE payments_payment p SET refunded = r.amount FROM (
    SELECT payment_id AS id, coalesce(sum(amount) FILTER (WHERE state <> 'FAILED'), 0) AS amount
    FROM payments_paymentrefund WHERE payment_id IS NOT NULL GROUP BY payment_id) r
WHERE r.id = p.id AND p.refunded <> r.amount;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_money_where_and_when")]

    operations = [migrations.RunSQL(REFUSED, migrations.RunSQL.noop, elidable=True)]
