"""The profile of a step: every microsecond is in one group, and the engines are those named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from profile_step import REST, group_of, main

from naslib_edd.supernet.native import kernels

pytestmark = pytest.mark.benchmark

TINY = ["--channels=2", "--cells=1", "--batch-size=4", "--size=8", "--threads=1"]


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("aten::mkldnn_convolution", "convolutions"),
        ("aten::native_batch_norm_backward", "batch norm"),
        ("C++ sums", "C++ kernels"),
        ("Optimizer.step#SGD.step", "optimizers"),
        ("LeaveNodeNativeBackward", "Python"),
        ("aten::add_", REST),
    ],
)
def test_groups(name: str, group: str) -> None:
    assert group_of(name) == group


@pytest.mark.slow
def test_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "profile.json"
    assert main([*TINY, "--out", str(out)]) == 0
    engines = json.loads(out.read_text(encoding="utf-8"))["engines"]
    there = kernels() is not None
    assert len(engines) == 2 + there
    for title, found in engines.items():
        assert sum(found["groups_ms"].values()) == pytest.approx(found["total_ms"])
        assert found["groups_ms"]["convolutions"] > 0
        assert bool(found["kernels_ms"]) == ("C++" in title)
    if there:
        called = set(engines["fast, C++ kernels"]["kernels_ms"])
        assert {"rectify", "forward", "sums", "gradient"} <= called
    assert "convolutions" in capsys.readouterr().out
