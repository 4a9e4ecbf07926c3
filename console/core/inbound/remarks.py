"""What stands beside the body of a message that came in: parts that are missing, data, voice mail that waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from console.core.i18n import T, Text, listed
from gsm.messages import Content, Inbound, Undecodable, Waiting, WaitingKind

_WAITING: Mapping[WaitingKind, Text] = {
    WaitingKind.VOICE: T("Voice messages wait in the mailbox of this SIM card."),
    WaitingKind.FAX: T("Faxes wait for this SIM card."),
    WaitingKind.EMAIL: T("E-mails wait for this SIM card."),
    WaitingKind.OTHER: T("Messages of another kind wait for this SIM card."),
}
_EMPTIED: Mapping[WaitingKind, Text] = {
    WaitingKind.VOICE: T("No voice messages wait any more."),
    WaitingKind.FAX: T("No faxes wait any more."),
    WaitingKind.EMAIL: T("No e-mails wait any more."),
    WaitingKind.OTHER: T("No messages of another kind wait any more."),
}


def remarks_of(received: Inbound | Undecodable) -> list[Text]:
    """Nothing for an ordinary text."""
    return list(_about_damage(received) if isinstance(received, Undecodable) else _about(received))


def shown(stored: Sequence[object]) -> str:
    """Stored remarks as one line of words."""
    return " ".join(str(Text.load(remark)) for remark in stored if isinstance(remark, str))


def _about(received: Inbound) -> Iterator[Text]:
    if received.missing:
        missing = listed(received.missing)
        if len(received.missing) == 1:
            yield T("Part {missing} of {total} is missing.", missing=missing, total=received.parts)
        else:
            yield T("Parts {missing} of {total} are missing.", missing=missing, total=received.parts)
    if received.flash:
        yield T("It was sent to be shown at once (flash message).")
    if received.content is Content.DATA:
        yield T("It is data for a program, not a text.")
    elif received.content is Content.COMPRESSED:
        yield T("The text is compressed; only its bytes can be shown.")
    for waiting in received.waiting:
        yield from _about_waiting(waiting)


def _about_waiting(waiting: Waiting) -> Iterator[Text]:
    yield (_WAITING if waiting.active else _EMPTIED)[waiting.kind]
    if waiting.active and waiting.count:
        yield T("How many: {n}.", n=waiting.count)


def _about_damage(received: Undecodable) -> Iterator[Text]:
    yield T("It could not be read ({reason}); its bytes are kept.", reason=received.reason)
