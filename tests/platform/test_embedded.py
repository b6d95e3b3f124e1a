"""The servers of `make run` and of these tests: real ones, in folders of their own."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from arq.connections import RedisSettings
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from programme import embedded
from programme.binaries import postgres_binaries
from programme.children import Account, Child, StartError, run
from programme.embedded import AlreadyRunningError, Instance, Servers
from programme.settings import Settings
from tests.platform.processes import family, living, until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another account")

OWNER = """
import json, sys, time
from pathlib import Path
from programme import embedded
instance = embedded.start(Path(sys.argv[1]))
print(json.dumps(vars(instance.servers)), flush=True)
time.sleep(600)
"""

COMMAND = """
import sys
from pathlib import Path
from programme import embedded
from programme.settings import Settings
with embedded.ensure(Settings(data_dir=Path(sys.argv[1]))):
    print("ready", flush=True)
    input()
"""


@pytest.fixture(scope="session")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after its first start, to be copied: making a cluster takes longer than everything else."""
    folder = tmp_path_factory.mktemp("stopped")
    embedded.start(folder, durable=False).stop()
    return folder


@pytest.fixture
def data_dir(stopped: Path, tmp_path: Path) -> Path:
    return shutil.copytree(stopped, tmp_path / "data")


@pytest.fixture
def instance(data_dir: Path) -> Iterator[Instance]:
    instance = embedded.start(data_dir, durable=False)
    yield instance
    instance.stop()


@contextmanager
def started_elsewhere(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], Servers]]:
    """An instance that another process owns."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(data_dir)], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout
        yield owner, Servers(**json.loads(owner.stdout.readline()))
    finally:
        owner.kill()
        owner.communicate()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Reachable for every account, which the folders of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="kokybe-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


async def remember(servers: Servers, word: str) -> None:
    connection = await asyncpg.connect(servers.database_url)
    await connection.execute("create table if not exists memory (word text)")
    await connection.execute("insert into memory values ($1)", word)
    await connection.close()
    async with Redis.from_url(servers.redis_url) as redis:
        await redis.set("word", word)


async def remembered(servers: Servers) -> tuple[list[str], str]:
    """From PostgreSQL through SQLAlchemy and from Valkey as arq finds it."""
    engine = create_async_engine(servers.database_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as connection:
        words = list(await connection.scalars(text("select word from memory")))
    await engine.dispose()
    path = RedisSettings.from_dsn(servers.redis_url).unix_socket_path
    async with Redis(unix_socket_path=path, decode_responses=True) as redis:
        return words, await redis.get("word")


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    first = embedded.start(tmp_path)
    await remember(first.servers, "žąsis")
    servers = [child.process.pid for child in first.children]
    first.stop()
    assert not any(psutil.pid_exists(pid) for pid in servers)

    second = embedded.start(tmp_path)
    try:
        assert await remembered(second.servers) == (["žąsis"], "žąsis")
    finally:
        second.stop()


async def test_the_cluster_is_utf8_with_the_builtin_locale_and_listens_on_no_network(instance: Instance) -> None:
    connection = await asyncpg.connect(instance.servers.database_url)
    row = await connection.fetchrow(
        "select datlocprovider::text, datlocale, pg_encoding_to_char(encoding) from pg_database where datname = $1",
        "kokybe",
    )
    assert tuple(row) == ("b", "C.UTF-8", "UTF8")
    assert await connection.fetchval("select upper('ąčęėįšųūž')") == "ĄČĘĖĮŠŲŪŽ"
    await connection.close()
    for child in instance.children:
        assert psutil.Process(child.process.pid).net_connections("inet") == []
    assert (instance.data_dir / "run").stat().st_mode & 0o777 == 0o700


async def test_a_killed_owner_leaves_no_process_behind_and_loses_nothing(data_dir: Path) -> None:
    with started_elsewhere(data_dir) as (owner, servers):
        await remember(servers, "gulbė")
        busy = await asyncpg.connect(servers.database_url)
        question = busy.execute("select sum(a) from generate_series(1, 1000000000) a")
        processes = family(owner.pid)
        assert len(processes) > 5
        owner.send_signal(signal.SIGKILL)
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await question
        until(lambda: not living(processes), 5, "the end of every server")

    again = embedded.start(data_dir, durable=False)
    try:
        assert await remembered(again.servers) == (["gulbė"], "gulbė")
    finally:
        again.stop()


async def test_a_start_right_after_a_kill_waits_for_the_old_servers_to_end(data_dir: Path) -> None:
    with started_elsewhere(data_dir) as (owner, servers):
        await remember(servers, "kregždė")
        owner.kill()
        owner.wait()
        again = embedded.start(data_dir, durable=False)
        try:
            assert await remembered(again.servers) == (["kregždė"], "kregždė")
        finally:
            again.stop()


def test_two_instances_live_side_by_side(instance: Instance, tmp_path: Path) -> None:
    other = embedded.start(tmp_path / "other", durable=False)
    assert other.servers != instance.servers
    other.stop()
    assert not any(child.ended for child in instance.children)


@pytest.mark.parametrize("name", ["x" * 120, "Žydrės duomenys, 100 % & daugiau"])
async def test_sockets_go_elsewhere_where_the_path_does_not_fit(tmp_path: Path, name: str) -> None:
    instance = embedded.start(tmp_path / name, durable=False)
    sockets = (tmp_path / name / "run").readlink()
    try:
        await remember(instance.servers, "pelėda")
        assert await remembered(instance.servers) == (["pelėda"], "pelėda")
        assert sockets.stat().st_mode & 0o777 == 0o700
    finally:
        instance.stop()
    assert not sockets.exists()


def test_a_data_folder_has_one_owner(instance: Instance) -> None:
    with pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}") as refusal:
        embedded.claim(instance.data_dir)
    assert refusal.value.servers == instance.servers


def test_a_stale_pid_that_another_program_bears_today_is_no_obstacle(data_dir: Path) -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        (data_dir / "postgres" / "postmaster.pid").write_text(f"{sleeper.pid}\n{data_dir}\n0\n5432\n\n\n0 0\nready\n")
        embedded.start(data_dir, durable=False).stop()
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_an_interrupted_first_start_is_made_good(tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    embedded.start(tmp_path, durable=False).stop()
    assert not (tmp_path / "postgres.new").exists()


def test_a_command_finds_the_servers_of_a_running_instance(instance: Instance) -> None:
    with embedded.ensure(Settings(data_dir=instance.data_dir)) as servers:
        assert servers == instance.servers
    assert not any(child.ended for child in instance.children)


def test_a_command_alone_has_servers_for_its_own_duration(data_dir: Path) -> None:
    before = family(os.getpid())
    with embedded.ensure(Settings(data_dir=data_dir)):
        started = [process for process in family(os.getpid()) if process not in before]
        assert {"postgres", "valkey-server"} <= {process.name() for process in started}
    assert living(started) == []


def test_a_command_that_is_done_leaves_its_servers_to_the_one_that_found_them(data_dir: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout
    assert first.stdout.readline() == "ready\n"
    with embedded.ensure(Settings(data_dir=data_dir)):
        processes = family(first.pid)
        assert first.stdin
        first.stdin.write("done\n")
        first.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):
            first.wait(0.5)
        assert living(processes) == processes
    first.communicate(timeout=10)
    assert living(processes) == []


def test_addresses_in_the_settings_start_nothing(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "none", database_url="postgresql://db/kokybe", redis_url="redis://queue")
    with embedded.ensure(settings) as servers:
        assert servers == Servers("postgresql://db/kokybe", "redis://queue")
    assert not (tmp_path / "none").exists()


def test_a_folder_without_postgresql_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="KOKYBE_PG_BIN"):
        embedded.start(tmp_path / "data", pg_bin=tmp_path)
    embedded.claim(tmp_path / "data").stop()


def test_a_server_that_cannot_start_says_why(data_dir: Path) -> None:
    (data_dir / "postgres" / "postgresql.conf").write_text("no_such_parameter = 1\n")
    before = family(os.getpid())
    with pytest.raises(StartError, match="no_such_parameter"):
        embedded.start(data_dir, durable=False)
    assert [process for process in family(os.getpid()) if process not in before] == []


def test_children_belong_to_the_main_thread(tmp_path: Path) -> None:
    """Linux ends them with the thread that forked them, which may be long before the process."""
    refused: list[BaseException] = []

    def attempt() -> None:
        try:
            Child("A child", ["true"], on_orphan=signal.SIGKILL, ending=())
        except RuntimeError as error:
            refused.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert len(refused) == 1


def in_another_process(action: Callable[[], None]) -> None:
    """A fork and not a new program: an interpreter in a private folder could not be started by another account."""
    pid = os.fork()
    if pid == 0:
        try:
            action()
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@as_root
def test_an_ordinary_account_runs_its_own(instance: Instance, open_folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    reach = run([postgres_binaries(None) / "postgres", "--version"], account=Account((), nobody.pw_uid, nobody.pw_gid))
    if reach.returncode != 0:
        pytest.skip("the environment lies in a folder that is private to root")
    data_dir = open_folder / "data"
    data_dir.mkdir()
    os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)

    def as_nobody() -> None:
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
        for _ in range(2):
            own = embedded.start(data_dir, durable=False)
            assert {psutil.Process(child.process.pid).uids().real for child in own.children} == {nobody.pw_uid}
            own.stop()

    in_another_process(as_nobody)
    assert {path.stat().st_uid for path in data_dir.iterdir()} == {nobody.pw_uid}


@as_root
def test_root_without_user_namespaces_lets_another_account_run_postgresql(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded.start(open_folder / "data", durable=False).stop()
    refusing = open_folder / "unshare"
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", str(open_folder), prepend=os.pathsep)
    instance = embedded.start(open_folder / "data", durable=False)
    postgres, valkey = (psutil.Process(child.process.pid) for child in instance.children)
    try:
        assert postgres.uids().real == (open_folder / "data" / "postgres").stat().st_uid != 0
        assert valkey.uids().real == 0
    finally:
        instance.stop()
