"""What a failing modem or network says, as data: names from the standards, classes that are ours.

Sources: RP-Cause values 3GPP TS 24.011 Annex E (1..127 here), TP-FCS TS 23.040 9.2.3.22 (128..255),
modem causes TS 27.005 3.2.5 (300..), +CME ERROR TS 27.007 9.2, 512.. common vendor extensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from gsm.errors import GsmError, LineFault, NotRegistered, NotSent, OutcomeUnknown, Refused, SimFault, StoreFull
from gsm.modem.at import Final


class Cause(StrEnum):
    MESSAGE = "message"  # permanent for this message
    LINE = "line"  # this SIM or modem can not send
    SIM = "sim"
    NETWORK = "network"  # not registered, no service
    SOON = "soon"  # nothing left, worth trying again
    LATER = "later"
    LONG = "long"
    STORE = "store"  # full: purge, then again
    UNKNOWN = "unknown"


RETRY_SECONDS = {Cause.SOON: 5.0, Cause.LATER: 30.0, Cause.LONG: 300.0, Cause.NETWORK: 30.0, Cause.STORE: 5.0}

CMS_NAMES: Mapping[int, str] = {
    1: "unassigned (unallocated) number",
    8: "operator determined barring",
    10: "call barred",
    17: "network failure",
    21: "short message transfer rejected",
    22: "congestion or memory capacity exceeded",
    27: "destination out of service",
    28: "unidentified subscriber",
    29: "facility rejected",
    30: "unknown subscriber",
    38: "network out of order",
    41: "temporary failure",
    42: "congestion",
    47: "resources unavailable, unspecified",
    50: "requested facility not subscribed",
    69: "requested facility not implemented",
    81: "invalid short message transfer reference value",
    95: "invalid message, unspecified",
    96: "invalid mandatory information",
    97: "message type non-existent or not implemented",
    98: "message not compatible with short message protocol state",
    99: "information element non-existent or not implemented",
    111: "protocol error, unspecified",
    127: "interworking, unspecified",
    128: "telematic interworking not supported",
    129: "short message type 0 not supported",
    130: "cannot replace short message",
    143: "unspecified TP-PID error",
    144: "data coding scheme (alphabet) not supported",
    145: "message class not supported",
    159: "unspecified TP-DCS error",
    160: "command cannot be actioned",
    161: "command unsupported",
    175: "unspecified TP-Command error",
    176: "TPDU not supported",
    192: "SC busy",
    193: "no SC subscription",
    194: "SC system failure",
    195: "invalid SME address",
    196: "destination SME barred",
    197: "SM rejected, duplicate SM",
    198: "TP-VPF not supported",
    199: "TP-VP not supported",
    208: "SIM SMS storage full",
    209: "no SMS storage capability in SIM",
    210: "error in MS",
    211: "memory capacity exceeded",
    212: "SIM application toolkit busy",
    213: "SIM data download error",
    255: "unspecified error cause",
    300: "ME failure",
    301: "SMS service of ME reserved",
    302: "operation not allowed",
    303: "operation not supported",
    304: "invalid PDU mode parameter",
    305: "invalid text mode parameter",
    310: "SIM not inserted",
    311: "SIM PIN required",
    312: "PH-SIM PIN required",
    313: "SIM failure",
    314: "SIM busy",
    315: "SIM wrong",
    316: "SIM PUK required",
    317: "SIM PIN2 required",
    318: "SIM PUK2 required",
    320: "memory failure",
    321: "invalid memory index",
    322: "memory full",
    330: "SMSC address unknown",
    331: "no network service",
    332: "network timeout",
    340: "no +CNMA acknowledgement expected",
    500: "unknown error",
    512: "manufacturer specific 512",
    513: "manufacturer specific 513",
    514: "manufacturer specific 514",
    515: "busy, manufacturer specific 515",
}

CME_NAMES: Mapping[int, str] = {
    3: "operation not allowed",
    4: "operation not supported",
    5: "PH-SIM PIN required",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "incorrect password",
    17: "SIM PIN2 required",
    18: "SIM PUK2 required",
    20: "memory full",
    21: "invalid index",
    22: "not found",
    23: "memory failure",
    30: "no network service",
    31: "network timeout",
    32: "network not allowed, emergency calls only",
    100: "unknown",
}


def _table(classes: Mapping[Cause, tuple[int, ...]]) -> dict[int, Cause]:
    return {code: cause for cause, codes in classes.items() for code in codes}


CMS_CAUSES = _table(
    {
        Cause.MESSAGE: (
            *(1, 10, 21, 27, 30, *range(95, 100), 111, *range(128, 131), *range(143, 146)),
            *(159, 160, 161, 175, 176, 195, 196, 198, 199, 304, 305),
        ),
        Cause.LINE: (8, 28, 29, 50, 69, 193, 209, 302, 303, 330),
        Cause.SIM: (310, 311, 312, 313, 315, 316, 317, 318),
        Cause.NETWORK: (331,),
        Cause.SOON: (41, 314, 515),
        Cause.LATER: (17, 22, 42, 47, 127, 192, 194, 212, 301, 514),
        Cause.LONG: (38,),
        Cause.STORE: (208, 211, 320, 322),
    }
)
CME_CAUSES = _table(
    {
        Cause.SIM: (5, 10, 11, 12, 13, 15, 16, 17, 18),
        Cause.LINE: (3, 4),
        Cause.NETWORK: (30, 32),
        Cause.SOON: (14,),
        Cause.STORE: (20, 23),
    }
)
_ERRORS: Mapping[Cause, type[GsmError]] = {
    Cause.MESSAGE: Refused,
    Cause.LINE: LineFault,
    Cause.SIM: SimFault,
    Cause.NETWORK: NotRegistered,
    Cause.SOON: NotSent,
    Cause.LATER: NotSent,
    Cause.LONG: NotSent,
    Cause.STORE: StoreFull,
    Cause.UNKNOWN: OutcomeUnknown,
}


def _plain(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())


_CODES_BY_TEXT = {
    family: {_plain(name): code for code, name in names.items()}
    for family, names in (("cms", CMS_NAMES), ("cme", CME_NAMES))
}


def code_of(final: Final) -> int | None:
    """The number of an error that may have been given as a text (AT+CMEE=2)."""
    if final.code is not None or not final.family:
        return final.code
    return _CODES_BY_TEXT[final.family].get(_plain(final.text))


def name_of(final: Final) -> str:
    code = code_of(final)
    names = CMS_NAMES if final.family == "cms" else CME_NAMES
    return names.get(code, final.text) if code is not None else final.text


def cause_of(final: Final) -> Cause:
    """Our class of a failing final result; what is not listed proves nothing."""
    code = code_of(final)
    table = CMS_CAUSES if final.family == "cms" else CME_CAUSES
    return table.get(code, Cause.UNKNOWN) if code is not None else Cause.UNKNOWN


def stable_code(final: Final) -> str:
    """``cms.38``, ``cme.10``, or ``at.error`` for a bare one."""
    code = code_of(final)
    return f"{final.family}.{code}" if code is not None else "at.error"


def error_after_body(final: Final) -> GsmError:
    """What a failing result proves once Ctrl-Z was written."""
    return _error(final, cause_of(final))


def error_before_body(final: Final) -> GsmError:
    """The same before the first byte of the PDU: nothing left, whatever the code."""
    cause = cause_of(final)
    return _error(final, Cause.LATER if cause is Cause.UNKNOWN else cause)


def _error(final: Final, cause: Cause) -> GsmError:
    return _ERRORS[cause](stable_code(final), name_of(final), retry_after=RETRY_SECONDS.get(cause))
