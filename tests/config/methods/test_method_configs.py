"""configs/methods: a file a method, which writes out what the method's name stands for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from naslib_edd.cli.commands import main
from naslib_edd.config.loading import load
from naslib_edd.config.methods import CARDS, METHODS
from naslib_edd.config.methods.listing import listing
from naslib_edd.config.methods.method import Method
from naslib_edd.errors import UserError

FILES = sorted((Path(__file__).parents[3] / "configs" / "methods").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_file_is_the_method(file: Path) -> None:
    text = file.read_text("utf-8")
    values = yaml.safe_load(text)
    assert text.startswith("# ")
    assert values["optimizer"] == file.stem and values["dataset"] == "cifar10"
    alone = load({"optimizer": file.stem, "dataset": "cifar10"})
    assert load(file).search == alone.search
    # The method's own parts stand in the file.
    assert set(METHODS[file.stem]) <= set(values["search"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_file_is_what_the_command_prints(file: Path) -> None:
    """Of another text: ``naslib-edd methods NAME --yaml > configs/methods/NAME.yaml``."""
    assert file.read_bytes().decode() == listing(file.stem, form="yaml") + "\n"


def test_every_method_has_a_file() -> None:
    assert {file.stem for file in FILES} == set(METHODS)


@pytest.mark.parametrize("card", CARDS.values(), ids=list(CARDS))
def test_every_card_has_a_title_and_notes_on_its_settings_alone(card: Method) -> None:
    assert card.title.endswith(".") and "\n" not in card.title
    assert set(card.notes) <= set(card.values)
    config = listing(card.name, form="yaml")
    assert all(f"  # {note}\n" in f"{config}\n" for note in card.notes.values())


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods", "drnas", "--yaml"]) == 0
    assert capsys.readouterr().out == listing("drnas", form="yaml") + "\n"
    with pytest.raises(UserError, match="of one method: naslib-edd methods NAME --yaml"):
        listing(form="yaml")
