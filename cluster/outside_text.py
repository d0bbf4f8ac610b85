"""Text from outside, made fit for every output: logs, pages, records, syslog and terminals."""

from __future__ import annotations

MOST_MESSAGE = 200
"""Most characters of a message from outside that are kept, unless more are asked for."""
MOST_NAME = 255
"""Most characters of a name; configuration servers allow no more."""
_REPLACED = "\ufffd"
"""What decoders put in place of what is no text: it is no character anybody wrote."""


def one_line(text: object, most: int = MOST_MESSAGE) -> str:
    """A message for people: on one line, cut, and with a space in place of every character that does not print.

    Control characters, lone surrogates, zero-width and right-to-left marks do not print.
    """
    return "".join(each if each.isprintable() else " " for each in str(text)[:most])


def valid_text(text: str) -> str:
    """The text with a replacement in place of each lone surrogate, which no encoding takes; the rest is kept."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _has_surrogate(text) else text


def valid_tree(value: object) -> object:
    """A JSON value with every text in it, keys too, made valid as by :func:`valid_text`."""
    if isinstance(value, str):
        return valid_text(value)
    if isinstance(value, list):
        return [valid_tree(each) for each in value]
    if isinstance(value, dict):
        return {valid_text(str(key)): valid_tree(each) for key, each in value.items()}
    return value


def text_fault(text: str, *, most: int | None = MOST_NAME, lines: bool = False) -> str:
    """Why this text cannot be used as a name, or, with ``lines``, as text of several lines; empty when it can.

    ``most`` bounds its length; None does not. The words never contain the text itself.
    """
    if most is not None and len(text) > most:
        return f"{len(text)} characters; allowed: at most {most}"
    for place, each in enumerate(text):
        if "\ud800" <= each <= "\udfff" or each == _REPLACED:
            return f"what is no text (U+{ord(each):04X}) at character {place + 1}; allowed: valid Unicode"
        if _is_control(each) and not (lines and each in "\t\n\r"):
            return f"a control character (U+{ord(each):04X}) at character {place + 1}; allowed: characters that print"
    return ""


def invisible(text: str) -> str:
    """The characters of a name that nobody sees, such as zero-width and right-to-left marks, as ``U+200B U+200F``."""
    found = dict.fromkeys(each for each in text if not each.isprintable() and each != " ")
    return " ".join(f"U+{ord(each):04X}" for each in found)


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text)


def _is_control(each: str) -> bool:
    return each < " " or "\x7f" <= each <= "\x9f" or each in "\u2028\u2029"
