"""Why a message failed and what to do, in words: the one place where codes become sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from console.core.i18n import T, Text
from console.core.sending import causes_carrier, causes_network, causes_program
from console.core.sending.causes_base import GROUPS, Cause, Group

__all__ = ["GROUPS", "Cause", "Group", "explain", "needs_person"]

_EXACT: Mapping[str, Cause] = {**causes_network.CAUSES, **causes_program.CAUSES, **causes_carrier.CAUSES}
_UNKNOWN = Cause(
    T("The outcome is not known."),
    T("Wait for a late report, or ask the customer; then decide by hand."),
    Group.UNKNOWN,
)


@dataclass(frozen=True)
class _Family:
    prefix: str
    text: Text
    advice: Text
    group: Group


_FAMILIES = (
    _Family(
        "cms.",
        T("The network or the modem refused it with CMS error {code}."),
        T("Try again later; if it keeps happening, show the code to support."),
        Group.NETWORK,
    ),
    _Family(
        "cme.",
        T("The modem reported CME error {code}."),
        T("Check the modem and its SIM card on the Lines page."),
        Group.LINE,
    ),
    _Family(
        "tp.",
        T("The network reported status {code}."),
        T("Check the number with the customer; the code helps support."),
        Group.NETWORK,
    ),
    _Family(
        "dr.",
        T("The carrier reported {code}."),
        T("Ask the carrier what the code means; it differs by province."),
        Group.CARRIER,
    ),
    _Family(
        "sim.",
        T("The SIM card cannot be used ({code})."),
        T("Take the SIM card out, look at it, and put it back."),
        Group.LINE,
    ),
    _Family(
        "port.",
        T("The modem cannot be reached ({code})."),
        T("Check the cable and the port on the Lines page."),
        Group.LINE,
    ),
    _Family(
        "network.",
        T("The modem has no usable network ({code})."),
        T("Move the antenna, or check the SIM card's contract."),
        Group.LINE,
    ),
    _Family(
        "at.",
        T("The modem did not answer as expected ({code})."),
        T("If it keeps happening, unplug the modem and plug it in again."),
        Group.LINE,
    ),
)


def explain(code: str) -> Cause:
    """The cause behind ``cms.38``, ``tp.49``, ``dr.MK:0001``, ``port.gone`` and the like. Never fails."""
    found = _EXACT.get(code) or _range_of_status(code)
    if found is not None:
        return found
    carrier = causes_carrier.by_prefix(code)
    if carrier is not None:
        return carrier
    for family in _FAMILIES:
        if code.startswith(family.prefix):
            text = Text(family.text.source, {"code": code.removeprefix(family.prefix)})
            return Cause(text, family.advice, family.group)
    return _UNKNOWN


def needs_person(code: str) -> bool:
    """A fault of a line that does not go away by itself: PIN, PUK, no SIM, barred."""
    return code in causes_network.NEEDS_PERSON


def _range_of_status(code: str) -> Cause | None:
    """TP-Status values without a meaning of their own (3GPP TS 23.040 9.2.3.15)."""
    if not code.startswith("tp.") or len(code) != 5:
        return None
    try:
        status = int(code[3:], 16)
    except ValueError:
        return None
    return next((cause for low, high, cause in causes_network.STATUS_RANGES if low <= status <= high), None)
