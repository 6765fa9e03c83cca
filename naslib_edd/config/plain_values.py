"""Values that every file of a run can hold: texts, numbers, booleans, null, lists and mappings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from naslib_edd.errors import UserError
from naslib_edd.storage.literal import shortened, value
from naslib_edd.storage.yaml_text import DEEPEST, MOST_VALUES

#: Whole numbers that a checkpoint and other programs can hold.
LARGEST_INT = 2**63 - 1
#: Characters of one text.
LONGEST_TEXT = 4096


def plain_values(given: Any, key: str) -> Any:
    """A copy made of plain types alone, so that a checkpoint and a config can hold it.

    Args:
        given: of a section that we do not read; tuples become lists, keys texts.
        key: where it stands, for the message.

    Raises:
        UserError: another type (a date, an array …), a number or text out of bounds, or a value
            that holds itself.
    """
    left = [MOST_VALUES]
    return _plain(given, key, 0, left)


def check_text(text: str, key: str) -> None:
    """Raise UserError for a text that no file of a run could hold as it is."""
    if len(text) > LONGEST_TEXT:
        raise UserError(f"{key} has {len(text):,} characters; at most {LONGEST_TEXT:,} are taken")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UserError(f"{key} = {value(text)} is not valid Unicode; correct it") from None


def _plain(given: Any, key: str, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if depth > DEEPEST or left[0] < 0:
        raise UserError(f"{shortened(key, 80)} is too large, nested too deeply, or holds itself")
    if isinstance(given, Mapping):
        return {
            key_text(name, key): _plain(item, f"{key}.{name}", depth + 1, left)
            for name, item in given.items()
        }
    if isinstance(given, list | tuple):
        return [_plain(item, f"{key}[{at}]", depth + 1, left) for at, item in enumerate(given)]
    if given is None or isinstance(given, bool):
        return given
    if isinstance(given, str):
        check_text(given, key)
        return str(given)
    if isinstance(given, float):
        return float(given)
    if isinstance(given, int):
        if abs(given) > LARGEST_INT:
            raise UserError(f"{key} = {value(given)} is too large for a whole number")
        return int(given)
    raise UserError(
        f"{key} must be a text, a number, true, false, null, a list, or keys and values, not a "
        f"{type(given).__name__}: {value(given)}"
    )


def key_text(name: Any, key: str) -> str:
    """The key of a mapping as a text. Raises UserError if it is of another kind than YAML's."""
    text = str(name) if isinstance(name, str | int | float | None) else None
    if text is None:
        raise UserError(f"a key of {key} must be a text, not {value(name)}")
    check_text(text, f"a key of {key}")
    return text
