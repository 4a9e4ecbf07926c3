"""Reasons that the program itself writes on a message or a line."""

from __future__ import annotations

from collections.abc import Mapping

from console.core.i18n import T
from console.core.sending.causes_base import Cause, Group

_DECIDE = T("Wait for a late report, or ask the customer; then decide by hand.")
_NOTHING = T("Nothing to do.")

CAUSES: Mapping[str, Cause] = {
    "dispatcher.lost": Cause(
        T("Sending was cut off while this message was on its way; it may have left."), _DECIDE, Group.UNKNOWN
    ),
    "backup.restored": Cause(
        T("It was waiting when this copy of the database was made; it may have left since."), _DECIDE, Group.UNKNOWN
    ),
    "parts.left": Cause(
        T("Only a part of this long message left."), T("Ask the customer, or send it again as a whole."), Group.UNKNOWN
    ),
    "tampered": Cause(
        T("The stored message is not the approved one; it was not sent."),
        T("Tell the auditor; do not resume the campaign before it is explained."),
        Group.PROGRAM,
    ),
    "unprintable": Cause(T("The text cannot be sent as a message."), T("Correct the template."), Group.CONTENT),
    "batch.cancelled": Cause(T("Its campaign was cancelled before it left."), _NOTHING, Group.PROGRAM),
    "batch.expired": Cause(
        T("It did not leave before its approval expired."), T("Submit the campaign again."), Group.PROGRAM
    ),
    "person.sent": Cause(T("A person decided that it was sent."), _NOTHING, Group.PROGRAM),
    "person.cancelled": Cause(T("A person decided not to send it."), _NOTHING, Group.PROGRAM),
    "hours": Cause(
        T("Outside the hours in which customers may be written to."),
        T("It leaves by itself when the hours begin."),
        Group.RULES,
    ),
    "line.lost": Cause(T("Another dispatcher took this line over."), _NOTHING, Group.LINE),
    "line.silent": Cause(
        T("Several messages in a row got no clear answer from this modem."),
        T("Unplug the modem and plug it in again, then look at the unknown outcomes."),
        Group.LINE,
    ),
    "line.failing": Cause(
        T("Several messages in a row were not taken by this modem."),
        T("Look at its signal and its SIM card."),
        Group.LINE,
    ),
    "line.settings": Cause(
        T("The line's settings cannot be used."), T("Correct the address or the options of the line."), Group.LINE
    ),
    "line.crashed": Cause(
        T("The program had an error on this line and starts it again."),
        T("If it keeps happening, send the log to support."),
        Group.PROGRAM,
    ),
}
