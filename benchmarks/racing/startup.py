"""How long the program takes to start: whole processes, from call to exit."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from naslib_edd.errors import UserError
from racing.compare import summary
from racing.shape import Record

RUNS = 9
#: What the console script `naslib-edd` does.
_MAIN = "import sys; from naslib_edd.cli.commands import main; sys.exit(main())"
#: Name → arguments of Python. The names are those of the goals; Python alone has none.
COMMANDS = {
    "python": ["-c", "pass"],
    "import naslib_edd": ["-c", "import naslib_edd"],
    "naslib-edd --help": ["-c", _MAIN, "--help"],
    "naslib-edd query": ["-c", _MAIN, "query", "6111", "--table", "digits"],
}


def startup(tick: Callable[[str], None]) -> list[Record]:
    """Median seconds of each command, taken in turn, after one run of each that does not count.

    Raises:
        UserError: a command fails.
    """
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(RUNS + 1):
        for name, arguments in COMMANDS.items():
            began = time.perf_counter()
            done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
            took = time.perf_counter() - began
            if done.returncode:
                raise UserError(f"--startup: `{name}` ended with exit code {done.returncode}")
            if number:
                seconds[name].append(took)
            tick(f"start-up, {name}")
    return [{"name": name, "seconds": found, **summary(found)} for name, found in seconds.items()]
