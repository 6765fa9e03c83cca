"""The rarer opcodes of pickles; those missing here build objects, and plain data has none.

Each takes the machine, with its next byte at ``machine.place``.
"""

from __future__ import annotations

import codecs
import struct
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from naslib_edd.pickles.faults import Forbidden, PickleFault
from naslib_edd.pickles.standins import Array, Holder, Kind, Maker, check_keys, holder

if TYPE_CHECKING:
    from naslib_edd.pickles.machine import Machine

_NEWEST = 5  # protocol
_LONGEST_NUMBER = 100
_LONGEST_NAME = 500
#: Of a string without a length before it, as protocol 0 writes arrays.
_LONGEST_LINE = 1 << 28
#: An array's number in the memo is found among so many last ones: its state has few values.
_NEAR = 40
Handler = Callable[["Machine"], None]
OTHERS: list[Handler | None] = [None] * 256


def _opcode(code: bytes) -> Callable[[Handler], Handler]:
    def enter(handler: Handler) -> Handler:
        OTHERS[code[0]] = handler
        return handler

    return enter


def _number(form: str) -> Callable[[Machine], int]:
    layout = struct.Struct(form)

    def read(machine: Machine) -> int:
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


def _counted(code: bytes, length: Callable[[Machine], int], make: Callable[[bytes], Any]) -> None:
    """A string with its length before it."""

    def handler(machine: Machine) -> None:
        count = length(machine)
        machine.stream.expect(count, machine.place)
        machine.stack.append(make(machine.take(count)))

    OTHERS[code[0]] = handler


def _text(raw: bytes) -> str:
    return str(raw, "utf-8", "surrogatepass")


def _latin1(raw: bytes) -> str:
    """What Python 2 wrote as a string: text, or an array's bytes."""
    return str(raw, "latin1")


_counted(b"C", _u1, bytes)
_counted(b"B", _u4, bytes)
_counted(b"\x8e", _u8, bytes)
_counted(b"\x96", _u8, bytes)
_counted(b"\x8d", _u8, _text)
_counted(b"U", _u1, _latin1)
_counted(b"T", _i4, _latin1)


@_opcode(b"\x80")
def _proto(machine: Machine) -> None:
    protocol = _u1(machine)
    if protocol > _NEWEST:
        raise PickleFault(f"the pickle protocol {protocol}")


@_opcode(b"\x95")
def _frame(machine: Machine) -> None:
    machine.stream.expect(_u8(machine), machine.place)


@_opcode(b"J")
def _binint(machine: Machine) -> None:
    machine.stack.append(_i4(machine))


@_opcode(b"M")
def _binint2(machine: Machine) -> None:
    machine.stack.append(_u2(machine))


def _long(length: Callable[[Machine], int]) -> Handler:
    def handler(machine: Machine) -> None:
        count = length(machine)
        if not 0 <= count <= _LONGEST_NUMBER:
            raise PickleFault(f"a number of {count} bytes")
        machine.stack.append(int.from_bytes(machine.take(count), "little", signed=True))

    return handler


OTHERS[0x8A], OTHERS[0x8B] = _long(_u1), _long(_i4)


@_opcode(b"I")
def _int(machine: Machine) -> None:
    line = machine.line(_LONGEST_NUMBER)
    machine.stack.append({b"00": False, b"01": True}[line] if line in (b"00", b"01") else int(line))


@_opcode(b"L")
def _long_line(machine: Machine) -> None:
    machine.stack.append(int(machine.line(_LONGEST_NUMBER).rstrip(b"L")))


@_opcode(b"F")
def _float(machine: Machine) -> None:
    machine.stack.append(float(machine.line(_LONGEST_NUMBER)))


@_opcode(b"S")
def _string(machine: Machine) -> None:
    # Python 2 wrote whole images so.
    line = machine.line(_LONGEST_LINE).strip()
    if len(line) < 2 or line[:1] not in (b"'", b'"') or line[:1] != line[-1:]:
        raise PickleFault("a string without quotes")
    machine.stack.append(_latin1(codecs.escape_decode(line[1:-1])[0]))


@_opcode(b"V")
def _unicode(machine: Machine) -> None:
    # Protocol 0 of Python 3 writes an array's bytes so.
    machine.stack.append(str(machine.line(_LONGEST_LINE), "raw-unicode-escape"))


@_opcode(b"p")
def _put(machine: Machine) -> None:
    machine.put(int(machine.line(_LONGEST_NUMBER)), machine.stack[-1])


@_opcode(b"g")
def _get(machine: Machine) -> None:
    machine.stack.append(machine.get(int(machine.line(_LONGEST_NUMBER))))


@_opcode(b"0")
def _pop(machine: Machine) -> None:
    machine.stack.pop()


def _bracket(machine: Machine) -> list[Any]:
    """What is in the bracket that ends here."""
    items = machine.stack
    machine.stack, _ = machine.marks.pop()
    return items


@_opcode(b"1")
def _pop_mark(machine: Machine) -> None:
    _bracket(machine)


@_opcode(b"t")
def _tuple(machine: Machine) -> None:
    items = _bracket(machine)
    machine.stack.append(tuple(items))


@_opcode(b"\x85")
def _tuple1(machine: Machine) -> None:
    machine.stack[-1] = (machine.stack[-1],)


@_opcode(b"\x87")
def _tuple3(machine: Machine) -> None:
    items = tuple(machine.stack[-3:])
    if len(items) < 3:
        raise PickleFault("a tuple without its items")
    machine.stack[-3:] = [items]


@_opcode(b"l")
def _list(machine: Machine) -> None:
    items = _bracket(machine)
    machine.stack.append(items)


@_opcode(b"d")
def _dict(machine: Machine) -> None:
    items = _bracket(machine)
    machine.stack.append({})
    _set_all(machine, items)


@_opcode(b"s")
def _setitem(machine: Machine) -> None:
    value = machine.stack.pop()
    key = machine.stack.pop()
    _set_all(machine, [key, value])


def _set_all(machine: Machine, items: list[Any]) -> None:
    target = machine.stack[-1]
    if type(target) not in (dict, OrderedDict, defaultdict) or len(items) % 2:
        raise PickleFault("a dict that is none")
    check_keys(items[::2])
    target.update(zip(items[::2], items[1::2], strict=True))


@_opcode(b"a")
def _append(machine: Machine) -> None:
    value = machine.stack.pop()
    _extend(machine, [value])


@_opcode(b"e")
def _appends(machine: Machine) -> None:
    _extend(machine, _bracket(machine))


def _extend(machine: Machine, items: list[Any]) -> None:
    target = machine.stack[-1]
    if type(target) is not list:
        raise PickleFault("a list that is none")
    target += items


@_opcode(b"\x90")
def _additems(machine: Machine) -> None:
    items = _bracket(machine)
    target = machine.stack[-1]
    if type(target) is not set:
        raise PickleFault("a set that is none")
    check_keys(items)
    target.update(items)


@_opcode(b"\x91")
def _frozenset(machine: Machine) -> None:
    items = _bracket(machine)
    check_keys(items)
    machine.stack.append(frozenset(items))


@_opcode(b"c")
def _global(machine: Machine) -> None:
    module, name = (_text(machine.line(_LONGEST_NAME)) for _ in range(2))
    _name(machine, module, name)


@_opcode(b"\x93")
def _stack_global(machine: Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    if not isinstance(module, str) or not isinstance(name, str):
        raise PickleFault("a global without a name")
    _name(machine, module, name)


def _name(machine: Machine, module: str, name: str) -> None:
    wanted = f"{'builtins' if module == '__builtin__' else module}.{name}"
    if wanted not in machine.known:
        raise Forbidden(wanted)
    machine.stack.append(machine.known[wanted])


@_opcode(b"b")
def _build(machine: Machine) -> None:
    state = machine.stack.pop()
    target = machine.stack[-1]
    if type(target) is Kind or type(target) is Holder:
        target.set_state(state)
    elif type(target) is Array:
        machine.stack[-1] = array = target.set_state(state)
        memo = machine.memo
        for number in range(len(memo) - 1, max(-1, len(memo) - 1 - _NEAR), -1):
            if memo[number] is target:
                memo[number] = array
    elif type(target) is not OrderedDict or not isinstance(state, dict):
        # PyTorch hangs a note on its OrderedDicts, which is not needed.
        raise PickleFault("the state of an object")


@_opcode(b"\x81")
def _new(machine: Machine) -> None:
    args, maker = machine.stack.pop(), machine.stack.pop()
    if type(maker) is not Maker or maker.make is not holder or type(args) is not tuple:
        raise PickleFault("an object")
    machine.stack.append(maker.make(args))


@_opcode(b"Q")
def _persistent(machine: Machine) -> None:
    if machine.persistent is None:
        raise PickleFault("something that is kept outside of the file")
    machine.stack.append(machine.persistent(machine.stack.pop()))
