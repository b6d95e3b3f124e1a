"""PostgreSQL and Valkey of one's own: real servers inside the data folder, for `make run` and the tests.

Two things always hold: no server outlives the process that started it, however that process ends, and a data
folder has one owner at a time. The owner keeps `instance.json` locked and writes there where its servers are,
so that every other command of the same folder uses them instead of starting a second pair.

    <data folder>/instance.json     the lock and the addresses
                  instance.users    locked by every command that works with the servers
                  postgres/ valkey/ log/
                  run/              the sockets, or a link to them where the path is too long for a socket
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from programme.binaries import postgres_account, postgres_binaries, valkey_binary, version
from programme.children import Account, Child, StartError, run
from programme.settings import Settings

NAME = "kokybe"  # of the database and of its owner
_PORT = 5432  # only a part of the socket's name: nothing listens on the network
_SOCKET_PATH_LIMIT = 107  # sun_path without its final zero
_START_PATIENCE = 60.0  # seconds; PostgreSQL may have a crash to recover from
_ORPHAN_PATIENCE = 5.0
_OTHERS_PATIENCE = 30.0

Say = Callable[[str], None]


class AlreadyRunningError(StartError):
    """Another process owns the data folder. `servers` is None until they are ready; `address` is None for a
    command that keeps them only for its own duration."""

    def __init__(self, data_dir: Path, pid: int | None, address: str | None, servers: Servers | None) -> None:
        where = f" at {address}" if address else ""
        who = f" (process {pid})" if pid else ""
        super().__init__(f"An instance of {data_dir} is already running{where}{who}.")
        self.address = address
        self.servers = servers


@dataclass(frozen=True)
class Servers:
    """Addresses that asyncpg, SQLAlchemy (as `postgresql+asyncpg`), redis and arq all understand."""

    database_url: str
    redis_url: str


class Instance:
    """A data folder that this process owns, and the servers that it runs there."""

    servers: Servers

    def __init__(self, data_dir: Path, lock: int) -> None:
        self.data_dir = data_dir
        self.children: list[Child] = []
        self._sockets: Path | None = None
        self._lock = lock
        self._publish(None)

    def launch(
        self,
        *,
        database_url: str | None = None,
        redis_url: str | None = None,
        pg_bin: Path | None = None,
        durable: bool = True,
        address: str | None = None,
        say: Say = lambda _: None,
    ) -> Servers:
        """Starts the servers that have no address yet and waits until they answer. `stop` is the caller's duty,
        also when this fails half-way. `durable=False` gives up crash safety for speed, which is for tests only;
        `address` is where the service itself will be, for whoever tries to start it a second time.
        """
        self._publish(address)
        _end_leftovers(self.data_dir)
        sockets = self._sockets = _socket_folder(self.data_dir)
        waits: list[Callable[[], None]] = []
        if database_url is None:
            database_url = f"postgresql://{NAME}@/{NAME}?host={sockets}&port={_PORT}"
            waits.append(self._postgres(sockets, postgres_binaries(pg_bin), durable, database_url, say))
        if redis_url is None:
            redis_url = f"unix://{sockets}/valkey.sock?db=0"
            waits.append(self._valkey(sockets / "valkey.sock", say))
        for wait in waits:
            wait()
        self.servers = Servers(database_url, redis_url)
        self._publish(address, database_url=database_url, redis_url=redis_url)
        return self.servers

    def stop(self, hurry: threading.Event | None = None) -> None:
        """Valkey first, then PostgreSQL; afterwards the data folder is free."""
        os.truncate(self._lock, 0)
        while self.children:
            self.children.pop().stop(hurry)
        link = self.data_dir / "run"
        if self._sockets and link.is_symlink():
            shutil.rmtree(self._sockets)
            link.unlink()
        os.close(self._lock)

    def _publish(self, address: str | None, **urls: str) -> None:
        state = {"pid": os.getpid(), "address": address, **urls}
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, json.dumps(state).encode(), 0)

    def _postgres(self, sockets: Path, binaries: Path, durable: bool, url: str, say: Say) -> Callable[[], None]:
        cluster = self.data_dir / "postgres"
        name = f"PostgreSQL {version(binaries / 'postgres')}"
        account = postgres_account(binaries)
        env = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
        env["LC_ALL"] = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
        if not cluster.exists():
            say(f"{name}: first start, making a cluster in {cluster}")
            _create_cluster(cluster, binaries, account, env, durable)
        _hand_over(cluster, account)
        _hand_over(sockets, account)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "port": str(_PORT),
            "shared_buffers": "128MB",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # What it says of a failed statement quotes rows and values; who sent it knows, and tells what may be told.
            "log_min_messages": "log",
            "log_min_error_statement": "panic",
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
        }
        if not durable:
            options |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        # SIGQUIT ends every backend at once and the next start recovers; after SIGKILL a busy backend would live on
        # until it looks, and SIGINT may have a long checkpoint to write first.
        child = Child(
            "PostgreSQL",
            [
                binaries / "postgres",
                *("-D", cluster),
                *(word for key, value in options.items() for word in ("-c", f"{key}={value}")),
            ],
            on_orphan=signal.SIGQUIT,
            ending=((signal.SIGINT, 30.0), (signal.SIGQUIT, 7.0)),
            log=self.data_dir / "log" / "postgres.log",
            env=env,
            account=account,
        )
        self.children.append(child)

        def wait() -> None:
            _wait_until(lambda: _postmaster_is_ready(cluster, child.process.pid), child)
            with ThreadPoolExecutor(1) as thread:  # the caller may be inside a running event loop
                thread.submit(asyncio.run, _create_database(url)).result()
            say(f"{name}: ready")

        return wait

    def _valkey(self, path: Path, say: Say) -> Callable[[], None]:
        folder = self.data_dir / "valkey"
        folder.mkdir(mode=0o700, exist_ok=True)
        binary = valkey_binary()
        child = Child(
            "Valkey",
            [
                binary,
                *("--port", "0", "--unixsocket", path, "--daemonize", "no"),
                *("--dir", folder, "--appendonly", "yes", "--save", ""),
            ],
            on_orphan=signal.SIGTERM,
            ending=((signal.SIGTERM, 10.0),),
            log=self.data_dir / "log" / "valkey.log",
        )
        self.children.append(child)

        def wait() -> None:
            _wait_until(lambda: _valkey_answers(path), child)
            say(f"Valkey {version(binary)}: ready")

        return wait


def claim(data_dir: Path, *, patience: float = 0.0) -> Instance:
    """Makes this process the owner of the data folder; `AlreadyRunningError` says who is.

    An owner without an address is a command that will be done soon: it is waited for, `patience` seconds long.
    """
    data_dir = data_dir.resolve()
    lock = _open(data_dir / "instance.json")
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _owner(data_dir, lock)
            if owner.address or time.monotonic() >= deadline:
                os.close(lock)
                raise owner from None
            time.sleep(0.05)
        else:
            (data_dir / "log").mkdir(mode=0o700, exist_ok=True)
            return Instance(data_dir, lock)


def start(data_dir: Path, *, pg_bin: Path | None = None, durable: bool = True) -> Instance:
    """Both servers, answering, at `.servers`; the caller stops the instance."""
    instance = claim(data_dir)
    try:
        instance.launch(pg_bin=pg_bin, durable=durable)
    except BaseException:
        instance.stop()
        raise
    return instance


@contextmanager
def ensure(settings: Settings) -> Iterator[Servers]:
    """The servers that the settings name; else those of whoever runs the data folder; else own ones for the
    duration, and a little longer for the commands that found them meanwhile."""
    if settings.database_url and settings.redis_url:
        yield Servers(settings.database_url, settings.redis_url)
        return
    data_dir = settings.data_dir.resolve()
    users = _open(data_dir / "instance.users")
    try:
        fcntl.flock(users, fcntl.LOCK_SH)
        found = _claim_or_join(data_dir)
        if isinstance(found, Servers):
            yield Servers(settings.database_url or found.database_url, settings.redis_url or found.redis_url)
            return
        try:
            yield found.launch(database_url=settings.database_url, redis_url=settings.redis_url, pg_bin=settings.pg_bin)
        finally:
            try:
                _wait_for_others(users)
            finally:
                found.stop()
    finally:
        os.close(users)


def _claim_or_join(data_dir: Path) -> Instance | Servers:
    deadline = time.monotonic() + _START_PATIENCE
    while True:
        try:
            return claim(data_dir)
        except AlreadyRunningError as owner:
            if owner.servers:
                return owner.servers
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def _wait_for_others(users: int) -> None:
    deadline = time.monotonic() + _OTHERS_PATIENCE
    while time.monotonic() < deadline:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StartError(f"The data folder {path.parent} cannot be used: {error.strerror}.") from error


def _owner(data_dir: Path, lock: int) -> AlreadyRunningError:
    """What the owner wrote. Between taking the lock and writing, a dead predecessor's lines still stand there."""
    try:
        state = json.loads(os.pread(lock, 65536, 0))
        os.kill(state["pid"], 0)
    except (ValueError, ProcessLookupError):
        return AlreadyRunningError(data_dir, None, None, None)
    except PermissionError:
        pass
    ready = "database_url" in state
    servers = Servers(state["database_url"], state["redis_url"]) if ready else None
    return AlreadyRunningError(data_dir, state["pid"], state["address"], servers)


def _end_leftovers(data_dir: Path) -> None:
    """After a SIGKILL of the previous owner its servers may still be ending. Once none is left, a postmaster.pid is
    stale, whoever bears its number today."""
    if not Path("/proc/self").exists():
        return
    deadline = time.monotonic() + _ORPHAN_PATIENCE
    while leftovers := _processes_in(data_dir / "postgres", data_dir / "valkey"):
        if time.monotonic() > deadline + _ORPHAN_PATIENCE:
            raise StartError(f"Servers of an earlier instance of {data_dir} do not end: {leftovers}.")
        if time.monotonic() > deadline:
            for pid in leftovers:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    (data_dir / "postgres" / "postmaster.pid").unlink(missing_ok=True)


def _processes_in(*folders: Path) -> list[int]:
    """Servers that work in one of the folders: all of them, PostgreSQL's backends too, stay where they started."""
    inodes = {_inode(folder) for folder in folders if folder.exists()}
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile, or another account's
            name = (entry / "comm").read_text().strip()
            if name in ("postgres", "valkey-server", "redis-server") and _inode(entry / "cwd") in inodes:
                found.append(int(entry.name))
    return found


def _inode(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _socket_folder(data_dir: Path) -> Path:
    """Empty and private: whoever reaches a socket is let in."""
    folder = data_dir / "run"
    length = len(os.fsencode(folder / f".s.PGSQL.{_PORT}"))
    if length > _SOCKET_PATH_LIMIT or not re.fullmatch(r"[\w./-]+", str(folder), re.ASCII):
        folder = _linked_folder(folder)  # too long, or with characters that a URL escapes and arq does not unescape
    elif folder.is_symlink():
        folder.unlink()
    folder.mkdir(mode=0o700, exist_ok=True)
    for stale in folder.iterdir():
        stale.unlink()
    return folder


def _linked_folder(link: Path) -> Path:
    """The folder that an earlier start linked to, if it is still as it was made; else a new one."""
    if link.is_symlink():
        with suppress(FileNotFoundError):
            known = link.readlink().lstat()
            if stat.S_ISDIR(known.st_mode) and stat.S_IMODE(known.st_mode) == 0o700 and known.st_uid == os.geteuid():
                return link.readlink()
        link.unlink()
    elif link.exists():
        shutil.rmtree(link)
    folder = Path(tempfile.mkdtemp(prefix="kokybe-", dir="/tmp"))  # not TMPDIR: its path may be as long
    link.symlink_to(folder)
    return folder


def _create_cluster(cluster: Path, binaries: Path, account: Account, env: Mapping[str, str], durable: bool) -> None:
    """Under another name until it is complete, so that an interrupted first start leaves nothing to trip over."""
    fresh = cluster.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    _hand_over(fresh, account)
    done = run(
        [
            binaries / "initdb",
            *("-D", fresh, "-U", NAME, "-E", "UTF8", "--auth=trust"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(() if durable else ("--no-sync",)),
        ],
        account=account,
        env=env,
    )
    if done.returncode != 0:
        raise StartError(f"PostgreSQL could not make its cluster in {fresh}:\n{done.stderr.strip()}")
    fresh.rename(cluster)


def _hand_over(folder: Path, account: Account) -> None:
    try:
        account.own(folder)
    except PermissionError as error:
        raise StartError(f"{folder} belongs to another account of this machine.") from error


async def _create_database(url: str) -> None:
    try:
        connection = await asyncpg.connect(url)
    except asyncpg.InvalidCatalogNameError:
        connection = await asyncpg.connect(url, database="postgres")
        await connection.execute(f"CREATE DATABASE {NAME}")
    await connection.close()


def _postmaster_is_ready(cluster: Path, pid: int) -> bool:
    """Line 1 must be our child: the file of another postmaster says nothing about ours."""
    try:
        lines = (cluster / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _valkey_answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
        client.settimeout(1.0)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        return client.recv(64).startswith(b"+PONG")
    return False


def _wait_until(condition: Callable[[], bool], child: Child) -> None:
    deadline = time.monotonic() + _START_PATIENCE
    while not condition():
        if child.ended or time.monotonic() > deadline:
            raise StartError(child.report())
        time.sleep(0.02)
