"""National language tables by identifier (3GPP TS 23.038 Annex A); they matter when a message is read."""

from __future__ import annotations

from collections.abc import Mapping

LOCKING: Mapping[int, str] = {}
SINGLE: Mapping[int, Mapping[int, str]] = {}
