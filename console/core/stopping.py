"""Ending reads that nobody waits for any more, for those who may not look at the database themselves."""

from db.stopping import Stop, Stopped

__all__ = ["Stop", "Stopped"]
