"""A pickle machine of our own: plain data only, every length and number checked before it counts.

The opcodes of pickles are a small stack language; :mod:`pickletools` documents them. Python's own
machine takes what a pickle claims: nine bytes can make it reserve 4 GB. This one refuses what it
cannot afford, streams the file, and can let go of parts that were already made use of. Opcodes
that tables have by the million are in :meth:`Machine.load`, the others in ``opcodes``.
"""

from __future__ import annotations

import struct
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from naslib_edd.storage.pickles import building  # noqa: F401 (enters its opcodes)
from naslib_edd.storage.pickles.faults import PickleFault
from naslib_edd.storage.pickles.opcodes import OTHERS
from naslib_edd.storage.pickles.runs import float_run, keyed_run, named_run, pair_run
from naslib_edd.storage.pickles.standins import PLAIN, Foreign, Kind, Maker, check_keys
from naslib_edd.storage.pickles.stream import Stream

DEEPEST = 100  # nested brackets; tables have nine
_WIDEST = 1 << 18  # values in one bracket: batches have 1,000 pairs, tuples any number
_GAPS = 1000  # numbers that a memo may leave out; Python 2 left out one
#: Bytes of memory for a byte of the file: a dict of floats needs 12.
_DEAREST, _ALLOWANCE = 16, 1 << 25
_ENTRY = 100  # bytes of memory of a dict's or set's entry
_SEEN = 8  # a value that is only looked at takes time, and is counted as so many bytes
_INTERNED = 1 << 16
_FLOAT = struct.Struct(">d").unpack_from
_WORD = struct.Struct("<I").unpack_from
_NEEDED = 16  # bytes that any opcode of fixed length may need

#: What a memo's number stands for when nothing was stored under it.
MISSING = Foreign("nothing")
DROPPED = Foreign("a part of the file that was already made use of")

#: What all parts of a file refer to, and what takes no memory worth speaking of.
_SHARED = frozenset({str, Maker, Kind, Foreign})

#: Told of each dict that was filled; returns how many values it went through if it took what it
#: needs, so that the dict's other parts may be forgotten, else 0.
Filled = Callable[[dict[Any, Any]], int]


class Machine:
    """Reads pickles from a stream, one after the other.

    Args:
        stream: the bytes.
        known: full name -> stand-in, of all that a pickle may name.
        persistent: called with the identifiers of what is kept outside of the pickle.
        filled: see :data:`Filled`.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        known: Mapping[str, Maker] = PLAIN,
        persistent: Callable[[Any], Any] | None = None,
        filled: Filled | None = None,
    ) -> None:
        self.stream = stream
        self.known = known
        self.persistent = persistent
        self.place = 0
        self.stack: list[Any] = []
        self.memo: list[Any] = []
        #: Of each open bracket: the stack below it, and how long the memo was.
        self.marks: list[tuple[list[Any], int]] = []
        self._filled = filled
        self._texts: dict[bytes, str] = {}
        self._gaps = 0
        self._cost = 0

    def load(self) -> Any:
        """The content of the next pickle.

        Raises:
            PickleFault: it is damaged, names more than plain data, or asks for too much.
            IndexError, struct.error, ValueError: it is damaged.
        """
        stack: list[Any] = []
        memo: list[Any] = []
        marks: list[tuple[list[Any], int]] = []
        self.memo, self.marks, self._gaps = memo, marks, 0
        interned = self._texts.get
        stream, place = self.stream, self.place
        window, edge = stream.window, len(stream.window) - _NEEDED
        while True:
            if place > edge:
                window, place, edge = self._refill(place, stack)
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
                    window, place, end = self._reach(length, place)
                    edge = len(window) - _NEEDED
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
                        names = [interned(key) or self._text(key) for key in keys]
                        memo += names
                        stack += [item for pair in zip(names, values, strict=True) for item in pair]
                        place = next_place
                        continue
                raw = window[place:end]
                text: str | bytes = raw
                if code != 0x43:
                    text = interned(raw) or self._text(raw)
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
                self._fill(stack[-1], items, since)
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
                self._cost += 200
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
                window, edge = stream.window, len(stream.window) - _NEEDED
                self._cost += 64

    def take(self, length: int) -> bytes:
        """The next bytes of the stream."""
        end = self.place + length
        if end > len(self.stream.window):
            _, self.place, end = self._reach(length, self.place)
        self._cost += length
        part = self.stream.window[self.place : end]
        self.place = end
        return part

    def line(self, longest: int) -> bytes:
        """The next bytes up to a line's end."""
        end = self.stream.window.find(b"\n", self.place)
        while end < 0:
            have = len(self.stream.window) - self.place
            # Twice as much each time: old batches have an image set in one line.
            self.stream.slide(self.place, 2 * have + _NEEDED)
            self.place = 0
            if have > longest or len(self.stream.window) == have:
                raise PickleFault("a line without an end")
            end = self.stream.window.find(b"\n", have)
        if end - self.place > longest:
            raise PickleFault(f"a line of {end - self.place} bytes")
        return self.take(end + 1 - self.place)[:-1]

    def put(self, number: int, item: Any) -> None:
        """Store under a memo's number that is not the next one."""
        memo = self.memo
        if 0 <= number < len(memo):
            memo[number] = item
            return
        self._gaps += number - len(memo)
        if number < 0 or self._gaps > _GAPS:
            raise PickleFault(f"a memo of {number} values for {len(memo)}")
        memo += [MISSING] * (number - len(memo))
        memo.append(item)

    def get(self, number: int) -> Any:
        """What is stored under a memo's number."""
        if not 0 <= number < len(self.memo) or self.memo[number] is MISSING:
            raise PickleFault("a memo's number that was never given")
        return self.memo[number]

    def charge(self, parts: Iterable[Any]) -> None:
        """Count what copying these takes, before it is done: a few bytes can ask for it again.

        Raises:
            PickleFault: the file asks for more than its size is good for.
        """
        for part in parts:
            kind = type(part)
            if kind is bytes or kind is str or kind is bytearray:
                self._pay(len(part))
            elif kind is list or kind is tuple:
                self._pay(_ENTRY * len(part))

    def _pay(self, cost: int) -> None:
        self._cost += cost
        if self._cost > _DEAREST * self.stream.done + _ALLOWANCE:
            raise PickleFault(f"far more values than its {self.stream.done} bytes are good for")

    def _text(self, raw: bytes) -> str:
        """A text that was not met before; short ones are kept, for they come again."""
        text = str(raw, "utf-8", "surrogatepass")
        if len(raw) < 100 and len(self._texts) < _INTERNED:
            self._texts[raw] = text
        self._cost += len(raw)
        return text

    def _fill(self, target: Any, items: list[Any], since: int) -> None:
        keys, values = items[::2], items[1::2]
        kind = type(target)
        if len(keys) != len(values) or not (
            kind is dict or kind is OrderedDict or kind is defaultdict
        ):
            raise PickleFault("a dict that is none")
        check_keys(keys)
        target.update(zip(keys, values, strict=True))
        went_through = self._filled(target) if self._filled is not None else 0
        if went_through:
            self._pay(_SEEN * went_through)
            memo = self.memo
            for number in range(since, len(memo)):
                if type(memo[number]) not in _SHARED:
                    memo[number] = DROPPED

    def _reach(self, length: int, place: int) -> tuple[bytes, int, int]:
        """Have the window hold so long a string; the window, and where it begins and ends in it."""
        self.stream.expect(length, place)
        self.stream.slide(place, length + _NEEDED)
        if len(self.stream.window) < length:
            raise PickleFault("a string that the file's end cuts short")
        return self.stream.window, 0, length

    def _refill(self, place: int, stack: list[Any]) -> tuple[bytes, int, int]:
        """The next window, where to go on in it, and from where on to ask again."""
        if len(self.marks) > DEEPEST:
            raise PickleFault(f"more than {DEEPEST} nested brackets")
        if len(stack) > _WIDEST:
            raise PickleFault(f"more than {_WIDEST} values in one bracket")
        if self._cost + 8 * len(self.memo) > _DEAREST * self.stream.done + _ALLOWANCE:
            raise PickleFault(f"far more values than its {self.stream.done} bytes are good for")
        if not self.stream.refill(place):
            return self.stream.window, 0, len(self.stream.window)
        return self.stream.window, 0, len(self.stream.window) - _NEEDED
