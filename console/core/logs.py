"""Log files: rotated, and masked on the way in, so that no line carries a customer's number or message."""

from __future__ import annotations

import logging
import logging.handlers
import re
from pathlib import Path

from console.core import paths
from console.core.format import masked_phone

_BYTES = 2_000_000
_KEPT = 5
_IDENTITY = re.compile(r"(?<![0-9A-Za-z])\d{6}(?:19|20)\d{9}[0-9Xx](?![0-9A-Za-z])")  # resident identity number
_CARD = re.compile(r"(?<![0-9A-Za-z])\d{4}(?:[ -]?\d{4}){2}(?:[ -]?\d{1,4}){1,2}(?![0-9A-Za-z])")
_PHONE = re.compile(r"(?<!\d)(?:\+?86|0086)?(1[3-9]\d{9})(?!\d)")
_BODY = re.compile(r"【[^】]{1,40}】.*", re.DOTALL)  # a signature begins a message: what follows is its text
_PDU = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{48,}(?![0-9A-Fa-f])")  # numbers and text in another coat
_SECRET = re.compile(r"(?i)(password|passwd|pwd|key|secret|token)(\s*[=:]\s*)\S+")
_URL_PASSWORD = re.compile(r"(\w+://[^:/\s@]+:)[^@\s]+@")


def masked(text: str) -> str:
    """``text`` without what a log must not hold."""
    text = _BODY.sub(lambda match: f"[message of {len(match.group())} characters]", text)
    text = _PDU.sub(lambda match: f"[{len(match.group()) // 2} octets]", text)
    text = _URL_PASSWORD.sub(r"\1***@", text)
    text = _SECRET.sub(r"\1\2***", text)
    return masked_numbers(text)


def masked_numbers(text: str) -> str:
    """``text`` with the numbers of people and accounts masked, and nothing else changed."""
    text = _IDENTITY.sub(lambda match: f"{match.group()[:4]}{'*' * 10}{match.group()[-4:]}", text)
    text = _PHONE.sub(lambda match: masked_phone(match.group(1)), text)
    return _CARD.sub(lambda match: f"{match.group()[:4]} **** {_digits(match.group())[-4:]}", text)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


class MaskingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))  # after formatting: a traceback may quote a number as well


def set_up(process: str, *, level: int = logging.INFO, folder: Path | None = None, console: bool = False) -> Path:
    """Send this process's records to ``<log folder>/<process>.log``; ``console``: to standard error as well."""
    path = (folder or paths.log_folder()) / f"{process}.log"
    formatter = MaskingFormatter("%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s")
    handlers: list[logging.Handler] = [
        logging.handlers.RotatingFileHandler(path, maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8", delay=True)
    ]
    if console:
        handlers.append(logging.StreamHandler())
    root = logging.getLogger()
    root.setLevel(level)
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    logging.captureWarnings(True)
    return path
