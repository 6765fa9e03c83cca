"""What a training leaves gives the same scores again."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from helpers import flip, start
from retrain_small import DIGITS, NB201, cifar, run

from naslib_edd.errors import UserError
from naslib_edd.retrain import export
from naslib_edd.retrain.export import load_network
from naslib_edd.retrain.trainer import Trainer


@pytest.mark.search
@pytest.mark.parametrize(
    "arch, recipe", [(NB201, "nb201_12"), ("DARTS_V1", "s1_s4")], ids=["nb201", "darts"]
)
def test_weights_and_whole_networks_give_the_same_scores(
    arch: str, recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Trainer] = []
    original = Trainer.end_epoch

    def ended(trainer: Trainer) -> dict[str, float]:
        made[:] = [trainer]
        return original(trainer)

    monkeypatch.setattr(Trainer, "end_epoch", ended)
    small = [
        *("channels=4", "cells=3", "epochs=1", "batch_size=8", "limit_train=16", "limit_test=8"),
        *("threads=1", "device=cpu", "ema=0.5", "export=torchscript"),
    ]
    data = str(cifar(tmp_path / "cifar10.npz"))
    found = run(arch, recipe, small, tmp_path / "out", data=data)
    trained = made[0].network.eval()
    x = torch.randn(5, 3, 32, 32)
    with torch.no_grad():
        scores = trained(x)
        scores = scores[0] if isinstance(scores, tuple) else scores
        assert torch.equal(load_network(tmp_path / "out" / "last.pt")(x), scores)
        assert made[0].average is not None
        averaged = made[0].average.module.eval()(x)
        averaged = averaged[0] if isinstance(averaged, tuple) else averaged
        assert torch.equal(load_network(tmp_path / "out" / "ema.pt")(x), averaged)
        assert not torch.equal(scores, averaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            script = torch.jit.load(str(tmp_path / "out" / "model.ts"))
        torch.testing.assert_close(script(x), averaged)
    assert found.result["files"] == ["last.pt", "best.pt", "ema.pt", "model.ts"]


@pytest.mark.search
@pytest.mark.slow
def test_an_exported_program_takes_any_batch(tmp_path: Path) -> None:
    run(NB201, "nb201_12", [*DIGITS, "epochs=1", "export=program"], tmp_path / "out")
    program = torch.export.load(tmp_path / "out" / "model.pt2").module()
    x = torch.randn(3, 3, 8, 8)
    network = load_network(tmp_path / "out" / "last.pt")
    with torch.no_grad():
        torch.testing.assert_close(program(x), network(x))


@pytest.mark.search
@pytest.mark.slow
@pytest.mark.parametrize(("arch", "recipe"), [(NB201, "nb201_12"), ("DARTS_V2", "s1_s4")])
def test_an_onnx_file_computes_the_same(arch: str, recipe: str, tmp_path: Path) -> None:
    """By the reference implementation of ONNX, in NumPy; at another batch than it was made with."""
    pytest.importorskip("onnxscript", reason="the extra onnx is not installed")
    evaluator = pytest.importorskip("onnx.reference", reason="the extra onnx is not installed")
    small = [
        *("channels=4", "cells=3", "epochs=1", "batch_size=8", "limit_train=16", "limit_test=8"),
        *("threads=1", "device=cpu", "export=onnx"),
    ]
    run(arch, recipe, small, tmp_path / "out", data=str(cifar(tmp_path / "cifar10.npz")))
    model = evaluator.ReferenceEvaluator(str(tmp_path / "out" / "model.onnx"))
    x = torch.randn(3, 3, 32, 32)
    (scores,) = model.run(None, {model.input_names[0]: x.numpy()})
    network = load_network(tmp_path / "out" / "last.pt")
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(scores), network(x), rtol=1e-4, atol=1e-4)


@pytest.mark.search
def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    run(NB201, "nb201_12", [*DIGITS, "epochs=1"], tmp_path / "out")
    path = tmp_path / "out" / "last.pt"
    flip(path)
    with pytest.raises(UserError, match=r"last\.pt"):
        load_network(path)
    with pytest.raises(UserError):
        load_network(tmp_path / "none.pt")


def test_onnx_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UserError, match=r"naslib-edd\[onnx\]"):
        export.check_export("onnx")


@pytest.mark.process
def test_the_command_line_lists_recipes() -> None:
    process = start("retrain")
    out, _ = process.communicate()
    assert process.returncode == 0 and "nb201_12" in out and "imagenet" in out
