import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from anabranch.launch.directories import JobDirectory, is_trusted, make_own

MAKE_AND_WAIT = """
import sys, tempfile
from anabranch.launch.directories import JobDirectory
tempfile.tempdir = sys.argv[1]
directory = JobDirectory()
print(directory.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def base(monkeypatch):
    """A temporary directory for this test alone, with a short path."""
    with tempfile.TemporaryDirectory() as directory:
        monkeypatch.setattr(tempfile, "tempdir", directory)
        yield Path(directory)


@pytest.fixture
def other_process(base):
    process = subprocess.Popen(
        [sys.executable, "-c", MAKE_AND_WAIT, str(base)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


def test_a_directory_is_the_users_alone_and_goes_away(base):
    directory = JobDirectory()

    assert os.lstat(directory.path).st_mode & 0o777 == 0o700
    Path(directory.path, "task.sock").touch()
    directory.remove()
    directory.remove()
    assert list(base.iterdir()) == []


def test_the_directory_of_a_living_job_stays_and_that_of_a_dead_one_goes(base, other_process):
    other = Path(other_process.stdout.readline().strip())
    JobDirectory().remove()
    assert other.is_dir()

    other_process.kill()
    other_process.wait()
    JobDirectory().remove()
    assert list(base.iterdir()) == []


def test_directories_of_one_process_do_not_remove_each_other(base):
    first, second = JobDirectory(), JobDirectory()

    assert Path(first.path).is_dir()
    assert Path(second.path).is_dir()
    first.remove()
    second.remove()


@pytest.mark.parametrize(
    "name",
    [
        "anabranch-²",
        "anabranch-99999999999999999999",
        "anabranch-0240101-1a2b3c4d",
        "anabranch-ray-0123456789",
        "anabranch-job-",
    ],
)
def test_what_only_looks_like_the_directory_of_a_job_stays(base, name):
    (base / name).mkdir()

    JobDirectory().remove()

    assert (base / name).is_dir()


def test_links_and_files_of_the_name_of_a_job_stay_and_do_no_harm(base):
    (base / "precious").mkdir()
    (base / "anabranch-job-abcdefgh").symlink_to(base / "precious")
    (base / "anabranch-job-bcdefghi").touch()
    os.mkfifo(base / "anabranch-job-cdefghij")

    JobDirectory().remove()

    assert len(list(base.iterdir())) == 4


@pytest.mark.skipif(os.getuid() != 0, reason="gives a directory away")
def test_the_directory_of_another_user_stays(base):
    (base / "anabranch-job-abcdefgh").mkdir()
    os.chown(base / "anabranch-job-abcdefgh", 65534, 65534)

    JobDirectory().remove()

    assert (base / "anabranch-job-abcdefgh").is_dir()
    with pytest.raises(PermissionError, match="belongs to user 65534"):
        make_own(base / "anabranch-job-abcdefgh")
    assert not is_trusted(base / "anabranch-job-abcdefgh")


def test_a_directory_is_made_once_and_taken_if_it_is_ours(base):
    make_own(base / "ours")
    make_own(base / "ours")

    assert os.lstat(base / "ours").st_mode & 0o777 == 0o700


def test_a_link_a_file_and_a_directory_open_to_others_are_not_taken(base):
    make_own(base / "ours")
    (base / "link").symlink_to(base / "ours")
    (base / "file").touch()
    (base / "open").mkdir()
    (base / "open").chmod(0o777)

    for name, error in (("link", "is a link"), ("file", "is a link or a file"), ("open", "open to other users")):
        with pytest.raises(OSError, match=error):
            make_own(base / name)
    assert is_trusted(base / "ours")
    assert not is_trusted(base / "open")
    assert not is_trusted(base / "missing")
