"""Wiring: everything here imports everyone, and is imported by no one."""
