"""USSD dialogues and the balance of a prepaid SIM (3GPP TS 27.007 7.15; TS 23.038 5)."""

from __future__ import annotations

import queue
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from gsm.encoding import encode_gsm7
from gsm.errors import LineUnavailable
from gsm.messages import Balance
from gsm.modem.at import Request
from gsm.modem.causes import name_of, stable_code
from gsm.modem.engine import Engine
from gsm.modem.fields import Charset, decode_coding, decode_septets, pack_septets, unpack_septets

BALANCE_SECONDS = 20.0  # nothing is sent meanwhile
_REPLY = re.compile(r'\+CUSD: ?(\d+)(?:, ?"(.*?)"?(?:, ?(\d+))?)?\s*', re.DOTALL)
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_FIGURE = r"(-?\d[\d,]*(?:\.\d{1,2})?)"
_AMOUNTS = tuple(  # what stands beside the word for balance first: the answer may name other sums as well
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:余额|餘額|结余|balance|credit)[^\d\n]{{0,16}}?{_FIGURE}",
        rf"{_FIGURE}\s*(?:元|yuan|CNY|RMB)",
        rf"[¥￥]\s*{_FIGURE}",
    )
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


def ask_balance(
    engine: Engine, replies: queue.Queue[str], imsi: str, *, code: str = "", pattern: str = "", packed: bool = False
) -> Balance:
    """By ``code``, or by the entry of the SIM's operator. Raises LineFault only when the modem itself is lost."""
    way = BALANCE_WAYS.get(imsi[:5])
    code = code or (way.code if way else "")
    if not code:
        return Balance(fault="ussd.no_code")
    try:
        reply = ask_ussd(engine, replies, code, packed=packed, seconds=BALANCE_SECONDS)
        if reply.state is UssdState.ASKS:
            engine.attempt("AT+CUSD=2")  # it offers a menu: leave it
    except LineUnavailable as error:
        if engine.gone is not None:
            raise
        return Balance(code=code, fault=error.code)
    if not reply.text:
        state = reply.state if reply.state in (UssdState.UNSUPPORTED, UssdState.TIMEOUT) else UssdState.ENDED
        return Balance(code=code, fault=f"ussd.{state}")
    amount = parse_balance(reply.text, pattern or (way.pattern if way else ""))
    return Balance(amount=amount, text=reply.text, code=code)


def parse_balance(text: str, pattern: str = "") -> Decimal | None:
    """The amount in ``text``; ``pattern`` as in BalanceWay."""
    patterns = (re.compile(pattern),) if pattern else _AMOUNTS
    found = next((match for each in patterns if (match := each.search(text)) is not None), None)
    amount = next((group for group in found.groups() if group), "") if found is not None else ""
    try:
        return Decimal(_plain(amount))
    except InvalidOperation:
        return None


def _plain(amount: str) -> str:
    """``1,234.50`` without its comma; ``7,50`` with a point."""
    if re.fullmatch(r"-?\d+,\d{1,2}", amount):
        return amount.replace(",", ".")
    return amount.replace(",", "")
