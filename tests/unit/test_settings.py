"""Settings: where they come from, what is checked, and what is never shown."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.errors import SettingsError
from hotline.settings import (
    ROOT,
    Settings,
    describe_settings,
    env_name,
    load_settings,
    with_secret_key,
)

CONTRACT = {
    "HOTLINE_DATA_DIR",
    "HOTLINE_DATABASE_URL",
    "HOTLINE_REDIS_URL",
    "HOTLINE_PUBLIC_BASE_URL",
    "HOTLINE_SECRET_KEY",
}
"""Names that other people's scripts rely on."""
HIDDEN = "p4ssw0rd-" + "x" * 30


def problems_of(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    return caught.value.message.splitlines()[1:]


# --- what there is ---------------------------------------------------------------------------


def test_every_setting_is_described_with_its_name_and_default() -> None:
    rows = describe_settings(Settings())
    assert [row.name for row in rows] == [env_name(item.name) for item in fields(Settings)]
    for row in rows:
        assert any("\u4e00" <= character <= "\u9fff" for character in row.help), row.name


def test_the_names_of_the_contract_exist() -> None:
    assert {row.name for row in describe_settings(Settings())} >= CONTRACT


def test_the_command_lists_every_setting() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hotline.cli", "settings"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    listed = {line.split("=")[0] for line in done.stdout.splitlines() if "=" in line[:40]}
    assert listed >= {env_name(item.name) for item in fields(Settings)}


def test_without_any_source_the_defaults_are_in_force() -> None:
    assert load_settings({}) == replace(Settings(), data_dir=ROOT / "data")


# --- where a value comes from ----------------------------------------------------------------


def test_the_environment_wins_over_a_secret_file_and_that_over_the_toml_file(
    tmp_path: Path,
) -> None:
    toml, secret = tmp_path / "hotline.toml", tmp_path / "city"
    toml.write_text('city_name = "丙"\nhttp_port = 9001\n', "utf-8")
    secret.write_text("乙\n", "utf-8")
    environ = {"HOTLINE_SETTINGS_FILE": str(toml)}
    assert load_settings(environ).city_name == "丙"
    environ["HOTLINE_CITY_NAME_FILE"] = str(secret)
    assert load_settings(environ).city_name == "乙"
    environ["HOTLINE_CITY_NAME"] = "甲"
    settings = load_settings(environ)
    assert (settings.city_name, settings.http_port) == ("甲", 9001)


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load_settings({"HOTLINE_HTTP_PORT": ""}).http_port == Settings().http_port


def test_a_data_folder_is_found_from_where_the_command_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings({"HOTLINE_DATA_DIR": "mine"}).data_dir == tmp_path / "mine"
    assert load_settings({}).data_dir == ROOT / "data"


def test_the_database_is_in_the_data_folder_unless_one_is_named(tmp_path: Path) -> None:
    environ = {"HOTLINE_DATA_DIR": str(tmp_path)}
    assert str(tmp_path) in load_settings(environ).effective_database_url
    environ["HOTLINE_DATABASE_URL"] = "postgresql://h/d"
    assert load_settings(environ).effective_database_url == "postgresql://h/d"


@given(port=st.integers(0, 65535), seconds=st.floats(0, 1e6))
def test_numbers_are_read_as_written(port: int, seconds: float) -> None:
    settings = load_settings(
        {"HOTLINE_HTTP_PORT": str(port), "HOTLINE_RASA_TIMEOUT_SECONDS": repr(seconds)}
    )
    assert (settings.http_port, settings.rasa_timeout_seconds) == (port, seconds)


# --- what is wrong ---------------------------------------------------------------------------


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    toml = tmp_path / "hotline.toml"
    toml.write_text('colour = "red"\n', "utf-8")
    problems = problems_of(
        {
            "HOTLINE_SETTINGS_FILE": str(toml),
            "HOTLINE_HTTP_PORT": "eighty",
            "HOTLINE_RASA_CONCURRENCY": "-3",
            "HOTLINE_LOG_LEVEL": "LOUD",
            "HOTLINE_LOG_FORMAT": "xml",
            "HOTLINE_PUBLIC_BASE_URL": "96310.example",
            "HOTLINE_SECRET_KEY": "short",
            "HOTLINE_DATABASE_URL": "mysql://h/d",
            "HOTLINE_EMBEDDER_DIR": str(tmp_path / "absent"),
            "HOTLINE_REDIS_URL_FILE": str(tmp_path / "absent"),
        }
    )
    named = ["colour", "HTTP_PORT", "RASA_CONCURRENCY", "LOG_LEVEL", "LOG_FORMAT"]
    named += ["PUBLIC_BASE_URL", "SECRET_KEY", "DATABASE_URL", "EMBEDDER_DIR", "REDIS_URL_FILE"]
    assert len(problems) == len(named)
    for name in named:
        assert sum(name in problem for problem in problems) == 1, name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOTLINE_HTTP_PORT", "65536"),
        ("HOTLINE_HTTP_PORT", "80.5"),
        ("HOTLINE_RASA_TIMEOUT_SECONDS", "soon"),
        ("HOTLINE_TRUSTED_PROXIES", "-1"),
    ],
)
def test_a_value_that_does_not_fit_is_named(name: str, value: str) -> None:
    [problem] = problems_of({name: value})
    assert name in problem


@pytest.mark.parametrize("content", ["http_port = ", "\udcff", None])
def test_a_settings_file_that_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "hotline.toml"
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    [problem] = problems_of({"HOTLINE_SETTINGS_FILE": str(path)})
    assert str(path) in problem


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("HOTLINE_DATABSE_URL", "HOTLINE_DATABASE_URL"),
        ("HOTLINE_REDISURL", "HOTLINE_REDIS_URL"),
        ("HOTLINE_SECRET_KEY_FIEL", "HOTLINE_SECRET_KEY_FILE"),
    ],
)
def test_a_misspelt_name_gets_a_suggestion(wrong: str, right: str) -> None:
    [problem] = problems_of({wrong: "x" * 40})
    assert wrong in problem
    assert right in problem


def test_other_programs_variables_are_left_alone() -> None:
    load_settings({"HOTLINE_TEST_POSTGRES": "x", "HOME": "/root", "HOTLINES_PORT": "1"})


# --- secrets ---------------------------------------------------------------------------------


def test_the_list_of_settings_tells_only_that_a_secret_is_set() -> None:
    settings = Settings(
        secret_key=HIDDEN,
        database_url=f"postgresql://u:{HIDDEN}@h/d",
        redis_url=f"redis://:{HIDDEN}@h",
    )
    rows = {row.name: row for row in describe_settings(settings)}
    assert HIDDEN not in str(list(rows.values()))
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"):
        assert rows[f"HOTLINE_{name}"].value == "（已设置）"
    assert {row.value for row in describe_settings(Settings()) if "KEY" in row.name} == {""}


def test_an_error_never_repeats_a_secret() -> None:
    told = "\n".join(
        problems_of(
            {
                "HOTLINE_DATABASE_URL": f"mysql://u:{HIDDEN}@h/d",
                "HOTLINE_SECRET_KEY": HIDDEN[:12],
                "HOTLINE_HTTP_PORT": "x",
            }
        )
    )
    assert HIDDEN[:12] not in told


def test_printing_the_settings_shows_no_secret() -> None:
    # a traceback with local variables prints them
    assert HIDDEN not in repr(Settings(secret_key=HIDDEN))


def test_a_configured_key_is_used_and_none_is_made(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, secret_key=HIDDEN)
    assert with_secret_key(settings) == settings
    assert not list(tmp_path.iterdir())


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new")
    first, second = with_secret_key(settings), with_secret_key(settings)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    assert (tmp_path / "new" / "secret_key").stat().st_mode & 0o077 == 0


def test_two_data_folders_have_different_keys(tmp_path: Path) -> None:
    keys = {
        with_secret_key(Settings(data_dir=tmp_path / name)).secret_key for name in ("a", "b", "c")
    }
    assert len(keys) == 3


_MAKE_KEY = """
import pathlib, sys, time
from hotline.settings import Settings, with_secret_key
time.sleep(max(0, float(sys.argv[2]) - time.time()))
print(with_secret_key(Settings(data_dir=pathlib.Path(sys.argv[1]))).secret_key)
"""


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", _MAKE_KEY, str(tmp_path), str(time.time() + 0.6)]
    running = [
        subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)
    ]
    keys = {process.communicate(timeout=20)[0].strip() for process in running}
    assert len(keys) == 1
    assert len(keys.pop()) >= 32


def test_a_key_that_is_just_being_written_is_never_read_half(tmp_path: Path) -> None:
    for number in range(20):
        settings = Settings(data_dir=tmp_path / str(number))
        settings.data_dir.mkdir()
        together = threading.Barrier(8)

        def make(_: int, settings: Settings = settings, go: threading.Barrier = together) -> str:
            go.wait()
            return with_secret_key(settings).secret_key

        with ThreadPoolExecutor(8) as threads:
            keys = set(threads.map(make, range(8)))
        assert len(keys) == 1, keys


def test_a_storage_that_is_set_up_by_half_is_told_at_once() -> None:
    lines = problems_of(
        {"HOTLINE_MEDIA_S3_URL": "https://s3.example.cn/photos", "HOTLINE_MEDIA_S3_BUCKET": "A"}
    )
    for name in ("S3_ACCESS_KEY、HOTLINE_MEDIA_S3_SECRET_KEY", "S3_URL：应是", "S3_BUCKET：3"):
        assert any(f"HOTLINE_MEDIA_{name}" in line for line in lines), name


def test_the_key_of_a_storage_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    settings = load_settings(
        {
            "HOTLINE_MEDIA_S3_URL": "http://10.0.0.8:9000",
            "HOTLINE_MEDIA_S3_BUCKET": "photos",
            "HOTLINE_MEDIA_S3_ACCESS_KEY": "key",
            "HOTLINE_MEDIA_S3_SECRET_KEY_FILE": str(tmp_path / "key"),
        }
    )
    assert settings.media_s3_secret_key == "s3cret"
