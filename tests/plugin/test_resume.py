"""Checkpoints through NASLib's own Trainer: resume = uninterrupted, and a new process agrees."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from naslib_edd.storage.record import without_timings

pytestmark = pytest.mark.naslib


class Stop(Exception):
    """The process dies here."""


def stop_after(epoch: int) -> Callable[[int], None]:
    def after_epoch(done: int) -> None:
        if done == epoch:
            raise Stop

    return after_epoch


METHODS = ("edd_darts", "edd_gdas", "edd_pc_darts", "darts_v1", "darts_v2", "gaea_bilevel")
CASES = [("edd_darts", "after its checkpoint")] + [(m, "after the epoch") for m in METHODS]


@pytest.mark.parametrize(("method", "moment"), CASES)
def test_resume_is_uninterrupted_bit_for_bit(
    method: str,
    moment: str,
    naslib: SimpleNamespace,
    synthetic: Callable[..., None],
    configure: Callable[..., Any],
    make_optimizer: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    synthetic()
    config = configure(method, epochs=4)
    whole = make_optimizer(config)
    naslib.trainer.Trainer(whole, config).search()
    shutil.rmtree(Path(config.save) / "search")
    (Path(config.save) / "search").mkdir()

    cut = make_optimizer(config)
    options: dict[str, Any] = {"after_epoch": stop_after(1)}
    if moment == "after its checkpoint":
        # Written, but test_statistics() of that epoch was never called.
        options = {}
        monkeypatch.setattr(
            cut, "test_statistics", lambda: stop_after(2)(cut.epoch + 1) or cut.close_epoch()
        )
    with pytest.raises(Stop):
        naslib.trainer.Trainer(cut, config).search(**options)

    resumed = make_optimizer(config)
    with torch.no_grad():
        resumed.logits.zero_()  # whatever it was made with must not matter
    torch.rand(17)
    last = naslib.utils.get_last_checkpoint(config)
    naslib.trainer.Trainer(resumed, config).search(resume_from=last)

    assert torch.equal(whole.logits, resumed.logits)
    for a, b in zip(whole.graph.parameters(), resumed.graph.parameters(), strict=True):
        assert torch.equal(a, b)
    expected = [without_timings(row) for row in whole.history]
    assert [without_timings(row) for row in resumed.history] == expected
    assert len(expected) == 4
    states = (
        whole.arch_optimizer.state_dict()["state"],
        resumed.arch_optimizer.state_dict()["state"],
    )
    assert states[0].keys() == states[1].keys()  # exponentiated gradient has none
    for key, held in states[0].items():
        assert torch.equal(held["exp_avg"], states[1][key]["exp_avg"])


def test_evaluating_in_the_same_trainer_keeps_the_architecture(
    naslib: SimpleNamespace,
    synthetic: Callable[..., None],
    configure: Callable[..., Any],
    make_optimizer: Callable[..., Any],
) -> None:
    """evaluate() loads model_final.pth, which was written before the last row was."""
    synthetic()
    config = configure()
    optimizer = make_optimizer(config)
    trainer = naslib.trainer.Trainer(optimizer, config)
    trainer.search()
    rows = [without_timings(row) for row in optimizer.history]
    with pytest.raises(NotImplementedError, match="dataset_api"):
        trainer.evaluate()  # NASLib's own query wants its own table
    assert [without_timings(row) for row in optimizer.history] == rows


SCRIPT = """
import sys, yaml, torch
from naslib_edd.plugin import compat, registry
naslib = compat.load()
options = naslib.utils.default_argument_parser().parse_args(["--config-file", sys.argv[1]])
config = naslib.utils.get_config_from_args(options, config_type="nas")
naslib.utils.set_seed(99)
optimizer = registry.get(config.optimizer)(**config.search)
optimizer.adapt_search_space(naslib.spaces.NasBench201SearchSpace(), "cifar10")
trainer = naslib.trainer.Trainer(optimizer, config)
trainer._setup_checkpointers(config.save + "/search/model_final.pth")
print("HASH", list(optimizer.get_final_architecture().get_hash()))
"""


@pytest.mark.process
def test_a_new_process_evaluates_the_same_architecture(
    naslib: SimpleNamespace,
    synthetic: Callable[..., None],
    configure: Callable[..., Any],
    make_optimizer: Callable[..., Any],
    tmp_path: Path,
) -> None:
    synthetic()
    config = configure()
    optimizer = make_optimizer(config)
    naslib.trainer.Trainer(optimizer, config).search()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "naslib.yaml")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"HASH {list(optimizer.get_final_architecture().get_hash())}" in done.stdout


def test_another_methods_checkpoint_is_refused(
    configure: Callable[..., Any], make_optimizer: Callable[..., Any]
) -> None:
    from naslib_edd.errors import UserError

    one, other = make_optimizer(configure()), make_optimizer(configure("darts_v1"))
    with pytest.raises(UserError, match="of edd_darts, not of darts_v1"):
        other.load_state(one.state())
