"""Receipt codes of the carriers. They differ by province, so what is not listed exactly is looked up by its prefix."""

from __future__ import annotations

from collections.abc import Mapping

from console.core.i18n import T
from console.core.sending.causes_base import Cause, Group

_CHECK_NUMBER = T("Check the number with the customer.")
_OTHER_CHANNEL = T("Reach the customer by telephone.")
_CARRIER = T("Ask the carrier what the code means; it differs by province.")
_SUSPENDED = Cause(T("The number is stopped or suspended."), _CHECK_NUMBER, Group.NUMBER)
_BLACKLIST = Cause(T("The number is on the carrier's blacklist."), _OTHER_CHANNEL, Group.CARRIER)

CAUSES: Mapping[str, Cause] = {
    "dr.DELIVRD": Cause(T("Delivered."), T("Nothing to do."), Group.NETWORK),
    "dr.EXPIRED": Cause(T("The phone was not reached before the message expired."), _OTHER_CHANNEL, Group.HANDSET),
    "dr.UNDELIV": _SUSPENDED,
    "dr.REJECTD": Cause(T("The carrier rejected the message."), _CARRIER, Group.CARRIER),
    "dr.UNKNOWN": Cause(T("The carrier does not know what became of it."), _CARRIER, Group.CARRIER),
    "dr.MK:0001": Cause(T("The number does not exist."), _CHECK_NUMBER, Group.NUMBER),
    "dr.MK:0005": _SUSPENDED,
    "dr.MK:0013": _SUSPENDED,
    "dr.MK:0010": Cause(T("The phone was switched off for too long."), _OTHER_CHANNEL, Group.HANDSET),
    "dr.MK:0115": Cause(
        T("The carrier's spam filter held it back."), T("Reword the text, or send fewer at a time."), Group.CARRIER
    ),
    "dr.DB:0142": Cause(
        T("The carrier's daily limit for this number is used up."), T("Send it tomorrow."), Group.CARRIER
    ),
    "dr.DB:0144": _BLACKLIST,
    "dr.MA:0001": _BLACKLIST,
    "dr.IB:0008": Cause(T("The carrier limits the rate."), T("Lower the line's pace."), Group.CARRIER),
    "dr.ID:0011": Cause(
        T("The carrier's data are not in step."), T("Report the number to the carrier."), Group.CARRIER
    ),
    "dr.NP:1243": Cause(
        T("The number has moved to another carrier."), T("Send it through a line of the new carrier."), Group.CARRIER
    ),
    "dr.XA:0003": Cause(
        T("The signature is not registered with the carrier."),
        T("Register the signature with the carrier."),
        Group.CARRIER,
    ),
}

_PREFIXES: tuple[tuple[str, Cause], ...] = (
    ("dr.MK:", Cause(T("The customer's network could not deliver it."), _CHECK_NUMBER, Group.HANDSET)),
    ("dr.MI:", Cause(T("The customer's network could not deliver it."), _CHECK_NUMBER, Group.HANDSET)),
    ("dr.DB:", Cause(T("The carrier's gateway blocked it."), _CARRIER, Group.CARRIER)),
    ("dr.MA:", Cause(T("The carrier's message centre blocked it."), _CARRIER, Group.CARRIER)),
    ("dr.IB:", Cause(T("The carrier's gateway was too busy."), T("Lower the line's pace."), Group.CARRIER)),
    ("dr.ID:", Cause(T("The carrier's data are not in step."), _CARRIER, Group.CARRIER)),
)


def by_prefix(code: str) -> Cause | None:
    return next((cause for prefix, cause in _PREFIXES if code.startswith(prefix)), None)
