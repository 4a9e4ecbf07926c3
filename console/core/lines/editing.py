"""Adding, changing, switching and removing lines: each one transaction with its audit entry."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.errors import UserError
from console.core.events import Change, Topic
from console.core.i18n import T, Text
from console.core.lines.limits import Limits
from console.core.lines.pins import sealed_pin
from console.core.security.permissions import Permission
from db.models import Batch, Campaign, Line, LineState, Message, MessagePart
from gsm.modem.ports import serial_ports

CHANGED = Change.of(Topic.LINES)
LONGEST_NAME = 60
_SOCKET = re.compile(r"socket://(?:[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})")
_COM = re.compile(r"(?:\\\\\.\\)?COM\d{1,3}", re.ASCII | re.IGNORECASE)
_PIN = re.compile(r"\d{4,8}", re.ASCII)


class InvalidLine(UserError):
    """``field`` names the field of the form that has to be mended."""

    def __init__(self, field: str, message: Text, hint: Text | None = None) -> None:
        super().__init__(message, hint)
        self.field = field


class LineInUse(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("This line has sent messages, so its record stays."), T("Switch it off instead; it does not disturb.")
        )


@dataclass(frozen=True, kw_only=True)
class LineDraft:
    name: str
    address: str  # device path, COM port, or socket://host:port
    pace_per_minute: int | None = None
    limits: Limits = field(default_factory=Limits)
    pin: str | None = None  # None: leave as it is; "": none


def ports() -> list[tuple[str, str]]:
    """The serial ports of this computer with the system's words for each; asks it, so not on the GUI thread."""
    return [(port.device, port.description) for port in serial_ports()]


def add_line(ctx: Context, draft: LineDraft) -> int:
    """The new line's id; it is switched on. Raises NotPermitted, InvalidLine."""
    ctx.require(Permission.LINES_EDIT)
    pin = _sealed(ctx, draft)
    with ctx.database.begin() as session:
        _check(session, draft, None)
        line = Line(kind="modem", options={}, created_at=ctx.clock.now(), name="", address="")
        _fill(line, draft, pin)
        session.add(line)
        session.flush()
        ctx.audit(session, "line.add", f"line:{line.id}", name=line.name, address=line.address)
        return line.id


def edit_line(ctx: Context, line_id: int, draft: LineDraft) -> None:
    """Raises NotPermitted, InvalidLine. A dispatcher that serves the line opens it anew when the address changed."""
    ctx.require(Permission.LINES_EDIT)
    pin = _sealed(ctx, draft)
    with ctx.database.begin() as session:
        line = _line(session, line_id)
        _check(session, draft, line_id)
        before = _told(line)
        _fill(line, draft, pin)
        after = _told(line)
        if after != before or draft.pin is not None:
            ctx.audit(session, "line.edit", f"line:{line.id}", before=before, after=after, pin=draft.pin is not None)


def set_enabled(ctx: Context, line_id: int, enabled: bool) -> None:
    """Raises NotPermitted, InvalidLine."""
    ctx.require(Permission.LINES_EDIT)
    _switch(ctx, line_id, enabled)


def stop_line(ctx: Context, line_id: int, reason: str) -> None:
    """Switch it off in an emergency, as anybody may who may stop sending. Raises NotPermitted, InvalidLine."""
    ctx.require(Permission.SENDING_STOP)
    _switch(ctx, line_id, False, reason=reason)


def _switch(ctx: Context, line_id: int, enabled: bool, **told: object) -> None:
    with ctx.database.begin() as session:
        line = _line(session, line_id)
        if line.enabled != enabled:
            line.enabled = enabled
            if not enabled and not line.owner:
                line.state = LineState.OFF
            ctx.audit(session, "line.on" if enabled else "line.off", f"line:{line.id}", name=line.name, **told)


def remove_line(ctx: Context, line_id: int) -> None:
    """Only a line that was never used. Raises NotPermitted, InvalidLine, LineInUse."""
    ctx.require(Permission.LINES_EDIT)
    with ctx.database.begin() as session:
        line = _line(session, line_id)
        uses = (Message.line_id, MessagePart.line_id, Batch.line_id, Campaign.line_id)
        if line.owner or any(session.scalar(select(func.count()).where(use == line_id)) for use in uses):
            raise LineInUse()
        ctx.audit(session, "line.remove", f"line:{line.id}", name=line.name, address=line.address)
        session.delete(line)


def _line(session: Session, line_id: int) -> Line:
    line = session.get(Line, line_id, with_for_update=True)
    if line is None:
        raise InvalidLine("name", T("This line does not exist any more."))
    return line


def _check(session: Session, draft: LineDraft, line_id: int | None) -> None:
    name = draft.name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise InvalidLine("name", T("A line needs a name of at most {n} characters.", n=LONGEST_NAME))
    same_name = select(Line.id).where(func.lower(Line.name) == name.lower(), Line.id != (line_id or 0))
    if session.scalar(same_name) is not None:
        raise InvalidLine("name", T("Another line has this name."))
    wrong = wrong_address(draft.address)
    if wrong is not None:
        raise wrong
    limit = draft.limits.wrong()
    if limit is not None:
        raise InvalidLine(*limit)
    same_place = select(Line.name).where(Line.address == draft.address.strip(), Line.id != (line_id or 0))
    other = session.scalar(same_place)
    if other is not None:
        raise InvalidLine("address", T("The line {name} already uses this address.", name=other))
    if draft.pin and not _PIN.fullmatch(draft.pin):
        raise InvalidLine("pin", T("A PIN has 4 to 8 digits."), T("Three wrong PINs lock the SIM card."))


def wrong_address(address: str) -> InvalidLine | None:
    """What is wrong with an address, or None."""
    address = address.strip()
    found = _SOCKET.fullmatch(address)
    if found:
        return (
            None if 0 < int(found.group(1)) < 65536 else InvalidLine("address", T("The port lies between 1 and 65535."))
        )
    if address.startswith("/dev/") or _COM.fullmatch(address):
        return None
    return InvalidLine(
        "address",
        T("This is not the address of a modem."),
        T("Choose a port from the list, or write socket://host:port."),
    )


def _sealed(ctx: Context, draft: LineDraft) -> str | None:
    return None if draft.pin is None else sealed_pin(ctx.database, draft.pin)


def _fill(line: Line, draft: LineDraft, pin: str | None) -> None:
    line.name = draft.name.strip()
    line.address = draft.address.strip()
    line.pace_per_minute = draft.pace_per_minute
    draft.limits.fill(line)
    if pin is not None:
        others = {key: value for key, value in line.options.items() if key != "pin"}
        line.options = {**others, "pin": pin} if pin else others


def _told(line: Line) -> dict[str, object]:
    return {
        "name": line.name,
        "address": line.address,
        "pace": line.pace_per_minute,
        **Limits.of(line).told(),
    }
