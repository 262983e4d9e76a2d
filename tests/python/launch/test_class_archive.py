"""Where the class data archive is kept."""

from pathlib import Path

from anabranch.launch import class_archive


def test_a_user_without_a_home_directory_has_a_cache_too(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)

    assert class_archive.cache_dir().name == "anabranch"


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_an_archive_that_others_may_write_or_replace_is_not_used(tmp_path):
    archive = tmp_path / "cache" / "runtime.jsa"
    archive.parent.mkdir(mode=0o700)
    archive.touch(0o600)
    assert class_archive.is_usable(archive)

    archive.parent.chmod(0o777)
    assert not class_archive.is_usable(archive)
    archive.parent.chmod(0o700)
    archive.chmod(0o666)
    assert not class_archive.is_usable(archive)
