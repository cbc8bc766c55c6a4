"""Make the dump of an installation of an older commit: `python tests/upgrade/make_dump.py CHECKOUT COMMIT`.

CHECKOUT is a clone of this repository at COMMIT, with a virtual environment that its requirements are installed in (run
this script with the Python of that environment). It starts a stack of that code in a temporary folder, lets `life.py`
happen there, checks it with that code's `verify`, and writes `tests/upgrade/dumps/COMMIT/`: the dump as plain SQL,
the archive folder, and `facts.json` (tokens and secrets, which the database keeps only as hashes or sealed).
"""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECRET_KEY = "the dumps of upgrade tests are sealed with this key"
OLD_PLACE = "/srv/tillflow"


def main() -> None:
    checkout, commit = Path(sys.argv[1]).resolve(), sys.argv[2]
    os.chdir(checkout)
    sys.path.insert(0, str(checkout))
    sys.path.append(str(HERE))
    dump = HERE / "dumps" / commit
    shutil.rmtree(dump, ignore_errors=True)
    dump.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(TILLFLOW_VAR=folder, SECRET_KEY=SECRET_KEY, EMAIL_URL="memorymail://", LOG_LEVEL="CRITICAL")
        os.environ.update(DJANGO_SETTINGS_MODULE="config.settings", ARCHIVE_DIR=str(dump / "archive"))
        from demo.stack.services import Services

        services = Services()
        os.environ.update(services.start())
        try:
            facts = {"secret_key": SECRET_KEY, "shops": lived()}
            text = dumped(checkout)
        finally:
            services.stop()
    with gzip.GzipFile(filename="", fileobj=(dump / "database.sql.gz").open("wb"), mode="wb", mtime=0) as file:
        file.write(text.encode())
    (dump / "facts.json").write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


def lived() -> dict[str, object]:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate_schemas", verbosity=0)
    from life import live

    facts = live()
    report = StringIO()
    call_command("verify", stdout=report)
    print(report.getvalue())
    return facts


def dumped(checkout: Path) -> str:
    """Return the database as SQL that any role may restore, without this machine's paths."""
    from django.db import connection

    from config.place import var
    from demo.stack.postgres import EmbeddedPostgres

    connection.close()
    server = EmbeddedPostgres(var() / "postgres")
    command = [str(server.server.bin_path / "pg_dump"), "--no-owner", "--no-privileges", "--no-comments"]
    done = subprocess.run([*command, server.url("postgres", "tillflow")], capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines(keepends=True) if not re.match(r"--|\\(un)?restrict|\s*$", line)]
    text = "".join(lines)
    for place in (str(checkout), str(HERE.parents[1]), sys.prefix, sys.base_prefix):
        text = text.replace(place, OLD_PLACE)
    return text


if __name__ == "__main__":
    main()
