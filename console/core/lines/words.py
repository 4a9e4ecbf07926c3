"""What a modem says about its network and its SIM card, in words."""

from __future__ import annotations

from collections.abc import Mapping

from console.core.format import masked_phone
from console.core.i18n import T, Text, tr
from console.core.lines.diagnosis import Health
from gsm.messages import Registration, SimState

REGISTRATIONS: Mapping[Registration, Text] = {
    Registration.HOME: T("Registered, home network"),
    Registration.ROAMING: T("Registered, roaming"),
    Registration.SEARCHING: T("Searching for a network"),
    Registration.DENIED: T("Refused by the network"),
    Registration.NONE: T("Not registered"),
}
SIMS: Mapping[SimState, Text] = {
    SimState.READY: T("Ready"),
    SimState.PIN: T("Asks for its PIN"),
    SimState.PUK: T("Locked, asks for its PUK"),
    SimState.ABSENT: T("Missing"),
    SimState.FAILED: T("Does not work"),
}


def registration_words(health: Health) -> str:
    return str(REGISTRATIONS.get(health.registration, ""))


def sim_words(health: Health, tail: str) -> str:
    """State and the IMSI's last digits; empty when neither is known."""
    state = str(SIMS.get(health.sim, ""))
    if not tail:
        return state
    return tr("{state}, IMSI ends in {tail}", state=state, tail=tail) if state else tr("IMSI ends in {tail}", tail=tail)


def centre_words(health: Health) -> str:
    """The message centre's number, masked."""
    number = health.smsc
    return masked_phone(number) if number else ""


def store_words(health: Health) -> str:
    if health.store_total is None:
        return ""
    return tr("{used} of {total} places used", used=health.store_used or 0, total=health.store_total)


def signal_words(health: Health) -> str:
    if health.signal_dbm is None:
        return ""
    return tr("{dbm} dBm, {bars} of 5 bars", dbm=health.signal_dbm, bars=health.bars or 0)
