"""``python -m gsm.emulator``: one emulated modem until it is told to stop, or its parent is gone."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import threading
from collections.abc import Sequence

from gsm.emulator.control import Control
from gsm.emulator.links import Plug, SocketLink, TerminalLink
from gsm.emulator.modem import EmulatedModem
from gsm.emulator.network import Network
from gsm.emulator.personas import PERSONAS
from gsm.emulator.settings import Settings


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gsm.emulator", description="An emulated GSM modem.")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--socket", type=int, default=0, metavar="PORT", help="listen on this port; 0 takes a free one")
    where.add_argument("--pty", action="store_true", help="serve on a pseudo terminal")
    parser.add_argument("--link", default="", help="symbolic link to the pseudo terminal")
    parser.add_argument("--control", type=int, default=0, metavar="PORT")
    parser.add_argument("--latency-ms", type=int, default=50)
    parser.add_argument("--report-delay-ms", type=int, default=200)
    parser.add_argument("--persona", choices=sorted(PERSONAS), default="plain")
    parser.add_argument("--set", default="{}", help="more settings as a JSON object")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--follow-stdin", action="store_true", help="end when standard input is closed")
    return parser.parse_args(argv)


async def serve(arguments: argparse.Namespace) -> None:
    settings = Settings(
        latency_ms=arguments.latency_ms, report_delay_ms=arguments.report_delay_ms, persona=arguments.persona
    )
    settings.change(json.loads(arguments.set))
    network = Network(settings)
    modem = EmulatedModem(settings, network, seed=arguments.seed)
    link = TerminalLink(modem, arguments.link) if arguments.pty else SocketLink(modem, arguments.socket)
    await link.plug()
    plug = Plug(link)
    modem.unplug = plug.pull
    port = await Control(modem, plug).serve(arguments.control)
    sys.stdout.write(json.dumps({"address": link.address, "control": f"127.0.0.1:{port}"}) + "\n")
    sys.stdout.flush()
    await asyncio.gather(modem.live(), modem.wire.shape(), modem.chatter(), network.deliver_to(modem))


def _follow_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv)
    if arguments.follow_stdin:
        threading.Thread(target=_follow_stdin, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
