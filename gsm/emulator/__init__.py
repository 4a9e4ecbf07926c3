"""An AT modem with a network behind it, as a process of its own: the demo and the tests use the same one.

    python -m gsm.emulator --socket 0 --latency-ms 50 --report-delay-ms 200

prints ``{"address": "...", "control": "127.0.0.1:PORT"}`` first. It keeps a ledger of what it truly accepted, and
misbehaves on request through its control channel (``gsm.emulator.control``).
"""
