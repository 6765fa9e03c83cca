"""Odd values, overrides and YAML files, made from a seed: what a config may be given."""

from __future__ import annotations

import itertools
import random
import string
from pathlib import Path

from naslib_edd.config.settings import Config, SearchSettings, names

CONFIGS = Path(__file__).parents[1] / "configs"

KEYS = [
    *(name for name in names(Config) if name not in ("search", "evaluation")),
    *(f"search.{name}" for name in names(SearchSettings)),
    "evaluation.x",
    "evaluation.x.y",
]
VALUES = [
    "", " ", "null", "~", "true", "on", "off", "0", "-0", "-1", "1", "2", "3", "007", "0x10", "1e3",
    "1e308", "1e-308", "5e-324", "1.0e+309", ".inf", "-.inf", ".nan", "1:30", "1_000", str(2**63),
    str(2**64), str(10**30), "9" * 5000, "0x" + "f" * 5000, "1e30", "-1e30", "2020-01-01",
    "2020-99-99",
    "2001-12-14t21:59:43.10-05:00", "12:30:45", "!!bool x", "!!timestamp x",
    '!!int ""', "!!float x",
    "!!binary aGk=", "!!set {a}", "!!omap [a: 1]", "!!python/object/apply:os.system [ls]", "!x y",
    "&a [*a]", "&a {a: *a}", "*nobody", "[" * 400, "{" * 400, "[1, 2]", "{a: 1}", "{[1]: 2}", "- a",
    "a: b", "a: b: c", "'", '"', "%", "@x", "`x`", "|", ">", "#", "x #y", "=", "<<", "a=b=c", "..",
    ".", "/", "../../x", "/abs/x", "a/b", "a\\b", "~/x", "~nobody-here/x", "x" * 300, "x" * 100_000,
    "é", "名前", "😀", "\ud800", "a\ud800", "\x00", "a\x00b", "\n", "a\nb", "\t",
    "\x1b[31mred", "\u202egnp",
    "[red]x[/blue]", "[v1]", "$\\frac$", "<script>", "{}", "[]", "cifar-10", "CIFAR100",
    "ImageNet16_120",
    "digits ", "softmax", "unit", "cuda:999999999999999999999", "cpu", "one_shot",
    "edd_darts", "gdas",
]  # fmt: skip


def overrides(count: int, seed: int = 0) -> list[str]:
    """``key=value`` texts: every odd value on keys drawn anew, a few keys odd themselves."""
    draw, found = random.Random(seed), []
    while len(found) < count:
        for value in VALUES:
            key = draw.choice(KEYS)
            if draw.random() < 0.08:
                key = draw.choice(
                    [key + "x", key.upper(), f"{key}\n", "x" * 9999, "", ".", "a.b.c", value]
                )
            found.append(f"{key}={value}" if draw.random() < 0.98 else value)
    return found[:count]


def files(count: int, seed: int = 0) -> list[bytes]:
    """YAML files: crafted ones, and mutations of the project's own."""
    draw = random.Random(seed)
    own = [path.read_bytes() for path in sorted(CONFIGS.rglob("*.yaml"))]
    mutated = [_mutated(draw.choice(own), draw) for _ in range(count)]
    return [*CRAFTED, *(f"{key}: {value}".encode("utf-8", "surrogatepass")
                        for value in VALUES for key in draw.sample(_TOP, 1)), *mutated]  # fmt: skip


_TOP = ["seed", "name", "optimizer", "dataset", "evaluation", "search", "table", "odd"]


def _bomb(first: str, level: str, depth: int = 12) -> bytes:
    letters = string.ascii_lowercase
    lines = [f"a: &a {first}"]
    lines += [
        f"{now}: &{now} {level.format(','.join([f'*{before}'] * 10))}"
        for before, now in itertools.pairwise(letters[: depth + 1])
    ]
    return ("evaluation:\n  " + "\n  ".join(lines)).encode()


CRAFTED = [
    b"", b"\n", b"null", b"[]", b"3", b"text", b"\xff\xfe", b"\xef\xbb\xbfseed: 1", b"\x00",
    b"a: 1\n---\nb: 2",
    b"seed: 1\nseed: 2", b"? [1]\n: 2", b"1: 2", b"null: 1", b"[1]: 2", b"<<: 1", b"<<: {seed: 3}",
    b"&a {evaluation: {x: *a}}", b"&a [*a]", b"evaluation: &a {<<: *a}", b"evaluation: &a [*a]",
    b"evaluation: {x: 2020-01-01}", b"evaluation: {x: !!set {a}}", b"name: 007", b"name: on",
    b"%YAML 9.9\n---\nseed: 1", b"evaluation: {2020-01-01: 1}", b'evaluation: {x: "\\ud800"}',
    b"- " * 3000, b"[" * 3000, b"{a: " * 3000, b"evaluation: " + b"[" * 400 + b"]" * 400,
    b"a" * 300_000, b"evaluation: [" + b"1," * 30_000 + b"]",
    _bomb("[1,1,1,1,1,1,1,1,1,1]", "[{}]"), _bomb("{x: 1}", "{{<<: [{}]}}"), _bomb("x", "[{}]", 20),
    _bomb('"lol"', "{{k: [{}]}}"), _bomb("[]", "[{}]", 25),
]  # fmt: skip


def _mutated(text: bytes, draw: random.Random) -> bytes:
    data = bytearray(text)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(data) + 1)
        kind = draw.randrange(4)
        if kind == 0 and place < len(data):
            data[place] ^= 1 << draw.randrange(8)
        elif kind == 1:
            del data[place : place + draw.randint(1, 40)]
        elif kind == 2:
            data[place:place] = draw.choice(VALUES).encode("utf-8", "surrogatepass")
        else:
            data[place:place] = bytes(draw.choice(b":-[]{}&*!|>'\"%@`#,?\n\t ") for _ in range(3))
    return bytes(data)
