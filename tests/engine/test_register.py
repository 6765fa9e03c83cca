"""A method of one's own: every kind of part, everywhere that a method is known."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import every, power_cut, rows_of, run, tiny_settings
from torch import Tensor

import naslib_edd
import naslib_edd.config.loading
from naslib_edd.bilevel import FirstOrder
from naslib_edd.bilevel.regularisers import Regulariser
from naslib_edd.config.loading import load
from naslib_edd.config.methods import CARDS, METHODS
from naslib_edd.config.methods.listing import listing
from naslib_edd.engine.register import register_method
from naslib_edd.errors import UserError
from naslib_edd.relaxation import Gumbel, Relaxation, Softmax
from naslib_edd.report import report
from naslib_edd.selection.stage import Search, Stage
from naslib_edd.storage.record import without_timings
from naslib_edd.temperature import Temperature


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The methods that a test registers are gone after it."""
    cards, methods = dict(CARDS), dict(METHODS)
    yield
    for held, before in ((CARDS, cards), (METHODS, methods)):
        held.clear()
        held.update(before)  # type: ignore[arg-type]


class Noisy(Softmax):
    """Softmax of logits with noise: it draws, so its state is a generator's."""

    def __init__(self, *, generator: torch.Generator, epochs: int, size: float = 0.1) -> None:
        self.generator, self.epochs, self.size = generator, epochs, size

    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        noise = torch.randn(logits.shape, generator=self.generator)
        return torch.softmax((logits + self.size * noise) / t, -1)

    def state_dict(self) -> dict[str, Any]:
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.generator.set_state(state["generator"])


class Cooling(Temperature):
    """t falls by a tenth an epoch, counted in a state of its own."""

    def __init__(self, *, t0: float, edges: int) -> None:
        super().__init__(t0=t0)
        assert edges == 6
        self.told = 0

    def update(self, *, epoch: int, entropy: float) -> float:
        self.told += 1
        self.t = self.t0 * 0.9**self.told
        return self.t

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "told": self.told}


class Growing(Regulariser):
    """Pulls logits together, more at each call: it has a state without being told epochs."""

    def __init__(self, *, allowed: Tensor) -> None:
        self.allowed, self.calls = allowed, 0

    def __call__(self, logits: Tensor, beta: Tensor) -> Tensor:
        self.calls += 1
        return self.calls * (logits[:, :5] * self.allowed).square().mean()

    def state_dict(self) -> dict[str, Any]:
        return {"calls": self.calls}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.calls = state["calls"]


class Twice(FirstOrder):
    """Two logit steps for one weight step."""

    def step_logits(self, *arguments: Any) -> None:
        super().step_logits(*arguments)
        super().step_logits(*arguments)


class Counting(Stage):
    """Counts steps into the record."""

    def __init__(self, *, seed: int, edges: int, operations: int) -> None:
        self.seed, self.size, self.steps = seed, edges * operations, 0

    def end_step(self, search: Search) -> None:
        self.steps += 1

    def end_epoch(self, search: Search, epoch: int) -> dict[str, Any]:
        return {"steps_in_all": self.steps, "size": self.size}

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps = state["steps"]


def smallest(logits: Tensor, allowed: Tensor) -> list[int]:
    """The smallest logit that is allowed."""
    return logits.masked_fill(~allowed, torch.inf).argmin(-1).tolist()  # type: ignore[no-any-return]


PARTS: dict[str, Any] = {
    "relaxation": Noisy,
    "temperature": Cooling,
    "regulariser": Growing,
    "selection": smallest,
    "step": Twice,
    "stage": Counting,
}


@pytest.mark.search
@pytest.mark.parametrize("kind", every(2, ["all", *PARTS]))
def test_a_part_of_each_kind_searches_and_resumes_bit_for_bit(tmp_path: Path, kind: str) -> None:
    chosen = PARTS if kind == "all" else {kind: PARTS[kind]}
    card = naslib_edd.register_method("mine", base="darts_v1", **chosen)
    assert card.hosts == (
        ("builtin",) if kind in ("selection", "stage", "all") else ("builtin", "naslib")
    )
    whole = run(tiny_settings(tmp_path / "whole", optimizer="mine"))
    known = run(tiny_settings(tmp_path / "base", optimizer="darts_v1"))
    assert rows_of(whole.folder) != rows_of(known.folder)
    cut = tiny_settings(tmp_path / "cut", optimizer="mine", search={"checkpoint_seconds": 0.0})
    with power_cut(epoch=1, step=2):
        run(cut)
    torch.manual_seed(1)
    resumed = run(cut, resume=True)
    assert rows_of(resumed.folder) == rows_of(whole.folder)
    assert {**without_timings(resumed.result), "changed": {}} == {
        **without_timings(whole.result),
        "changed": {},
    }
    assert whole.result["optimizer"] == "mine"
    if kind == "stage":
        assert [row["steps_in_all"] for row in whole.rows] == [3, 6, 9]
        assert whole.rows[0]["size"] == 30
    if kind == "temperature":
        assert [row["t"] for row in whole.rows] == pytest.approx([1, 0.9, 0.81])
    if kind == "selection":
        last = whole.rows[-1]
        assert last["ops"] == smallest(torch.tensor(last["logits"]), torch.ones(6, 5) > 0)


def square(logits: Tensor, t: Tensor) -> Tensor:
    weights = (logits / t).exp().square()
    return weights / weights.sum(-1, keepdim=True)


def spread(logits: Tensor, beta: Tensor) -> Tensor:
    return beta.square().mean()


def halving(epoch: int, entropy: float) -> float:
    return float(0.5**epoch)


@pytest.mark.search
def test_functions_will_do(tmp_path: Path) -> None:
    register_method("square", relaxation=square, temperature=halving, regulariser=spread)
    found = run(tiny_settings(tmp_path, optimizer="square"))
    assert [row["t"] for row in found.rows] == [1.0, 0.5, 0.25]
    # exp(A/t)² / Σ is softmax at half the temperature.
    logits, t = torch.randn(6, 5), torch.tensor(0.7)
    assert torch.allclose(square(logits, t), torch.softmax(logits / (t / 2), -1))


@pytest.mark.search
def test_a_sampled_relaxation_computes_one_operation_an_edge(tmp_path: Path) -> None:
    """GDAS' own relaxation under another name is GDAS, bit for bit."""
    register_method("mine", base="gdas", relaxation=Gumbel)
    mine = run(tiny_settings(tmp_path / "mine", optimizer="mine"))
    gdas = run(tiny_settings(tmp_path / "gdas", optimizer="gdas"))
    assert rows_of(mine.folder) == rows_of(gdas.folder)
    with pytest.raises(UserError, match=r"sampled = True.*base the method on gdas"):
        register_method("other", relaxation=Gumbel)
    assert "other" not in CARDS


@pytest.mark.search
def test_softmax_under_another_name_is_darts(tmp_path: Path) -> None:
    register_method("mine", relaxation=Softmax, step=FirstOrder)
    mine = run(tiny_settings(tmp_path / "mine", optimizer="mine"))
    darts = run(tiny_settings(tmp_path / "darts", optimizer="darts_v1"))
    assert rows_of(mine.folder) == rows_of(darts.folder)


def test_card_settings_and_config(tmp_path: Path) -> None:
    register_method("mine", relaxation=Noisy, settings={"epochs": 7}, source="A paper of 2026")
    assert "A paper of 2026" in listing("mine") and f"{__name__}:Noisy" in listing("mine")
    assert json.loads(listing("mine", form="json"))[0]["values"]["epochs"] == 7
    config = load({"optimizer": "mine"})
    assert config.search.epochs == 7 and config.search.own_relaxation == f"{__name__}:Noisy"
    # Another method over a config that was written out for this one does not keep its parts.
    file = tmp_path / "mine.yaml"
    file.write_text(naslib_edd.config.loading.dump(config))
    assert load(file, ["optimizer=gdas"]).search.own_relaxation is None
    # Registered again, as a notebook's cell is: the new class counts.
    register_method("mine", regulariser=spread)
    assert load({"optimizer": "mine"}).search.own_relaxation is None


@pytest.mark.search
def test_a_run_of_other_parts_is_not_resumed(tmp_path: Path) -> None:
    register_method("mine", relaxation=Noisy)
    with power_cut(epoch=1, step=2):
        run(tiny_settings(tmp_path, optimizer="mine"))
    register_method("mine", relaxation=square)
    with pytest.raises(UserError, match=r"own_relaxation was '.*:Noisy' there"):
        run(tiny_settings(tmp_path, optimizer="mine"), resume=True)


@pytest.mark.search
def test_a_run_of_a_method_unknown_here_is_reported(tmp_path: Path) -> None:
    register_method("mine", relaxation=Noisy)
    found = run(tiny_settings(tmp_path / "runs", optimizer="mine"))
    CARDS.pop("mine")
    METHODS.pop("mine")
    report([tmp_path / "runs"], tmp_path / "out")
    assert "mine" in (tmp_path / "out" / "table.md").read_text()
    with pytest.raises(UserError, match=r"unknown optimizer 'mine'.*register_method"):
        load(found.folder / "config.yaml")


class NoExpected(Relaxation):
    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        return torch.softmax(logits, -1)


class Bare:
    def expected(self, logits: Tensor, t: Tensor) -> Tensor:
        return logits


class Greedy(Softmax):
    def __init__(self, *, power: float) -> None:
        self.power = power


class Narrow(Softmax):
    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        return torch.softmax(logits, -1)[:, :4]


class Unmasked(Softmax):
    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        return torch.sigmoid(logits.clamp_min(-9))


class Broken(Softmax):
    def __call__(self, logits: Tensor, t: Tensor) -> Tensor:
        raise ZeroDivisionError("by design")


class Hoarder(Regulariser):
    def __call__(self, logits: Tensor, beta: Tensor) -> Tensor:
        return logits.sum()

    def state_dict(self) -> dict[str, Any]:
        return {"seen": {1, 2, 3}}


def no_scalar(logits: Tensor, beta: Tensor) -> Tensor:
    return logits


def five(logits: Tensor, allowed: Tensor) -> list[int]:
    return [0] * 5


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"relaxation": NoExpected}, "NoExpected is no relaxation: it lacks expected; subclass"),
        ({"relaxation": Bare}, "lacks __call__, quiet, edge_weights, gradient_terms, begin_epoch"),
        ({"relaxation": Greedy}, "Greedy asks for power, .* it knows settings, seed, epochs, gen"),
        ({"relaxation": Narrow}, r"Narrow: it gives \[6, 4\] for logits of \[6, 5\]"),
        ({"relaxation": Unmasked}, "weight is not 0 where a logit of minus infinity"),
        ({"relaxation": Broken}, r"fails as a relaxation \(ZeroDivisionError: by design\)"),
        ({"relaxation": Softmax()}, "is an object; give the class"),
        ({"relaxation": lambda logits, t: logits}, "is a lambda"),
        ({"regulariser": Hoarder}, "state_dict.. of Hoarder holds more than tensors"),
        ({"regulariser": no_scalar}, "no_scalar: a regulariser gives a scalar"),
        ({"selection": five}, r"five chose \[0, 0, 0, 0, 0\]"),
        ({"temperature": Softmax}, "Softmax is no temperature: it lacks update"),
        ({"step": Counting}, "Counting is no step: it lacks step"),
        ({"step": square}, "square is no class; give a subclass of naslib_edd.bilevel.FirstOrder"),
        ({"stage": Softmax}, "Softmax is no stage: it lacks end_step, end_epoch"),
        ({"base": "darts_v3"}, "unknown base 'darts_v3'; did you mean"),
        ({"settings": {"epoch": 3}}, "unknown key 'search.epoch'.*did you mean 'search.epochs'"),
        ({"settings": {"epochs": -3}}, "search.epochs = -3 must be at least 1"),
        ({"settings": {"partial_channels": 3}}, "does not divide"),
    ],
)
def test_what_is_no_part_is_refused(given: dict[str, Any], match: str) -> None:
    with pytest.raises(UserError, match=match) as error:
        register_method("mine", **given)
    assert "\n" not in str(error.value)
    assert "mine" not in CARDS and "mine" not in METHODS


@pytest.mark.parametrize(
    ("name", "match"), [("edd_darts", "already"), ("../x", "no name"), ("", "no name")]
)
def test_names(name: str, match: str) -> None:
    with pytest.raises(UserError, match=match):
        register_method(name)


@pytest.mark.search
def test_a_config_cannot_name_code_to_run(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, search={"own_relaxation": "os:system"})
    with pytest.raises(UserError, match="os:system of this config is not known here"):
        run(settings)
    assert not (tmp_path / "nasbench201").exists()


PACKAGE = """
import naslib_edd
from naslib_edd.relaxation import Softmax

class Mine(Softmax):
    pass

def register():
    naslib_edd.register_method("theirs", base="edd_darts", relaxation=Mine, source="A package")
"""


@pytest.mark.search
@pytest.mark.process
def test_a_package_brings_a_method_by_its_entry_point(tmp_path: Path) -> None:
    (tmp_path / "their_package.py").write_text(PACKAGE)
    info = tmp_path / "their_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[naslib_edd.methods]\ntheirs = their_package:register\nbroken = their_package:nothing\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])}

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, *words]
        return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)

    config = tmp_path / "tiny.yaml"
    config.write_text(json.dumps(tiny_settings(tmp_path / "runs", optimizer="theirs")))
    done = command("-m", "naslib_edd.cli", "search", str(config), "--no-figures", "search.epochs=1")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs" / "nasbench201" / "digits" / "theirs" / "0"
    assert "their_package:Mine" in (folder / "config.yaml").read_text()
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(
        json.dumps({"config": str(config), "methods": ["theirs"], "out_dir": str(tmp_path / "s")})
    )
    # The shorter commands in one process: each imports PyTorch.
    lines = [["methods", "theirs"], ["methods"], ["sweep", str(sweep), "--list"]]
    lines += [["methods", "broken"]]
    script = "import sys; from naslib_edd.cli.commands import main\n"
    script += "".join(f"print('exit', main({line!r}))\n" for line in lines)
    told = command("-c", script)
    assert told.returncode == 0, told.stderr
    card, listed, swept, broken, _ = re.split(r"^exit (?=\d$)", told.stdout, flags=re.MULTILINE)
    assert "own_relaxation=their_package:Mine" in card
    assert listed.startswith("0\n") and "theirs" in listed
    assert swept.startswith("0\n") and "optimizer=theirs" in swept
    assert broken == "0\n" and told.stdout.endswith("exit 2\n")
    warned, error = told.stderr.split("naslib-edd: ")  # the list of all warns of it, too
    assert "UserWarning: the method 'broken'" in warned
    assert "their_package:nothing cannot be loaded" in error and error.count("\n") == 1
