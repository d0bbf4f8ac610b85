"""What a node keeps is its own: closed to others, written through no link, and nobody else's."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.errors import UnsafeStateError
from cluster.files import ensure_directory, naming, open_lock, read_if_there, write_durably
from pacing_node.doctor.surroundings import check_directory
from tests.leadership.test_alone import alone

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
SOMEBODY = 12_345


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write(path: Path) -> None:
    write_durably(path, b"new")


def lock(path: Path) -> None:
    os.close(open_lock(path))


WAYS: list[Callable[[Path], object]] = [write, read_if_there, lock]


def test_directory_and_files_are_closed_to_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_durably(tmp_path / "state" / "a", b"secret")
        lock(tmp_path / "state" / "b")
    finally:
        os.umask(before)
    assert mode(tmp_path / "state") == 0o700
    assert [mode(tmp_path / "state" / name) for name in ("a", "b")] == [0o600, 0o600]
    assert read_if_there(tmp_path / "state" / "a") == b"secret"


def test_what_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    (state / "a").write_bytes(b"old")
    (state / "a").chmod(0o644)
    assert read_if_there(state / "a") == b"old"
    assert (mode(state), mode(state / "a")) == (0o700, 0o600)


@pytest.mark.parametrize("way", WAYS)
def test_a_link_in_the_place_of_a_file_is_refused_and_what_it_points_to_untouched(
    tmp_path: Path, way: Callable[[Path], object]
) -> None:
    victim, state = tmp_path / "victim", tmp_path / "state"
    victim.write_bytes(b"precious")
    victim.chmod(0o644)
    ensure_directory(state)
    (state / "a").symlink_to(victim)
    if way is write:
        way(state / "a")
        assert not (state / "a").is_symlink()
    else:
        with pytest.raises(UnsafeStateError, match="symbolic link"):
            way(state / "a")
    assert (victim.read_bytes(), mode(victim)) == (b"precious", 0o644)


def test_a_link_in_the_place_of_the_new_file_is_not_written_through(tmp_path: Path) -> None:
    victim, state = tmp_path / "victim", tmp_path / "state"
    victim.write_bytes(b"precious")
    ensure_directory(state)
    (state / ".a.new").symlink_to(victim)
    write_durably(state / "a", b"new")
    assert victim.read_bytes() == b"precious"
    assert (state / "a").read_bytes() == b"new"


def test_a_pipe_in_the_place_of_a_file_is_refused_and_holds_nobody_up(tmp_path: Path) -> None:
    ensure_directory(tmp_path / "state")
    os.mkfifo(tmp_path / "state" / "a")
    with pytest.raises(UnsafeStateError, match="no plain file"):
        read_if_there(tmp_path / "state" / "a")


@root_only
@pytest.mark.parametrize("way", WAYS)
def test_a_directory_of_somebody_else_is_refused(tmp_path: Path, way: Callable[[Path], object]) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    os.chown(state, SOMEBODY, SOMEBODY)
    with pytest.raises(UnsafeStateError, match=f"belongs to the user {SOMEBODY}.*run it as that user"):
        way(state / "a")
    assert list(state.iterdir()) == []


@root_only
@pytest.mark.parametrize("way", [read_if_there, lock])
def test_a_file_of_somebody_else_is_refused(tmp_path: Path, way: Callable[[Path], object]) -> None:
    ensure_directory(tmp_path / "state")
    file = tmp_path / "state" / "a"
    file.write_bytes(b"planted")
    os.chown(file, SOMEBODY, SOMEBODY)
    with pytest.raises(UnsafeStateError, match=f"{file} belongs to the user {SOMEBODY}"):
        way(file)


@root_only
def test_a_link_of_somebody_else_to_a_directory_is_refused(tmp_path: Path) -> None:
    ensure_directory(tmp_path / "real")
    (tmp_path / "state").symlink_to(tmp_path / "real")
    os.lchown(tmp_path / "state", SOMEBODY, SOMEBODY)
    with pytest.raises(UnsafeStateError, match="belongs to the user"):
        read_if_there(tmp_path / "state" / "a")


def test_a_directory_for_everybody_is_refused(tmp_path: Path) -> None:
    """The doctor says the same, and changes nothing."""
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o1777)
    with pytest.raises(UnsafeStateError, match="every user may write there"):
        write_durably(state / "a", b"x")
    assert "every user may write there" in check_directory(state).found
    assert mode(state) == 0o1777


@root_only
def test_the_doctor_finds_a_directory_of_somebody_else(tmp_path: Path) -> None:
    os.chown(tmp_path, SOMEBODY, SOMEBODY)
    assert f"belongs to the user {SOMEBODY}" in check_directory(tmp_path).found


@root_only
async def test_a_node_with_the_state_directory_of_somebody_else_does_not_start(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, SOMEBODY, SOMEBODY)
    with pytest.raises(UnsafeStateError, match="belongs to the user"):
        await alone(state).start()


async def test_everything_a_node_alone_keeps_is_closed(tmp_path: Path) -> None:
    member = alone(tmp_path / "state")
    await member.start()
    await member.documents.write(b"secret", None)
    await member.pause("somebody")
    await member.stop()
    assert mode(tmp_path / "state") == 0o700
    assert {mode(file) for file in (tmp_path / "state").iterdir()} == {0o600}
    assert len(list((tmp_path / "state").iterdir())) >= 4


def on_a_full_disk(directory: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run code where ``directory`` is a disk of its own, of 64 KiB, that a file has filled."""
    disk = f"mount -t tmpfs -o size=64k,mode=700 none {directory}"
    fill = f"{disk} && (head -c 65536 /dev/zero > {directory}/large || true)"
    inside = f"{fill}; exec {sys.executable} -c '{code}'"
    unshared = subprocess.run(["unshare", "-rm", "sh", "-c", inside], capture_output=True, text=True, check=False)
    if "unshare:" in unshared.stderr or "mount:" in unshared.stderr:
        pytest.skip("no disk of its own can be had here")
    return unshared


def test_a_full_disk_is_named_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "epoch"
    code = f"""from pathlib import Path; from cluster.files import write_durably as w; w(Path("{file}"), b"x" * 9000)"""
    ended = on_a_full_disk(tmp_path, code)
    assert ended.stderr.splitlines()[-1] == f"OSError: [Errno 28] No space left on device: '{file}'"


def test_an_error_that_names_a_whole_path_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as there, naming(tmp_path / "a"):
        (tmp_path / "b").read_bytes()
    assert there.value.filename == str(tmp_path / "b")
    with pytest.raises(FileNotFoundError) as unnamed, naming(tmp_path / "a"):
        raise FileNotFoundError(errno.ENOENT, "No such file", "b")
    assert unnamed.value.filename == str(tmp_path / "a")
