"""`manage.py demo_crew --tenant NAME [--pair]`: the people at the tills of a shop of the demo, and a till for them."""

import argparse
import json
from typing import Any

from demo.hiring import hire
from demo.people import WORKERS
from events.log.causes import acting_as
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.tenancy import find_furnished_tenant, in_tenant
from pos.registers.services import pair_device

DEVICE = "Till in the browser"


class Command(OurCommand):
    help = "Let the demo's people work in a shop, with new PINs; print these as JSON, with the token of a till."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--tenant", type=arguments.name, required=True)
        parser.add_argument("--pair", action="store_true", help="pair a till with the register R1 as well")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        with in_tenant(find_furnished_tenant(options["tenant"])), acting_as("command"):
            token = pair_device(register_code="R1", name=DEVICE)[1] if options["pair"] else ""
            pins = {worker.code: hire(worker) for worker in WORKERS}
        self.stdout.write(json.dumps({"till": token, "pins": pins}))
