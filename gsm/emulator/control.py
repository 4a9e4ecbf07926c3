"""The control channel: one JSON object a line over loopback TCP, one answer a line.

{"do": "accepted", "since": 0}     what the network accepted, from that position
{"do": "set", "latency_ms": 0}     any field of Settings
{"do": "rule", "on": "CMGS", "moment": "body", "action": "error", "text": "+CMS ERROR: 38"}
{"do": "clear"}                    no rules, no hang
{"do": "fresh", ...}               as if it had just been made: settings (those given on top), stores, ledger
{"do": "inbound", "sender": "+86138...", "text": "...", "parts": [1, 3]}
{"do": "report", "reference": 7, "recipient": "+86138..."}
{"do": "pdu", "pdu": "...", "report": false}          delivered as it is, however damaged
{"do": "left", "pdu": "..."}                          a message of another program in the first store
{"do": "say", "text": "..."}  {"do": "unplug", "ms": 500}  {"do": "plug"}  {"do": "reset"}
{"do": "stats"}                    waiting and lost reports, stores, attached, commands heard
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from gsm.emulator.links import Plug
from gsm.emulator.modem import EmulatedModem
from gsm.emulator.network import Delivery
from gsm.emulator.settings import Rule
from gsm.emulator.stores import SENT

Verb = Callable[[Mapping[str, Any]], object]


class Control:
    def __init__(self, modem: EmulatedModem, plug: Plug) -> None:
        self._modem = modem
        self._plug = plug
        self._first = replace(modem.settings, noise=list(modem.settings.noise))
        self._verbs: dict[str, Verb] = {
            "accepted": lambda request: modem.network.ledger[request.get("since", 0) :],
            "set": modem.settings.change,
            "rule": lambda request: modem.rules.add(Rule(**request)),
            "clear": self._clear,
            "fresh": self._fresh,
            "inbound": lambda request: modem.network.inbound(
                request["sender"],
                request["text"],
                parts=request.get("parts"),
                message_class=request.get("message_class"),
            ),
            "report": lambda request: modem.network.report(
                request["reference"], request["recipient"], datetime.now(UTC), request.get("status", "")
            ),
            "pdu": lambda request: modem.network.put(
                Delivery(bytes.fromhex(request["pdu"]).hex().upper() or "00", bool(request.get("report")))
            ),
            "left": lambda request: modem.stores[modem.persona.stores[0]].add(request["pdu"], SENT),
            "say": lambda request: modem.say(request["text"]),
            "unplug": lambda request: plug.pull(request.get("ms", 0)),
            "plug": lambda request: plug.push(),
            "reset": lambda request: modem.restart(),
            "stats": self._stats,
        }

    async def serve(self, port: int) -> int:
        server = await asyncio.start_server(self._talk, "127.0.0.1", port)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line), ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        writer.close()

    async def _answer(self, line: bytes) -> dict[str, object]:
        try:
            request = json.loads(line)
            verb = self._verbs[request.pop("do")]
            result = verb(request)
            return {"ok": True, "result": await result if inspect.isawaitable(result) else result}
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}

    def _clear(self, request: Mapping[str, Any]) -> None:
        self._modem.rules.clear()
        self._modem.settings.hang = False

    async def _fresh(self, request: Mapping[str, Any]) -> None:
        self._modem.settings.change({**asdict(self._first), **request})
        await self._modem.refresh()

    def _stats(self, request: Mapping[str, Any]) -> dict[str, object]:
        modem = self._modem
        return {
            "accepted": len(modem.network.ledger),
            "reports_waiting": modem.network.waiting,
            "lost": len(modem.network.lost),
            "stores": {name: len(store.entries) for name, store in modem.stores.items()},
            "attached": modem.wire.attached,
            "heard": list(modem.heard)[-500:],
        }
