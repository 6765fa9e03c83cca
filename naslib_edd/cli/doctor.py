"""``naslib-edd doctor``: what is installed, which data and tables are found, what to do."""

from __future__ import annotations

import os
import platform
from importlib import metadata

from naslib_edd.data.locate import describe
from naslib_edd.errors import UserError
from naslib_edd.plugin.diagnosis import diagnose
from naslib_edd.storage.version import __version__
from naslib_edd.tables.locate import find_table

#: Distribution → what it is for. The first group must be there.
NEEDED = {
    "torch": "the search",
    "numpy": "tables and data",
    "scipy": "comparisons of methods",
    "scikit-learn": "the built-in digits",
    "PyYAML": "configs",
    "rich": "the console",
    "filelock": "one writer of a run's folder",
    "matplotlib": "figures",
}
OPTIONAL = {
    "torchvision": "only for --download",
    "nas-bench-201": "only for the tests (the official reader)",
    "nats_bench": "only for the tests (the official reader)",
    "pytest": "only for the tests",
}


def doctor() -> int:
    """Print the findings; 0 if a search can run, 1 if something that it needs is missing."""
    print(f"naslib-edd {__version__}, Python {platform.python_version()}, {platform.machine()}")
    missing = [name for name in NEEDED if not _line(name, NEEDED[name], needed=True)]
    for name, purpose in OPTIONAL.items():
        _line(name, purpose, needed=False)
    _hardware(torch_there="torch" not in missing)
    print("\nData sets")
    for found in describe():
        state = "–  " if found.path is None else "ok "
        print(f"  {state} {found.name:<16} {found.path or found.advice}")
    print("\nBenchmark table")
    _table()
    print("\nNASLib")
    _naslib()
    if missing:
        print(f"\nMissing: {', '.join(missing)}. Install with: pip install -c constraints.txt .")
    return 1 if missing else 0


def _line(name: str, purpose: str, *, needed: bool) -> bool:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        state = "MISSING" if needed else "not installed"
        print(f"  –   {name:<16} {state}: {purpose}")
        return False
    print(f"  ok  {name:<16} {version}")
    return True


def _hardware(*, torch_there: bool) -> None:
    print("\nHardware")
    print(f"  ok  {os.cpu_count()} processor(s)")
    if not torch_there:
        return
    import torch

    from naslib_edd.errors import UserError
    from naslib_edd.supernet.native import build, choice
    from naslib_edd.supernet.native.targets import target

    try:
        there = choice.kernels() is not None
        why = build.why_not() or f"not the usual choice here, or {choice.VARIABLE}=0"
    except UserError as error:
        there, why = False, str(error)
    if there:
        print(f"  ok  C++ kernels of the fast supernet, {target().name}")
    else:
        print(f"  –   C++ kernels: none ({why}); PyTorch's passes, slower")
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            print(f"  ok  cuda:{number}: {torch.cuda.get_device_name(number)}")
    else:
        print("  –   no GPU seen by torch; searches run on the CPU")


def _table() -> None:
    print("  ok  digits: built-in, NB201-Digits; a search on digits looks up there")
    print("  ok  nb201: built-in, NAS-Bench-201; query and searches on its data sets look up there")
    try:
        path = find_table(None, None)
        if path is None:
            print(
                "  –   no other: set NASLIB_EDD_TABLE to NB201's v1_0/v1_1 .pth, a NATS-Bench "
                "*-simple folder, NASLib's\n      nb201_*_full_training.pickle, or a compact .npz "
                "made by `naslib-edd table convert`"
            )
            return
        if path.suffix == ".npz":
            from naslib_edd.tables import Table

            table = Table.open(path)
            print(f"  ok  {path}: {table.format}, {len(table)} architectures")
        else:
            # The official files take minutes to read: do not, for a look.
            print(f"  ok  {path} (not opened; `naslib-edd table convert` makes a quick one of it)")
    except UserError as error:
        print(f"  BAD {error}")


def _naslib() -> None:
    for line in diagnose():
        print(f"  {line}")
