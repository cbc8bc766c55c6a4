"""A deterministic simulation of log, doorbell, drain, park and sweep: one process, a virtual clock, a fault at any step.

The drain and the doorbells are the real ones; the database, the broker and the processes around them are simulated.
Between any two statements any other process may run, be killed, or lose its connection. A seed is a schedule.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
