"""Pages that are made when the site is built: from the README, the code's own tables, CHANGELOG."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from naslib_edd.config.checking import describe
from naslib_edd.config.methods.listing import listing
from naslib_edd.config.settings import Config, SearchSettings
from naslib_edd.storage.record_fields import RESULT, ROW, Field

if TYPE_CHECKING:  # the pages are made without mkdocs, too
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parents[1]
_PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
_MADE = ("methods.md", "settings.md", "record.md")
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and the pictures that they show."""
    from mkdocs.structure.files import File

    texts = {
        "index.md": (ROOT / "README.md").read_text("utf-8"),
        "contributing.md": (ROOT / "CONTRIBUTING.md").read_text("utf-8"),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text("utf-8"),
        "methods.md": methods(),
        "settings.md": settings(),
        "record.md": record(),
    }
    for name, text in texts.items():
        files.append(File.generated(config, name, content=_relinked(text)))
    for page in files.documentation_pages():
        for source in set(_pictures(page.content_string)):
            if files.get_file_from_path(source) is None:
                files.append(File.generated(config, source, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links of the written pages, too."""
    return _relinked(markdown)


def methods() -> str:
    """Every method's card."""
    return (
        "# Methods\n\nWhat `naslib-edd methods` prints: each method is a composition of parts; any "
        f"of its settings can be overridden.\n\n{listing(form='markdown')}\n"
    )


def settings() -> str:
    """Every key of a config: type, default, range, meaning."""
    lines = [
        "# Settings",
        "",
        "Every key of a config, with its default. A method sets some of `search` otherwise: "
        "see [Methods](methods.md). On the command line: `search.epochs=20`.",
    ]
    for title, section, prefix in (
        ("Top level", Config, ""),
        ("search", SearchSettings, "search."),
    ):
        lines += ["", f"## {title}", "", "| key | type | default | what |", "|---|---|---|---|"]
        hints = get_type_hints(section)
        for item in dataclasses.fields(section):
            if item.name in ("search", "evaluation"):
                continue
            limits = ", ".join(
                f"{words} {item.metadata[name]:g}"
                for name, words in (("at_least", "≥"), ("above", ">"), ("at_most", "≤"))
                if name in item.metadata
            )
            kind = describe(hints[item.name]).replace("'", "")
            cells = (
                f"`{prefix}{item.name}`",
                kind + (f", {limits}" if limits else ""),
                f"`{item.default}`",
                item.metadata.get("doc", ""),
            )
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def record() -> str:
    """Every field of record.jsonl and result.json."""
    lines = [
        "# What a run writes",
        "",
        "A run's folder is `out_dir/search_space/dataset/name/seed`. `config.yaml` holds every "
        "setting, `record.jsonl` a JSON object an epoch, `result.json` the final architecture, "
        "`checkpoint.pt` what `--resume` goes on from.",
    ]
    for title, fields in (("record.jsonl", ROW), ("result.json", RESULT)):
        lines += ["", f"## {title}", "", "| field | type | what | where |", "|---|---|---|---|"]
        lines += [
            f"| `{name}` | {one.type} | {_cell(one)} | {one.when} |" for name, one in fields.items()
        ]
    return "\n".join(lines) + "\n"


def _cell(field: Field) -> str:
    return field.doc.replace("|", "\\|")


def _pictures(text: str) -> Iterator[str]:
    for sign, _, target in _LINK.findall(text):
        path = target.removeprefix("../")
        if sign and not target.startswith("http") and (ROOT / path).is_file():
            yield path


def _relinked(text: str) -> str:
    """Links as the repository has them, for the site: pages by name, other files as plain text."""

    def link(found: re.Match[str]) -> str:
        sign, words, target = found.groups()
        if target.startswith(("http", "#", "mailto:")):
            return found.group(0)
        path, _, anchor = target.removeprefix("../").partition("#")
        if sign:
            return f"![{words}]({path})"
        if path in _PAGES:
            return f"[{words}]({_PAGES[path]})"
        if path.startswith("docs/") or path == target.partition("#")[0]:
            page = path.removeprefix("docs/")
            if (page.endswith(".md") and (ROOT / "docs" / page).is_file()) or page in _MADE:
                return f"[{words}]({page}{'#' + anchor if anchor else ''})"
        return words if words.startswith("`") else f"{words} (`{path}`)"

    return _LINK.sub(link, text)
