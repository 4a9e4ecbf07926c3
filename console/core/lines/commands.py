"""Which AT commands a person may type at the support terminal.

Nothing leaves the house but through the outbox, so what is not known to be harmless is refused: reading is free,
setting and doing only by the list below (ITU-T V.250; 3GPP TS 27.005, 27.007).
"""

from __future__ import annotations

import re

from console.core.i18n import T, Text

LONGEST = 160
_EXTENDED = re.compile(r"([+^*%$#!_][A-Z0-9]+)(=\?|\?|=.*)?", re.DOTALL)
# fmt: off
_HARMLESS = frozenset((
    "+CSQ", "+CGMI", "+CGMM", "+CGMR", "+CGSN", "+GMI", "+GMM", "+GMR", "+GSN", "+CIMI", "+CNUM", "+CPAS", "+CBC",
    "+CEER", "+CCID", "+ICCID", "^ICCID", "+QCCID", "+ZGETICCID", "+CPINR", "+GCAP", "+CLCC", "+CESQ", "^HCSQ",
    "^SYSINFO", "^SYSINFOEX", "+QNWINFO", "+QCSQ", "+CPSI", "+QENG", "+CMEE", "+CREG", "+CGREG", "+CEREG",
    "+COPS", "+CPMS", "+CMGL", "+CMGR", "+CNMI", "+CSMS", "+CMMS", "+CSCA", "+CSCS", "^CURC", "+QURCCFG",
))
# fmt: on
_SENDS = T("It sends a message past the outbox, where nobody has approved it and nothing is recorded.")
_DIALS = T("It makes or takes a call.")
_LOCKS = T("It can lock the SIM card or the modem for good.")
_FORGETS = T("It takes away settings that the program relies on.")
_DEAF = T("The modem would no longer answer, and somebody would have to unplug it.")
_DELETES = T("It deletes what customers have sent; the program does so once it is saved.")
_CONFIRMS = T("It confirms a report that the program has not saved.")
_READABLE = T("The texts of customers would be shown.")
_CARRIER = T("It gives an order to the carrier, which may cost money.")
_RENAMES = T("It changes the identity of the modem, which is against the law.")
_CONNECTS = T("It opens a connection out of the house.")
_UNKNOWN = T("It is not among the commands known to be harmless.")
_NO_COMMAND = T("A command begins with AT and holds nothing but letters, digits and signs.")

_BASIC = ((r"D", _DIALS), (r"A", _DIALS), (r"[&][FWYZ]|Z", _FORGETS), (r"[EVQS&]", _FORGETS))
_REASONS = (
    (r".[A-Z]*CM(G[SWC]|SS).*", _SENDS),
    (r".(CSIM|CRSM|CGLA|STIN|STGR|STGI)\b.*", _SENDS),
    (r".(CMGD|QMGDA|CMGDA)\b.*", _DELETES),
    (r".CNMA\b.*", _CONFIRMS),
    (r".(CMGF)=[^0].*", _READABLE),
    (r".(CPIN2?)=.*", _LOCKS),
    (r".(CLCK|CPWD|CARDLOCK|QSIMLOCK|EPIN|SPIC)\b.*", _LOCKS),
    (r".[A-Z]*(EGMR|SIMEI|IMEI)=.*", _RENAMES),
    (r".(CUSD|CCFC|CCWA|CLIR|CHLD)\b.*", _CARRIER),
    (r".(CFUN)=[^1].*", _DEAF),
    (r".(IPR|ICF|IFC|CMUX|CPOF|QPOWD|CPWROFF|SMSO|GODLOAD|QFASTBOOT|RESET|U2DIAG|SETPORT)\b.*", _DEAF),
    (r".(CGACT|CGDATA|CIPSTART|CIPSEND|QIOPEN|NDISDUP|CHTTPACT|HTTPACTION|QICSGP|CGDCONT)\b.*", _CONNECTS),
)


def refusal(text: str) -> Text | None:
    """Why ``text`` is not handed to the modem; None when it may be."""
    if not text.isascii() or not text.isprintable() or len(text) > LONGEST or text[:2].upper() != "AT":
        return _NO_COMMAND
    pieces, whole = _pieces(text[2:])
    if not whole:
        return _NO_COMMAND
    return next((reason for piece in pieces if (reason := _refusal(piece)) is not None), None)


def _pieces(body: str) -> tuple[list[str], bool]:
    """The commands of one line, without blanks and in capitals outside quotes; and whether every quote is closed."""
    pieces, quoted = [""], False
    for char in body:
        quoted ^= char == '"'
        if char == ";" and not quoted:
            pieces.append("")
        elif quoted or char != " ":
            pieces[-1] += char if quoted else char.upper()
    return pieces, not quoted


def _refusal(piece: str) -> Text | None:
    found = _EXTENDED.fullmatch(piece)
    if found is None:
        return _basic(piece)
    name, form = found[1], found[2] or ""
    if form in ("?", "=?"):
        return None
    for pattern, reason in _REASONS:
        if re.fullmatch(pattern, piece, re.DOTALL):
            return reason
    if piece in ("+CMGF=0", "+CFUN=1", "+CFUN=1,1"):
        return None
    return None if name in _HARMLESS else _UNKNOWN


def _basic(piece: str) -> Text | None:
    """V.250 lets basic commands stand one after the other, so one that holds anything else is refused whole."""
    if re.fullmatch(r"(I\d?)?", piece):
        return None
    return next((reason for pattern, reason in _BASIC if re.search(pattern, piece)), _UNKNOWN)
