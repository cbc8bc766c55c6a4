"""Start or stop the embedded PostgreSQL and broker: `python -m config.stack up | down | status`."""

import argparse
import os
import sys

from config.stack.services import Services


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.stack", description=__doc__)
    parser.add_argument("action", choices=["up", "down", "status"])
    action = parser.parse_args().action
    services = Services()
    if action == "up":
        for name, value in services.start().items():
            sys.stdout.write(f"{name}={value}\n")
    elif action == "down":
        services.stop()
    else:
        sys.stdout.write(f"{services.status()}\n")
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
