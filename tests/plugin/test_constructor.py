"""Constructor arguments in every way that NASLib's users write them."""

from __future__ import annotations

import configparser
import logging
from pathlib import Path

import pytest

from naslib_edd.config.methods import CARDS, METHODS
from naslib_edd.errors import UserError
from naslib_edd.plugin.constructor import settings
from naslib_edd.plugin.naslib_config import pairs
from naslib_edd.plugin.registry import GROUP, class_name


def test_by_name_and_as_a_whole() -> None:
    search = {"epochs": 20, "learning_rate": 0.05, "seed": 4, "gpu": None, "tau_max": 10}
    by_name = settings("edd_darts", (), search)
    whole = settings("edd_darts", ({"seed": 4, "search": search, "dataset": "cifar10"},), {})
    assert by_name == whole
    assert (by_name.seed, by_name.search.epochs, by_name.search.learning_rate) == (4, 20, 0.05)
    assert by_name.search.temperature == "edd"  # the preset is under what was given


def test_old_style_classes_and_new_style_names() -> None:
    class SGD: ...

    class Adam: ...

    class CrossEntropyLoss: ...

    config = {"search": {"epochs": 3}}
    old = settings(
        "darts_v1",
        (config,),
        {"op_optimizer": SGD, "arch_optimizer": Adam, "loss_criteria": CrossEntropyLoss()},
    )
    new = settings("darts_v1", (), {"epochs": 3, "op_optimizer": "SGD", "arch_optimizer": "Adam"})
    assert old == new
    assert new.search.nesterov
    assert not settings("darts_v1", (), {"op_optimizer": "momentum"}).search.nesterov
    written_out = {"arch_optimizer": "exponentiated_gradient"}
    assert settings("gaea_bilevel", (), written_out) == settings("gaea_bilevel", (), {})


@pytest.mark.parametrize("value", [0, None])
def test_naslibs_way_to_switch_clipping_off(value: float | None) -> None:
    assert settings("edd_darts", (), {"grad_clip": value}).search.clip == "off"
    assert settings("edd_darts", (), {"grad_clip": 5}).search.clip == "weights"


@pytest.mark.parametrize(
    ("given", "keywords", "message"),
    [
        ((0.025,), {}, r"by name, as in Optimizer\(\*\*config.search\)"),
        (({}, 1), {}, "2 positional"),
        ((), {"op_optimizer": "Adam"}, "op_optimizer 'adam' is not supported; use 'SGD'"),
        ((), {"arch_optimizer": "SGD"}, "arch_optimizer 'sgd' is not supported; use 'Adam'"),
        ((), {"loss_criteria": "MSELoss"}, "loss_criteria 'mseloss' is not supported"),
        ((), {"epochs": 0}, "search.epochs = 0 must be at least 1"),
    ],
)
def test_wrong_arguments(given: tuple, keywords: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        settings("edd_darts", given, keywords)


def test_a_misspelt_key_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        settings("edd_darts", (), {"edd_lamda": 0.12, "fidelity": 200})
    assert "search.edd_lamda is no setting" in caplog.text
    assert "did you mean search.edd_lambda?" in caplog.text
    assert "fidelity" not in caplog.text


def test_overrides_in_both_ways() -> None:
    found = pairs(["search.epochs", "3", "seed=7", "save_arch_weights", "False", "name", "a=b"])
    assert found[:3] == [("search.epochs", 3), ("seed", 7), ("save_arch_weights", False)]
    assert pairs(["search.edd_lambda=1.2e-1"]) == [("search.edd_lambda", 0.12)]
    with pytest.raises(UserError, match="'seed' on the command line has no value"):
        pairs(["search.epochs", "3", "seed"])


def test_class_names() -> None:
    names = [class_name(method) for method in METHODS]
    assert len(set(names)) == len(METHODS)
    assert {"EDDDARTSOptimizer", "ETSGDASOptimizer", "EDDPCDARTSOptimizer"} <= set(names)


def test_the_entry_points_are_the_methods() -> None:
    """What is installed under the group is what the registry has, by the classes' names."""
    setup = configparser.ConfigParser()
    setup.read(Path(__file__).parents[2] / "setup.cfg")
    lines = setup["options.entry_points"][GROUP].split("\n")
    found = dict(line.split(" = ") for line in lines if " = " in line)
    here = [name for name, card in CARDS.items() if "naslib" in card.hosts]
    assert found == {method: f"naslib_edd.plugin:{class_name(method)}" for method in here}


@pytest.mark.parametrize("method", ["random_search", "local_search"])
def test_what_only_the_built_in_engine_runs_is_refused(method: str) -> None:
    with pytest.raises(UserError, match="runs on the built-in engine"):
        settings(method, (), {})
