"""Reads hostile files in a process of its own, within limits, and says how each reading ended.

``judge`` starts the process, gives it one file after the other, and starts it again after a crash
or a hang. The reader is named as ``"module:function"``; it takes the file's path and returns a text
that tells two contents apart (``digest`` makes one of arrays and plain data).
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import resource
import selectors
import subprocess
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

#: How a reading can end. The first two are as they should be; ``different`` is a fault wherever
#: the format has a checksum; ``memory`` is a reader that ran into the limit instead of refusing.
OUTCOMES = ("refused", "same", "different", "traceback", "crash", "hang", "memory")
_LONGEST = 1000  # characters of a refusal


class Outcome(NamedTuple):
    """What became of one file: its name, one of :data:`OUTCOMES`, and the words with it."""

    case: str
    outcome: str
    detail: str


def judge(
    reader: str,
    original: bytes,
    cases: Iterable[tuple[str, bytes]],
    *,
    path: Path,
    memory: int = 512 * 2**20,
    seconds: float = 10.0,
    child: Child | None = None,
) -> Iterator[Outcome]:
    """Have a reader read every case, and compare with what it reads from the original.

    Args:
        reader: ``"module:function"``, importable from the tests' folder or the package.
        original: the undamaged file; the reader has to take it.
        cases: (name, bytes), as from :func:`fuzz.mutations.mutations`.
        path: where the reader expects the file; it is written anew for each case. Files beside
            it are the caller's.
        memory: how much address space one reading may take, in bytes.
        seconds: how long one reading may take.
        child: a process to go on with; its own limits hold.
    """
    with contextlib.ExitStack() as stack:
        if child is None:
            child = stack.enter_context(Child(memory, seconds))
        first = child.read(reader, path, original)
        if first["outcome"] != "read":
            raise AssertionError(f"{reader} does not read the undamaged file: {first}")
        for name, data in cases:
            reply = child.read(reader, path, data)
            outcome, detail = reply["outcome"], reply.get("detail", "")
            if outcome == "read":
                outcome = "same" if detail == first["detail"] else "different"
                detail = ""
            yield Outcome(name, outcome, detail)


class Child:
    """The reading process, started when first needed and after each death.

    Args:
        memory: how much address space one reading may take, in bytes.
        seconds: how long one reading may take.
    """

    def __init__(self, memory: int = 512 * 2**20, seconds: float = 10.0) -> None:
        self._command = [sys.executable, str(Path(__file__).resolve()), str(memory)]
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._imported: set[str] = set()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, reader: str, path: Path, data: bytes) -> dict[str, str]:
        """Have a file read; ``outcome`` is "read" or one of the others, with its ``detail``."""
        path.write_bytes(data)
        if self._process is None:
            self._start()
        if reader not in self._imported:  # what a first use imports is no part of reading
            if self._ask(["import", reader, ""], 120.0) != b"ready\n":
                raise AssertionError(f"cannot import {reader}")
            self._imported.add(reader)
        line = self._ask(["read", reader, str(path)], self._seconds)
        if line is None:
            self._end()
            return {"outcome": "hang", "detail": f"over {self._seconds:g} s"}
        if not line:
            assert self._process is not None
            code = self._process.wait()
            self._end()
            return {"outcome": "crash", "detail": f"exit {code}"}
        return dict(json.loads(line))

    def _ask(self, words: list[str], seconds: float) -> bytes | None:
        process = self._process
        assert process is not None and process.stdin is not None
        process.stdin.write(f"{json.dumps(words)}\n".encode())
        process.stdin.flush()
        return self._line(seconds)

    def _start(self) -> None:
        root = Path(__file__).resolve().parents[2]
        paths = [str(root), str(root / "tests"), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        if self._line(120.0) != b"ready\n":
            raise AssertionError(f"cannot start {' '.join(self._command)}")

    def _line(self, seconds: float) -> bytes | None:
        """The next line; empty at the process's end, None when the time is over."""
        assert self._process is not None and self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(seconds):
                return None
        return self._process.stdout.readline()

    def _end(self) -> None:
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # its other end may be gone
                    pipe.close()
        self._process.kill()
        self._process.wait()
        self._process = None
        self._imported.clear()


def digest(value: Any) -> str:
    """A text that is the same for the same content only: arrays, numbers, texts, containers."""
    hasher = hashlib.sha256()
    _feed(hasher, value)
    return hasher.hexdigest()


def _feed(hasher: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        hasher.update(f"{value.dtype.str}{value.shape}".encode())
        hasher.update(np.ascontiguousarray(value).tobytes())
    elif hasattr(value, "items"):
        for key in sorted(value, key=repr):
            hasher.update(f"{key!r}:".encode(errors="backslashreplace"))
            _feed(hasher, value[key])
    elif isinstance(value, list | tuple):
        for item in value:
            _feed(hasher, item)
    else:
        hasher.update(repr(value).encode(errors="backslashreplace"))
    hasher.update(b";")


def _serve(memory: int) -> None:
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a reader prints is no reply
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    replies.write(b"ready\n")
    for line in sys.stdin:
        what, reader, path = json.loads(line)
        module, _, function = reader.partition(":")
        read = getattr(importlib.import_module(module), function)
        if what == "import":
            replies.write(b"ready\n")
            continue
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + memory, resource.RLIM_INFINITY))
        reply = _one(read, Path(path))
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        replies.write(f"{json.dumps(reply)}\n".encode())


def _one(read: Any, path: Path) -> dict[str, str]:
    from naslib_edd.errors import UserError

    try:
        return {"outcome": "read", "detail": read(path)}
    except UserError as error:
        message = str(error)
        if _out_of_memory(error):
            return {"outcome": "memory", "detail": message[:_LONGEST]}
        if not message.isprintable() or len(message) > _LONGEST:
            return {"outcome": "traceback", "detail": f"not one line: {message[:_LONGEST]!r}"}
        return {"outcome": "refused", "detail": message}
    except MemoryError as error:
        return {"outcome": "memory", "detail": repr(error)[:_LONGEST]}
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        detail = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        return {"outcome": "traceback", "detail": detail[:_LONGEST]}


def _out_of_memory(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
