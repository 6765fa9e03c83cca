"""The rarer opcodes of pickles: numbers, texts and the memo.

:mod:`naslib_edd.storage.pickles.building` has those of containers.

Each takes the state of the machine, whose next byte is at ``machine.place``.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from typing import Any

from naslib_edd.storage.pickles.faults import PickleFault
from naslib_edd.storage.pickles.state import State

_NEWEST = 5  # protocol
_LONGEST_NUMBER = 100
#: Of a string without a length before it, as protocol 0 writes arrays.
_LONGEST_LINE = 1 << 28
Handler = Callable[[State], None]
OTHERS: list[Handler | None] = [None] * 256


def opcode(code: bytes) -> Callable[[Handler], Handler]:
    """Enter a handler under its opcode."""

    def enter(handler: Handler) -> Handler:
        OTHERS[code[0]] = handler
        return handler

    return enter


def _number(form: str) -> Callable[[State], int]:
    layout = struct.Struct(form)

    def read(machine: State) -> int:
        return int(layout.unpack(machine.take(layout.size))[0])

    return read


_u1, _u2, _u4, _u8 = (_number(form) for form in ("<B", "<H", "<I", "<Q"))
_i4 = _number("<i")


def _constant(code: bytes, make: Callable[[], Any]) -> None:
    OTHERS[code[0]] = lambda machine: machine.stack.append(make())


for _code, _make in (
    (b"N", lambda: None),
    (b"\x88", lambda: True),
    (b"\x89", lambda: False),
    (b"]", list),
    (b"}", dict),
    (b")", tuple),
    (b"\x8f", set),
):
    _constant(_code, _make)


def _counted(code: bytes, length: Callable[[State], int], make: Callable[[bytes], Any]) -> None:
    """A string with its length before it."""

    def handler(machine: State) -> None:
        count = length(machine)
        machine.stream.expect(count, machine.place)
        machine.stack.append(make(machine.take(count)))

    OTHERS[code[0]] = handler


def text(raw: bytes) -> str:
    """A text in UTF-8."""
    return str(raw, "utf-8", "surrogatepass")


def _latin1(raw: bytes) -> str:
    """What Python 2 wrote as a string: text, or an array's bytes."""
    return str(raw, "latin1")


_counted(b"C", _u1, bytes)
_counted(b"B", _u4, bytes)
_counted(b"\x8e", _u8, bytes)
_counted(b"\x96", _u8, bytes)
_counted(b"\x8d", _u8, text)
_counted(b"U", _u1, _latin1)
_counted(b"T", _i4, _latin1)


@opcode(b"\x80")
def _proto(machine: State) -> None:
    protocol = _u1(machine)
    if protocol > _NEWEST:
        raise PickleFault(f"the pickle protocol {protocol}")


@opcode(b"\x95")
def _frame(machine: State) -> None:
    machine.stream.expect(_u8(machine), machine.place)


@opcode(b"J")
def _binint(machine: State) -> None:
    machine.stack.append(_i4(machine))


@opcode(b"M")
def _binint2(machine: State) -> None:
    machine.stack.append(_u2(machine))


def _long(length: Callable[[State], int]) -> Handler:
    def handler(machine: State) -> None:
        count = length(machine)
        if not 0 <= count <= _LONGEST_NUMBER:
            raise PickleFault(f"a number of {count} bytes")
        machine.stack.append(int.from_bytes(machine.take(count), "little", signed=True))

    return handler


OTHERS[0x8A], OTHERS[0x8B] = _long(_u1), _long(_i4)


@opcode(b"I")
def _int(machine: State) -> None:
    line = machine.line(_LONGEST_NUMBER)
    machine.stack.append({b"00": False, b"01": True}[line] if line in (b"00", b"01") else int(line))


@opcode(b"L")
def _long_line(machine: State) -> None:
    machine.stack.append(int(machine.line(_LONGEST_NUMBER).rstrip(b"L")))


@opcode(b"F")
def _float(machine: State) -> None:
    machine.stack.append(float(machine.line(_LONGEST_NUMBER)))


@opcode(b"S")
def _string(machine: State) -> None:
    # Python 2 wrote whole images so.
    line = machine.line(_LONGEST_LINE).strip()
    if len(line) < 2 or line[:1] not in (b"'", b'"') or line[:1] != line[-1:]:
        raise PickleFault("a string without quotes")
    machine.stack.append(_latin1(codecs.escape_decode(line[1:-1])[0]))


@opcode(b"V")
def _unicode(machine: State) -> None:
    # Protocol 0 of Python 3 writes an array's bytes so.
    machine.stack.append(str(machine.line(_LONGEST_LINE), "raw-unicode-escape"))


@opcode(b"p")
def _put(machine: State) -> None:
    machine.put(int(machine.line(_LONGEST_NUMBER)), machine.stack[-1])


@opcode(b"g")
def _get(machine: State) -> None:
    machine.stack.append(machine.get(int(machine.line(_LONGEST_NUMBER))))


@opcode(b"0")
def _pop(machine: State) -> None:
    machine.stack.pop()
