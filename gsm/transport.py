"""The one shape that every way out of the house has: modem, gateway, or the double in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from gsm.messages import Accepted, LineHealth, LineIdentity, Received, Submit


class Transport(ABC):
    """One line.

    ``submit`` and ``health`` are called from one thread; ``receive``, ``acknowledge`` and ``close`` from any.
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

    @abstractmethod
    def receive(self, timeout: float) -> Received | None:
        """The next report or inbound message, or None after ``timeout`` seconds or once closed."""

    @abstractmethod
    def acknowledge(self, received: Received) -> None:
        """The house has committed it: the line may delete it or confirm it to the network. Never blocks."""

    @abstractmethod
    def health(self) -> LineHealth:
        """Ask the device. Raises LineFault."""

    @abstractmethod
    def close(self) -> None:
        """Give the device back. Safe to call twice, and while another thread waits in ``submit`` or ``receive``."""
