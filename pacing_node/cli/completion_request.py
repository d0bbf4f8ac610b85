"""How a shell asks: known without loading anything, for every command looks whether it is asked."""

from __future__ import annotations

COMPLETES = "_PACING_COMPLETE"
"""Variable that the scripts of `pacing completion` set when a shell asks what could come next."""
