"""Making a modem ready to send and to report (3GPP TS 27.005 3.4; TS 27.007)."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields
from enum import StrEnum

from gsm.errors import LineUnavailable, NotRegistered, SimFault
from gsm.messages import LineIdentity, Registration, SimState
from gsm.modem.at import Request
from gsm.modem.causes import stable_code
from gsm.modem.engine import COMMAND_SECONDS, PROBE_SECONDS, QUIET_SECONDS, Engine
from gsm.modem.health import ask_identity, ask_registration, ask_sim, ask_subscriber, fields, first_line
from gsm.modem.quirks import Quirks, quirks_of

POLL_SECONDS = 0.5


class ReportMode(StrEnum):
    ACKNOWLEDGED = "acknowledged"  # +CDS, confirmed to the network only after our commit (phase 2+)
    STORED = "stored"  # +CDSI, read and deleted after our commit
    DIRECT = "direct"  # +CDS, confirmed by the modem itself
    NONE = "none"


log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ModemOptions:
    """Seconds unless said otherwise."""

    baudrate: int = 115200
    flow_control: bool = False
    pin: str = ""
    reports: str = "auto"  # or a ReportMode
    acknowledge: bool = True  # False: AT+CNMA is not to be relied on
    prompt_seconds: float = 10
    submit_seconds: float = 60
    late_seconds: float = 5  # granted to a result that did not come in submit_seconds, before anything else is sent
    register_seconds: float = 20
    sim_seconds: float = 10
    sweep_seconds: float = 30
    settle_seconds: float = 60  # after a set-up, in which stores and routing are looked at every early_seconds
    early_seconds: float = 3
    incomplete_seconds: float = 600
    room_seconds: float = 10  # for reports to be acknowledged when their store is half full
    command_seconds: float = COMMAND_SECONDS
    quiet_seconds: float = QUIET_SECONDS
    probe_seconds: float = PROBE_SECONDS
    hold_link: bool = False  # AT+CMMS=2: the radio link stays up between messages

    @classmethod
    def of(cls, options: Mapping[str, object]) -> ModemOptions:
        """Unknown keys are for other readers of the same mapping. Raises ValueError for a wrong type."""
        values: dict[str, object] = {}
        for item in dataclass_fields(cls):
            if item.name not in options:
                continue
            default, value = item.default, options[item.name]
            kinds = (int, float) if isinstance(default, float | int) else (str,)
            if not isinstance(value, kinds):
                raise ValueError(f"{item.name}: {value!r}")
            values[item.name] = value
        return replace(cls(), **values)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Session:
    """What the set-up found out."""

    identity: LineIdentity
    reports: ReportMode
    routing: str  # the AT+CNMI values that were set
    quirks: Quirks
    routing_read: str  # what AT+CNMI? says of them; another answer means that the device has started anew
    stores: tuple[str, ...]  # stores to sweep, SR last


def configure(engine: Engine, options: ModemOptions, closing: threading.Event) -> Session:
    """Wake, identify, check SIM and network, switch reports on. Raises LineFault."""
    wake(engine)
    if not engine.attempt("AT+CMEE=1"):
        engine.attempt("AT+CMEE=2")
    identity = ask_identity(engine)
    quirks = quirks_of(identity)
    for command in quirks.setup:
        engine.attempt(command)
    unlock(engine, options, identity.imei, closing)
    imsi, iccid = ask_subscriber(engine, quirks.iccid)
    engine.must("AT+CMGF=0")
    stores = list_stores(engine)
    mode, routing = route_reports(engine, options, stores, acknowledge=quirks.acknowledge and options.acknowledge)
    routing_read = read_routing(engine)
    log.info("reports come %s, routed %s", mode.value, routing)
    if options.hold_link:
        engine.attempt("AT+CMMS=2")
    await_network(engine, options, closing)
    return Session(
        identity=replace(identity, imsi=imsi, iccid=iccid),
        quirks=quirks,
        reports=mode,
        routing=routing,
        routing_read=routing_read,
        stores=stores,
    )


def wake(engine: Engine) -> None:
    """Command mode, no echo, verbose results, whatever state the last user left. Raises LineUnavailable."""
    engine.mark_out_of_step()
    engine.wake()


_wrong_pins: set[tuple[str, str]] = set()  # (IMEI, PIN): tried by this process and refused


def unlock(engine: Engine, options: ModemOptions, imei: str, closing: threading.Event) -> None:
    """Raises SimFault unless the SIM is ready. Three wrong PINs lock a SIM, so a wrong one is tried once only."""
    deadline = time.monotonic() + options.sim_seconds
    entered = False
    while True:
        state, answer = ask_sim(engine)
        if state is SimState.READY:
            return
        if state is SimState.PIN and options.pin and not entered:
            enter_pin(engine, options.pin, imei)
            entered = True
            continue
        settled = state in (SimState.PIN, SimState.PUK, SimState.ABSENT, SimState.FAILED) and not entered
        if settled or time.monotonic() >= deadline or closing.wait(POLL_SECONDS):
            raise SimFault(_sim_code(state, "" if answer.final.ok else stable_code(answer.final)))


def enter_pin(engine: Engine, pin: str, imei: str) -> None:
    """Raises SimFault when it is wrong, was wrong before, or somebody has failed on this SIM already."""
    left = engine.ask(Request("AT+CPINR", prefix="+CPINR:", required=False))
    counters = {line[0]: line[1:] for line in (fields(info.text) for info in left.lines) if len(line) > 2}
    tries = counters.get("SIM PIN", [])
    if (imei, pin) in _wrong_pins or (tries and tries[0] != tries[1]):
        raise SimFault("sim.pin_wrong")
    if not engine.ask(Request(f'AT+CPIN="{pin}"'), patience=2).final.ok:
        _wrong_pins.add((imei, pin))
        raise SimFault("sim.pin_wrong")


def _sim_code(state: SimState, code: str) -> str:
    return f"sim.{state.value}" if state is not SimState.UNKNOWN or not code else code


def await_network(engine: Engine, options: ModemOptions, closing: threading.Event) -> None:
    """Raises NotRegistered; a denial is told at once."""
    deadline = time.monotonic() + options.register_seconds
    while True:
        state, _ = ask_registration(engine)
        if state in (Registration.HOME, Registration.ROAMING):
            return
        if state is Registration.DENIED or time.monotonic() >= deadline or closing.wait(POLL_SECONDS):
            raise NotRegistered(f"network.{state.value}", retry_after=30)


_DS = {ReportMode.ACKNOWLEDGED: 1, ReportMode.DIRECT: 1, ReportMode.STORED: 2, ReportMode.NONE: 0}
_ROUTINGS = ("2,1,0,{},0", "2,1,2,{},0", "1,1,0,{},0", "2,1,0,{},1", "3,1,0,{},0", "1,1,0,{},1")


def route_reports(
    engine: Engine, options: ModemOptions, stores: tuple[str, ...], *, acknowledge: bool = True
) -> tuple[ReportMode, str]:
    """The first mode of our preference that the modem takes, and the AT+CNMI values that it took.

    Acknowledged and stored reports survive a crash of ours; direct ones that arrive during it do not. A modem that
    stores reports where they cannot be read (no "SR" among its stores) is asked for direct ones first.
    """
    for mode in _preference(options, stores, acknowledge):
        if (mode is ReportMode.ACKNOWLEDGED) != _phase_2_plus(engine, mode is ReportMode.ACKNOWLEDGED):
            continue
        for pattern in _ROUTINGS:
            routing = pattern.format(_DS[mode])
            if engine.attempt(f"AT+CNMI={routing}"):
                return mode, routing
    raise LineUnavailable("at.cnmi", "no way to be told of messages")


def read_routing(engine: Engine) -> str:
    answer = engine.ask(Request("AT+CNMI?", prefix="+CNMI:"))
    return first_line(answer.lines)


def _preference(options: ModemOptions, stores: tuple[str, ...], acknowledge: bool) -> tuple[ReportMode, ...]:
    if options.reports != "auto":
        return ReportMode(options.reports), ReportMode.NONE
    rest = (ReportMode.STORED, ReportMode.DIRECT) if "SR" in stores else (ReportMode.DIRECT, ReportMode.STORED)
    return *((ReportMode.ACKNOWLEDGED,) if acknowledge else ()), *rest, ReportMode.NONE


def _phase_2_plus(engine: Engine, wanted: bool) -> bool:
    """Select the message service, and whether it is phase 2+ for reports now."""
    answer = engine.ask(Request(f"AT+CSMS={int(wanted)}", prefix="+CSMS:", required=False))
    return answer.final.ok and wanted and is_phase_2_plus(engine)


def is_phase_2_plus(engine: Engine) -> bool:
    """Whether reports are to be confirmed; never after the device has started anew."""
    now = engine.ask(Request("AT+CSMS?", prefix="+CSMS:"))
    return now.final.ok and first_line(now.lines).replace(" ", "").startswith("+CSMS:1,1")


def list_stores(engine: Engine) -> tuple[str, ...]:
    answer = engine.ask(Request("AT+CPMS=?", prefix="+CPMS:"))
    group = re.search(r"\(([^)]*)\)", first_line(answer.lines))
    names = re.findall(r'"(\w+)"', group[1]) if answer.final.ok and group else ["SM"]
    places = [name for name in ("SM", "ME") if name in names] or [name for name in ("MT",) if name in names]
    return (*places, *(["SR"] if "SR" in names else []))
