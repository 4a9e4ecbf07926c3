"""What the device says about itself and its network, read into our records (3GPP TS 27.007)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from gsm.messages import LineHealth, LineIdentity, Registration, SimState
from gsm.modem.at import Answer, Info, Request
from gsm.modem.causes import code_of
from gsm.modem.engine import Engine

_BAR_THRESHOLDS = (-109, -101, -93, -85, -75)  # dBm at which one to five bars light up
_REGISTRATIONS = {
    0: Registration.NONE,
    1: Registration.HOME,
    2: Registration.SEARCHING,
    3: Registration.DENIED,
    4: Registration.UNKNOWN,
    5: Registration.ROAMING,
    6: Registration.HOME,  # for SMS only
    7: Registration.ROAMING,
}
_TECHNOLOGIES = {0: "GSM", 1: "GSM", 2: "UMTS", 3: "EDGE", 4: "HSDPA", 5: "HSUPA", 6: "HSPA", 7: "LTE", 11: "NR"}
_SIM_STATES = {
    "READY": SimState.READY,
    "SIM PIN": SimState.PIN,
    "SIM PIN2": SimState.READY,
    "SIM PUK2": SimState.READY,
    "SIM PUK": SimState.PUK,
}
_SIM_ERRORS = {10: SimState.ABSENT, 11: SimState.PIN, 12: SimState.PUK, 13: SimState.FAILED, 15: SimState.FAILED}
_CMS_SIM_ERRORS = {310: SimState.ABSENT, 311: SimState.PIN, 316: SimState.PUK, 313: SimState.FAILED}
_CREG = re.compile(r"\+C(?:E|G)?REG: ?(?:\d+, ?)?(\d+)(?:, ?\"?[0-9A-Fa-fx]+\"?, ?\"?[0-9A-Fa-fx]+\"?(?:, ?(\d+))?)?")
_ICCID = ("AT+CCID", "AT+ICCID", "AT^ICCID?", "AT+QCCID", "AT+ZGETICCID")


def fields(line: str) -> list[str]:
    """The comma-separated values after the colon, quotes removed; a comma inside quotes stays."""
    tail = line.split(":", 1)[-1]
    return [value.strip().strip('"') for value in re.findall(r'\s*("[^"]*"|[^,]+)\s*(?:,|$)', tail)]


def number(value: str) -> int | None:
    return int(value) if value.strip().lstrip("-").isdigit() else None


def dbm_of(rssi: int) -> int | None:
    """AT+CSQ's first value (27.007 8.5; 100..191 are TD-SCDMA's)."""
    if 0 <= rssi <= 31:
        return -113 + 2 * rssi
    return rssi - 216 if 100 <= rssi <= 191 else None


def bars_of(dbm: int | None) -> int:
    return 0 if dbm is None else sum(dbm >= threshold for threshold in _BAR_THRESHOLDS)


def parse_registration(line: str) -> tuple[Registration, str]:
    """State and technology of an answer to AT+CREG?, AT+CGREG? or AT+CEREG?."""
    match = _CREG.match(line)
    if match is None:
        return Registration.UNKNOWN, ""
    technology = _TECHNOLOGIES.get(int(match[2]), "") if match[2] else ""
    return _REGISTRATIONS.get(int(match[1]), Registration.UNKNOWN), technology


def parse_sim(answer: Answer) -> SimState:
    if answer.final.ok:
        word = fields(answer.lines[0].text)[0] if answer.lines else ""
        return _SIM_STATES.get(word, SimState.UNKNOWN)
    code = code_of(answer.final)
    table = _SIM_ERRORS if answer.final.family == "cme" else _CMS_SIM_ERRORS
    return table.get(code, SimState.UNKNOWN) if code is not None else SimState.UNKNOWN


def first_line(lines: Iterable[Info]) -> str:
    return next((line.text for line in lines), "")


def ask_sim(engine: Engine) -> tuple[SimState, Answer]:
    answer = engine.ask(Request("AT+CPIN?", prefix="+CPIN:"), patience=2)
    return parse_sim(answer), answer


def ask_registration(engine: Engine) -> tuple[Registration, str]:
    """The best of circuit, packet and LTE registration: an LTE-only SIM answers +CREG with 0."""
    best: tuple[Registration, str] = (Registration.UNKNOWN, "")
    for name in ("CREG", "CEREG", "CGREG"):
        answer = engine.ask(Request(f"AT+{name}?", prefix=f"+{name}:"))
        if not answer.final.ok:
            continue
        found = parse_registration(first_line(answer.lines))
        if found[0] in (Registration.HOME, Registration.ROAMING):
            return found
        best = found if best[0] in (Registration.UNKNOWN, Registration.NONE) else best
    return best


def ask_identity(engine: Engine) -> LineIdentity:
    return LineIdentity(
        manufacturer=_bare(engine, "+CGMI"),
        model=_bare(engine, "+CGMM"),
        firmware=_bare(engine, "+CGMR"),
        imei=_digits(_bare(engine, "+CGSN")),
    )


def ask_subscriber(engine: Engine, iccid_command: str = "") -> tuple[str, str]:
    """IMSI and ICCID; empty where the modem has no command for it."""
    imsi = _digits(_bare(engine, "+CIMI"))
    for command in (iccid_command,) if iccid_command else _ICCID:
        name = command.removeprefix("AT").rstrip("?")
        answer = engine.ask(Request(command, prefix=f"{name}:", bare=True, required=False))
        iccid = parse_iccid(first_line(answer.lines)) if answer.final.ok else ""
        if iccid:
            return imsi, iccid
    return imsi, ""


def parse_iccid(line: str) -> str:
    """Digits that begin with 89 (ITU-T E.118); some devices give them with swapped nibbles, as the SIM stores them."""
    found = re.search(r"(?:89|98)[0-9]{16,17}[0-9Ff]{0,2}", line)
    if found is None:
        return ""
    digits = found[0]
    if digits.startswith("98"):
        digits = "".join(digits[at + 1 : at + 2] + digits[at] for at in range(0, len(digits), 2))
    return digits.rstrip("Ff")


def ask_numbers(engine: Engine) -> list[str]:
    """The SIM's own numbers (AT+CNUM); most SIMs do not know them."""
    answer = engine.ask(Request("AT+CNUM", prefix="+CNUM:", required=False), patience=2)
    return [values[1] for line in answer.lines if len(values := fields(line.text)) > 1 and values[1]]


def _bare(engine: Engine, name: str) -> str:
    answer = engine.ask(Request(f"AT{name}", prefix=f"{name}:", bare=True, required=False))
    return first_line(answer.lines).removeprefix(f"{name}:").strip().strip('"') if answer.final.ok else ""


def _digits(text: str) -> str:
    found = re.search(r"\d{14,16}", text)
    return found[0] if found else ""


def ask_health(engine: Engine, identity: LineIdentity, at: datetime) -> LineHealth:
    """Signal, network and store. Raises LineUnavailable when the modem does not answer."""
    sim, _ = ask_sim(engine)
    registration, technology = ask_registration(engine)
    signal = _ask(engine, "CSQ", suffix="")
    rssi = number(signal[0]) if signal else None
    dbm = dbm_of(rssi) if rssi is not None else None
    operator = _ask(engine, "COPS")
    store = _ask(engine, "CPMS")
    centre = _ask(engine, "CSCA")
    return LineHealth(
        at=at,
        identity=identity,
        signal_dbm=dbm,
        bars=bars_of(dbm),
        registration=registration,
        technology=technology or _technology(operator),
        operator=_readable(operator[2]) if len(operator) > 2 else "",
        sim=sim,
        smsc=centre[0] if centre else "",
        store_used=number(store[-2]) if len(store) > 2 else None,  # the last one is where messages arrive
        store_total=number(store[-1]) if len(store) > 2 else None,
    )


def _technology(operator: list[str]) -> str:
    act = number(operator[3]) if len(operator) > 3 else None
    return _TECHNOLOGIES.get(act, "") if act is not None else ""


def _readable(name: str) -> str:
    """An operator's name that came as UCS-2 in hex (AT+CSCS="UCS2")."""
    if re.fullmatch(r"(?:[0-9A-Fa-f]{4}){2,}", name) and not name.isdigit():
        return bytes.fromhex(name).decode("utf-16-be", "replace")
    return name


def _ask(engine: Engine, name: str, *, suffix: str = "?") -> list[str]:
    answer = engine.ask(Request(f"AT+{name}{suffix}", prefix=f"+{name}:"), patience=2)
    return fields(first_line(answer.lines)) if answer.final.ok else []
