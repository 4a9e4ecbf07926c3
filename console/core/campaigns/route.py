"""What stands in the way of a campaign that nobody has sent yet: no line for it, or not enough time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from console.core.campaigns.capacity import Capacity
from console.core.campaigns.draft import Draft
from console.core.campaigns.forecast import Forecast
from console.core.format import count, local_datetime
from console.core.i18n import T, Text, listed
from console.core.messages.findings import Finding, Level
from db.models import BatchKind, LineState
from db.outbox_batches import Obstacle, OpenBatch


def asked_of(draft: Draft, class_key: str) -> OpenBatch:
    """The batch that a draft would become, as far as lines are asked."""
    return OpenBatch(
        id=0,
        kind=BatchKind.CAMPAIGN,
        class_key=class_key,
        line_id=draft.line_id,
        schedule=draft.schedule.dump(),
        not_before=draft.not_before,
        expires_at=draft.expires_at,
    )


def no_line(load: Capacity) -> tuple[Text, Text] | None:
    """Why no line carries it, and what to do; None when one does."""
    if load.lines:
        return None
    off, wrong = load.hindered.get(Obstacle.OFF, ()), load.hindered.get(Obstacle.CLASS, ())
    if wrong:
        return (
            T("No line that is switched on may send this kind of message: {lines}.", lines=listed(wrong)),
            T("Let one of them send it: on the page of the lines, under its limits."),
        )
    if off:
        return (
            T("The chosen line is switched off: {lines}.", lines=listed(off)),
            T("Switch it on, on the page of the lines, or choose another one."),
        )
    if load.hindered.get(Obstacle.OTHER):
        return (
            T("The chosen lines do not exist any more."),
            T("Choose another one."),
        )
    return (
        T("No line is switched on that could send it."),
        T("Switch one on, or add one, on the page of the lines."),
    )


def obstacles(load: Capacity, foreseen: Forecast, messages: int, expires_at: datetime) -> Iterator[Finding]:
    """Warnings for whoever makes or approves it."""
    if (why := no_line(load)) is not None:
        yield Finding(level=Level.WARN, rule="route.none", why=why[0], mend=why[1])
        return
    if off := load.hindered.get(Obstacle.OFF):
        yield Finding(
            level=Level.WARN,
            rule="route.off",
            why=T("Switched off: {lines}. The other chosen lines send everything.", lines=listed(off)),
            mend=T("Switch it on, on the page of the lines, or choose another one."),
        )
    ill = [power.name for power in load.powers if power.state is LineState.STOPPED]
    if len(ill) == load.lines:
        yield Finding(
            level=Level.WARN,
            rule="route.stopped",
            why=T("Every line that could send it needs a person: {lines}.", lines=listed(ill)),
            mend=T("The page of the lines says what each of them lacks."),
        )
    if foreseen.left_over and foreseen.starts_at is not None:
        yield Finding(
            level=Level.WARN,
            rule="schedule.late",
            why=T(
                "About {left} of {all} messages will not have left when it ends, {time}.",
                left=count(foreseen.left_over),
                all=count(messages),
                time=local_datetime(expires_at),
            ),
            mend=T("Choose more lines, more hours, a faster pace or a later end."),
        )
