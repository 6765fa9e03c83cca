"""Runs a command again and again, each time on a disk that is full from its n-th write on.

A process of its own, given one JSON object: ``first``, the arguments; ``again``, those of the
command that goes on when there is room; ``mode``, below; ``root``, a folder whose numbered
subfolders are where it runs and stand for ``{out}`` in the arguments; ``template``, a folder that
each of them begins as, or null. It prints a line of JSON for each n, until a command ends before
its disk is full.

``size``: the kernel refuses every byte of a file from then on (a limit of the file size, 0), so
that what C code writes fails, too. ``open``: no file and no folder can be made any more.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR


def main() -> None:
    """See above."""
    asked = json.loads(sys.argv[1])
    import naslib_edd.cli.commands
    import naslib_edd.engine.loop  # torch, once for all the forks

    root, number = Path(asked["root"]), 0
    while True:
        number += 1
        out = root / str(number)
        if asked["template"] is None:
            out.mkdir()
        else:
            shutil.copytree(asked["template"], out)
        first, again = ([word.format(out=out) for word in asked[key]] for key in ("first", "again"))
        code, told, at = _run(naslib_edd.cli.commands.main, first, out, number, asked["mode"])
        if at is None:
            assert code == 0, told
            break
        line = {"number": number, "at": at, "code": code, "told": told}
        line["again"], line["told_again"], _ = _run(
            naslib_edd.cli.commands.main, again, out, 0, "size"
        )
        print(json.dumps(line), flush=True)


def _run(
    command: Any, words: list[str], out: Path, number: int, mode: str
) -> tuple[int, str, str | None]:
    """Exit code, standard error and what was written when the disk became full, if it did."""
    errors, full = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(errors[1], 2)
        os.chdir(out)
        if number:
            _fill(out, number, mode, full[1])
        try:
            code = command(words)
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stderr.flush()
        os._exit(code)
    for pipe in (errors[1], full[1]):
        os.close(pipe)
    told, at = (_all(pipe[0]) for pipe in (errors, full))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), told, at or None


def _all(pipe: int) -> str:
    with os.fdopen(pipe, "rb") as file:
        return file.read().decode(errors="replace")


def _fill(out: Path, number: int, mode: str, tell: int) -> None:
    """Have the disk be full from the n-th file below a folder that is opened for writing."""
    seen = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event == "open":
            writes = arguments[2] is not None and arguments[2] & _WRITING
        else:
            writes = mode == "open" and event == "os.mkdir"
        if not writes or isinstance(arguments[0], int):  # a file that is open already
            return
        if not (path := str(Path.cwd() / str(arguments[0]))).startswith(str(out)):
            return
        seen += 1
        if seen == number:
            os.write(tell, os.path.relpath(path, out).encode())
            if mode == "size":
                resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        if seen >= number and mode == "open":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    sys.addaudithook(hook)


if __name__ == "__main__":
    main()
