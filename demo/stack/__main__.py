"""Start or stop the embedded PostgreSQL and broker: `python -m demo.stack up | down | status`."""

import argparse
import os
import sys

from config.place import var
from demo.stack.lock import FolderLock, FolderTaken
from demo.stack.services import Services


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.stack", description=__doc__)
    parser.add_argument("action", choices=["up", "down", "status"])
    action = parser.parse_args().action
    services = Services()
    if action == "status":
        sys.stdout.write(f"{services.status()}\n")
        return os.EX_OK
    lock = FolderLock(var(), f"make {action}")
    try:
        lock.acquire()
    except FolderTaken as taken:
        sys.exit(str(taken))
    if action == "up":
        for name, value in services.start().items():
            sys.stdout.write(f"{name}={value}\n")
    else:
        services.stop()
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
