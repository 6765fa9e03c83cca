"""Which path a step takes, that it is told, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import run, tiny_settings
from rich.console import Console

from naslib_edd.config.loading import load
from naslib_edd.device import send
from naslib_edd.engine.build import step_mode
from naslib_edd.errors import UserError

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(autouse=True)
def bf16_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Right on every processor, if slow where the instructions are emulated."""
    monkeypatch.setattr("naslib_edd.engine.build.step.no_bf16", lambda: None)


def path(method: str, device: torch.device, **search: Any) -> str:
    return str(step_mode(load({"optimizer": method, "search": search}).search, device))


def test_the_path_and_its_reason() -> None:
    assert path("edd_darts", GPU) == "one CUDA graph, fp32"
    assert path("drnas", GPU, precision="bf16") == "one CUDA graph, bf16"
    assert path("gdas", GPU) == "eager, fp32 (GDAS samples on the host)"
    assert path("darts_v2", GPU, precision="fp32").startswith("eager, fp32 (the second-order step")
    assert path("edd_darts", GPU, cuda_graph="off") == "eager, fp32 (search.cuda_graph: off)"
    assert path("edd_darts", CPU, precision="bf16") == "eager, bf16 (on cpu)"


def test_on_is_refused_where_it_cannot_be() -> None:
    with pytest.raises(UserError, match="no GPU is used"):
        path("edd_darts", CPU, cuda_graph="on")
    with pytest.raises(UserError, match="drop path is drawn on the host; use cuda_graph=auto"):
        path("edd_darts", GPU, cuda_graph="on", drop_path=0.2)
    assert path("edd_darts", GPU, cuda_graph="on") == "one CUDA graph, fp32"


@pytest.mark.parametrize("word", ["auto", "on", "off"])
def test_yamls_own_words(word: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"search:\n  cuda_graph: {word}\n")
    assert load(file).search.cuda_graph == word
    assert load(None, [f"search.cuda_graph={word}"]).search.cuda_graph == word


def test_bf16_is_refused_where_nothing_would_be_left() -> None:
    for method, reason in (("darts_v2", "finite difference"), ("darts_es", "curvature")):
        with pytest.raises(UserError, match=reason):
            load({"optimizer": method, "search": {"precision": "bf16"}})
    with pytest.raises(UserError, match="'fp32', 'bf16'"):
        load({"search": {"precision": "fp16"}})


@pytest.mark.search
@pytest.mark.parametrize("method", ["edd_darts", "gdas"])
def test_a_search_says_which(method: str, tmp_path: Path) -> None:
    text = io.StringIO()
    settings = tiny_settings(tmp_path, optimizer=method, search={"epochs": 1, "precision": "bf16"})
    run(settings, console=Console(file=text, width=200))
    assert "step: eager, bf16 (on cpu)" in text.getvalue()
    sampled = "with bf16 they run whole steps of NAS-Bench-201's supernet only"
    assert (sampled in text.getvalue()) == (method == "gdas")


def test_sent_on_the_cpu_it_is_the_same() -> None:
    x = torch.arange(3)
    assert send(x, CPU) is x


@pytest.mark.gpu
def test_sent_to_a_gpu_nothing_waits() -> None:
    x = torch.arange(1000)
    torch.cuda.set_sync_debug_mode("error")
    try:
        there = send(x, GPU)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert torch.equal(there.cpu(), x)


def test_bf16_is_refused_on_a_cpu_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("naslib_edd.engine.build.step.no_bf16", lambda: "held to avx2")
    with pytest.raises(UserError, match="bf16 is of no use here: held to avx2; take fp32"):
        path("edd_darts", CPU, precision="bf16")
    assert path("edd_darts", CPU).startswith("eager, fp32")
    assert path("drnas", GPU, precision="bf16") == "one CUDA graph, bf16"
