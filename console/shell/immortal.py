"""A guard against PySide6 6.12.0 on Python 3.11.

That build is made for interpreters whose None, True and False are immortal (3.12 and later): each call that returns
one of them takes a reference away without having added one, so that 3.11 ends with ``none_dealloc`` after a few
thousand calls. Other versions are right; the guard does nothing there.
"""

from __future__ import annotations

import ctypes
import sys

import PySide6

AFFECTED = (6, 12, 0)
ENOUGH = 1 << 40  # references; a counter of 64 bits never wraps at this rate, and never reaches zero


def keep_singletons() -> None:
    """Give the singletons so many references that losing one a call does no harm."""
    if tuple(sys.version_info) >= (3, 12) or PySide6.__version_info__[:3] != AFFECTED:
        return
    for singleton in (None, True, False, NotImplemented, Ellipsis):
        if sys.getrefcount(singleton) < ENOUGH // 2:
            counter = ctypes.c_ssize_t.from_address(id(singleton))
            counter.value += ENOUGH
