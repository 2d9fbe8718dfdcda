"""Selections of credentials: only a clear yes selects, misspellings fail early, cost is bounded."""

import time
from datetime import UTC, datetime

import pytest

from rescind.errors import PlaybookError
from rescind.models.credential import Credential, Ownership, Relation
from rescind.models.evidence import State
from rescind.schema import selector

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def key(**more):
    return Credential(
        **{
            "kind": "aws.access-key",
            "provider": "aws",
            "identifier": "AKIAIOSFODNN7EXAMPLE",
            "attributes": {"profile": "dev"},
            **more,
        }
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('credential.kind == "aws.access-key"', True),
        ('credential.kind != "aws.access-key"', False),
        ('credential.kind in ["vault.token", "aws.access-key"]', True),
        ('credential.provider == "aws" && credential.tenant == "prod"', True),
        ('credential.owner == "ada" && credential.ownership == "case"', True),
        ('credential.relation == "inherited"', True),
        ('credential.state == "live-unverified"', True),
        ('credential.identifier.startsWith("AKIA")', True),
        ('credential.issuer == "123456789012" && credential.subject == "ada"', True),
        ("credential.expired", False),
        ("credential.used_days_ago == 3", True),
        ('credential.attributes.profile == "dev"', True),
        ("has(credential.attributes.nope)", False),
        ('has(credential.attributes.nope) && credential.attributes.nope == "x"', False),
        ('credential.attributes.exists(k, k.matches("^prof(i+)le$"))', True),
    ],
)
def test_every_variable_can_be_asked(text, expected):
    c = key(
        tenant="prod",
        owner="ada",
        ownership=Ownership.CASE,
        relation=Relation.INHERITED,
        issuer="123456789012",
        subject="ada",
        last_used="2026-11-20T11:00:00Z",
    )
    assert selector.compile(text).matches(c, NOW) is expected


def test_the_variables_in_the_test_above_are_all_there_are():
    assert set(selector.facts(key(), NOW)) == set(selector.VARIABLES)


@pytest.mark.parametrize(
    ("fields", "expired", "days"),
    [
        ({}, False, -1),
        ({"expires_at": "2026-11-23T12:00:00Z"}, True, -1),
        ({"expires_at": "2026-11-23T12:00:01Z"}, False, -1),
        ({"expires_at": "2026-11-23T14:00:00+03:00"}, True, -1),
        ({"state": State.EXPIRED}, True, -1),
        ({"expires_at": "soon", "last_used": "2026-11-23T12:00:00"}, False, -1),  # no zone: not a moment
        ({"last_used": "2026-11-23T11:59:59Z"}, False, 0),
        ({"last_used": "2027-01-01T00:00:00Z"}, False, 0),
    ],
)
def test_times_are_compared_as_moments(fields, expired, days):
    facts = selector.facts(key(**fields), NOW)
    assert (facts["credential.expired"], facts["credential.used_days_ago"]) == (expired, days)


def test_the_trap_an_error_value_is_true_in_python_and_must_not_select():
    trap = selector.compile('credential.attributes["nope"] == "x"')
    raw = trap._program.eval(data=dict(selector.facts(key(), NOW)))
    assert bool(raw) is True, "if this ever changes the trap is gone; matches() must not depend on it"
    with pytest.raises(PlaybookError) as caught:
        trap.matches(key(), NOW)
    assert "has no answer for cred-" in str(caught.value)
    assert "Key not found" in str(caught.value)
    assert "has(" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["1/0 == 1", "dyn(credential.kind).size", 'credential.kind.matches("(")', "int(credential.kind) == 1"]
)
def test_other_errors_while_evaluating_do_not_select_either(text):
    with pytest.raises(PlaybookError):
        selector.compile(text).matches(key(), NOW)


@pytest.mark.parametrize(
    "text", ["credential.kind", "1", "dyn(true)", '"true"', "[true]", "null", "credential.attributes"]
)
def test_what_is_not_true_or_false_is_refused_when_compiled(text):
    with pytest.raises(PlaybookError, match="true or false"):
        selector.compile(text)


@pytest.mark.parametrize(
    ("text", "place", "near"),
    [
        ('credential.knd == "x"', "selection:1:11", "credential.kind"),
        ('credential.kind == "a" &&\n  credential.ownr == "b"', "selection:2:13", "credential.owner"),
        ('kind == "x"', "selection:1:1", "credential.kind"),
        ('"é" == credential.identifer', "selection:1:18", "credential.identifier"),
    ],
)
def test_misspellings_fail_when_compiled_with_place_and_nearest_name(text, place, near):
    with pytest.raises(PlaybookError) as caught:
        selector.compile(text)
    assert str(caught.value).startswith(place + ": ")
    assert f"did you mean {near!r}?" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "credential.kind ==",
        'credential.kind == 1"',
        "a" * 5000,
        "\x00",
        '"\ud800" == "a"x',
        "(" * 500 + "true" + ")" * 500,
        "1" + " - 1" * 300 + " == 0",
    ],
)
def test_what_cannot_be_compiled_is_a_playbook_error(text):
    with pytest.raises(PlaybookError):
        selector.compile(text)


def test_a_loop_of_27_million_rounds_is_stopped():
    numbers = "[" + ",".join("1" * 300) + "]"
    bomb = selector.compile(f"{numbers}.all(a, {numbers}.all(b, {numbers}.all(c, a * b * c > 0)))")
    began = time.perf_counter()
    with pytest.raises(PlaybookError, match="budget"):
        bomb.matches(key(), NOW)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "text",
    [
        '["aaaaaaaaaaaaaaaa"]' + ".map(s, s+s+s+s)" * 16 + ".exists(s, s.size() > 5)",  # 64 GiB without the refusal
        '["a"].exists(s, [s+s].exists(t, [t+t].exists(u, u == "a")))',
        'credential.kind + "x" == "y"',
    ],
)
def test_joining_which_grows_memory_without_bound_is_refused(text):
    with pytest.raises(PlaybookError, match=r"found `\+`"):
        selector.compile(text)


def test_plus_inside_a_pattern_is_no_joining():
    assert selector.compile('credential.kind.matches("^a+ws")').matches(key(), NOW)


def test_undecodable_names_from_evidence_can_be_compared():
    hostile = key(identifier="caf\udce9", attributes={"n\udcff": "\udcff"})
    assert selector.compile(r'credential.identifier == "caf\\udce9"').matches(hostile, NOW)
    assert selector.compile('credential.attributes.exists(k, k.startsWith("n"))').matches(hostile, NOW)


def test_a_nested_quantifier_in_a_pattern_takes_linear_time():
    slow = selector.compile('credential.identifier.matches("^(a+)+$")')
    began = time.perf_counter()
    assert not slow.matches(key(identifier="a" * 50_000 + "!"), NOW)
    assert time.perf_counter() - began < 1


def test_selectors_are_values():
    assert selector.compile("true") == selector.compile("true")
    assert selector.compile("true") != selector.compile("false")
