from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.core import logs
from console.core.logs import masked


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("to 13800138000 done", "to 138****8000 done"),
        ("+8613800138000", "138****8000"),
        ("008613800138000", "138****8000"),
        ("id 110101199003074258 is in full", "id 1101**********4258 is in full"),
        ("card 6222 0212 3456 7890 123", "card 6222 **** 0123"),
        ("card 6222021234567890123", "card 6222 **** 0123"),
        ("text 【示例银行】您本期应还3,256.80元", "text [message of 20 characters]"),
        ("pdu 0011000D91683108108300F0000818" + "5F00" * 10, "pdu [35 octets]"),
        ("key=abcdef password: hunter2", "key=*** password: ***"),
        ("postgresql+psycopg://user:hunter2@host/db", "postgresql+psycopg://user:***@host/db"),
        (
            "message 1380013 in batch 42 at 2026-11-21 14:05:06,123",
            "message 1380013 in batch 42 at 2026-11-21 14:05:06,123",
        ),
    ],
)
def test_what_must_not_be_logged_is_masked(line: str, shown: str) -> None:
    assert masked(line) == shown


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger()
    before, level = list(logger.handlers), logger.level
    yield logger
    for handler in [handler for handler in logger.handlers if handler not in before]:
        logger.removeHandler(handler)
        handler.close()
    logger.setLevel(level)
    logging.captureWarnings(False)


def test_a_log_file_holds_ids_but_no_numbers_not_even_in_a_traceback(tmp_path: Path, root: logging.Logger) -> None:
    path = logs.set_up("dispatcher", folder=tmp_path)
    try:
        raise ValueError("13800138000 is odd")
    except ValueError:
        logging.getLogger("console.test").info("message %s to %s", 17, "13800138000", exc_info=True)
    written = path.read_text("utf-8")
    assert "message 17 to 138****8000" in written
    assert "ValueError: 138****8000 is odd" in written
    assert "13800138000" not in written
