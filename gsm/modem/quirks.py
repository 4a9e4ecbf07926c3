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
    sources: Mapping[str, str] = field(default_factory=dict)  # by field: where that is written


HUAWEI = Quirks(
    family="huawei",
    usb_vendors=frozenset({0x12D1}),
    names=("huawei",),
    setup=("AT^CURC=0",),
    iccid="AT^ICCID?",
    packed_ussd=True,
    interfaces={0x1001: (2, 1, 0)},
    sources={
        "usb_vendors": "linux drivers/usb/serial/option.c HUAWEI_VENDOR_ID",
        "names": "+CGMI of E173 and E3372: huawei",
        "setup": "ModemManager plugins/huawei mm-broadband-modem-huawei.c: ^CURC=0 stops ^RSSI, ^BOOT, ^DSFLOWRPT",
        "iccid": "Huawei ME909s AT Command Interface Specification: ^ICCID?",
        "packed_ussd": "ModemManager mm-broadband-modem-huawei.c encode_ussd: hex of packed septets",
        "interfaces": "udev rules of wader: interface 0 is for data, a later one for commands",
    },
)
ZTE = Quirks(
    family="zte",
    usb_vendors=frozenset({0x19D2}),
    names=("zte",),
    iccid="AT+ZGETICCID",
    interfaces={0x0031: (1, 3), 0x0117: (1, 2)},
    sources={
        "usb_vendors": "linux drivers/usb/serial/option.c ZTE_VENDOR_ID",
        "names": "+CGMI of MF190: ZTE INCORPORATED",
        "iccid": "ZTE MF180 AT commands: +ZGETICCID",
        "interfaces": "ModemManager plugins/zte 77-mm-zte-port-types.rules",
    },
)
QUECTEL = Quirks(
    family="quectel",
    usb_vendors=frozenset({0x2C7C}),
    names=("quectel",),
    setup=('AT+QURCCFG="urcport","usbat"',),
    iccid="AT+QCCID",
    interfaces={0x0121: (2, 3), 0x0125: (2, 3), 0x0296: (2, 3)},
    sources={
        "usb_vendors": "linux drivers/usb/serial/option.c QUECTEL_VENDOR_ID",
        "names": "+CGMI: Quectel",
        "setup": "Quectel EC2x and EG9x AT Commands Manual: +QURCCFG chooses the port of unsolicited results",
        "iccid": "the same manual: +QCCID",
        "interfaces": "Quectel Linux USB driver guide: interface 2 AT, 3 modem",
    },
)
SIMCOM = Quirks(
    family="simcom",
    usb_vendors=frozenset({0x1E0E}),
    names=("simcom",),
    iccid="AT+CCID",
    interfaces={0x9001: (2, 3)},
    sources={
        "usb_vendors": "linux drivers/usb/serial/option.c QUALCOMM/SIMCOM 0x1e0e",
        "names": "+CGMI: SIMCOM_Ltd, SIMCOM INCORPORATED",
        "iccid": "SIM800 Series AT Command Manual: +CCID",
        "interfaces": "SIM7500_SIM7600 Series Linux application note: interface 2 AT, 3 modem",
    },
)
UBLOX = Quirks(
    family="u-blox",
    usb_vendors=frozenset({0x1546}),
    names=("u-blox",),
    iccid="AT+CCID",
    sources={
        "usb_vendors": "linux drivers/usb/serial/option.c UBLOX_VENDOR_ID",
        "names": "+CGMI: u-blox",
        "iccid": "u-blox AT Commands Manual UBX-13002752: +CCID",
    },
)
SIERRA = Quirks(
    family="sierra",
    usb_vendors=frozenset({0x1199, 0x0F3D}),
    names=("sierra",),
    iccid="AT+ICCID",
    interfaces={0x68A2: (3, 2), 0x68C0: (3, 2)},
    sources={
        "usb_vendors": "linux drivers/usb/serial/sierra.c and option.c",
        "names": "+CGMI: Sierra Wireless, Incorporated",
        "iccid": "AirPrime EM/MC AT Command Reference: +ICCID",
        "interfaces": "ModemManager plugins/sierra 77-mm-sierra.rules",
    },
)
TELIT = Quirks(
    family="telit",
    usb_vendors=frozenset({0x1BC7}),
    names=("telit",),
    iccid="AT+CCID",
    interfaces={0x1101: (1, 2), 0x1201: (4, 5), 0x1206: (5, 4)},
    sources={
        "usb_vendors": "linux drivers/usb/serial/option.c TELIT_VENDOR_ID",
        "names": "+CGMI: Telit",
        "iccid": "Telit AT Commands Reference Guide 80000ST10025a: +CCID",
        "interfaces": "ModemManager plugins/telit 77-mm-telit-port-types.rules",
    },
)
CINTERION = Quirks(
    family="cinterion",
    usb_vendors=frozenset({0x1E2D, 0x0681}),
    names=("cinterion", "siemens", "gemalto", "thales"),
    iccid="AT+CCID",
    sources={
        "usb_vendors": "linux drivers/usb/serial/option.c CINTERION_VENDOR_ID, SIEMENS 0x0681",
        "names": "+CGMI: Cinterion; SIEMENS before 2008, Gemalto and Thales after 2010",
        "iccid": "Cinterion AT Command Set: +CCID",
    },
)
WAVECOM = Quirks(
    family="wavecom",
    names=("wavecom",),
    setup=("AT+WIND=0",),
    iccid="AT+CCID",
    sources={
        "names": "+CGMI: WAVECOM MODEM",
        "setup": "Wavecom AT Commands Interface Guide: +WIND reports are switched off",
        "iccid": "the same guide: +CCID",
    },
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
