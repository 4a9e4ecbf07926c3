"""How families of modems differ, as data with the source of each fact; everything else is asked of the device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gsm.messages import LineIdentity


@dataclass(frozen=True, kw_only=True)
class Quirks:
    family: str
    usb_vendors: frozenset[int] = frozenset()
    names: tuple[str, ...] = ()  # how AT+CGMI begins, in lower case
    setup: tuple[str, ...] = ()  # commands sent after identification; a refusal does not matter
    acknowledge: bool = True  # AT+CSMS=1 with AT+CNMA may be used when the device offers it
    iccid: str = ""  # the command that tells it; empty: the usual ones are tried
    packed_ussd: bool = False  # USSD strings travel as hex of packed septets
    interfaces: Mapping[int, tuple[int, ...]] = field(
        default_factory=dict
    )  # by product: USB interfaces with AT, best first
    source: str = ""


HUAWEI = Quirks(
    family="huawei",
    usb_vendors=frozenset({0x12D1}),
    names=("huawei",),
    setup=("AT^CURC=0",),
    iccid="AT^ICCID?",
    packed_ussd=True,
    interfaces={0x1001: (2, 1, 0)},
    source="ModemManager plugins/huawei: ^CURC=0 stops ^RSSI, ^BOOT and the like, USSD in packed hex, ^ICCID?; "
    "udev rules of wader and vodafone-mobile-connect: the first port is for data, a later one for commands",
)
ZTE = Quirks(
    family="zte",
    usb_vendors=frozenset({0x19D2}),
    names=("zte",),
    iccid="AT+ZGETICCID",
    interfaces={0x0031: (1, 3), 0x0117: (1, 2)},
    source="ModemManager plugins/zte: +ZUSIMR, +ZDONR, +ZPASR, +ZEND are noise; 77-mm-zte-port-types.rules",
)
QUECTEL = Quirks(
    family="quectel",
    usb_vendors=frozenset({0x2C7C}),
    names=("quectel",),
    setup=('AT+QURCCFG="urcport","usbat"',),
    iccid="AT+QCCID",
    interfaces={0x0121: (2, 3), 0x0125: (2, 3), 0x0296: (2, 3)},
    source="Quectel EC2x and EG2x AT Commands Manual: QURCCFG chooses the port of unsolicited results, QCCID; "
    "Linux drivers/usb/serial/option.c: interface 2 AT, 3 modem",
)
SIMCOM = Quirks(
    family="simcom",
    usb_vendors=frozenset({0x1E0E}),
    names=("simcom",),
    iccid="AT+CCID",
    interfaces={0x9001: (2, 3)},
    source="SIM800 Series AT Command Manual: Call Ready, SMS Ready after a start; SIM7600: interface 2 AT, 3 modem",
)
UBLOX = Quirks(
    family="u-blox",
    usb_vendors=frozenset({0x1546}),
    names=("u-blox",),
    iccid="AT+CCID",
    source="u-blox AT Commands Manual UBX-13002752: +CCID; messages arrive in ME by default",
)
SIERRA = Quirks(
    family="sierra",
    usb_vendors=frozenset({0x1199, 0x0F3D}),
    names=("sierra",),
    iccid="AT+ICCID",
    interfaces={0x68A2: (3, 2), 0x68C0: (3, 2)},
    source="ModemManager plugins/sierra and 77-mm-sierra.rules; AirPrime AT Command Reference: +ICCID",
)
TELIT = Quirks(
    family="telit",
    usb_vendors=frozenset({0x1BC7}),
    names=("telit",),
    iccid="AT+CCID",
    interfaces={0x1101: (1, 2), 0x1201: (4, 5), 0x1206: (5, 4)},
    source="ModemManager plugins/telit, 77-mm-telit-port-types.rules",
)
CINTERION = Quirks(
    family="cinterion",
    usb_vendors=frozenset({0x1E2D, 0x0681}),
    names=("cinterion", "siemens", "gemalto", "thales"),
    iccid="AT+CCID",
    source="ModemManager plugins/cinterion: ^SYSSTART after a start; the +CNMI values that hold differ by model",
)
WAVECOM = Quirks(
    family="wavecom",
    names=("wavecom",),
    setup=("AT+WIND=0",),
    iccid="AT+CCID",
    source="Wavecom AT Commands Interface Guide: +WIND reports are switched off",
)
UNKNOWN = Quirks(family="unknown")

FAMILIES = (HUAWEI, ZTE, QUECTEL, SIMCOM, UBLOX, SIERRA, TELIT, CINTERION, WAVECOM)


def quirks_of(identity: LineIdentity) -> Quirks:
    """By what the device calls its maker."""
    maker = identity.manufacturer.lower()
    return next((family for family in FAMILIES if maker and maker.startswith(family.names)), UNKNOWN)


def quirks_of_usb(vendor: int | None) -> Quirks | None:
    """By USB vendor; None for a device of nobody we know, which must not be probed unasked."""
    return next((family for family in FAMILIES if vendor in family.usb_vendors), None)
