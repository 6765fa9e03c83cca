"""What is said about a config that is wrong: which key, where, and what to do."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from naslib_edd.config.loading import load
from naslib_edd.errors import UserError


def says(text: str) -> Any:
    """Expect a UserError of one line with this text in it."""
    return pytest.raises(UserError, match=rf"(?s)\A(?!.*\n).*{re.escape(text)}")


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"optimiser": "x"}, "key 'optimiser' in the given config; did you mean 'optimizer'?"),
        ({"learning_rate": 0.1}, "; did you mean 'search.learning_rate'?"),
        ({"search": {"seed": 1}}, "'search.seed' in the given config; did you mean 'seed'?"),
        ({"search": {"epoch": 1}}, "'search.epoch' in the given config; did you mean 'search.ep"),
        ({"search": {"lambda": 1}}, "; did you mean 'search.edd_lambda'?"),
        ({"edd_lamda": 1}, "; did you mean 'search.edd_lambda'?"),
        ({"zzzzzz": 1}, "unknown key 'zzzzzz' in the given config; README.md and"),
        ({1: 2}, "unknown key '1'"),
    ],
)  # fmt: skip
def test_unknown_keys(given: dict[Any, Any], hint: str, tmp_path: Path) -> None:
    with says(hint):
        load(given)
    path = write(tmp_path, yaml.safe_dump(given))
    with says(hint.replace("the given config", str(path))):
        load(path)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("search.epochs", "cannot read 'search.epochs'; an override is key=value"),
        ("=3", "cannot read '=3'"),
        ("", "cannot read ''"),
        ("search.epochs=[", "cannot read the value of search.epochs on the command line, '['"),
        ("epochs=3", "unknown key 'epochs' on the command line; did you mean 'search.epochs'?"),
        ("search.epoch=3", "on the command line; did you mean 'search.epochs'?"),
        ("search.search.epochs=3", "did you mean 'search.epochs'?"),
        ("sead=3", "unknown key 'sead' on the command line; did you mean 'seed'?"),
        ("search=3", "'search' holds keys; set one of them, as in search.epochs=3"),
        ("evaluation=3", "'evaluation' holds keys"),
    ],
)
def test_wrong_overrides(text: str, hint: str) -> None:
    with says(hint):
        load({}, [text])


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("search.epochs", "three", "search.epochs must be a whole number, not 'three' (in "),
        ("search.epochs", 1.5, "search.epochs must be a whole number, not 1.5"),
        ("search.epochs", True, "search.epochs must be a whole number, not True"),
        ("search.epochs", None, "search.epochs must be a whole number, not None"),
        ("search.learning_rate", "fast", "search.learning_rate must be a finite number"),
        ("search.learning_rate", True, "search.learning_rate must be a finite number, not True"),
        ("search.learning_rate", math.nan, "must be a finite number, not nan"),
        ("search.learning_rate", "inf", "must be a finite number, not 'inf'"),
        ("search.learning_rate", 10**400, "must be a finite number"),
        ("search.nesterov", 1, "search.nesterov must be true or false, not 1"),
        ("search.nesterov", "yes!", "search.nesterov must be true or false"),
        ("search.order", "w", "must be one of 'weights_first', 'logits_first', not 'w'"),
        ("search.order", False, "must be one of 'weights_first', 'logits_first', not False"),
        ("search.clip", True, "search.clip must be one of 'off', 'weights'"),
        ("search.s", "one", "search.s must be a finite number or one of 'unit', not 'one'"),
        ("search.edd_dense_from", 1.5, "must be a whole number or null, not 1.5"),
        ("search.limit_train", "all", "must be a whole number or null"),
        (
            "search_space",
            "mobilenet",
            "unknown search_space 'mobilenet'; choose one of nasbench201, darts, s1",
        ),
        ("dataset", 10, "dataset must be a text, not 10"),
        ("name", ["x"], "name must be a text or null"),
        ("seed", -1, "seed = -1 must be at least 0"),
        ("seed", 2**64, "must be at most 9.22337e+18"),
        ("threads", 0, "threads = 0 must be at least 1"),
        ("search.epochs", 0, "search.epochs = 0 must be at least 1 (in "),
        ("search.batch_size", 1, "search.batch_size = 1 must be at least 2"),
        ("search.learning_rate", 0, "search.learning_rate = 0.0 must be above 0"),
        ("search.grad_clip", -5, "search.grad_clip = -5.0 must be above 0"),
        ("search.edd_rho", 1, "search.edd_rho = 1.0 must be at most 0.9999"),
        ("search.t0", 0, "search.t0 = 0.0 must be above 0"),
        ("search.s", 1, "search.s = 1 must be above 1"),
        ("search.s", "0.5", "search.s = 0.5 must be above 1"),
        ("search.learning_rate_min", 0.5, "learning_rate_min = 0.5 is above search.learning_rate"),
        ("search.momentum", 0, "search.nesterov needs a search.momentum above 0"),
        ("search.edd_late_from", 3, "search.edd_lambda_late and search.edd_late_from go together"),
        ("search.running_statistics", False, None),
        ("optimizer", "edd_dart", "unknown optimizer 'edd_dart'; did you mean 'edd_darts'?"),
        ("search.variant", "2021", "search.variant must be one of 'paper', 'release', not"),
    ],
)
def test_wrong_values(key: str, value: Any, hint: str | None) -> None:
    section, _, leaf = key.rpartition(".")
    given = {section: {leaf: value}} if section else {leaf: value}
    if hint is None:  # fine by itself, wrong together with the next
        load(given)
        hint, given = (
            "search.eval_statistics: running needs",
            {"search": {leaf: value, "eval_statistics": "running"}},
        )
    with says(hint):
        load(given)
    text_setting = key in ("dataset", "name")  # any text that is typed is one
    if not isinstance(value, str) and value == value and not text_setting:  # and typed
        texts = [f"search.{k}={v}" for k, v in given["search"].items()] if section else []
        typed = hint.replace("not None", "not 'None'").replace("(in ", "(on the command line")
        with says("a whole number of 1329 bits is too large" if value == 10**400 else typed):
            load({}, texts or [f"{leaf}={value}"])


@pytest.mark.parametrize("kind", ["lts_darts", "ets_darts"])
def test_a_schedule_must_go_down(kind: str) -> None:
    with says("search.t_end = 2 is above search.t0 = 1"):
        load({"optimizer": kind, "search": {"t_end": 2}})


@pytest.mark.parametrize("section", ["search", "evaluation"])
@pytest.mark.parametrize("value", [3, "x", [], False, ["a"]])
def test_sections_hold_keys(section: str, value: Any) -> None:
    for overrides in ([], [f"{section}.epochs=3"]):
        with says(f"'{section}' in the given config must hold keys and values, not {value!r}"):
            load({section: value}, overrides)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("search: [1, 2", "is not YAML: "),
        ("search:\n\tepochs: 1", "is not YAML: "),
        ("a: \x00", "is not YAML: "),
        ("- a\n- b", "must hold keys and values, as in 'optimizer: edd_darts'"),
        ("just words", "must hold keys and values"),
        ("3", "must hold keys and values"),
        (b"\xff\xfe\x00", "cannot read config "),
        ("!!python/object/apply:os.system ['true']", "is not YAML: "),
    ],
)
def test_files_that_are_no_config(text: str | bytes, hint: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with says(hint) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with says(f"there is no config {tmp_path / 'no.yaml'}; the project's are in configs/"):
        load(tmp_path / "no.yaml")
    with says(f"cannot read config {tmp_path}"):
        load(tmp_path)
    assert load(write(tmp_path, "")) == load(write(tmp_path, "# nothing\n")) == load()
