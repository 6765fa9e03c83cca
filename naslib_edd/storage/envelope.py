"""Checksums of what the program writes, each inside the file that it is of.

=============================  ===================================================================
a line of ``record.jsonl``     a last key, ``"crc": "1-3f09ab12"``
``result.json``                the same key
``config.yaml``                a last line, a comment: ``# naslib-edd 1-3f09ab12: …``
checkpoint, compact table      the zip file's comment: ``naslib-edd checkpoint 1-3f09ab12``
                               (:mod:`naslib_edd.storage.zip_envelope`)
=============================  ===================================================================

The number before the dash is the version of this scheme, what follows is a CRC-32. A file and its
checksum are one file so that both are replaced at once: between two files a kill could fall. And
the files stay what they were: JSON lines, JSON, YAML, a file of ``torch.save``, an ``.npz``.

What is summed: of JSON the content, so that a reformatted file is still whole; of the config its
text; of a zip file its directory, which has the CRC-32 of every member.

A CRC tells damage, not malice: who wants to can make a file with a fitting one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

try:  # the same sum, some ten times as fast
    from isal.isal_zlib import crc32 as crc32
except ImportError:
    from zlib import crc32 as crc32

VERSION = 1
#: Where a JSON object has its checksum.
KEY = "crc"

_SEAL = re.compile(r"(\d{1,4})-([0-9a-f]{8})")
_CONFIG = re.compile(rb"\n# naslib-edd ([0-9a-f-]{1,20}): [^\n]*\n?\Z")


class Damaged(Exception):
    """A content that does not fit its checksum; says what is wrong, without the file's name."""


def crc(content: bytes) -> str:
    """The checksum of bytes, with the scheme's version."""
    return f"{VERSION}-{crc32(content):08x}"


def of_values(values: Mapping[str, Any]) -> str:
    """The checksum of a JSON object's content; of its key :data:`KEY` nothing."""
    told = {key: value for key, value in values.items() if key != KEY}
    return crc(json.dumps(told).encode())


def sealed(values: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object with its checksum as the last key."""
    return {**values, KEY: of_values(values)}


def opened(text: bytes) -> tuple[dict[str, Any], bool]:
    """A JSON object without its checksum, and whether it had one.

    Raises:
        Damaged: it is no JSON object, or does not fit its checksum.
    """
    try:
        values = json.loads(text.decode())
    except (ValueError, RecursionError):
        raise Damaged("is not JSON") from None
    if not isinstance(values, dict):
        raise Damaged("is not a JSON object")
    if KEY not in values:
        return values, False
    told = values.pop(KEY)
    try:
        found = of_values(values)
    except RecursionError:  # the writer reaches less deep than the reader
        raise Damaged("is nested too deeply") from None
    compare(told, found)
    return values, True


def seal_config(text: str) -> str:
    """A YAML text with its checksum as a comment behind it."""
    return f"{text}# naslib-edd {crc(text.encode())}: checksum of the lines above\n"


def open_config(content: bytes) -> tuple[str, bool]:
    """The text of a config without its checksum, and whether it had one.

    Raises:
        Damaged: it is no text, or does not fit its checksum.
    """
    content = content.replace(b"\r\n", b"\n")  # as some editors and version controls leave it
    found = _CONFIG.search(content)
    body = content if found is None else content[: found.start() + 1]
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Damaged("is not UTF-8 text") from None
    if found is None:
        return text, False
    compare(found[1].decode(), crc(body))
    return text, True


def compare(told: Any, found: str) -> None:
    """Raise Damaged unless a checksum that was read, of any type, is the one that was found."""
    seal = _SEAL.fullmatch(told) if isinstance(told, str) else None
    if seal is None:
        raise Damaged("has a damaged checksum")
    if int(seal[1]) != VERSION:
        raise Damaged(
            f"has a checksum of version {int(seal[1])}, and this program knows version {VERSION}"
        )
    if told != found:
        raise Damaged("does not fit its checksum")
