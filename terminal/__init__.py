"""How commands and the demonstration speak to a terminal; nothing from outside is ever markup or a control sequence.

Every command prints through this package: :mod:`terminal.forms` for answers in the form that was asked for,
:mod:`terminal.watching` for answers that are shown again and again, :mod:`terminal.printing` for lines, documents and
JSON, :mod:`terminal.tables` for tables, :mod:`terminal.questions` for questions before harm, :mod:`terminal.characters`
for text that somebody else draws.
"""
