"""Single options are set in the text that is kept: everything else stays to the character, or nothing is changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacing_node.options.errors import ConfigurationError
from pacing_node.options.option_edit import with_options
from pacing_node.options.yaml_documents import parse_document

TEXT = """\
# the site's options
tenant: Environment   # theirs
log:
  verbose: standard
  all: [stdout]  # both
metrics: {perTarget: false}
statServer:
  primary: stat:7000
"""


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("tenant", "Other", "tenant: Environment   # theirs", "tenant: Other   # theirs"),
        ("log.verbose", "interaction", "verbose: standard", "verbose: interaction"),
        ("log.all", ["stdout", "network"], "all: [stdout]  # both", 'all: ["stdout", "network"]  # both'),
        ("metrics.perTarget", True, "{perTarget: false}", "{perTarget: true}"),
        ("tenant", "a: b #c", "tenant: Environment   #", 'tenant: "a: b #c"   #'),
        ("tenant", "null", "tenant: Environment", 'tenant: "null"'),
    ],
)
def test_a_value_is_replaced_in_its_place(key: str, value: object, before: str, after: str) -> None:
    assert with_options(TEXT, {key: value}) == TEXT.replace(before, after)


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("log.debug", "stderr", "  all: [stdout]  # both\n  debug: stderr\n"),
        ("refresh_period", 5, "  primary: stat:7000\nrefresh_period: 5\n"),
        ("a.b.c", "x", "  primary: stat:7000\na: {b: {c: x}}\n"),
    ],
)
def test_an_option_that_is_not_there_is_added_to_its_section(key: str, value: object, line: str) -> None:
    changed = with_options(TEXT, {key: value})
    assert line in changed
    assert all(kept in changed for kept in TEXT.splitlines())


def test_another_spelling_of_an_option_is_the_same_option() -> None:
    assert with_options("metrics: {per_target: no}\n", {"metrics.perTarget": "yes"}) in {
        "metrics: {per_target: yes}\n",
        "metrics: {per_target: no, perTarget: yes}\n",
    }
    assert with_options("", {"log.verbose": "all"}) == "log: {verbose: all}\n"
    assert with_options("log:\n", {"log.verbose": "all"}) == "log: {verbose: all}\n"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("tenant: x\n", "tenant.name"),
        ("tenant: x\n", "tenant."),
        ("a: &x {b: 1}\nc: *x\n", "c.b"),
        ("tenant: [\n", "tenant"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused(text: str, key: str) -> None:
    with pytest.raises(ConfigurationError):
        with_options(text, {key: "new"})


@pytest.mark.parametrize("values", [{"tenant": "a\ud800"}, {"a\udcff": "x"}, {"log.all": ["\udfff"]}], ids=ascii)
def test_half_of_a_surrogate_pair_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="half of a surrogate pair"):
        with_options(TEXT, values)


@given(st.text(max_size=20), st.sampled_from(["tenant", "log.verbose", "log.debug", "metrics.perTarget", "new"]))
def test_any_text_is_read_back_as_it_was_given(value: str, key: str) -> None:
    try:
        changed = with_options(TEXT, {key: value})
    except ConfigurationError:
        return  # characters that YAML does not take
    found = parse_document(changed, "test").data
    for part in key.split("."):
        assert isinstance(found, dict)
        found = found[part]  # type: ignore[assignment]
    assert found == value


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("log:\n  verbose: all # why\n  level: x\na: 1\n", "log.verbose", "log:\n  level: x\na: 1\n"),
        ("log:\n  level: x\n  all:\n    - a\n    - b\n\n# end\na: 1\n", "log.all", "log:\n  level: x\n\n# end\na: 1\n"),
        ("log:\n  verbose: all\na: 1\n", "log", "a: 1\n"),
        (
            "service:pacing:\n  refreshPeriod: 7\n  tenant: x\n",
            "pacing.refreshPeriod",
            "service:pacing:\n  tenant: x\n",
        ),
        ("log: {verbose: all, level: x}\n", "log.verbose", "log: {verbose: null, level: x}\n"),
        ("log:\n  verbose: all\na: 1\n", "log.verbose", "log:\n  verbose: null\na: 1\n"),
        ("log:\n  level: x\n", "log.verbose", "log:\n  level: x\n"),
        ("a: 1\n", "log.verbose", "a: 1\n"),
        ("", "log.verbose", ""),
    ],
)
def test_an_option_is_taken_out_by_null(text: str, key: str, expected: str) -> None:
    assert with_options(text, {key: None}) == expected


@pytest.mark.parametrize("key", ["a", "b"])
def test_what_shares_its_value_is_not_taken_out(key: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be changed safely"):
        with_options("a: &x 1\nb: *x\n", {key: None})
