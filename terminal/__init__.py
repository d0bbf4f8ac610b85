"""How commands and the demonstration speak to a terminal; nothing from outside is ever markup or a control sequence.

Every command prints through this package: :mod:`terminal.printing` for lines, documents and JSON,
:mod:`terminal.tables` for tables, :mod:`terminal.characters` for text that somebody else draws.
"""
