"""A test message over one line: the same outbox as everything else."""

from __future__ import annotations

from console.core.campaigns.trial import TrialSent, mobile, queue_test
from console.core.context import Context
from console.core.format import local_time
from console.core.i18n import T, tr
from console.core.lines.editing import InvalidLine
from console.core.messages.template import compose
from console.core.security.permissions import Permission
from db.models import Line

CLASS = "service"


def send_line_test(ctx: Context, line_id: int, phone: str) -> TrialSent:
    """One marked message to one number over this line. Raises NotPermitted, TrialRefused, InvalidLine."""
    ctx.require(Permission.CAMPAIGNS_TEST_SEND)
    number = mobile(phone)
    with ctx.database.read() as session:
        line = session.get(Line, line_id)
        name = line.name if line is not None else ""
    if not name:
        raise InvalidLine("name", T("This line does not exist any more."))
    text = tr("[Test] Line {line} works, {time}.", line=name, time=local_time(ctx.clock.now(), seconds=True))
    body = compose(ctx.settings.text("bank.signature"), text)
    return queue_test(ctx, body, number, class_key=CLASS, line_id=line_id)
