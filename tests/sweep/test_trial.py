"""Four methods × six seeds on digits, cut off three times: the same table as an undisturbed sweep.

What is killed: the sweep with all its searches, a search alone, and the head of a Ray cluster.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cut_sweeps import records, searches_of

from naslib_edd.cli.commands import main
from naslib_edd.report.compare import report
from naslib_edd.storage.record import TIMINGS

pytestmark = [pytest.mark.slow, pytest.mark.search, pytest.mark.timeout(3000)]

METHODS = ["darts_v1", "edd_darts", "gdas", "pc_darts"]
SEEDS = 6
RUNS = len(METHODS) * SEEDS


def sweep_of(folder: Path, out: str, **keys: Any) -> Path:
    """The sweep, whose records go below ``folder/out``."""
    quickstart = Path(__file__).parents[2] / "configs" / "quickstart.yaml"
    values = yaml.safe_load(quickstart.read_text("utf-8"))
    values["search"] |= {"epochs": 5, "checkpoint_seconds": 0}
    (folder / "base.yaml").write_text(yaml.safe_dump({**values, "out_dir": str(folder / out)}))
    path = folder / f"{out}.yaml"
    grid = {"config": "base.yaml", "methods": METHODS, "seeds": SEEDS, "jobs": 2}
    path.write_text(yaml.safe_dump({**grid, "out_dir": str(folder / out), **keys}), "utf-8")
    return path


def table_of(out: Path) -> Any:
    """The table of a sweep's report, as text, but for the seconds."""
    report(out, out / "table")
    table = json.loads((out / "table" / "table.json").read_text("utf-8"))
    return json.dumps(without_seconds(table), indent=1)


def without_seconds(value: Any) -> Any:
    """The value without the fields that a clock gave."""
    if isinstance(value, dict):
        return {
            key: without_seconds(each)
            for key, each in value.items()
            if key not in TIMINGS and "seconds" not in key
        }
    return [without_seconds(each) for each in value] if isinstance(value, list) else value


def finished(out: Path) -> int:
    """How many runs have their result."""
    return len(list(out.glob("**/result.json")))


def wait_for(holds: Callable[[], bool], sweep: subprocess.Popen[bytes]) -> None:
    """Until it holds, while the sweep runs."""
    while not holds():
        assert sweep.poll() is None, "the sweep ended too early"
        time.sleep(0.05)


def begin(path: Path) -> subprocess.Popen[bytes]:
    """The sweep in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "naslib_edd.cli", "sweep", str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of a sweep that nobody disturbed."""
    folder = tmp_path_factory.mktemp("trial")
    assert main(["sweep", str(sweep_of(folder, "whole"))]) == 0
    assert finished(folder / "whole") == RUNS
    return folder / "whole"


def test_the_sweep_and_a_search_are_killed(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "cut"
    path = sweep_of(tmp_path, "cut")
    sweep = begin(path)
    wait_for(lambda: finished(out) >= 5, sweep)
    os.killpg(sweep.pid, signal.SIGKILL)
    sweep.wait()
    for search in searches_of(out):  # in groups of their own
        os.kill(search, signal.SIGKILL)
    before = finished(out)
    assert before < RUNS
    sweep = begin(path)
    wait_for(lambda: finished(out) >= before + 3 and bool(searches_of(out)), sweep)
    os.kill(searches_of(out)[0], signal.SIGKILL)
    assert sweep.wait() == 0
    assert finished(out) == RUNS
    assert records(out) == records(whole)
    assert table_of(out) == table_of(whole)


def test_the_head_of_a_ray_cluster_is_killed(whole: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="ray is not installed: pip install '.[ray]'")
    from ray.cluster_utils import Cluster

    out = tmp_path / "cut"
    for last in (False, True):
        cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
        try:
            path = sweep_of(tmp_path, "cut", executor="ray", resources={"address": cluster.address})
            sweep = begin(path)
            if not last:
                wait_for(lambda: finished(out) >= 5, sweep)
                cluster.remove_node(cluster.head_node, allow_graceful=False)
                assert sweep.wait() != 0, "a sweep without its cluster says so"
                assert finished(out) < RUNS
            else:
                assert sweep.wait() == 0
        finally:
            cluster.shutdown()
        for search in searches_of(out):
            os.kill(search, signal.SIGKILL)
    assert finished(out) == RUNS
    assert records(out) == records(whole)
    assert table_of(out) == table_of(whole)
