"""CMS and CME errors (3GPP TS 27.005 3.2.5, 24.011 Annex E, 27.007 9.2) and TP-Status (23.040 9.2.3.15)."""

from __future__ import annotations

from collections.abc import Mapping

from console.core.i18n import T
from console.core.sending.causes_base import Cause, Group

_CHECK_NUMBER = T("Check the number with the customer.")
_LATER = T("The program tries again by itself.")
_CONTRACT = T("Ask the carrier about this SIM card's contract.")
_BALANCE = T("Top up the SIM card, or ask the carrier.")
_SIM = T("Take the SIM card out, look at it, and put it back.")
_PLUG = T("Unplug the modem and plug it in again.")
_OTHER_CHANNEL = T("Reach the customer by telephone.")
_SUPPORT = T("Show the code to support.")
_DECIDE = T("Wait for a late report, or ask the customer; then decide by hand.")

_NO_NUMBER = Cause(T("The number does not exist."), _CHECK_NUMBER, Group.NUMBER)
_BARRED = Cause(T("This number cannot be written to."), _OTHER_CHANNEL, Group.NUMBER)
_REJECTED = Cause(T("The network rejected the message."), _CHECK_NUMBER, Group.NUMBER)
_MALFORMED = Cause(T("The network did not accept the form of the message."), _SUPPORT, Group.CONTENT)
_NO_SERVICE = Cause(T("The SIM card is not allowed to send messages."), _CONTRACT, Group.LINE)
_NO_MONEY = Cause(T("The SIM card may be out of credit."), _BALANCE, Group.LINE)
_BUSY = Cause(T("The network was busy."), _LATER, Group.NETWORK)
_OUT_OF_ORDER = Cause(T("The network was out of order."), _LATER, Group.NETWORK)
_MEMORY = Cause(T("The modem's message store was full."), _LATER, Group.LINE)
_SIM_TROUBLE = Cause(T("The SIM card does not work."), _SIM, Group.LINE)
_PIN = Cause(T("The SIM card asks for its PIN."), T("Enter the PIN on the Lines page."), Group.LINE)
_PUK = Cause(T("The SIM card is locked and asks for its PUK."), _CONTRACT, Group.LINE)
_NO_SIM = Cause(T("There is no SIM card in the modem."), T("Put a SIM card in."), Group.LINE)
_MODEM = Cause(T("The modem failed."), _PLUG, Group.LINE)
_MODEM_BUSY = Cause(T("The modem was busy."), _LATER, Group.LINE)
_MAYBE = Cause(T("The modem gave no clear answer; the message may have left."), _DECIDE, Group.UNKNOWN)

_FORM_CODES = (
    95, 96, 97, 98, 99, 111, 128, 129, 130, 143, 144, 145, 159, 160, 161, 175, 176, 195, 198, 199, 304, 305,
)  # fmt: skip

CAUSES: Mapping[str, Cause] = {
    "cms.1": _NO_NUMBER,
    "cms.8": _NO_SERVICE,
    "cms.10": _BARRED,
    "cms.17": _OUT_OF_ORDER,
    "cms.21": _REJECTED,
    "cms.22": _BUSY,
    "cms.27": Cause(T("The phone could not be reached."), _OTHER_CHANNEL, Group.HANDSET),
    "cms.28": Cause(T("The network does not know this SIM card."), _CONTRACT, Group.LINE),
    "cms.29": Cause(T("The network refused the service to this SIM card."), _CONTRACT, Group.LINE),
    "cms.30": Cause(T("The network does not know the customer's number."), _CHECK_NUMBER, Group.NUMBER),
    "cms.38": _OUT_OF_ORDER,
    "cms.41": Cause(T("The network had a passing failure."), _LATER, Group.NETWORK),
    "cms.42": _BUSY,
    "cms.47": _BUSY,
    "cms.50": _NO_SERVICE,
    "cms.69": _NO_SERVICE,
    "cms.81": _MAYBE,
    **{f"cms.{code}": _MALFORMED for code in _FORM_CODES},
    "cms.127": _OUT_OF_ORDER,
    "cms.192": _BUSY,
    "cms.193": Cause(T("The SIM card's message centre is not set or not allowed."), _CONTRACT, Group.LINE),
    "cms.194": _OUT_OF_ORDER,
    "cms.196": _BARRED,
    "cms.197": Cause(
        T("The network already has this message."), T("Nothing to do: it was accepted before."), Group.NETWORK
    ),
    "cms.208": _MEMORY,
    "cms.209": _SIM_TROUBLE,
    "cms.211": _MEMORY,
    "cms.212": _BUSY,
    "cms.255": _MAYBE,
    "cms.300": _MAYBE,
    "cms.301": _MODEM_BUSY,
    "cms.302": Cause(T("The modem does not allow this operation."), _PLUG, Group.LINE),
    "cms.303": Cause(T("The modem does not support this operation."), _SUPPORT, Group.LINE),
    "cms.310": _NO_SIM,
    "cms.311": _PIN,
    "cms.312": _PIN,
    "cms.313": _SIM_TROUBLE,
    "cms.314": _MODEM_BUSY,
    "cms.315": _SIM_TROUBLE,
    "cms.316": _PUK,
    "cms.317": _PIN,
    "cms.318": _PUK,
    "cms.320": _MEMORY,
    "cms.322": _MEMORY,
    "cms.330": Cause(T("The message centre's number is not known to the modem."), _CONTRACT, Group.LINE),
    "cms.331": Cause(T("The modem had no network."), _LATER, Group.NETWORK),
    "cms.332": _MAYBE,
    "cms.500": _MAYBE,
    "cms.512": _MAYBE,
    "cms.513": _MAYBE,
    "cms.514": _MODEM_BUSY,
    "cms.515": _MODEM_BUSY,
    "cme.10": _NO_SIM,
    "cme.11": _PIN,
    "cme.12": _PUK,
    "cme.13": _SIM_TROUBLE,
    "cme.14": _MODEM_BUSY,
    "cme.15": _SIM_TROUBLE,
    "cme.16": Cause(
        T("The SIM card's PIN in the line's settings is wrong."),
        T("Correct the PIN; three wrong ones lock the SIM card."),
        Group.LINE,
    ),
    "cme.17": _PIN,
    "cme.18": _PUK,
    "cme.30": Cause(T("The modem had no network."), _LATER, Group.NETWORK),
    "cme.32": Cause(T("The network lets this SIM card make emergency calls only."), _CONTRACT, Group.LINE),
    "sim.absent": _NO_SIM,
    "sim.pin": _PIN,
    "sim.puk": _PUK,
    "sim.failed": _SIM_TROUBLE,
    "sim.pin_wrong": Cause(
        T("The SIM card's PIN in the line's settings is wrong."),
        T("Correct the PIN; three wrong ones lock the SIM card."),
        Group.LINE,
    ),
    "network.denied": Cause(T("The network refuses this SIM card."), _CONTRACT, Group.LINE),
    "network.roaming": Cause(
        T("The SIM card is in a foreign network and must not send from there."), _CONTRACT, Group.LINE
    ),
    "network.none": Cause(T("The modem finds no network."), T("Move the antenna or the modem."), Group.LINE),
    "network.searching": Cause(
        T("The modem is looking for a network."), T("Wait a minute; move the antenna if it goes on."), Group.LINE
    ),
    "network.unknown": Cause(T("The modem does not say whether it has a network."), _PLUG, Group.LINE),
    "port.closed": Cause(T("The line was closed."), T("Nothing to do."), Group.LINE),
    "port.stuck": Cause(T("The modem takes no more data."), _PLUG, Group.LINE),
    "modem.restarted": Cause(T("The modem restarted by itself."), T("Check its power supply."), Group.LINE),
    "at.silent": Cause(T("The modem does not answer."), _PLUG, Group.LINE),
    "at.cnmi": Cause(
        T("The modem cannot tell of delivery reports."), T("Use another modem; show this to support."), Group.LINE
    ),
    "at.no_reference": _MAYBE,
    "pdu.invalid": Cause(
        T("The text or the number cannot be put into a message."),
        T("Correct the template or the number."),
        Group.CONTENT,
    ),
    "reference.busy": Cause(T("An earlier message to this number still waits for its report."), _LATER, Group.NETWORK),
    "port.gone": Cause(
        T("The modem was unplugged or lost its power."), T("Plug it in again; sending goes on by itself."), Group.LINE
    ),
    "port.missing": Cause(
        T("There is no modem at this port."),
        T("Plug the modem in, or choose another port on the Lines page."),
        Group.LINE,
    ),
    "port.busy": Cause(
        T("Another program uses the modem."),
        T("Close the other program; on Linux it is mostly ModemManager."),
        Group.LINE,
    ),
    "port.denied": Cause(
        T("This computer does not allow the program to use the port."),
        T("On Linux, add your user to the group dialout and log in again, or ask your administrator."),
        Group.LINE,
    ),
    "at.no_modem": Cause(
        T("Something answers at this port, but it is no modem."),
        T("Choose another port of the same device."),
        Group.LINE,
    ),
    "at.timeout": Cause(T("The modem does not answer."), _PLUG, Group.LINE),
    "at.error": _MAYBE,
    "at.no_prompt": Cause(T("The modem was not ready for a message."), _LATER, Group.LINE),
    "tp.43": Cause(T("The phone could not be obtained."), _OTHER_CHANNEL, Group.HANDSET),
    "tp.40": Cause(T("The networks could not agree."), _LATER, Group.NETWORK),
    "tp.41": Cause(T("The customer's network does not connect to ours."), _OTHER_CHANNEL, Group.NETWORK),
    "tp.42": Cause(T("The phone rejected the message."), _OTHER_CHANNEL, Group.HANDSET),
    "tp.44": Cause(T("The quality of service was not available."), _OTHER_CHANNEL, Group.NETWORK),
    "tp.45": Cause(T("The networks do not work together for this number."), _OTHER_CHANNEL, Group.NETWORK),
    "tp.46": Cause(T("The phone was not reached before the message expired."), _OTHER_CHANNEL, Group.HANDSET),
    "tp.47": Cause(T("The message was deleted by its sender."), _SUPPORT, Group.NETWORK),
    "tp.48": Cause(T("The message was deleted by the message centre."), _SUPPORT, Group.NETWORK),
    "tp.49": Cause(T("The message centre does not know this message any more."), _SUPPORT, Group.NETWORK),
}

_FAILED = Cause(T("The network could not deliver it."), _CHECK_NUMBER, Group.NETWORK)
_STOPPED = Cause(
    T("The network stopped trying to deliver it."), T("It may be sent again as a new message."), Group.HANDSET
)
_TRYING = Cause(T("The network still tries to deliver it."), T("Wait for the final report."), Group.HANDSET)
STATUS_RANGES: tuple[tuple[int, int, Cause], ...] = (
    (0x20, 0x25, _TRYING),
    (0x30, 0x3F, _TRYING),
    (0x40, 0x49, _FAILED),
    (0x50, 0x5F, _FAILED),
    (0x60, 0x65, _STOPPED),
    (0x70, 0x7F, _STOPPED),
    (0x26, 0x2F, _STOPPED),
    (0x4A, 0x4F, _STOPPED),
    (0x66, 0x6F, _STOPPED),
    (0x80, 0xFF, _STOPPED),
)

NEEDS_PERSON = frozenset(
    {
        "cms.8",
        "cms.28",
        "cms.29",
        "cms.50",
        "cms.69",
        "cms.193",
        "cms.310",
        "cms.311",
        "cms.312",
        "cms.316",
        "cms.317",
        "cms.318",
        "cms.330",
        "cme.10",
        "cme.11",
        "cme.12",
        "cme.16",
        "cme.17",
        "cme.18",
        "sim.absent",
        "sim.pin",
        "sim.puk",
        "network.denied",
        "network.roaming",
        "port.denied",
    }
)
