"""The emulated modem of the demo, and the ways in which a trainer can make it fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from console.core.i18n import T, Text
from console.core.processes import command
from console.shell.services import DemoFault
from gsm.emulator.client import EmulatorProcess

LATENCY_MS = 400  # a real modem takes a few seconds for each message; so long nobody wants to watch
REPORT_DELAY_MS = 1_500


@dataclass(frozen=True)
class Fault:
    key: str
    title: Text
    begin: Callable[[EmulatorProcess], object]


_FAULTS: Mapping[str, Fault] = {
    fault.key: fault
    for fault in (
        Fault("unplug", T("The modem is unplugged"), lambda modem: modem.do("unplug", ms=0)),
        Fault("hang", T("The modem no longer answers"), lambda modem: modem.set(hang=True)),
        Fault("sim", T("The SIM card is missing"), lambda modem: modem.set(sim="ABSENT")),
        Fault("network", T("There is no network"), lambda modem: modem.set(registration=2, csq=99)),
        Fault("undelivered", T("Phones cannot be reached"), lambda modem: modem.set(status="43")),
        Fault("silent", T("No delivery reports come back"), lambda modem: modem.set(reports="drop")),
        Fault(
            "refused",
            T("The network refuses every third message"),
            lambda modem: modem.rule("CMGS", "body", "error", text="+CMS ERROR: 38", times=0, probability=0.34),
        ),
        Fault(
            "uncertain",
            T("The answer to the next message is lost"),
            lambda modem: modem.rule("CMGS", "accepted", "silence"),
        ),
    )
}
_HEALTHY: Mapping[str, object] = {
    "hang": False,
    "sim": "READY",
    "registration": 1,
    "csq": 20,
    "status": "00",
    "reports": "normal",
}


class DemoModem:
    """``console.shell.services.Demo``: what only the demo can do."""

    def __init__(self) -> None:
        self.process = EmulatorProcess(
            latency_ms=LATENCY_MS, report_delay_ms=REPORT_DELAY_MS, command=command("emulate")
        )

    def faults(self) -> list[DemoFault]:
        return list(_FAULTS.values())

    def fail(self, key: str) -> None:
        """Put everything right first, then let one thing fail; an empty key only puts right."""
        self.process.clear()
        self.process.set(**_HEALTHY)
        self.process.do("plug")
        if key:
            _FAULTS[key].begin(self.process)

    def close(self) -> None:
        self.process.close()
