"""Texts of users as they are: on one line, without control characters, and not too long.

What a name, a path or a file holds may be anything. A terminal would obey its escapes, a message
of two lines would be taken for two messages, and a lone surrogate cannot be printed at all.
"""

from __future__ import annotations

from typing import Any

#: Characters of a message; a longer one loses its middle.
LONGEST = 2000
#: Characters of one value in a message.
LONGEST_VALUE = 160

# Control, format (also those that turn the direction of writing), surrogate, private and
# unassigned characters, and what separates lines and paragraphs.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def literal(text: str, *, most: int = LONGEST) -> str:
    r"""The text on one line: what has no shape of its own as an escape, the middle cut out.

    >>> literal("a\nb\x1b[31m")
    'a\\nb\\x1b[31m'
    """
    text = shortened(text, most)
    if text.isascii() and text.isprintable():
        return text
    return shortened("".join(map(_shown, text)), most)


def value(given: Any) -> str:
    """``repr`` of a value as a message shows it: never too long, and never an error."""
    try:
        if isinstance(given, int) and not -(2**200) < given < 2**200:
            return f"a whole number of {given.bit_length()} bits"
        if isinstance(given, str):
            given = shortened(given, 2 * LONGEST_VALUE)
        return literal(repr(given), most=LONGEST_VALUE)
    except (ValueError, RecursionError):
        return f"a {type(given).__name__}"


def shortened(text: str, most: int) -> str:
    """The text, or its beginning and end with a mark between them."""
    if len(text) <= most:
        return text
    mark = f" … {len(text) - most} more … "
    head = max((most - len(mark)) * 2 // 3, 0)
    tail = max(most - len(mark) - head, 0)
    return text[:head] + mark + text[len(text) - tail :]


def _shown(character: str) -> str:
    import unicodedata  # a library to load, seldom needed

    if unicodedata.category(character) in _HIDDEN:
        return character.encode("unicode_escape").decode("ascii")
    return character
