"""The protocol: what is trained on what, and what a result depends on."""

from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from digits_table import digits
from digits_table.digits import PROTOCOL, Protocol, images, train
from digits_table.network import StackedNetwork
from digits_table.plain import PlainArchitecture

from naslib_edd import data
from naslib_edd.spaces.nb201.encoding import index_to_ops

SHORT = dataclasses.replace(PROTOCOL, epochs=2, copies=1)
#: |conv3~0|+|skip~0|conv3~1|+…, no convolution at all, and nothing at all.
INDICES = [6111, 1835, 10676]


def test_the_images_are_those_of_a_search_on_digits() -> None:
    searched = data.load("digits", split="halves", seed=0, device=torch.device("cpu"))
    found = images()
    assert {name: len(part.labels) for name, part in found.items()} == {
        "train": 600, "val": 600, "test": 597,
    }  # fmt: skip
    for name in ("train", "val", "test"):
        part = getattr(searched, name)
        assert torch.equal(found[name].labels, part.labels)
        for channel in range(3):
            assert torch.equal(found[name].pixels, part.images[:, channel] / 255)


def test_normalised_by_what_the_training_images_have() -> None:
    pixels = images()["train"].pixels
    assert float(pixels.mean()) == pytest.approx(PROTOCOL.mean, abs=0.005)
    assert float(pixels.std()) == pytest.approx(PROTOCOL.std, abs=0.005)


def test_a_result_does_not_depend_on_its_company() -> None:
    """Bit for bit, on one kind of machine."""
    together = train(INDICES, seed=1, protocol=SHORT)
    for index, expected in zip(INDICES, together, strict=True):
        assert train([index], seed=1, protocol=SHORT) == [expected]


def test_seeds_differ() -> None:
    first, second = (train([6111], seed=seed, protocol=SHORT)[0] for seed in (0, 1))
    assert first.train_loss != second.train_loss
    assert first.test_loss != second.test_loss


def test_the_whole_training_is_that_of_the_plain_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against torch's SGD, schedule and accuracy on plain modules, in float64."""
    protocol = dataclasses.replace(SHORT, channels=2)

    def in_double(*args: object, **options: object) -> StackedNetwork:
        made = StackedNetwork(*args, **options, dtype=torch.float64)  # type: ignore[arg-type]
        plain.load_state_dict(made.parameters.of(0), strict=False)
        return made

    def corrupted(pixels: torch.Tensor, *args: object) -> torch.Tensor:
        return plain_noise(pixels, *args).double()  # type: ignore[arg-type]

    plain = PlainArchitecture(index_to_ops(6111), channels=2).double()
    plain_noise = digits._corrupt
    monkeypatch.setattr(digits, "StackedNetwork", in_double)
    monkeypatch.setattr(digits, "_corrupt", corrupted)
    [found] = train([6111], seed=3, protocol=protocol)

    losses, accuracy = _train_plainly(plain, seed=3, protocol=protocol)
    assert found.train_loss == pytest.approx(losses, abs=1e-4)
    assert found.test == pytest.approx(accuracy, abs=1e-9)


def _train_plainly(
    network: PlainArchitecture, *, seed: int, protocol: Protocol
) -> tuple[list[float], float]:
    """Loss of each epoch and accuracy in % on the test images, by torch's own parts."""
    generator = torch.Generator().manual_seed(seed)
    part, steps = images()["train"], 600 // protocol.batch_size
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=protocol.learning_rate,
        momentum=protocol.momentum,
        weight_decay=protocol.weight_decay,
        nesterov=True,
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, protocol.epochs * steps)
    epochs = []
    for _ in range(protocol.epochs):
        total, order = 0.0, torch.randperm(600, generator=generator)
        for step in range(steps):
            chosen = order[step * protocol.batch_size : (step + 1) * protocol.batch_size]
            noisy = digits._corrupt(part.pixels[chosen], protocol, generator).double()
            loss = F.cross_entropy(network(noisy.unsqueeze(1)), part.labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        epochs.append(total / steps)
    network.eval()
    test = images()["test"]
    noisy = digits._corrupt(test.pixels, protocol, torch.Generator().manual_seed(202)).double()
    hits = network(noisy.unsqueeze(1)).argmax(1) == test.labels
    return epochs, float(100 * hits.double().mean())
