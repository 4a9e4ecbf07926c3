"""The one shape that every way out of the house has: modem, gateway, or the double in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import StrEnum

from gsm.errors import LineFault
from gsm.messages import Accepted, Balance, LineHealth, LineIdentity, Received, Submit


class RecoveryStep(StrEnum):
    """From the mildest to the harshest; a gateway knows only the last."""

    RESYNC = "resync"  # the conversation in step again, reports switched on again
    SOFT_RESET = "soft_reset"  # AT&F and the whole set-up
    RADIO_RESET = "radio_reset"  # AT+CFUN=1,1: the device starts anew, its port may vanish meanwhile
    REOPEN = "reopen"  # the port closed and opened


class Transport(ABC):
    """One line.

    ``open``, ``submit``, ``health`` and ``recover`` are called from one thread; ``receive``, ``acknowledge`` and
    ``close`` from any.
    """

    @abstractmethod
    def open(self) -> LineIdentity:
        """Take the device exclusively and make it ready to send and to report. Raises LineFault."""

    @abstractmethod
    def submit(self, submit: Submit, *, clear_to_send: Callable[[], None]) -> Accepted:
        """Put one part on the air.

        ``clear_to_send`` is called once, at the last moment before the first byte that could make the
        message leave (a modem: after the prompt, before the PDU). It returns when *sending* is durable;
        if it raises, nothing leaves, the line is put back in order, and the exception goes on.
        Raises GsmError, whose ``outcome`` says what is proved.
        """

    def late(self) -> Sequence[tuple[str, Accepted]]:
        """Acceptances that came after their submission was given up as unknown, by ``Submit.key``; told once."""
        return ()

    def remember(self, reference: str, unanswered: int) -> None:
        """What the house knows from before ``open``: the last reference accepted here, and how many were submitted
        since whose result nobody saw. One of theirs may still come, and is not the next message's.
        """
        return

    @abstractmethod
    def receive(self, timeout: float) -> Received | None:
        """The next report or inbound message, or None after ``timeout`` seconds or once closed."""

    @abstractmethod
    def acknowledge(self, received: Received) -> None:
        """The house has committed it: the line may delete it or confirm it to the network. Never blocks."""

    @abstractmethod
    def health(self) -> LineHealth:
        """Ask the device. Raises LineFault."""

    def balance(self, code: str = "", pattern: str = "") -> Balance:
        """What a prepaid SIM card still holds, by ``code`` or the operator's usual one; takes up to half a minute.

        ``pattern`` finds the amount in the answer: its first group. Raises LineFault.
        """
        return Balance(fault="ussd.unsupported")

    def fault(self) -> LineFault | None:
        """What ails the line, noticed without being asked (unplugged while idle); None while it seems well."""
        return None

    def recover(self, step: RecoveryStep) -> LineIdentity:
        """Take one step towards a line that works after a LineFault. Raises LineFault when it did not help."""
        return self.open()

    @abstractmethod
    def close(self) -> None:
        """Give the device back. Safe to call twice, and while another thread waits in ``submit`` or ``receive``."""
