"""What a user types: taken as it is, shown as it is, and answered in the reader's own terms."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from helpers import FOLDER, run, tiny_settings, write_table
from rich.console import Console

from naslib_edd import errors
from naslib_edd.cli.commands import main
from naslib_edd.config.loading import load
from naslib_edd.data import resolve
from naslib_edd.data.names import NAMES, canonical
from naslib_edd.engine.console import say
from naslib_edd.errors import UserError, on_command_line, remedy
from naslib_edd.plugin.naslib_config import pairs
from naslib_edd.storage.literal import literal, value
from naslib_edd.tables.columns import NB201_DATASETS, dataset_name

SPELLINGS = {
    "digits": ["digits", "Digits", " digits"],
    "cifar10": ["CIFAR10", "cifar-10", "CIFAR-10", "cifar_10", "Cifar10"],
    "cifar100": ["CIFAR100", "cifar-100", "CIFAR-100"],
    "svhn": ["SVHN"],
    "ImageNet16-120": ["ImageNet16-120", "imagenet16_120", "IMAGENET16120", "ImageNet-16-120"],
}


@pytest.mark.parametrize("text", ["/x/a #b", "007", "on", "2024-05-01", "~", "'x'", "a: b", "[v1]"])
def test_a_text_setting_takes_the_text_as_typed(text: str) -> None:
    config = load({}, [f"out_dir={text}", f"table={text}", f"search.split_file={text}"])
    assert (config.out_dir, config.table, config.search.split_file) == (text, text, text)
    assert pairs([f"out_dir={text}", "data", text]) == [("out_dir", text), ("data", text)]
    if "/" not in text:
        assert load({}, [f"name={text}"]).name == text
    assert load({"table": "x", "name": "y"}, ["table=null", "name="]).table is None


def test_an_error_names_where_the_value_was_given(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("search: {epochs: many, cells: 2}")
    with pytest.raises(UserError, match=rf"not 'many' \(in {path}\)"):
        load(path)
    with pytest.raises(UserError, match=r"not 'few' \(on the command line\)"):
        load(path, ["search.epochs=few"])
    with pytest.raises(UserError, match=r"cells = 0 must be at least 1 \(on the command line\)"):
        load(path, ["search.epochs=3", "search.cells=0"])
    path.write_text("name: 007")
    with pytest.raises(UserError, match="put a text in quotes"):
        load(path)


@pytest.mark.parametrize("name", NAMES)
def test_every_spelling_is_one_data_set(name: str) -> None:
    for spelling in SPELLINGS[name]:
        assert canonical(spelling) == name == resolve(spelling).name
        assert load({}, [f"dataset={spelling}"]) == load({"dataset": name})
        if name not in ("digits", "svhn"):
            plain = name.lower().replace("-", "_")
            assert dataset_name(spelling, NB201_DATASETS) == plain
    assert dataset_name("cifar10-valid", NB201_DATASETS) == "cifar10"
    assert canonical("flowers") == "flowers"


@pytest.mark.search
def test_another_spelling_goes_on_with_the_same_run(tmp_path: Path) -> None:
    first = run(tiny_settings(tmp_path, dataset="digits", search={"epochs": 1}))
    again = run(tiny_settings(tmp_path, dataset="DIGITS", search={"epochs": 1}), resume=True)
    assert first.folder == again.folder == tmp_path / FOLDER
    assert len(again.rows) == 1
    assert len(repr(first)) < 400


def printed(text: str) -> str:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    say(console, text)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("text", ["[red]x[/blue]", "runs/[v1]/a", "[/]", ":smile: [link=x]"])
def test_the_console_shows_markup_as_it_is(text: str) -> None:
    assert printed(text) == f"{text}\n"


def test_the_console_shows_escapes_and_shortens() -> None:
    assert printed("a\x1b[31mb\rc\u202e") == "a\\x1b[31mb\\rc\\u202e\n"
    assert len(printed("x" * 5000)) < 2100
    assert literal("é 名前 – β") == "é 名前 – β"
    assert literal("a\nb\ud800") == "a\\nb\\ud800"
    assert literal("x" * 100 + "y" * 100, most=60).startswith("xxx")
    assert len(literal("\x1b" * 5000)) <= 2000
    assert value(10**5000) == "a whole number of 16610 bits"
    assert len(value(["x" * 10_000])) <= 160


@pytest.mark.search
def test_a_run_with_markup_in_its_name_is_announced_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tiny_settings(tmp_path, name="[red]x[bold]", search={"epochs": 1})
    result = run(settings, console=Console(width=400))
    assert f"writing to {result.folder}" in capsys.readouterr().out


@pytest.mark.search
def test_remedies_suit_their_reader(tmp_path: Path) -> None:
    text = "add --resume, or --force; see `naslib-edd search --resume`; --table PATH"
    python = "add resume=True, or force=True; see `naslib-edd search --resume`; table=PATH"
    assert remedy(text) == str(UserError(text)) == python
    with on_command_line():
        assert remedy(text) == str(UserError(text)) == text
    assert remedy(text) == python
    run(tiny_settings(tmp_path, search={"epochs": 1}))
    with pytest.raises(UserError, match=r"add resume=True to go on with it, force=True to start"):
        run(tiny_settings(tmp_path, search={"epochs": 1}))


def test_no_hint_takes_long() -> None:
    assert errors.nearest("x" * 1_000_000, ["a" * 20, "x" * 20]) != ""


def test_query_warns_of_a_collapsed_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = str(write_table(tmp_path / "table.npz"))
    pools = "|avg_pool_3x3~0|+|skip_connect~0|avg_pool_3x3~1|+" + (
        "|skip_connect~0|avg_pool_3x3~1|skip_connect~2|"
    )
    assert main(["query", pools, "--table", table]) == 0
    assert "warning: no convolution lies on a path" in capsys.readouterr().out
    assert main(["query", "6111", "--table", table]) == 0
    assert "warning" not in capsys.readouterr().out
    assert main(["query", "1835", "--table", table, "--json"]) == 0
    assert '"warning": "no convolution' in capsys.readouterr().out
