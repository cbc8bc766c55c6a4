"""`python -m demo [--check]`."""

import argparse
import signal
import sys
import time
from typing import Any

from config.place import var
from demo.demo import Demo
from demo.stack.lock import FolderLock, FolderTaken
from demo.steps import DemoFailed, console

LOOK_SECONDS = 1.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description="Two shops that sell.")
    parser.add_argument("--check", action="store_true", help="stop once it is ready; exit 0 when all worked")
    check = parser.parse_args().check
    console.print("[bold]Tillflow demo[/]")
    _on_stop_signals(signal.default_int_handler)
    lock = FolderLock(var(), "make demo-check" if check else "make demo")
    try:
        lock.acquire()
        demo = Demo()
    except (FolderTaken, DemoFailed) as refused:
        console.print(f"[bold red]failed:[/] {refused}", soft_wrap=True)
        return 1
    try:
        demo.start()
        lock.note(url=f"http://localhost:{demo.web.port}/admin/")
        if not check:
            keep_running(demo)
    except KeyboardInterrupt:
        console.print()
    except DemoFailed as failed:
        console.print("[bold red]failed:[/]", end=" ")
        console.print(str(failed), markup=False, soft_wrap=True)
        console.print(f"try: {failed.hint}", markup=False, soft_wrap=True)
        return 1
    finally:
        _on_stop_signals(signal.SIG_IGN)
        demo.stop()
        lock.release()
    return 0


def _on_stop_signals(handler: Any) -> None:
    """Set what Ctrl-C does. A second one while everything stops would leave servers running."""
    for stop_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop_signal, handler)


def keep_running(demo: Demo) -> None:
    """Look after the demo until somebody stops it."""
    while True:
        time.sleep(LOOK_SECONDS)
        try:
            demo.revive()
        except DemoFailed as failed:
            console.print(str(failed), markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
