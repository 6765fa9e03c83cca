"""What a pickle machine works on: its stack, its memo, and what the file may still cost.

Every length and number is checked here before it counts: nothing is reserved that the bytes read so
far are not good for.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from naslib_edd.storage.pickles.faults import PickleFault
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
NEEDED = 16  # bytes that any opcode of fixed length may need

#: What a memo's number stands for when nothing was stored under it.
MISSING = Foreign("nothing")
DROPPED = Foreign("a part of the file that was already made use of")

#: What all parts of a file refer to, and what takes no memory worth speaking of.
_SHARED = frozenset({str, Maker, Kind, Foreign})

#: Told of each dict that was filled; returns how many values it went through if it took what it
#: needs, so that the dict's other parts may be forgotten, else 0.
Filled = Callable[[dict[Any, Any]], int]


class State:
    """The state of a machine between two opcodes, and the steps that most opcodes are made of.

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
        self.texts: dict[bytes, str] = {}
        self.gaps = 0
        self.cost = 0

    def take(self, length: int) -> bytes:
        """The next bytes of the stream."""
        end = self.place + length
        if end > len(self.stream.window):
            _, self.place, end = self.reach(length, self.place)
        self.cost += length
        part = self.stream.window[self.place : end]
        self.place = end
        return part

    def line(self, longest: int) -> bytes:
        """The next bytes up to a line's end."""
        end = self.stream.window.find(b"\n", self.place)
        while end < 0:
            have = len(self.stream.window) - self.place
            # Twice as much each time: old batches have an image set in one line.
            self.stream.slide(self.place, 2 * have + NEEDED)
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
        self.gaps += number - len(memo)
        if number < 0 or self.gaps > _GAPS:
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
        self.cost += cost
        if self.cost > _DEAREST * self.stream.done + _ALLOWANCE:
            raise PickleFault(f"far more values than its {self.stream.done} bytes are good for")

    def text(self, raw: bytes) -> str:
        """A text that was not met before; short ones are kept, for they come again."""
        text = str(raw, "utf-8", "surrogatepass")
        if len(raw) < 100 and len(self.texts) < _INTERNED:
            self.texts[raw] = text
        self.cost += len(raw)
        return text

    def fill(self, target: Any, items: list[Any], since: int) -> None:
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

    def reach(self, length: int, place: int) -> tuple[bytes, int, int]:
        """Have the window hold so long a string; the window, and where it begins and ends in it."""
        self.stream.expect(length, place)
        self.stream.slide(place, length + NEEDED)
        if len(self.stream.window) < length:
            raise PickleFault("a string that the file's end cuts short")
        return self.stream.window, 0, length

    def refill(self, place: int, stack: list[Any]) -> tuple[bytes, int, int]:
        """The next window, where to go on in it, and from where on to ask again."""
        if len(self.marks) > DEEPEST:
            raise PickleFault(f"more than {DEEPEST} nested brackets")
        if len(stack) > _WIDEST:
            raise PickleFault(f"more than {_WIDEST} values in one bracket")
        if self.cost + 8 * len(self.memo) > _DEAREST * self.stream.done + _ALLOWANCE:
            raise PickleFault(f"far more values than its {self.stream.done} bytes are good for")
        if not self.stream.refill(place):
            return self.stream.window, 0, len(self.stream.window)
        return self.stream.window, 0, len(self.stream.window) - NEEDED
