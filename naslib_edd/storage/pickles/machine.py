"""A pickle machine of our own: plain data only, every length and number checked before it counts.

The opcodes of pickles are a small stack language; :mod:`pickletools` documents them. Python's own
machine takes what a pickle claims: nine bytes can make it reserve 4 GB. This one refuses what it
cannot afford, streams the file, and can let go of parts that were already made use of. Opcodes
that tables have by the million are in :meth:`Machine.load`, the others in ``opcodes``; what they
work on and what bounds it is in ``state``.
"""

from __future__ import annotations

import struct
from typing import Any

from naslib_edd.storage.pickles import building  # noqa: F401 (enters its opcodes)
from naslib_edd.storage.pickles.faults import PickleFault
from naslib_edd.storage.pickles.opcodes import OTHERS
from naslib_edd.storage.pickles.runs import float_run, keyed_run, named_run, pair_run
from naslib_edd.storage.pickles.standins import Maker
from naslib_edd.storage.pickles.state import MISSING, NEEDED, State

_FLOAT = struct.Struct(">d").unpack_from
_WORD = struct.Struct("<I").unpack_from


class Machine(State):
    """Reads pickles from a stream, one after the other; made as its state is."""

    def load(self) -> Any:
        """The content of the next pickle.

        Raises:
            PickleFault: it is damaged, names more than plain data, or asks for too much.
            IndexError, struct.error, ValueError: it is damaged.
        """
        stack: list[Any] = []
        memo: list[Any] = []
        marks: list[tuple[list[Any], int]] = []
        self.memo, self.marks, self.gaps = memo, marks, 0
        interned = self.texts.get
        stream, place = self.stream, self.place
        window, edge = stream.window, len(stream.window) - NEEDED
        while True:
            if place > edge:
                window, place, edge = self.refill(place, stack)
            code = window[place]
            place += 1
            if code == 0x47:  # BINFLOAT
                if window[place + 8] == 0x47:
                    values, place = float_run(window, place - 1)
                    stack += values
                else:
                    stack.append(_FLOAT(window, place)[0])
                    place += 8
            elif code == 0x4B:  # BININT1
                if window[place + 1] == 0x47 and window[place + 10] == 0x4B:
                    values, place = pair_run(window, place - 1)
                    stack += values
                else:
                    stack.append(window[place])
                    place += 1
            elif code == 0x94 or code == 0x71 or code == 0x72:  # MEMOIZE, BINPUT, LONG_BINPUT
                number = len(memo)
                if code == 0x71:
                    number = window[place]
                    place += 1
                elif code == 0x72:
                    number = _WORD(window, place)[0]
                    place += 4
                if number == len(memo):
                    memo.append(stack[-1])
                else:
                    self.put(number, stack[-1])
            elif code == 0x6A:  # LONG_BINGET
                if window[place + 4] == 0x47 and window[place + 13] == 0x6A:
                    numbers, values, place = named_run(window, place - 1)
                    names = [memo[number] for number in numbers]
                    if MISSING in names:
                        raise PickleFault("a memo's number that was never given")
                    stack += [item for pair in zip(names, values, strict=True) for item in pair]
                else:
                    item = memo[_WORD(window, place)[0]]
                    place += 4
                    if item is MISSING:
                        raise PickleFault("a memo's number that was never given")
                    stack.append(item)
            elif code == 0x68:  # BINGET
                item = memo[window[place]]
                place += 1
                if item is MISSING:
                    raise PickleFault("a memo's number that was never given")
                stack.append(item)
            elif code == 0x8C or code == 0x43 or code == 0x58:
                # SHORT_BINUNICODE, SHORT_BINBYTES, BINUNICODE
                if code == 0x58:
                    length = _WORD(window, place)[0]
                    place += 4
                else:
                    length = window[place]
                    place += 1
                end = place + length
                if end > len(window):
                    window, place, end = self.reach(length, place)
                    edge = len(window) - NEEDED
                elif (
                    code != 0x43
                    and 0 < length < 100
                    and end <= edge
                    and (
                        (
                            code == 0x8C
                            and window[end : end + 2] == b"\x94G"
                            and window[end + 10] == 0x8C
                        )
                        or (
                            window[end] == 0x72
                            and window[end + 5] == 0x47
                            and window[end + 14] == 0x58
                        )
                    )
                ):
                    start = place - (2 if code == 0x8C else 5)
                    keys, values, next_place = keyed_run(window, start, length, len(memo))
                    if keys:
                        names = [interned(key) or self.text(key) for key in keys]
                        memo += names
                        stack += [item for pair in zip(names, values, strict=True) for item in pair]
                        place = next_place
                        continue
                raw = window[place:end]
                text: str | bytes = raw
                if code != 0x43:
                    text = interned(raw) or self.text(raw)
                stack.append(text)
                place = end
                if place < edge and window[place] == 0x94:  # MEMOIZE, as nearly always
                    memo.append(text)
                    place += 1
            elif code == 0x28:  # MARK
                marks.append((stack, len(memo)))
                stack = []
            elif code == 0x75:  # SETITEMS
                items, (stack, since) = stack, marks.pop()
                self.fill(stack[-1], items, since)
            elif code == 0x86:  # TUPLE2
                second = stack.pop()
                stack[-1] = (stack[-1], second)
            elif code == 0x52:  # REDUCE
                args = stack.pop()
                maker = stack[-1]
                if type(maker) is not Maker or type(args) is not tuple:
                    raise PickleFault("a call of what is no function")
                if maker.copies:
                    self.charge(args)
                stack[-1] = maker.make(args)
                self.cost += 200
            elif code == 0x2E:  # STOP
                value = stack[-1]
                if marks or len(stack) != 1:
                    raise PickleFault("an end where there should be more")
                self.place = place
                return value
            else:
                handle = OTHERS[code]
                if handle is None:
                    raise PickleFault(
                        f"the instruction {code:#04x}, which plain data has no use for"
                    )
                self.place, self.stack = place, stack
                handle(self)
                stack, place = self.stack, self.place
                window, edge = stream.window, len(stream.window) - NEEDED
                self.cost += 64
