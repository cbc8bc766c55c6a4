"""`python -m tests.architecture.asyncapi SCHEMA`: hold docs/asyncapi.json against the specification's JSON Schema."""

import json
import sys
from pathlib import Path

import jsonschema

from config.place import ROOT

if __name__ == "__main__":
    schema = json.loads(Path(sys.argv[1]).read_text())
    written = json.loads((ROOT / "docs" / "asyncapi.json").read_text())
    validator = jsonschema.Draft7Validator(schema)
    errors = sorted(validator.iter_errors(written), key=lambda error: list(error.absolute_path))
    for error in errors[:10]:
        sys.stderr.write(f"/{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}\n")
    sys.stdout.write(f"docs/asyncapi.json: {len(written['channels'])} channels, {len(errors)} errors\n")
    sys.exit(1 if errors else 0)
