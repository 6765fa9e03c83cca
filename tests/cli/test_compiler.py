"""A search does without torch's compiler, and its optimizers step as they do with it."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers import tiny_settings

from naslib_edd.cli.compiler import leave_compiler_out

#: Prints weights after some steps of each optimizer, and whether the compiler was imported.
STEPS = """
import json, sys, torch
from torch import nn
from naslib_edd.cli.compiler import leave_compiler_out
left = "leave" in sys.argv and leave_compiler_out()
found = []
for kind, options in (
    (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-3}),
    (torch.optim.Adam, {"betas": (0.5, 0.999)}),
    (torch.optim.Adam, {"differentiable": True}),
):
    torch.manual_seed(0)
    net = nn.Linear(3, 2)
    weights = [w.detach().requires_grad_() for w in net.parameters()]
    start = [w * 1 for w in weights] if "differentiable" in options else weights
    optimizer = kind(start, lr=0.1, **options)
    for _ in range(3):
        optimizer.zero_grad()
        for w in start:
            w.grad = w.detach() * 0.5
        optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    found += [start[0].requires_grad, start[0].tolist(), start[1].tolist()]
print(json.dumps([left, "torch._dynamo" in sys.modules, found]))
"""
SEARCH = """
import sys
from naslib_edd.cli.commands import main
code = main(sys.argv[1:])
sys.exit(code or "torch._dynamo" in sys.modules or "sklearn" in sys.modules)
"""


@pytest.mark.process
@pytest.mark.filterwarnings("ignore:The .grad attribute")  # differentiable=True has none
def test_the_steps_are_torchs(capsys: pytest.CaptureFixture[str]) -> None:
    line = [sys.executable, "-c", STEPS, "leave"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    left, compiler, found = json.loads(done.stdout)
    assert (left, compiler) == (True, False)
    exec(STEPS, {})  # here as torch has it
    assert json.loads(capsys.readouterr().out) == [False, True, found]


def test_a_process_with_the_compiler_keeps_it() -> None:
    importlib.import_module("torch._dynamo")
    methods = dict(vars(torch.optim.SGD))
    assert not leave_compiler_out()
    assert dict(vars(torch.optim.SGD)) == methods


@pytest.mark.process
@pytest.mark.search
def test_a_search_imports_neither_the_compiler_nor_scikit_learn(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps(tiny_settings(tmp_path / "runs", search={"epochs": 1})))
    line = [sys.executable, "-c", SEARCH, "search", str(config), "--no-figures"]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
