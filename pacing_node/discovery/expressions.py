"""Scripts of virtual agent groups: which agents belong to the group.

Grammar, blanks anywhere between the parts::

    expression = term { "|" term }
    term       = factor { "&" factor }
    factor     = "~" factor | "(" expression ")" | condition
    condition  = skill operator ( level | skill ) | name operator ( level | skill )
               | "SkillExists" "(" string ")" | "LoggedIn" "(" string ")"
    skill      = "Skill" "(" string ")"
    operator   = "=" | "!=" | ">=" | "<=" | ">" | "<"

``name operator level`` is shorthand for ``Skill("name") operator level``. An agent without a skill counts as level 0,
which is why ``SkillExists`` exists. ``LoggedIn`` names a queue as ``number@switch``, or a switch: then every login on
it counts.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pacing_node.objects.object_model import Agent

MAX_LENGTH = 20_000
"""Longest script, characters."""
MAX_DEPTH = 50
"""Deepest nesting of parentheses and negations."""

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
"""Comparisons by their sign; they work on numbers and on arrays."""
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"[^"\n]*")|(?P<operator>!=|>=|<=|=|>|<)|(?P<sign>[&|~()])|(?P<word>[\w][\w.\-]*))"""
)
_BLANK = re.compile(r"\s*")
_CONDITION = 'a condition such as Skill("Spanish") > 5, SkillExists("Spanish") or LoggedIn("queue@switch")'
_LEVEL = 'a level, for example 5, or another skill, for example Skill("Sales")'


class ExpressionError(ValueError):
    """A script that does not fit the grammar."""

    def __init__(self, column: int, found: str, allowed: str) -> None:
        super().__init__(f"column {column}: found {found}; allowed: {allowed}")
        self.column = column
        """Where it stops making sense, from 1."""
        self.found = found
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class SkillLevel:
    """``Skill("name") operator level``."""

    skill: str
    operator: str
    level: int

    def __str__(self) -> str:
        """Render in the grammar; so do the other parts."""
        return f'Skill("{self.skill}") {self.operator} {self.level}'


@dataclass(frozen=True, slots=True)
class SkillsCompared:
    """``Skill("name") operator Skill("other")``."""

    skill: str
    operator: str
    other: str

    def __str__(self) -> str:
        return f'Skill("{self.skill}") {self.operator} Skill("{self.other}")'


@dataclass(frozen=True, slots=True)
class SkillExists:
    """``SkillExists("name")``."""

    skill: str

    def __str__(self) -> str:
        return f'SkillExists("{self.skill}")'


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """``LoggedIn("queue@switch")`` or ``LoggedIn("switch")``."""

    place: str
    """A queue as ``number@switch``, or a switch."""

    def __str__(self) -> str:
        return f'LoggedIn("{self.place}")'


@dataclass(frozen=True, slots=True)
class Not:
    """``~ part``."""

    part: Expression

    def __str__(self) -> str:
        return f"~{_wrapped(self.part)}"


@dataclass(frozen=True, slots=True)
class And:
    """``part & part …``; at least two."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " & ".join(map(_wrapped, self.parts))


@dataclass(frozen=True, slots=True)
class Or:
    """``part | part …``; at least two."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " | ".join(map(_wrapped, self.parts))


Expression: TypeAlias = SkillLevel | SkillsCompared | SkillExists | LoggedIn | Not | And | Or


def _wrapped(part: Expression) -> str:
    return f"({part})" if isinstance(part, (And, Or)) else str(part)


def matches(expression: Expression, agent: Agent) -> bool:
    """Whether an agent belongs to the group."""
    match expression:
        case SkillLevel(skill, sign, level):
            return bool(OPERATORS[sign](agent.skills.get(skill, 0), level))
        case SkillsCompared(skill, sign, other):
            return bool(OPERATORS[sign](agent.skills.get(skill, 0), agent.skills.get(other, 0)))
        case SkillExists(skill):
            return skill in agent.skills
        case LoggedIn(place):
            return any(place in login_places(login) for login in agent.logins)
        case Not(part):
            return not matches(part, agent)
        case And(parts) | Or(parts):
            combine = all if isinstance(expression, And) else any
            return combine(matches(part, agent) for part in parts)


def login_places(login: str) -> tuple[str, ...]:
    """What ``LoggedIn`` can name an agent's login by: the login itself and, behind its last ``@``, its switch."""
    _, at, switch = login.rpartition("@")
    return (login, switch) if at else (login,)


def conditions(expression: Expression) -> Iterator[SkillLevel | SkillsCompared | SkillExists | LoggedIn]:
    """The conditions an expression combines, from left to right."""
    match expression:
        case Not(part):
            yield from conditions(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from conditions(part)
        case _:
            yield expression


def parse_expression(script: str) -> Expression:
    """Parse a script.

    Raises:
        ExpressionError: with the column where it stops making sense.
    """
    if len(script) > MAX_LENGTH:
        raise ExpressionError(MAX_LENGTH + 1, f"{len(script)} characters", f"at most {MAX_LENGTH}")
    return _Parser(_tokens(script)).whole()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """``string``, ``operator``, ``sign``, ``word`` or ``end``."""
    text: str
    column: int

    @property
    def shown(self) -> str:
        return self.text if self.kind != "end" else "the end"


def _tokens(script: str) -> list[_Token]:
    tokens = []
    at = 0
    while match := _TOKEN.match(script, at):
        kind = str(match.lastgroup)
        tokens.append(_Token(kind, match.group(kind), match.start(kind) + 1))
        at = match.end()
    blank = _BLANK.match(script, at)
    at = blank.end() if blank else at
    if at < len(script):
        if script[at] == '"':
            raise ExpressionError(at + 1, "a quotation mark that is never closed", "text in quotation marks")
        raise ExpressionError(at + 1, repr(script[at]), "& | ~ ( ) = != >= <= > < names and text in quotation marks")
    return [*tokens, _Token("end", "", len(script) + 1)]


class _Parser:
    """Recursive descent over the tokens, one method per rule of the grammar."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def _now(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, kind: str, allowed: str, text: str | None = None) -> _Token:
        token = self._now
        if token.kind != kind or (text is not None and token.text != text):
            raise ExpressionError(token.column, token.shown, allowed)
        self._at += 1
        return token

    def _is(self, sign: str) -> bool:
        return self._now.kind == "sign" and self._now.text == sign

    def whole(self) -> Expression:
        expression = self._expression()
        self._take("end", "& or | and another condition, or the end")
        return expression

    def _expression(self) -> Expression:
        parts = [self._term()]
        while self._is("|"):
            self._at += 1
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _term(self) -> Expression:
        parts = [self._factor()]
        while self._is("&"):
            self._at += 1
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _factor(self) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError(self._now.column, "deeper nesting", f"{MAX_DEPTH} levels")
        made: Expression
        if self._is("~"):
            self._at += 1
            made = Not(self._factor())
        elif self._is("("):
            self._at += 1
            made = self._expression()
            self._take("sign", "& | or )", ")")
        else:
            made = self._condition()
        self._depth -= 1
        return made

    def _condition(self) -> Expression:
        word = self._take("word", _CONDITION)
        if not self._is("("):
            return self._level(word.text)
        name = word.text.lower()
        if name not in {"skill", "skillexists", "loggedin"}:
            raise ExpressionError(word.column, word.text, "Skill, SkillExists or LoggedIn")
        text = self._text()
        if name == "skillexists":
            return SkillExists(text)
        return LoggedIn(text) if name == "loggedin" else self._level(text)

    def _level(self, skill: str) -> SkillLevel | SkillsCompared:
        sign = self._take("operator", "one of = != >= <= > <")
        level = self._take("word", _LEVEL)
        if level.text.lower() == "skill" and self._is("("):
            return SkillsCompared(skill, sign.text, self._text())
        if not (level.text.isascii() and level.text.isdigit() and len(level.text) <= 10):
            raise ExpressionError(level.column, level.text, _LEVEL)
        return SkillLevel(skill, sign.text, int(level.text))

    def _text(self) -> str:
        """The text in parentheses behind a word."""
        self._take("sign", "(", "(")
        text = self._take("string", "text in quotation marks").text[1:-1]
        self._take("sign", ")", ")")
        return text
