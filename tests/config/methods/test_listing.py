"""`naslib-edd methods`: every preset with parts, source and status, in three forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from naslib_edd.cli.commands import main
from naslib_edd.config.loading import load
from naslib_edd.config.methods import CARDS
from naslib_edd.config.methods.listing import listing, parts
from naslib_edd.errors import UserError


def test_every_method_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods"]) == 0
    text = capsys.readouterr().out
    assert [line for line in text.splitlines() if not line.startswith(" ")] == list(CARDS)
    assert main(["methods", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [method["name"] for method in found] == list(CARDS)
    assert main(["methods", "--markdown"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CARDS) + 2


@pytest.mark.parametrize("name", list(CARDS))
def test_a_card_is_whole_and_its_parts_make_the_method(name: str) -> None:
    method = CARDS[name]
    assert method.source and method.status and method.hosts
    assert set(method.hosts) <= {"builtin", "naslib"}
    chosen = parts(method)
    assert {"relaxation", "temperature"} <= chosen.keys()
    search = load({"optimizer": name}).search
    assert all(getattr(search, key) == value for key, value in chosen.items())
    text = " ".join(listing(name).split())
    assert name in text and " ".join(method.source.split()) in text


def test_an_unknown_name() -> None:
    with pytest.raises(UserError, match="did you mean 'edd_darts'"):
        listing("edd_dart")


def test_the_committed_table_is_the_present_one() -> None:
    readme = Path(__file__).parents[3] / "configs" / "methods" / "README.md"
    assert readme.read_text().endswith(listing(form="markdown") + "\n")
