"""How families of modems differ on the outside; enough to exercise what a driver must put up with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Persona:
    manufacturer: str = "Emulated"
    model: str = "EM-1"
    stores: tuple[str, ...] = ("SM", "ME", "SR")
    phase_2_plus: bool = True  # AT+CSMS=1 is taken
    report_routes: tuple[int, ...] = (0, 1, 2)  # values of <ds> that AT+CNMI takes
    iccid_command: str = "+CCID"
    identity_prefix: bool = False  # "+CGMM: ..." instead of the bare value
    boot_lines: tuple[str, ...] = ()
    chatter: tuple[str, ...] = ()  # said every second while attached
    error_on_escape: bool = False
    counts_pins: bool = True  # AT+CPINR
    text_mode: int = 0  # AT+CMGF after a start


PERSONAS: Mapping[str, Persona] = {
    "plain": Persona(),
    "huawei": Persona(
        manufacturer="huawei",
        model="E173",
        stores=("SM", "ME"),
        phase_2_plus=False,
        iccid_command="^ICCID",
        counts_pins=False,
        boot_lines=("^SYSSTART",),
        chatter=("^RSSI:17", "^BOOT:20952548,0,0,0,72", "^DSFLOWRPT:00000001,0,0,0,0,0,0"),
    ),
    "quectel": Persona(
        manufacturer="Quectel",
        model="EC20F",
        stores=("ME", "SM", "SR"),
        iccid_command="+QCCID",
        boot_lines=("RDY", "+CFUN: 1", "+CPIN: READY", "+QUSIM: 1", "+QIND: SMS DONE", "+QIND: PB DONE"),
    ),
    "simcom": Persona(
        manufacturer="SIMCOM_Ltd",
        model="SIMCOM_SIM800C",
        stores=("SM", "ME"),
        boot_lines=("RDY", "+CFUN: 1", "+CPIN: READY", "Call Ready", "SMS Ready"),
        error_on_escape=True,
        text_mode=1,
    ),
    "zte": Persona(
        manufacturer="ZTE INCORPORATED",
        model="MF190",
        stores=("SM", "ME"),
        phase_2_plus=False,
        iccid_command="+ZGETICCID",
        boot_lines=("+ZUSIMR:2",),
        chatter=('+ZPASR: "UMTS"', '+ZDONR: "CHN-UNICOM",460,1,"CS_ONLY","ROAM_OFF"'),
    ),
    "stored": Persona(
        manufacturer="WAVECOM MODEM", model="MULTIBAND 900E 1800", phase_2_plus=False, report_routes=(0, 2)
    ),
    "ublox": Persona(
        manufacturer="u-blox", model="SARA-U201", stores=("ME", "SM"), phase_2_plus=True, boot_lines=("+CREG: 0",)
    ),
    "sierra": Persona(
        manufacturer="Sierra Wireless, Incorporated",
        model="MC7304",
        stores=("SM", "ME", "SR"),
        report_routes=(0, 1, 2),
        iccid_command="+ICCID",
        counts_pins=False,
    ),
    "telit": Persona(
        manufacturer="Telit",
        model="GE910-QUAD",
        stores=("SM", "ME"),
        phase_2_plus=False,
        chatter=("#STN: 254", "+CIEV: signal,3"),
        error_on_escape=True,
    ),
    "cinterion": Persona(
        manufacturer="Cinterion",
        model="BG2-W",
        stores=("SM", "ME"),
        report_routes=(0, 1, 2),
        phase_2_plus=True,
        boot_lines=("^SYSSTART", "+PBREADY"),
        counts_pins=False,
    ),
    "deaf": Persona(report_routes=(0,), phase_2_plus=False),
    "prefixed": Persona(identity_prefix=True),
}
