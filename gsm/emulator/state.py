"""What a restart of the emulated device forgets, and how its commands end."""

from __future__ import annotations

from dataclasses import dataclass, field


class CommandError(Exception):
    def __init__(self, family: str = "", code: int = 0, text: str = "") -> None:
        super().__init__(text)
        self.family = family  # "cms", "cme", or empty for a bare ERROR
        self.code = code
        self.text = text  # said as it is


class Silence(Exception):
    """No result will ever come."""


class Rebooted(Exception):
    pass


@dataclass
class State:
    echo: bool = True
    verbose: bool = True
    quiet: bool = False
    error_form: int = 0  # AT+CMEE
    text_mode: int = 0  # AT+CMGF
    service: int = 0  # AT+CSMS
    routing: list[int] = field(default_factory=lambda: [0, 0, 0, 0, 0])  # AT+CNMI
    memories: list[str] = field(default_factory=lambda: ["SM", "SM", "SM"])  # AT+CPMS
    registration_form: dict[str, int] = field(default_factory=dict)
    operator_form: int = 0
    function: int = 1  # AT+CFUN
    link: int = 0  # AT+CMMS
    charset: str = "GSM"
    pin_entered: bool = False
    last_reference: int = 0
