"""YAML as configs need it: mappings, lists, texts, numbers, booleans and null, within bounds.

A text from anywhere can be read: aliases that multiply, anchors that hold themselves, endless
nesting, tags that make other things and numbers of thousands of digits are errors of one line.
Dates are texts here, and a key that stands twice is an error instead of a choice.
"""

from __future__ import annotations

from typing import Any, ClassVar

import yaml

#: Bytes of a config; the largest of ours has 3,000.
LARGEST = 256 * 1024
#: Values of a whole config, each alias counted as often as it is used; and how deep they nest.
MOST_VALUES, DEEPEST = 20_000, 30
#: Bits of a whole number; whoever reads the value has bounds of its own.
MOST_BITS = 256

_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str")}
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"


class NotYaml(ValueError):
    """The text is no YAML that we read; the message says why, on one line."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader without dates."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        first: [(tag, match) for tag, match in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def parse(text: str) -> Any:
    """The value of a YAML text.

    Raises:
        NotYaml: it is malformed, has a tag or a key that is not for configs, or is out of bounds.
    """
    if len(text) > LARGEST:
        raise NotYaml(f"it has {len(text):,} characters, more than {LARGEST:,}")
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _check(node)
        return loader.construct_document(node)
    except RecursionError:
        raise NotYaml("it is nested too deeply") from None
    except yaml.YAMLError as error:
        raise NotYaml(" ".join(str(error).split())) from None
    finally:
        if loader is not None:
            loader.dispose()


def _check(root: yaml.Node) -> None:
    """Raise NotYaml for a tree that is too large with its aliases expanded, or of other types."""
    count = 0
    # Of its own: what is wrong with one value then has a place.
    constructor = yaml.constructor.SafeConstructor()

    def visit(node: yaml.Node, depth: int) -> None:
        nonlocal count
        count += 1
        if count > MOST_VALUES:
            raise NotYaml(f"it has more than {MOST_VALUES:,} values, its aliases expanded")
        if depth > DEEPEST:
            raise NotYaml(f"it is nested more than {DEEPEST} deep, or holds itself{_at(node)}")
        if isinstance(node, yaml.ScalarNode):
            _check_scalar(node, constructor)
        elif isinstance(node, yaml.SequenceNode):
            _check_tag(node, "seq")
            for item in node.value:
                visit(item, depth + 1)
        elif isinstance(node, yaml.MappingNode):
            _check_tag(node, "map")
            _check_keys(node)
            for key, value in node.value:
                if key.tag != _MERGE:
                    visit(key, depth + 1)
                visit(value, depth + 1)

    visit(root, 0)


def _check_tag(node: yaml.Node, name: str) -> None:
    if node.tag != f"tag:yaml.org,2002:{name}":
        raise NotYaml(f"the tag {node.tag!r} is not for configs{_at(node)}")


def _check_keys(node: yaml.MappingNode) -> None:
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise NotYaml(f"a key must be a text{_at(key)}")
        if key.tag != _MERGE and key.value in seen:
            raise NotYaml(f"the key {key.value!r} stands twice{_at(key)}")
        seen.add(key.value)


def _check_scalar(node: yaml.ScalarNode, constructor: Any) -> None:
    if node.tag not in _TAGS:
        raise NotYaml(f"the tag {node.tag!r} is not for configs{_at(node)}")
    try:
        value = constructor.construct_object(node)
    except (yaml.YAMLError, ValueError, LookupError, OverflowError):
        kind = node.tag.rpartition(":")[2]
        raise NotYaml(f"{node.value[:60]!r} is no {kind}{_at(node)}") from None
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        raise NotYaml(f"a whole number of {value.bit_length()} bits is too large{_at(node)}")
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise NotYaml(f"a text is not valid Unicode{_at(node)}") from None


def _at(node: yaml.Node) -> str:
    return f" (line {node.start_mark.line + 1})"
