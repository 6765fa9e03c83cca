"""Checksums in zip files: whole, damaged, of others; the fast reader of directories."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch

from naslib_edd.storage import envelope, zip_envelope

SAVED = {"weights": torch.arange(600.0), "epoch": 3}


def zipped(kind: str) -> bytearray:
    buffer = BytesIO()
    if kind == "checkpoint":
        torch.save(SAVED, buffer)
    else:
        np.savez_compressed(buffer, values=np.arange(600.0), names=np.array(["a", "b"]))
    content = bytearray(buffer.getvalue())
    zip_envelope.seal_zip(content, kind)
    return content


@pytest.mark.parametrize("kind", ["checkpoint", "table"])
def test_zip_files(kind: str) -> None:
    content = zipped(kind)
    assert zip_envelope.open_zip(bytes(content), kind)
    has_seal, sizes = zip_envelope.check_zip(bytes(content), kind)
    members = zipfile.ZipFile(BytesIO(content)).infolist()
    assert has_seal and sizes == {member.filename: member.file_size for member in members}
    if kind == "checkpoint":
        loaded = torch.load(BytesIO(content), weights_only=True)
        assert torch.equal(loaded["weights"], torch.arange(600.0))
    else:
        assert np.load(BytesIO(content))["values"][599] == 599
    with pytest.raises(envelope.Damaged, match="not a"):
        zip_envelope.open_zip(bytes(content), "other")
    with pytest.raises(envelope.Damaged, match="not a"):
        zip_envelope.check_zip(bytes(content), "other")


@pytest.mark.parametrize("kind", ["checkpoint", "table"])
def test_any_flipped_bit_of_content_or_directory_is_seen(kind: str) -> None:
    """Each seventh byte; what is still taken reads as the same content."""
    content = zipped(kind)
    names = zipfile.ZipFile(BytesIO(content)).namelist()
    original = {name: zipfile.ZipFile(BytesIO(content)).read(name) for name in names}
    seen = 0
    for place in range(0, len(content), 7):
        changed = bytearray(content)
        changed[place] ^= 1 << (place % 8)
        try:
            sealed, _ = zip_envelope.check_zip(bytes(changed), kind)
        except envelope.Damaged:
            seen += 1
            continue
        archive = zipfile.ZipFile(BytesIO(changed))
        if sealed:
            assert {name: archive.read(name) for name in archive.namelist()} == original
    assert seen > len(content) // 7 // 3


def test_the_fast_reader_of_directories_is_the_slow_one() -> None:
    """Of whole files and of damaged ones."""
    content = bytes(zipped("checkpoint"))
    comment, members = zip_envelope._plain_members(content) or (b"", [])
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert comment == archive.comment
        assert members == [
            (one.filename.encode(), one.CRC, one.file_size, one.header_offset)
            for one in archive.infolist()
        ]

    def answer(changed: bytes) -> Any:
        try:
            return zip_envelope.check_zip(changed, "checkpoint")
        except envelope.Damaged as error:
            return str(error)

    bare = BytesIO()  # without a seal nothing sums the directory
    torch.save(SAVED, bare)
    source = np.random.default_rng(1)
    for whole in (content, bare.getvalue()):
        seen = set()
        directory = len(whole) - 600
        for number in range(4000):
            changed = bytearray(whole)
            place = source.integers(directory if number % 2 else 0, len(whole))
            changed[place] ^= 1 << source.integers(8)
            fast = answer(bytes(changed))
            with patch.object(zip_envelope, "_plain_members", lambda _: None):
                slow = answer(bytes(changed))
            assert isinstance(fast, str) == isinstance(slow, str), place
            assert isinstance(fast, str) or fast == slow
            seen.add(isinstance(fast, str))
        assert seen == {True, False}
    for other in (bytes(zipped("table")), b"x" + content, content[:-3], content[40:], b""):
        assert zip_envelope._plain_members(other) is None


def test_a_zip_without_our_comment_has_no_seal() -> None:
    buffer = BytesIO()
    np.savez(buffer, a=np.arange(3))
    assert not zip_envelope.open_zip(buffer.getvalue(), "table")
    with pytest.raises(envelope.Damaged, match="cut short, or no zip"):
        zip_envelope.open_zip(buffer.getvalue()[:-30], "table")


def crafted(*, remark: bytes = b"", extra: bytes = b"", name: str = "a/one") -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        member = zipfile.ZipInfo(name)
        member.comment, member.extra = remark, extra
        archive.writestr(member, b"1")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        crafted(remark=b"x"),
        crafted(extra=b"\x75\x70\x04\x00abcd"),
        crafted(name="a/" + "PK\6\7" + "x" * 16),  # where a locator would be
        crafted(name="a\\b"),
        crafted(name="ä"),
    ],
)
def test_what_is_odd_is_left_to_zipfile(content: bytes) -> None:
    assert zip_envelope._plain_members(crafted()) is not None
    assert zip_envelope._plain_members(content) is None


@pytest.mark.parametrize(("place", "value"), [(4, 45), (56 + 16, 2)])
def test_torchs_records_of_large_files_are_read_whole(place: int, value: int) -> None:
    """The size of one and the disks of the other."""
    content = zipped("checkpoint")
    assert zip_envelope._plain_members(bytes(content)) is not None
    content[content.rfind(b"PK\6\6") + place] = value
    assert zip_envelope._plain_members(bytes(content)) is None
