"""Lines: what stands on the desk, how it is doing, and what to do about it."""
