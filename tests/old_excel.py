"""Excel 97 workbooks (.xls), as small as [MS-XLS] and [MS-CFB] allow: no library here writes them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def write_xls(path: Path, rows: Iterable[Sequence[object]], *, since_1904: bool = False, name: str = "名单") -> None:
    """Numbers as NUMBER, everything else as LABEL; one sheet."""
    sheet = _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    cells = [sheet]
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, (int, float)):
                cells.append(_record(0x203, struct.pack("<HHHd", at, column, 0, value)))
            elif value:
                cells.append(_record(0x204, struct.pack("<HHH", at, column, 0) + _text(str(value), "<H")))
    cells.append(_record(0x0A, b""))
    begin = _record(0x809, struct.pack("<HHHHII", 0x600, 0x05, 0, 0, 0, 0))
    begin += _record(0x22, struct.pack("<H", since_1904))
    named = _text(name, "<B")
    place = len(begin) + 4 + 6 + len(named) + 4
    begin += _record(0x85, struct.pack("<IBB", place, 0, 0) + named) + _record(0x0A, b"")
    _write_compound(path, b"".join([begin, *cells]))


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _text(value: str, length: str) -> bytes:
    return struct.pack(length, len(value)) + b"\1" + value.encode("utf-16-le")


def _write_compound(path: Path, stream: bytes) -> None:
    stream = stream.ljust(max(4096, -(-len(stream) // _SECTOR) * _SECTOR), b"\0")
    sectors = len(stream) // _SECTOR
    fats = 1
    while fats * 128 < sectors + 1 + fats:
        fats += 1
    chain = [*range(1, sectors), _END, _END, *[_FAT] * fats]  # the stream, the directory, the table itself
    chain += [_FREE] * (fats * 128 - len(chain))
    difat = [sectors + 1 + n for n in range(fats)] + [_FREE] * (109 - fats)
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, fats, sectors, 0, 4096, _END, 0, _END, 0) + struct.pack("<109I", *difat)
    directory = _entry("Root Entry", 5, 1, _END, 0) + _entry("Workbook", 2, _FREE, 0, len(stream)) + bytes(256)
    path.write_bytes(head + stream + directory + struct.pack(f"<{len(chain)}I", *chain))


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    encoded = (name + "\0").encode("utf-16-le")
    entry = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    return entry + struct.pack("<III", _FREE, _FREE, child) + bytes(36) + struct.pack("<IQ", start, size)
