"""How much a prepaid SIM card still holds: asked when a person wants to know, and only while nothing is being sent.

While a dispatcher has the modem, it is asked by leaving an errand with the line; otherwise directly, under a lease.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from console.core.context import Context
from console.core.format import local_datetime
from console.core.i18n import T, Text, sentences, tr
from console.core.lines.checkup import examine
from console.core.lines.editing import InvalidLine
from console.core.lines.lease import PREFIX, Lease, is_held
from console.core.lines.limits import CODE
from console.core.security.permissions import Permission
from console.core.sending.causes import explain
from db.models import Line
from gsm.messages import Balance

ERRAND = "balance"  # db.models.Line.errand
PATTERN = "balance_pattern"  # key of db.models.Line.options

_WHY: Mapping[str, Text] = {
    "ussd.no_code": T("The code of this operator is not known; write it into the line's settings, such as *100#."),
    "ussd.timeout": T("The network did not answer."),
    "ussd.unsupported": T("The network does not know this code, or the SIM card has no prepaid account."),
    "ussd.ended": T("The network ended the question without an answer."),
    "ussd.elsewhere": T("The network ended the question without an answer."),
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the network said last."""

    at: datetime
    balance: Balance

    def words(self) -> str:
        """``12.34 (2026-11-21 10:05)``, or what the network said where no amount was found in it."""
        balance = self.balance
        if balance.fault:
            return str(_WHY.get(balance.fault, explain(balance.fault).text))
        amount = f"{balance.amount:,}" if balance.amount is not None else balance.text.replace("\n", " ")
        return tr("{amount} ({at})", amount=amount, at=local_datetime(self.at))


def dump(balance: Balance, at: datetime) -> dict[str, object]:
    """For db.models.Line.balance."""
    amount = str(balance.amount) if balance.amount is not None else ""
    return {
        "at": at.isoformat(),
        "amount": amount,
        "text": balance.text[:500],
        "code": balance.code,
        "fault": balance.fault,
    }


def load(stored: Mapping[str, object] | None) -> Told | None:
    """None when it was never asked, or what stands there is odd."""
    if not stored:
        return None
    words = {key: value for key, value in stored.items() if isinstance(value, str)}
    try:
        at = datetime.fromisoformat(words.get("at", ""))
        amount = Decimal(words["amount"]) if words.get("amount") else None
    except (ValueError, InvalidOperation):
        return None
    balance = Balance(
        amount=amount, text=words.get("text", ""), code=words.get("code", ""), fault=words.get("fault", "")
    )
    return Told(at=at, balance=balance)


def way(options: Mapping[str, object]) -> tuple[str, str]:
    """The code to dial and the pattern of the amount, as set with the line; empty: the operator's usual ones."""
    code, pattern = options.get(CODE), options.get(PATTERN)
    return (code if isinstance(code, str) else ""), (pattern if isinstance(pattern, str) else "")


def ask_for_balance(ctx: Context, line_id: int) -> Told | None:
    """What the network said, or None when the sending will ask as soon as the line has nothing to send.

    Takes up to half a minute. Raises NotPermitted, InvalidLine, LineTaken while a terminal has the modem.
    """
    ctx.require(Permission.LINES_EDIT)
    with ctx.database.begin() as session:
        line = session.get(Line, line_id)
        if line is None:
            raise InvalidLine("name", T("This line does not exist any more."))
        address, options = line.address, dict(line.options)
        ctx.audit(session, "line.balance", f"line:{line_id}", name=line.name)
        if is_held(line, ctx.clock.now()) and not line.owner.startswith(PREFIX):
            line.errand = ERRAND
            return None
    lease = Lease.take(ctx, line_id)
    try:
        checkup = examine(address, balance_by=way(options))
    finally:
        lease.release()
    told = Told(at=ctx.clock.now(), balance=checkup.balance or Balance(fault=checkup.fault or "at.silent"))
    with ctx.database.begin() as session:
        line = session.get_one(Line, line_id)
        line.balance = dump(told.balance, told.at)
    return told


def advice(told: Told) -> str:
    """For a notice: what was said, whole."""
    return sentences(told.words(), tr("The network said: {text}", text=told.balance.text) if told.balance.text else "")
