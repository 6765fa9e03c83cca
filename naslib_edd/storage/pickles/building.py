"""The opcodes of pickles that build containers, arrays and what may be named.

Those that are neither here nor in :mod:`naslib_edd.storage.pickles.opcodes` make objects of any
class, and plain data has none.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from typing import Any

from naslib_edd.storage.pickles.faults import Forbidden, PickleFault
from naslib_edd.storage.pickles.opcodes import opcode, text
from naslib_edd.storage.pickles.standins import Array, Holder, Kind, Maker, check_keys, holder
from naslib_edd.storage.pickles.state import State

_LONGEST_NAME = 500
#: An array's number in the memo is found among so many last ones: its state has few values.
_NEAR = 40


def _bracket(machine: State) -> list[Any]:
    """What is in the bracket that ends here."""
    items = machine.stack
    machine.stack, _ = machine.marks.pop()
    return items


@opcode(b"1")
def _pop_mark(machine: State) -> None:
    _bracket(machine)


@opcode(b"t")
def _tuple(machine: State) -> None:
    items = _bracket(machine)
    machine.stack.append(tuple(items))


@opcode(b"\x85")
def _tuple1(machine: State) -> None:
    machine.stack[-1] = (machine.stack[-1],)


@opcode(b"\x87")
def _tuple3(machine: State) -> None:
    items = tuple(machine.stack[-3:])
    if len(items) < 3:
        raise PickleFault("a tuple without its items")
    machine.stack[-3:] = [items]


@opcode(b"l")
def _list(machine: State) -> None:
    items = _bracket(machine)
    machine.stack.append(items)


@opcode(b"d")
def _dict(machine: State) -> None:
    items = _bracket(machine)
    machine.stack.append({})
    _set_all(machine, items)


@opcode(b"s")
def _setitem(machine: State) -> None:
    value = machine.stack.pop()
    key = machine.stack.pop()
    _set_all(machine, [key, value])


def _set_all(machine: State, items: list[Any]) -> None:
    target = machine.stack[-1]
    if type(target) not in (dict, OrderedDict, defaultdict) or len(items) % 2:
        raise PickleFault("a dict that is none")
    check_keys(items[::2])
    target.update(zip(items[::2], items[1::2], strict=True))


@opcode(b"a")
def _append(machine: State) -> None:
    value = machine.stack.pop()
    _extend(machine, [value])


@opcode(b"e")
def _appends(machine: State) -> None:
    _extend(machine, _bracket(machine))


def _extend(machine: State, items: list[Any]) -> None:
    target = machine.stack[-1]
    if type(target) is not list:
        raise PickleFault("a list that is none")
    target += items


@opcode(b"\x90")
def _additems(machine: State) -> None:
    items = _bracket(machine)
    target = machine.stack[-1]
    if type(target) is not set:
        raise PickleFault("a set that is none")
    check_keys(items)
    target.update(items)


@opcode(b"\x91")
def _frozenset(machine: State) -> None:
    items = _bracket(machine)
    check_keys(items)
    machine.stack.append(frozenset(items))


@opcode(b"c")
def _global(machine: State) -> None:
    module, name = (text(machine.line(_LONGEST_NAME)) for _ in range(2))
    _name(machine, module, name)


@opcode(b"\x93")
def _stack_global(machine: State) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    if not isinstance(module, str) or not isinstance(name, str):
        raise PickleFault("a global without a name")
    _name(machine, module, name)


def _name(machine: State, module: str, name: str) -> None:
    wanted = f"{'builtins' if module == '__builtin__' else module}.{name}"
    if wanted not in machine.known:
        raise Forbidden(wanted)
    machine.stack.append(machine.known[wanted])


@opcode(b"b")
def _build(machine: State) -> None:
    state = machine.stack.pop()
    target = machine.stack[-1]
    if type(target) is Kind or type(target) is Holder:
        target.set_state(state)
    elif type(target) is Array:
        machine.charge(state if type(state) is tuple else ())
        machine.stack[-1] = array = target.set_state(state)
        memo = machine.memo
        for number in range(len(memo) - 1, max(-1, len(memo) - 1 - _NEAR), -1):
            if memo[number] is target:
                memo[number] = array
    elif type(target) is not OrderedDict or not isinstance(state, dict):
        # PyTorch hangs a note on its OrderedDicts, which is not needed.
        raise PickleFault("the state of an object")


@opcode(b"\x81")
def _new(machine: State) -> None:
    args, maker = machine.stack.pop(), machine.stack.pop()
    if type(maker) is not Maker or maker.make is not holder or type(args) is not tuple:
        raise PickleFault("an object")
    machine.stack.append(maker.make(args))


@opcode(b"Q")
def _persistent(machine: State) -> None:
    if machine.persistent is None:
        raise PickleFault("something that is kept outside of the file")
    machine.stack.append(machine.persistent(machine.stack.pop()))
