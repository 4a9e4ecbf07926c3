"""Who sends a file: told from its name, so that last night's file is compared with the one before it."""

from __future__ import annotations

import re

from console.core.customers.normalise import plain

LONGEST = 60
_DATES = re.compile(r"\d{4}[-._年]?\d{1,2}[-._月]?\d{1,2}日?|\d{1,2}月\d{1,2}日?|\d{4}年\d{1,2}月?")
_COUNTS = re.compile(r"\d[\d,.]*\s*(?:笔|户|条|行|人|万元|元|筆|戶|條|rows|records)")
_COPIES = re.compile(r"(?:\(\d+\)|（\d+）|副本|复制|copy(?: of)?|待修正|to correct)", re.IGNORECASE)
_MARKS = re.compile(r"[\s_\-.·()\[\]【】]+|\d+$")


def source_of(file_name: str) -> str:
    """The name without dates, counts, and what copying adds: ``逾期清单_20261121_88笔 (1).xlsx`` is ``逾期清单``."""
    stem = plain(file_name.rpartition(".")[0] or file_name)
    for pattern in (_COPIES, _DATES, _COUNTS):
        stem = pattern.sub(" ", stem)
    words = [word for word in _MARKS.split(stem) if word]
    return " ".join(words)[:LONGEST]
