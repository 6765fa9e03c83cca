"""Damage to a file, by name: what transfer, disks and editors do to bytes, from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

Change = Callable[[bytearray, random.Random], None]

#: Bytes that mean something to many formats: signs, limits, opcodes of pickles.
_TELLING = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF, 0x28, 0x2E, 0x52, 0x62)


def _flip_bit(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _flip_early_bit(data: bytearray, rng: random.Random) -> None:
    """In the first 256 bytes, where headers are."""
    data[rng.randrange(min(len(data), 256))] ^= 1 << rng.randrange(8)


def _flip_late_bit(data: bytearray, rng: random.Random) -> None:
    """In the last 256 bytes, where a zip has its directory."""
    data[-1 - rng.randrange(min(len(data), 256))] ^= 1 << rng.randrange(8)


def _change_byte(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= rng.randrange(1, 256)


def _telling_byte(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data))
    data[place] = rng.choice([byte for byte in _TELLING if byte != data[place]])


def _change_word(data: bytearray, rng: random.Random) -> None:
    """Four bytes, as a wrong length or offset."""
    place = rng.randrange(max(1, len(data) - 4))
    word = rng.choice([0, 1, 0xFF, 0x0FFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
    data[place : place + 4] = word.to_bytes(4, rng.choice(["little", "big"]))


def _several_bytes(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randrange(2, 20)):
        _change_byte(data, rng)


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def _cut_a_little(data: bytearray, rng: random.Random) -> None:
    del data[len(data) - rng.randrange(1, min(len(data), 32) + 1) :]


def _extend(data: bytearray, rng: random.Random) -> None:
    data += rng.randbytes(rng.choice([1, 16, 4096]))


def _prepend(data: bytearray, rng: random.Random) -> None:
    data[:0] = rng.randbytes(rng.choice([1, 16]))


def _delete(data: bytearray, rng: random.Random) -> None:
    place, length = _span(data, rng)
    del data[place : place + length]


def _insert(data: bytearray, rng: random.Random) -> None:
    place, length = _span(data, rng)
    data[place:place] = rng.randbytes(length)


def _zero_block(data: bytearray, rng: random.Random) -> None:
    place, length = _span(data, rng)
    data[place : place + length] = bytes(len(data[place : place + length]))


def _duplicate(data: bytearray, rng: random.Random) -> None:
    place, length = _span(data, rng)
    data[place:place] = data[place : place + length]


def _copy_over(data: bytearray, rng: random.Random) -> None:
    """A part overwritten by another part of the file."""
    (source, length), (target, _) = _span(data, rng), _span(data, rng)
    part = data[source : source + length]
    data[target : target + len(part)] = part


def _swap_blocks(data: bytearray, rng: random.Random) -> None:
    length = rng.choice([1, 8, 64, 512])
    length = max(1, min(length, len(data) // 2))
    first = rng.randrange(0, max(1, len(data) // 2 - length + 1))
    second = rng.randrange(len(data) // 2, max(len(data) // 2 + 1, len(data) - length + 1))
    part = bytes(data[first : first + length])
    other = bytes(data[second : second + length])
    data[second : second + length] = part
    data[first : first + len(part)] = other


def _span(data: bytearray, rng: random.Random) -> tuple[int, int]:
    return rng.randrange(len(data)), rng.choice([1, 4, 16, 64, 512, 4096])


#: Name -> what it does to the bytes, in place.
CHANGES: dict[str, Change] = {
    "flip a bit": _flip_bit,
    "flip an early bit": _flip_early_bit,
    "flip a late bit": _flip_late_bit,
    "change a byte": _change_byte,
    "a telling byte": _telling_byte,
    "change a word": _change_word,
    "several bytes": _several_bytes,
    "cut": _cut,
    "cut a little": _cut_a_little,
    "extend": _extend,
    "prepend": _prepend,
    "delete": _delete,
    "insert": _insert,
    "zero a block": _zero_block,
    "duplicate": _duplicate,
    "copy over": _copy_over,
    "swap blocks": _swap_blocks,
}


def mutations(data: bytes, *, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """``count`` damaged versions of a file, each different from it, of every kind in turn.

    Args:
        data: the whole file; at least one byte.
        count: how many.
        seed: the same seed gives the same bytes.

    Yields:
        What was done, such as ``"flip a bit 17"`` (the number tells it again), and the bytes.
    """
    names = list(CHANGES)
    for number in range(count):
        name = names[number % len(names)]
        rng = random.Random(f"{seed} {number}")
        changed = bytearray(data)
        for _ in range(20):  # zeros over zeros are no damage: try again
            CHANGES[name](changed, rng)
            if changed != data:
                break
        else:
            _flip_bit(changed, rng)
        yield f"{name} {number}", bytes(changed)
