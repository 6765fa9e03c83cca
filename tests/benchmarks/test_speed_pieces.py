"""Pieces of a benchmark: each is saved at once, and a rerun goes on with what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from racing.record import Piece, run_pieces
from racing.steps import Record

from naslib_edd.errors import UserError

pytestmark = pytest.mark.benchmark

NAMES = ["a", "b", "c"]


class Fakes:
    """Pieces that are counted; one of them may fail."""

    def __init__(self, out: Path) -> None:
        self.out, self.ran = out, list[str]()
        self.told = list[str]()

    def run(
        self,
        settings: int = 1,
        head: str = "now",
        fails: str | None = None,
        most: int | None = None,
    ) -> Record:
        def piece(name: str) -> Piece:
            def work() -> Record:
                if name == fails:
                    raise RuntimeError("power cut")
                self.ran.append(name)
                return {"number": len(self.ran)}

            return work

        return run_pieces(
            {name: piece(name) for name in NAMES},
            lambda done: [{"done": len(done)}],
            self.out,
            head={"date": head},
            settings={"channels": settings},
            tell=self.told.append,
            most=most,
        )

    def saved(self) -> Record:
        found: Record = json.loads(self.out.read_text(encoding="utf-8"))
        return found


@pytest.fixture
def fakes(tmp_path: Path) -> Fakes:
    return Fakes(tmp_path / "folder" / "record.json")


def test_a_run_that_was_cut_off_goes_on(fakes: Fakes) -> None:
    with pytest.raises(RuntimeError, match="power cut"):
        fakes.run(fails="b", head="first")
    assert list(fakes.saved()["pieces"]) == ["a"] and fakes.saved()["goals"] == [{"done": 1}]
    record = fakes.run(head="second")
    assert fakes.ran == NAMES and list(record["pieces"]) == NAMES
    assert record == fakes.saved() and record["goals"] == [{"done": 3}]
    # Where and when each was measured, not only the last.
    assert [record["pieces"][name]["head"]["date"] for name in NAMES] == ["first"] + ["second"] * 2
    assert [record["pieces"][name]["number"] for name in NAMES] == [1, 2, 3]
    assert "a: in record.json already" in fakes.told


def test_a_complete_record_is_not_touched(fakes: Fakes) -> None:
    record = fakes.run()
    before = fakes.out.read_bytes()
    assert fakes.run()["pieces"] == record["pieces"] and fakes.ran == NAMES
    assert fakes.out.read_bytes() == before


def test_it_says_where_it_is_and_stops_when_asked(fakes: Fakes) -> None:
    fakes.run(most=2)
    assert fakes.ran == ["a", "b"]
    assert fakes.told[0] == "[1 of 3] a …" and fakes.told[1].startswith("[1 of 3] a: 0 s; 2 to go")
    del fakes.told[:]
    fakes.run(most=2)
    assert fakes.ran == NAMES and fakes.told[2:] == ["[3 of 3] c …", "[3 of 3] c: 0 s"]


def test_other_settings_are_measured_anew(fakes: Fakes) -> None:
    fakes.run(settings=1)
    record = fakes.run(settings=2)
    assert fakes.ran == NAMES * 2 and record["settings"] == {"channels": 2}
    assert "record.json is of other settings: all is measured anew" in fakes.told


@pytest.mark.parametrize("text", ["{", '{"engines": {}}', "[]"])
def test_a_file_that_is_no_such_record(fakes: Fakes, text: str) -> None:
    fakes.out.parent.mkdir()
    fakes.out.write_text(text, encoding="utf-8")
    if text == "{":
        with pytest.raises(UserError, match=r"record\.json is no record"):
            fakes.run()
        assert fakes.ran == []
    else:
        assert list(fakes.run()["pieces"]) == NAMES
