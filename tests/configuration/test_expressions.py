"""Scripts of virtual groups: what they mean, and what is said of broken ones."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacing_node.discovery.agent_index import AgentIndex
from pacing_node.discovery.expressions import (
    And,
    Expression,
    ExpressionError,
    LoggedIn,
    Not,
    Or,
    SkillExists,
    SkillLevel,
    SkillsCompared,
    matches,
    parse_expression,
)
from pacing_node.objects.object_model import Agent

ANNA = Agent("anna", skills={"Spanish": 7, "Chat": 0}, logins=("VQ_Voice@switch",))

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Machines that run tests are busy."""


@pytest.mark.parametrize(
    ("script", "belongs"),
    [
        ('Skill("Spanish") > 5', True),
        ('Skill("Spanish") > 7', False),
        ('Skill("Spanish") >= 7', True),
        ('Skill("Spanish") < 8', True),
        ('Skill("Spanish") <= 6', False),
        ('Skill("Spanish") = 7', True),
        ('Skill("Spanish") != 7', False),
        ("Spanish > 5", True),
        ("Spanish>5", True),
        ("Skill > 5", False),
        ('Skill("French") = 0', True),
        ('SkillExists("Chat")', True),
        ('SkillExists("French")', False),
        ('~SkillExists("French")', True),
        ('~~SkillExists("French")', False),
        ('LoggedIn("VQ_Voice@switch")', True),
        ('LoggedIn("VQ_Chat@switch")', False),
        # A switch: every login on it counts.
        ('LoggedIn("switch")', True),
        ('LoggedIn("VQ_Voice")', False),
        ('LoggedIn("Voice")', False),
        ('Skill("Spanish") > Skill("Chat")', True),
        ('Skill("Spanish") < Skill("Chat")', False),
        ('Skill("Chat") = Skill("French")', True),
        ('Spanish > Skill("French") & ~(skill("French") != SKILL( "Chat" ))', True),
        ("Spanish > 5 & Chat > 5", False),
        ("Spanish > 5 | Chat > 5", True),
        ("Chat > 5 & Chat > 5 | Spanish > 5", True),
        ("Chat > 5 & (Chat > 5 | Spanish > 5)", False),
        ('  skill ( "Spanish" )\n>= 7 & ~ ( loggedin("x@y") )  ', True),
    ],
)
def test_an_agent_belongs_where_the_script_holds(script: str, belongs: bool) -> None:
    expression = parse_expression(script)

    assert matches(expression, ANNA) is belongs
    assert AgentIndex((ANNA,)).members(expression) == (("anna",) if belongs else ())


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("", "column 1: found the end; allowed: a condition such as "),
        ('Skill("Spanish") >', "column 19: found the end; allowed: a level, for example 5"),
        ('Skill("Spanish") > five', "column 20: found five; allowed: a level, for example 5"),
        ('Skill("Spanish") 5', "column 18: found 5; allowed: one of = != >= <= > <"),
        ("Skill(Spanish) > 5", "column 7: found Spanish; allowed: text in quotation marks"),
        ('Skil("Spanish") > 5', "column 1: found Skil; allowed: Skill, SkillExists or LoggedIn"),
        ('Skill("Spanish) > 5', "column 7: found a quotation mark that is never closed; allowed: text in"),
        ('(Skill("Spanish") > 5', "column 22: found the end; allowed: & | or )"),
        ("Spanish > 5 Chat > 2", "column 13: found Chat; allowed: & or | and another condition, or the end"),
        ("Spanish > 5)", "column 12: found ); allowed: & or | and another condition, or the end"),
        ("Spanish > 5 & ", "column 15: found the end; allowed: a condition such as "),
        ("Spanish => 5", "column 10: found >; allowed: a level, for example 5"),
        (
            "Spanish > Chat",
            "column 11: found Chat; allowed: a level, for example 5, or another skill, for example Skill",
        ),
        ('Spanish > LoggedIn("x")', "column 11: found LoggedIn; allowed: a level, for example 5, or another skill"),
        ('Spanish > Skill("Chat"', "column 23: found the end; allowed: )"),
        ("Spanish > 5 + 1", "column 13: found '+'; allowed: & | ~ ( )"),
        ("~" * 60 + "Spanish > 5", "column 51: found deeper nesting; allowed: 50 levels"),
        ("(" * 5000, "column 51: found deeper nesting; allowed: 50 levels"),
        ("a" * 20_001, "column 20001: found 20001 characters; allowed: at most 20000"),
    ],
)
def test_a_broken_script_is_refused_with_the_column(script: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(script)

    assert str(caught.value).startswith(message)


NAMES = st.text(alphabet=st.characters(blacklist_characters='"\n', blacklist_categories=["Cs"]), max_size=6)
SKILLS = st.sampled_from(["Spanish", "Chat", "Two Words"])
CONDITIONS = st.one_of(
    st.builds(SkillLevel, SKILLS | NAMES, st.sampled_from(["=", "!=", ">=", "<=", ">", "<"]), st.integers(0, 10)),
    st.builds(SkillsCompared, SKILLS | NAMES, st.sampled_from(["=", "!=", ">=", "<=", ">", "<"]), SKILLS | NAMES),
    st.builds(SkillExists, SKILLS | NAMES),
    st.builds(LoggedIn, st.sampled_from(["a@s", "b@s", "s", "t"]) | NAMES),
)
EXPRESSIONS = st.recursive(
    CONDITIONS,
    lambda below: st.one_of(
        st.builds(Not, below),
        st.lists(below, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(below, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=12,
)
AGENTS = st.lists(
    st.builds(
        Agent,
        user_name=st.uuids().map(str),
        skills=st.dictionaries(SKILLS, st.integers(0, 10)),
        logins=st.sets(st.sampled_from(["a@s", "b@s", "c@t", "t"])).map(tuple),
    ),
    max_size=6,
)


@PATIENT
@given(EXPRESSIONS)
def test_what_is_written_is_read_back(expression: Expression) -> None:
    assert parse_expression(str(expression)) == expression


@PATIENT
@given(EXPRESSIONS, AGENTS)
def test_the_index_finds_the_agents_one_by_one_matching_finds(expression: Expression, agents: list[Agent]) -> None:
    one_by_one = sorted(agent.user_name for agent in agents if matches(expression, agent))

    assert list(AgentIndex(tuple(agents)).members(expression)) == one_by_one


SNIPPETS = st.sampled_from(
    ['Skill("a")', "SkillExists", '("a")', "a", "5", ">", "=", "!", "&", "|", "~", "(", ")", '"', " "]
)


@PATIENT
@given(st.text(max_size=40) | st.lists(SNIPPETS, max_size=40).map("".join))
def test_no_text_ends_in_anything_but_an_expression_or_its_error(text: str) -> None:
    error = None
    try:
        parse_expression(text)
    except ExpressionError as caught:
        error = caught

    assert error is None or 1 <= error.column <= len(text) + 1
