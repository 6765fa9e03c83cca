"""``naslib-edd doctor RUN|TABLE|FILE``: each piece is whole, damaged, or cannot be checked."""

from __future__ import annotations

import bz2
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from naslib_edd.data.checksums import differing, set_of
from naslib_edd.errors import UserError
from naslib_edd.storage import envelope, zip_envelope
from naslib_edd.storage.broken import BROKEN
from naslib_edd.storage.lines import Line, check_epochs, read_lines
from naslib_edd.storage.lock import owner_in_words
from naslib_edd.storage.record import RunFolder
from naslib_edd.storage.zipcheck import zip_fault

WHOLE, DAMAGED, UNKNOWN = "ok ", "BAD", "–  "
#: What is said of a file without a checksum.
_NO_SUM = "cannot be checked: it has no checksum"
_BLOCK = 1 << 20


class Finding(NamedTuple):
    """What was found of a piece: one of the three states, and the words."""

    state: str
    words: str


def examine(place: str | os.PathLike[str]) -> int:
    """Print what is whole, damaged, or cannot be checked; 1 if anything is damaged.

    Args:
        place: a run's folder or one above runs, a table (``digits``: the built-in one), or one
            file of these.

    Raises:
        UserError: there is nothing there that could be examined.
    """
    from naslib_edd.tables.locate import built_in

    path = built_in(os.fspath(place)) or Path(place).expanduser()
    try:
        if not path.exists():
            raise UserError(f"there is no {path}; name a run's folder, a table or a file of them")
        runs = _runs(path) if path.is_dir() else []
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise UserError(f"cannot look at {path}: {words}") from None
    bad = False
    for run in runs:
        print(run)
        bad |= _show(_run(RunFolder(run)))
    if not runs:
        print(path)
        bad |= _show(_folder(path) if path.is_dir() else [_file(path)])
    return int(bad)


def _show(findings: Iterator[Finding] | list[Finding]) -> bool:
    bad = False
    for state, words in findings:
        print(f"  {state} {words}")
        bad |= state == DAMAGED
    return bad


def _runs(folder: Path) -> list[Path]:
    """The run folders at or below a folder."""
    marks = ("record.jsonl", "checkpoint.pt", "checkpoint.previous.pt", "result.json")
    return sorted({found.parent for mark in marks for found in folder.rglob(mark)})


def _run(run: RunFolder) -> Iterator[Finding]:
    """The pieces of a run, each by itself and then beside the others."""
    lines: list[Line] = []
    config = result = sums = None
    try:
        config = run.read_config()[1]
        yield _of("config.yaml", has_seal=config)
    except UserError as error:
        yield Finding(DAMAGED, str(error))
    if run.record.exists():
        lines = read_lines(run.record)
        yield from _record(lines)
    try:
        read = run.read_result()
        result = None if read is None else read[1]
        if read is None:
            yield Finding(UNKNOWN, "result.json: none, the run is not finished")
        else:
            yield _of("result.json", has_seal=read[1])
            if read[0].get("epochs") != len(lines):
                told = f"tells of {read[0].get('epochs')} epochs, the record of {len(lines)}"
                yield Finding(DAMAGED, f"result.json: {told}")
    except UserError as error:
        yield Finding(DAMAGED, str(error))
    for file in (run.checkpoint, run.previous):
        if file.exists():
            found, held = _checkpoint(file)
            sums = held if sums is None else sums
            yield found
    for file in sorted((run.path / "search").glob("*.pth")):
        yield _file(file)
    try:
        if config is not None and all(line.row is not None for line in lines):
            run.check_seals(config=config, lines=lines, result=result)
            check_epochs(run.record, [line.row for line in lines if line.row is not None])
    except UserError as error:
        yield Finding(DAMAGED, str(error))
    yield from _beside(lines, sums or [])
    owner = owner_in_words(run.path)
    if owner is not None:
        yield Finding(UNKNOWN, f"run.lock: {owner} writes here, or was killed while it did")


def _beside(lines: list[Line], sums: list[str]) -> Iterator[Finding]:
    """The record beside the checkpoint, which knows the checksum of each row."""
    for number, wanted in enumerate(sums, start=1):
        if number > len(lines):
            yield Finding(DAMAGED, f"record.jsonl: ends before epoch {number}, which was written")
            return
        row = lines[number - 1].row
        if row is not None and envelope.of_values(row) != wanted:
            yield Finding(DAMAGED, f"record.jsonl: line {number} is not the checkpoint's run's")
            return


def _record(lines: list[Line]) -> Iterator[Finding]:
    for line in lines:
        if line.row is None:
            yield Finding(DAMAGED, f"record.jsonl: line {line.number} {line.problem}")
    sound = [line for line in lines if line.row is not None]
    vouched = sum(line.has_seal for line in sound)
    if vouched:
        yield Finding(WHOLE, f"record.jsonl: {vouched} of {len(lines)} lines whole")
    if len(sound) > vouched:
        count = len(sound) - vouched
        yield Finding(UNKNOWN, f"record.jsonl: {count} of {len(lines)} lines have no checksum")


def _of(name: str, *, has_seal: bool) -> Finding:
    return Finding(WHOLE, f"{name}: whole") if has_seal else Finding(UNKNOWN, f"{name}: {_NO_SUM}")


def _checkpoint(path: Path) -> tuple[Finding, list[str] | None]:
    """A checkpoint, and the checksums of the rows that it knows."""
    from naslib_edd.engine import checkpoint  # torch: seconds to import

    try:
        state = checkpoint.load(path)
    except UserError as error:
        return Finding(DAMAGED, str(error)), None
    done = f"after epoch {state['engine'].get('epoch')}, step {state['engine'].get('step')}"
    if state["version"] == 1:
        return Finding(UNKNOWN, f"{path.name}: {done}; the parts are whole, the rest {_NO_SUM}"), []
    sums = state.get("record")
    return Finding(WHOLE, f"{path.name}: whole, {done}"), sums if isinstance(sums, list) else []


def _folder(path: Path) -> list[Finding]:
    """The files of another folder, such as a NATS-Bench folder."""
    files = sorted(file for file in path.iterdir() if file.is_file())
    if not files:
        raise UserError(f"{path} holds no run, no table and no file")
    return [_file(file) for file in files]


def _file(path: Path) -> Finding:
    """One file, told by its content or its name."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head == b"PK\x03\x04":
            return _zip(path)
        if head[:3] == b"BZh":
            with bz2.open(path) as stream:
                while stream.read(_BLOCK):
                    pass
            return Finding(WHOLE, f"{path.name}: fits the checksums of bzip2")
        return _text(path)
    except OSError as error:
        return Finding(DAMAGED, f"{path.name}: cannot be read ({error.strerror or error})")
    except EOFError:
        return Finding(DAMAGED, f"{path.name}: is cut short")
    except UserError as error:
        return Finding(DAMAGED, f"{path.name}: {error}")


def _zip(path: Path) -> Finding:
    fault = zip_fault(path)
    if fault is not None:
        return Finding(DAMAGED, f"{path.name}: {fault}")
    kind = "table" if path.suffix == ".npz" else "checkpoint"
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if kind == "table" and "packing.npy" in names:
        from naslib_edd.tables import packed

        packed.read(path)
        return Finding(WHOLE, f"{path.name}: whole")
    try:
        has_seal = zip_envelope.open_zip(path.read_bytes(), kind)
    except envelope.Damaged as problem:
        return Finding(DAMAGED, f"{path.name}: {problem}")
    except BROKEN as error:
        return Finding(DAMAGED, f"{path.name}: cannot be read ({error})")
    if kind == "table" and "arch_ops.npy" in names:
        from naslib_edd.tables import compact

        compact.read(path)
    if has_seal:
        return Finding(WHOLE, f"{path.name}: whole")
    return Finding(
        UNKNOWN, f"{path.name}: its parts fit the checksums of the zip file; it has none of its own"
    )


def _text(path: Path) -> Finding:
    """A piece of a run by itself, or a file that has no checksum."""
    if path.suffix == ".jsonl":
        found = list(_record(read_lines(path)))
        bad = [finding for finding in found if finding.state == DAMAGED]
        return (bad or found or [Finding(UNKNOWN, f"{path.name}: empty")])[0]
    try:
        if path.suffix == ".json":
            return _of(path.name, has_seal=envelope.opened(path.read_bytes())[1])
        if path.suffix in (".yaml", ".yml"):
            return _of(path.name, has_seal=envelope.open_config(path.read_bytes())[1])
    except envelope.Damaged as problem:
        return Finding(DAMAGED, f"{path.name}: {problem}")
    dataset = set_of(path)
    if dataset is None:
        return Finding(UNKNOWN, f"{path.name}: {_NO_SUM}")
    if differing(dataset, [path]):
        return Finding(
            UNKNOWN,
            f"{path.name}: not as published with {dataset} (MD5); it has no checksum inside",
        )
    return Finding(WHOLE, f"{path.name}: as published with {dataset} (MD5)")
