"""Checksums of the zip files that we write, checkpoints and compact tables, in their comments.

What is summed is the directory, which has the CRC-32 of every member. The members are held against
it when they are read, which costs nothing while a checkpoint is written.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from io import BytesIO

from naslib_edd.storage.envelope import Damaged, compare, crc, crc32

_ZIP = re.compile(rb"naslib-edd ([a-z]+) ([0-9a-f-]{1,20})")
#: The last record of a zip file, up to the length of its comment.
_END = struct.Struct("<4s4H2LH")
#: A packed member may be so many times larger than the whole file.
_LARGEST_RATIO = 100
_LOCATOR, _END64 = struct.Struct("<4sLQL"), struct.Struct("<4sQ2H2L4Q")
_LOCAL = struct.Struct("<4s5H3L2H")
#: Of the same: the signature and both lengths.
_BRIEF = struct.Struct("<4s22x2H")
#: A member's entry in the directory, before its name, without its times and attributes.
_ENTRY = struct.Struct("<4s2x3H4x3L4H6xL")
#: Flags of it: the name is UTF-8, and the sizes stand behind the content once more.
_FLAGS = (0, 0x8, 0x800, 0x808)
#: A stored member: its name, CRC-32, bytes, and where its header is.
_Member = tuple[bytes, int, int, int]


def seal_zip(content: bytearray, kind: str) -> None:
    """Add the checksum of a zip file without a comment to it, in place.

    Args:
        content: the whole file.
        kind: what it is, in lower-case letters.
    """
    content[-2:] = seal_of_zip(content, kind)


def seal_of_zip(content: bytes | bytearray | memoryview, kind: str) -> bytes:
    """What takes the place of the last two bytes of a zip file without a comment, to seal it."""
    comment = f"naslib-edd {kind} {crc(_directory(content, 0))}".encode()
    return struct.pack("<H", len(comment)) + comment


def open_zip(content: bytes, kind: str) -> bool:
    """Whether a zip file has a checksum of ours; its directory then fits it. Members: see below.

    Raises:
        Damaged: it is no zip file, one of another kind, or does not fit its checksum.
    """
    try:
        comment = zipfile.ZipFile(BytesIO(content)).comment
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError, struct.error):
        raise Damaged("is cut short, or no zip file") from None
    return _seal_fits(content, comment, kind)


def _seal_fits(content: bytes, comment: bytes, kind: str) -> bool:
    """Whether a zip file's comment is a seal, which then fits."""
    found = _ZIP.fullmatch(comment)
    if found is None:
        return False
    if found[1].decode() != kind:
        raise Damaged(f"is a {found[1].decode()}, not a {kind}")
    try:
        directory = _directory(content, len(comment))
    except (struct.error, OverflowError):
        raise Damaged("has no directory where it says") from None
    compare(found[2].decode(), crc(directory))
    return True


def check_zip(content: bytes, kind: str) -> tuple[bool, dict[str, int]]:
    """:func:`open_zip`, and every member held against its CRC-32; the bytes of each, by name.

    Stored members are summed where they lie, some times faster than :meth:`ZipFile.testzip`, and
    their place is found as torch finds it: by the header before them. The directory, which is most
    of what is left, is looked at once.

    Raises:
        Damaged: see :func:`open_zip`; a member does not fit, or the file's directory is broken.
    """
    sizes: dict[str, int] = {}
    if (plain := _plain_members(content)) is not None:
        comment, members = plain
        has_seal = _seal_fits(content, comment, kind)
        _check_stored(members, content, sizes)
        return has_seal, sizes
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            has_seal = _seal_fits(content, archive.comment, kind)
            _check(archive, content, sizes)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError, struct.error):
        raise Damaged("is cut short, or no zip file") from None
    return has_seal, sizes


def _plain_members(content: bytes) -> tuple[bytes, list[_Member]] | None:
    """The comment and the members of a zip file as ``torch.save`` writes them; else None.

    That is: all stored, names in ASCII, and no more in the directory than that. The fast twin of
    :class:`zipfile.ZipFile`, whose objects take longer to make than all bytes to sum. What it
    takes, ZipFile takes too, with the same members; what is odd in any way is left to ZipFile.
    """
    end = content.rfind(b"PK\5\6")
    if end < 0 or end + _END.size > len(content):
        return None
    _, disk, first, here, count, length, start, of_comment = _END.unpack_from(content, end)
    close, again = start + length, (count, count, length, start)
    if (disk, first, here) != (0, 0, count) or end + _END.size + of_comment != len(content):
        return None
    if close == end:
        if content[end - _LOCATOR.size :].startswith(b"PK\6\7"):
            return None
    # torch writes two records more, those of large files, into every file; they say the same.
    elif close + _END64.size + _LOCATOR.size == end:
        more = _END64.unpack_from(content, close)
        locator = _LOCATOR.unpack_from(content, close + _END64.size)
        if more[:2] != (b"PK\6\6", _END64.size - 12) or more[4:] != (0, 0, *again):
            return None
        if locator != (b"PK\6\7", 0, close, 1):
            return None
    else:
        return None
    members: list[_Member] = []
    entry, place = _ENTRY.unpack_from, start
    while place + _ENTRY.size <= close:
        (
            signature, version, flags, packing, told, packed, size,
            of_name, of_extra, of_remark, disk, header,
        ) = entry(content, place)  # fmt: skip
        known = signature == b"PK\1\2" and packing == 0 and flags in _FLAGS and version <= 45
        if not known or packed != size or disk or of_extra or of_remark or header >= start:
            return None
        place += _ENTRY.size
        members.append((content[place : place + of_name], told, size, header))
        place += of_name
    names = b"".join(member[0] for member in members)
    if (place, len(members)) != (close, count) or not names.isascii():
        return None
    return None if b"\0" in names or b"\\" in names else (content[end + _END.size :], members)


def _check_stored(members: list[_Member], content: bytes, sizes: dict[str, int]) -> None:
    """:func:`_check` of what :func:`_plain_members` has found."""
    view, header, length = memoryview(content), _BRIEF.unpack_from, _BRIEF.size
    for name, told, size, place in members:
        try:
            signature, of_name, of_extra = header(content, place)
        except struct.error:
            raise Damaged("is cut short or damaged") from None
        at = place + length
        begin = at + of_name + of_extra
        whole = signature == b"PK\3\4" and content[at : at + of_name] == name
        if not whole or crc32(view[begin : begin + size]) != told:
            raise Damaged(f"has a damaged part ({name.decode()[:60]!a})")
        sizes[name.decode()] = size


def _check(archive: zipfile.ZipFile, content: bytes, sizes: dict[str, int]) -> None:
    """Hold a zip file's members against their checksums; `sizes` takes the bytes of each."""
    view, header, length = memoryview(content), _LOCAL.unpack_from, _LOCAL.size
    try:
        for member in archive.infolist():
            signature, *_, of_name, of_extra = header(content, member.header_offset)
            begin = member.header_offset + length
            name = content[begin : begin + of_name]
            if signature != b"PK\x03\x04" or name != member.orig_filename.encode():
                raise Damaged(f"has a damaged part ({member.filename[:60]!a})")
            if member.compress_type == zipfile.ZIP_STORED:
                begin += of_name + of_extra
                data = view[begin : begin + member.file_size]
            elif member.file_size > _LARGEST_RATIO * len(content):
                raise Damaged(f"would unpack to {member.file_size} bytes")
            else:
                data = memoryview(archive.read(member))
            if crc32(data) != member.CRC:
                raise Damaged(f"has a damaged part ({member.filename[:60]!a})")
            sizes[member.filename] = member.file_size
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OSError):
        raise Damaged("is cut short or damaged") from None
    except (NotImplementedError, RuntimeError, MemoryError, OverflowError):
        raise Damaged("has a part that is packed in another way") from None


def _directory(content: bytes | bytearray | memoryview, comment: int) -> bytes:
    """A zip file's directory and end, up to the length of its comment of so many bytes."""
    end = len(content) - comment - _END.size
    start = _END.unpack_from(content, end)[6]
    if start == 0xFFFFFFFF:  # zip64: it is in a record of its own, whose place is before this one
        place = _LOCATOR.unpack_from(content, end - _LOCATOR.size)[2]
        start = _END64.unpack_from(content, place)[9]
    return bytes(content[start : end + _END.size - 2])
