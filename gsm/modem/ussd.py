"""USSD dialogues and the balance of a prepaid SIM (3GPP TS 27.007 7.15; TS 23.038 5)."""

from __future__ import annotations

import queue
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from gsm.encoding import encode_gsm7
from gsm.errors import LineUnavailable
from gsm.modem.at import Request
from gsm.modem.causes import name_of, stable_code
from gsm.modem.engine import Engine
from gsm.modem.fields import Charset, decode_coding, decode_septets, pack_septets, unpack_septets

_REPLY = re.compile(r'\+CUSD: ?(\d+)(?:, ?"(.*?)"?(?:, ?(\d+))?)?\s*', re.DOTALL)
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_AMOUNT = re.compile(
    r"(-?\d+(?:\.\d{1,2})?)\s*(?:元|yuan|CNY|RMB)|(?:余额|balance)\D{0,12}?(-?\d+(?:\.\d{1,2})?)", re.IGNORECASE
)


class UssdState(StrEnum):
    DONE = "done"
    ASKS = "asks"  # the network waits for a choice
    ENDED = "ended"
    ELSEWHERE = "elsewhere"
    UNSUPPORTED = "unsupported"
    TIMEOUT = "timeout"


_STATES = dict(enumerate(UssdState))


@dataclass(frozen=True, slots=True)
class UssdReply:
    state: UssdState
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class BalanceWay:
    """How the balance is asked for; ``verified`` False: an example that the branch must check with its operator."""

    operator: str
    code: str
    pattern: str = ""  # a regular expression whose first group is the amount; empty: the usual words
    verified: bool = False


BALANCE_WAYS: Mapping[str, BalanceWay] = {  # by MCC and MNC
    "46000": BalanceWay(operator="China Mobile", code="*100#"),
    "46001": BalanceWay(operator="China Unicom", code="*100#"),
    "45412": BalanceWay(operator="China Mobile Hong Kong", code="*#130#"),
}


def parse_reply(line: str) -> UssdReply | None:
    """None for a line that is no USSD result. A missing text or coding is allowed: ``+CUSD: 4``."""
    match = _REPLY.fullmatch(line)
    if match is None:
        return None
    state = _STATES.get(int(match[1]), UssdState.ENDED)
    return UssdReply(state, _decode(match[2] or "", int(match[3]) if match[3] else None))


def _decode(text: str, scheme: int | None) -> str:
    if not _HEX.fullmatch(text) or len(text) < 4:
        return text
    octets = bytes.fromhex(text)
    if scheme is not None and (decode_coding(scheme).charset is Charset.UCS2 or scheme == 0x11):
        return octets.decode("utf-16-be", "replace")
    if not re.search(r"[A-Fa-f]", text):
        return text  # digits are rather digits
    return decode_septets(unpack_septets(octets, len(octets) * 8 // 7)).rstrip("\r@")


def ask_ussd(
    engine: Engine, replies: queue.Queue[str], code: str, *, packed: bool = False, seconds: float = 30
) -> UssdReply:
    """Send ``code`` and wait for the network. ``replies`` gets the +CUSD lines. Raises LineUnavailable."""
    while not replies.empty():
        replies.get_nowait()
    text = pack_septets(encode_gsm7(code)).hex().upper() if packed else code
    answer = engine.ask(Request(f'AT+CUSD=1,"{text}",15'), patience=3)
    if not answer.final.ok:
        raise LineUnavailable(stable_code(answer.final), name_of(answer.final))
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        try:
            reply = parse_reply(replies.get(timeout=left))
        except queue.Empty:
            break
        if reply is not None:
            return reply
    return UssdReply(UssdState.TIMEOUT)


def parse_balance(text: str, pattern: str = "") -> Decimal | None:
    """The amount in ``text``; ``pattern`` as in BalanceWay."""
    match = re.search(pattern, text) if pattern else _AMOUNT.search(text)
    if match is None:
        return None
    amount = next((group for group in match.groups() if group), None)
    return Decimal(amount) if amount is not None else None
