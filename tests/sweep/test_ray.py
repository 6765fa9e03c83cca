"""``executor: ray`` on a cluster of two nodes on this machine, one of which dies midway."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cut_sweeps import records, write

from naslib_edd.cli.commands import main

ray = pytest.importorskip("ray", reason="ray is not installed: pip install '.[ray]'")


def test_an_unknown_resource_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "x", executor="ray", resources={"nodes": 3})
    assert main(["sweep", str(path)]) == 2
    assert "ray knows no resource 'nodes'" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_node_that_dies_costs_nothing(tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster

    assert main(["sweep", str(write(tmp_path, "whole"))]) == 0
    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        node = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        out = tmp_path / "cut"
        path = write(tmp_path, "cut", executor="ray", resources={"address": cluster.address})
        sweep = subprocess.Popen(
            [sys.executable, "-m", "naslib_edd.cli", "sweep", str(path)],
            stdout=subprocess.DEVNULL,
        )
        # Both nodes have begun a run.
        while len(list(out.glob("**/checkpoint.pt"))) < 2:
            assert sweep.poll() is None
            time.sleep(0.05)
        cluster.remove_node(node, allow_graceful=False)
        assert sweep.wait(240) == 0
    finally:
        cluster.shutdown()
    assert records(out) == records(tmp_path / "whole")
