"""The page: what it holds, that a run's texts stay texts, and how a browser shows it."""

from __future__ import annotations

import json
import re
import shutil
import time
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from browser import ask, screenshot

from naslib_edd.report import report

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where the first test's runs and report are kept for the others."""
    return tmp_path_factory.mktemp("kept") / "all"


@pytest.fixture
def made(make_run, tmp_path, kept):
    """Three methods, four seeds each; the page of their report."""
    if kept.exists():
        shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
        return tmp_path / "out" / "index.html"
    for place, name in enumerate(("darts_v1", "edd_darts", "gdas")):
        for seed in range(4):
            make_run(
                f"runs/{name}/{seed}", seed=seed, index=6111 if place else 138 + seed,
                config={"optimizer": name, "dataset": "cifar10"},
                accuracies={"cifar10": (80.0, 90.0 + place + 0.1 * seed)},
            )  # fmt: skip
    page = report([tmp_path / "runs"], tmp_path / "out")[-1]
    shutil.copytree(tmp_path, kept)
    return page


class Parsed(HTMLParser):
    """Tags that a text has, with their attributes, and that they close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "br", "img", "use"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_it_is_one_file_that_asks_for_nothing(made):
    assert made.name == "index.html"
    text = made.read_text("utf-8")
    parsed = Parsed(text)
    assert parsed.open == []
    for tag, attributes in parsed.tags:
        assert tag not in ("link", "iframe", "img"), tag
        assert not attributes.get("src")
        link = attributes.get("href") or attributes.get("xlink:href") or "#"
        assert not re.match(r"[a-z]+:", link) or link.startswith("data:")
    assert "default-src 'none'" in text and "@import" not in text
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = set(re.findall(r"url\(#([^)]*)\)", text))
    assert wanted <= set(ids) and wanted


def test_every_run_leads_to_its_record_and_command(made, tmp_path):
    text = made.read_text("utf-8")
    links = [
        a["href"] for tag, a in Parsed(text).tags if tag == "a" and "record.jsonl" in a["href"]
    ]
    found = {(made.parent / unquote(link)).resolve() for link in links}
    assert found == {path.resolve() for path in (tmp_path / "runs").rglob("record.jsonl")}
    assert text.count("naslib-edd search ") == 12
    assert "out_dir=again" in text


def test_numbers_are_those_of_the_table(made):
    text = made.read_text("utf-8")
    assert "92.15 ± 0.13" in text and "mean rank" in text
    assert "8 of 12" in text  # one cell, found by two methods
    assert "3 comparisons: n too small: no result could be significant." in text


def test_texts_of_runs_run_nothing(make_run, tmp_path):
    def name(rows):
        for row in rows:
            row["arch_str"] = EVIL

    for seed in (0, 1):
        run = make_run(
            f"runs/{seed}", seed=seed, rows=name, accuracies={EVIL: (1.0, 2.0)},
            result={"warning": EVIL, "arch_str": EVIL},
        )  # fmt: skip
        config = run / "config.yaml"
        text = config.read_text()
        config.write_text(re.sub("name: .*", f"name: {json.dumps(EVIL)}", text))
    text = report([tmp_path / "runs"], tmp_path / "out")[-1].read_text("utf-8")
    tags = Parsed(text).tags
    assert sum(tag == "script" for tag, _ in tags) == 1
    assert not any(tag == "img" or "onerror" in attributes for tag, attributes in tags)
    assert "&lt;/script&gt;" in text


def test_damaged_and_unfinished_runs_are_named_and_cost_nothing_else(make_run, tmp_path):
    make_run("runs/a", accuracies={"digits": (1.0, 2.0)})
    make_run("runs/b", seed=1, finished=False)
    damaged = make_run("runs/c", seed=2)
    record = damaged / "record.jsonl"
    lines = record.read_text().splitlines()
    record.write_text("\n".join([lines[0], lines[1][:40], lines[2]]) + "\n")
    with pytest.warns(UserWarning, match="left out"):
        text = report([tmp_path / "runs"], tmp_path / "out")[-1].read_text("utf-8")
    assert f"{damaged}</code>: line 2 of" in text
    assert "edd_darts, seed 1 (epoch 3)" in text
    assert text.count("naslib-edd search ") == 1


def test_the_same_runs_give_the_same_page(made, tmp_path):
    again = report([tmp_path / "runs"], tmp_path / "out")[-1]
    first = made.read_text("utf-8")
    assert again.read_text("utf-8") == first


def test_a_browser_sorts_its_tables_and_nothing_is_wider_than_a_phone(made):
    script = """(() => {
      const table = document.querySelector("#run-table");
      const button = table.querySelectorAll("thead button")[2];
      const column = () => [...table.tBodies[0].rows].map((row) => row.cells[2].textContent);
      button.click(); const down = column(); button.click(); const up = column();
      const input = document.querySelector("input[data-filters=run-table]");
      input.value = "gdas"; input.dispatchEvent(new Event("input"));
      const left = [...table.tBodies[0].rows].filter((row) => !row.hidden).length;
      document.getElementById("theme").click();
      return {down, up, left, theme: document.documentElement.dataset.theme};
    })()"""
    told = json.loads(ask(made, script, width=390))
    assert told["wide"] == 390
    found = told["found"]
    assert found["down"] == sorted(found["down"], reverse=True)
    assert found["up"] == found["down"][::-1]
    assert found["left"] == 4 and found["theme"] == "dark"


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_shows_it(made, tmp_path, width, dark):
    image = screenshot(made, tmp_path / "shot.png", width=width, dark=dark)
    assert image.shape == (1400, width, 3)
    paper, ink = (0.15, 0.6) if dark else (0.85, 0.4)
    assert (image.mean() < 0.25) if dark else (image.mean() > 0.8)
    marked = image.mean(axis=2) > ink if dark else image.mean(axis=2) < ink
    assert 0.005 < marked.mean() < 0.3, paper
    # Both halves of the page are drawn on, down to its lower end.
    assert marked[:, : width // 2].any() and marked[:, width // 2 :].any() and marked[1000:].any()


@pytest.mark.slow
def test_a_thousand_records_of_fifty_epochs(make_run, tmp_path):
    """About 12 s on an idle core of 2026; the goal is 20."""
    for number in range(25):
        config = {"optimizer": "edd_darts", "dataset": "cifar10",
                  "search": {"edd_lambda": 0.01 * (number + 1)}}  # fmt: skip
        first = make_run(
            f"runs/{number}/0", epochs=50, config=config, index=number,
            accuracies=dict.fromkeys(("cifar10", "cifar100"), (80.0, 90.0)),
        )  # fmt: skip
        for seed in range(1, 40):
            folder = first.with_name(str(seed))
            shutil.copytree(first, folder)
            for name, old, new in (
                ("config.yaml", "\nseed: 0\n", f"\nseed: {seed}\n"),
                ("result.json", '"seed": 0', f'"seed": {seed}'),
            ):
                text = (folder / name).read_text()
                assert old in text
                (folder / name).write_text(text.replace(old, new))
    began = time.process_time()
    text = report([tmp_path / "runs"], tmp_path / "out")[-1].read_text("utf-8")
    assert time.process_time() - began < 20
    assert text.count("naslib-edd search ") == 1000
