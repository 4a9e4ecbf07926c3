"""Records that cross the boundary between the house and the air.

Every time is an aware UTC datetime. Numbers of people are in international form with a leading ``+``
(``+8613800138000``) or a bare short code (``10086``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum


class Alphabet(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One short message as it goes on the air; ``gsm.encoding.split`` makes them from a text."""

    text: str
    alphabet: Alphabet
    sequence: int = 1  # 1..total
    total: int = 1
    concat_reference: int | None = None  # 8 or 16 bit; None for a message of one part
    wide_reference: bool = False  # True: 16-bit concatenation header


@dataclass(frozen=True, kw_only=True)
class Submit:
    recipient: str
    part: Part
    key: str  # our own id of this part, for logs and gateways
    validity: timedelta | None = None  # None: the centre's default
    status_report: bool = True
    message_class: int | None = None  # 0 = flash; None = unspecified


@dataclass(frozen=True, kw_only=True)
class Accepted:
    reference: str  # TP-MR "0".."255" of a modem, message id of a gateway
    sender_identity: str  # IMSI or account that the reference is relative to
    at: datetime
    extra_references: tuple[str, ...] = ()


class DeliveryOutcome(StrEnum):
    DELIVERED = "delivered"
    FORWARDED = "forwarded"  # left the centre, delivery unconfirmed
    TRYING = "trying"  # the centre still tries
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class DeliveryReport:
    token: str  # what ``Transport.acknowledge`` needs; unique while the transport is open
    raw: str  # as received (hex of a PDU, text of a receipt), stored first
    reference: str
    recipient: str
    sender_identity: str
    outcome: DeliveryOutcome
    status: str  # raw code: TP-Status as two hex digits, or the gateway's stat
    sent_at: datetime | None  # the centre's time stamp of the submission
    done_at: datetime | None  # discharge time
    received_at: datetime


class Content(StrEnum):
    TEXT = "text"
    DATA = "data"  # octets for a program; ``body`` shows them as text where they are printable, else as hex
    COMPRESSED = "compressed"  # text that nobody's decoder unpacks (3GPP TS 23.042); ``body`` is its hex


class WaitingKind(StrEnum):
    VOICE = "voice"
    FAX = "fax"
    EMAIL = "email"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Something waits for the owner of the SIM elsewhere (3GPP TS 23.038 4, TS 23.040 9.2.3.24.2)."""

    kind: WaitingKind
    active: bool  # False: nothing waits any more
    count: int | None = None  # None: not told


@dataclass(frozen=True, kw_only=True)
class Inbound:
    token: str
    raw: str
    sender: str
    body: str
    sender_identity: str
    sent_at: datetime | None
    received_at: datetime
    parts: int = 1
    missing: tuple[int, ...] = ()  # sequence numbers, from 1, of the parts that never came
    flash: bool = False
    content: Content = Content.TEXT
    waiting: tuple[Waiting, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.missing


@dataclass(frozen=True, kw_only=True)
class Undecodable:
    """Bytes that no decoder understood; kept, shown to support, never left in the modem's store."""

    token: str
    raw: str
    reason: str
    received_at: datetime


Received = DeliveryReport | Inbound | Undecodable


class Registration(StrEnum):
    HOME = "home"
    ROAMING = "roaming"
    SEARCHING = "searching"
    DENIED = "denied"
    NONE = "none"
    UNKNOWN = "unknown"


class SimState(StrEnum):
    READY = "ready"
    PIN = "pin"
    PUK = "puk"
    ABSENT = "absent"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class LineIdentity:
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    imei: str = ""
    imsi: str = ""
    iccid: str = ""

    @property
    def sender(self) -> str:
        """What references are relative to: the SIM card, or the device where the card does not tell."""
        return self.imsi or self.iccid or self.imei


@dataclass(frozen=True, kw_only=True)
class LineHealth:
    at: datetime
    identity: LineIdentity = field(default_factory=LineIdentity)
    signal_dbm: int | None = None  # None: not known
    bars: int = 0  # 0..5
    registration: Registration = Registration.UNKNOWN
    technology: str = ""  # GSM, UMTS, LTE ...
    operator: str = ""
    sim: SimState = SimState.UNKNOWN
    smsc: str = ""
    store_used: int | None = None
    store_total: int | None = None
    numbers: tuple[str, ...] = ()  # the SIM's own, where it knows them


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What the network answered when it was asked how much a prepaid SIM card still holds."""

    amount: Decimal | None = None  # in the operator's currency; None: not found in ``text``
    text: str = ""  # as the network said it
    code: str = ""  # that was dialled
    fault: str = ""  # why there is no answer: ussd.no_code, ussd.timeout, ussd.unsupported, or as in gsm.errors
