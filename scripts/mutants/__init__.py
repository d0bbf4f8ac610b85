"""The safeguards of the leadership, each with the edit that takes it out and the test that must notice.

Data only, a module per subject: a new safeguard goes to the module it belongs to. ``mutation_check.py`` tries them.
"""

from __future__ import annotations

from mutants import (
    access,
    election,
    failsafe,
    holds,
    http_limits,
    laws,
    lease,
    members,
    orders,
    pushes,
    restored,
    sources,
    strangers,
)

MUTANTS = (
    *lease.MUTANTS,
    *election.MUTANTS,
    *failsafe.MUTANTS,
    *restored.MUTANTS,
    *members.MUTANTS,
    *pushes.MUTANTS,
    *strangers.MUTANTS,
    *access.MUTANTS,
    *http_limits.MUTANTS,
    *holds.MUTANTS,
    *orders.MUTANTS,
    *sources.MUTANTS,
    *laws.MUTANTS,
)
