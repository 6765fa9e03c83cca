"""DARTS-V1 and V2 against whole steps of NB201's release (made by make/darts.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from naslib_edd.bilevel import FirstOrder, SecondOrder
from naslib_edd.relaxation import Softmax
from naslib_edd.spaces.nb201.fast import FastSupernet
from naslib_edd.spaces.nb201.plain import PlainSupernet
from naslib_edd.spaces.nb201.twins import copy_from_plain, plain_twin_of

FOLDER = Path(__file__).parent
ONE = torch.tensor(1.0, dtype=torch.float64)
#: The parts of the two presets, and the norm that V1's numbers were clipped to.
PARTS: dict[str, tuple[type[FirstOrder], dict[str, Any]]] = {
    "darts_v1": (FirstOrder, {"grad_clip": 0.5}),
    "darts_v2": (SecondOrder, {"order": "logits_first"}),
}


@pytest.mark.parametrize("method", list(PARTS))
@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_steps_of_the_release(method: str, engine: str) -> None:
    """Logits' gradients, logits, weights and running statistics of its whole search step."""
    golden = np.load(FOLDER / f"{method}.npz")
    plain = PlainSupernet(channels=2, cells=1, classes=3).double()
    state, place = plain.state_dict(), 0
    for name in sorted(state):
        count = state[name].numel()
        part = torch.from_numpy(golden["start"][place : place + count]).double()
        state[name], place = part.view(state[name].shape), place + count
    assert place == len(golden["start"])
    plain.load_state_dict(state)
    supernet: PlainSupernet | FastSupernet = plain
    if engine == "fast":
        supernet = copy_from_plain(FastSupernet(channels=2, cells=1, classes=3).double(), plain)
    logits = torch.from_numpy(golden["logits"]).requires_grad_()
    kind, options = PARTS[method]
    step = kind(
        supernet=supernet,
        logits=logits,
        relaxation=Softmax(),
        weight_optimizer=torch.optim.SGD(
            supernet.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4
        ),
        logit_optimizer=torch.optim.Adam([logits], lr=0.01, betas=(0.5, 0.999), weight_decay=1e-3),
        clip="weights_and_logits",
        stale_logits=True,
        **options,
    )
    seen: list[Tensor] = []

    def note(*_: Any) -> None:
        assert logits.grad is not None
        seen.append(logits.grad.clone())

    step.logit_optimizer.register_step_pre_hook(note)
    for number in range(len(golden["train_x"])):
        train, val = (
            (
                torch.from_numpy(golden[f"{half}_x"][number]).double(),
                torch.from_numpy(golden[f"{half}_y"][number]),
            )
            for half in ("train", "val")
        )
        step.step(train, val, ONE)
        # A difference at a radius of 1e-2: rounding is some 1e-13 / 1e-2.
        assert seen[-1].numpy() == pytest.approx(golden["gradients"][number], abs=1e-9)
        assert logits.detach().numpy() == pytest.approx(golden["trace"][number], abs=1e-9)
    end = (plain_twin_of(supernet) if isinstance(supernet, FastSupernet) else supernet).state_dict()
    flat = torch.cat([end[name].flatten() for name in sorted(end)]).numpy()
    assert flat == pytest.approx(golden["end"], rel=1e-6, abs=1e-7)
