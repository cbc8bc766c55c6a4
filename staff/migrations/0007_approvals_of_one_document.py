"""Commands on one document have its id, and each of them its approval."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("staff", "0006_copies_of_one_receipt")]
    operations = [migrations.RemoveConstraint("approval", "approval_of_a_command")]
