"""Checks the messages of commits: `check_commits.py [BASE]`; without a base, of those since the rule began.

A subject has at most 72 characters and begins with a capital letter and a verb in the imperative, as far as a spelling
shows it; it ends without a full stop. A body stands behind an empty line wherever more than one file changes. Merges
are not looked at. Without git, or where the history does not reach back to the base, there is nothing to check.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGINNING = "64ccfd5"
MOST_CHARACTERS = 72
VERBS = {
    "Address",
    "Bring",
    "Compress",
    "Discuss",
    "Embed",
    "Express",
    "Feed",
    "Focus",
    "Need",
    "Pass",
    "Ping",
    "Press",
    "Process",
    "Seed",
    "Shed",
    "Speed",
}
"""Verbs whose imperative ends as a participle or a third person does."""
NO_VERBS = {
    "A",
    "All",
    "An",
    "Another",
    "Each",
    "Every",
    "In",
    "It",
    "More",
    "New",
    "No",
    "One",
    "The",
    "This",
    "What",
    "When",
    "Wip",
}


def git(*arguments: str) -> str | None:
    """What git prints; None when it fails."""
    try:
        done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def subject_faults(subject: str) -> list[str]:
    """What is wrong with a subject."""
    faults = []
    if len(subject) > MOST_CHARACTERS:
        faults.append(f"{len(subject)} characters; allowed: {MOST_CHARACTERS}")
    if subject.endswith("."):
        faults.append("ends with a full stop")
    word = re.match(r"[A-Za-z-]*", subject).group()
    if not word or not word[0].isupper() or word in NO_VERBS:
        faults.append("does not begin with a verb and a capital letter")
    elif word not in VERBS and re.search(r"(ed|ing|s)$", word):
        faults.append(f"begins with '{word}'; allowed: a verb in the imperative")
    return faults


def faults_of(commit: str) -> list[str]:
    """What is wrong with a commit, each with its name and subject."""
    message = git("show", "--no-patch", "--format=%B", commit) or ""
    subject, _, rest = message.strip().partition("\n")
    faults = subject_faults(subject)
    if rest and not rest.startswith("\n"):
        faults.append("no empty line after the subject")
    changed = (git("show", "--format=", "--name-only", commit) or "").split("\n")
    if not rest.strip() and len([name for name in changed if name]) > 1:
        faults.append("no body, though more than one file changes")
    added = (git("show", "--format=", "--name-only", "--diff-filter=A", commit) or "").split("\n")
    # What a command makes that takes an option for the name of a file.
    faults += [f"adds {name!r}, whose name begins like an option's" for name in added if Path(name).name[:1] == "-"]
    return [f"{commit[:7]} {subject!r}: {fault}" for fault in faults]


def main() -> int:
    """Print what is wrong; 1 when anything is."""
    base = sys.argv[1] if len(sys.argv) > 1 else BEGINNING
    listed = git("rev-list", "--no-merges", f"{base}..HEAD")
    if listed is None:
        print(f"commits: nothing is checked: the history does not reach back to {base}")
        return 0
    commits = listed.split()
    faults = [fault for commit in commits for fault in faults_of(commit)]
    print("\n".join([*faults, f"{len(commits)} commits after {base}, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
