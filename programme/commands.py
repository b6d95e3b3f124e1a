"""The `kokybe` command: what an operator types, and what `make run` runs.

Each command finds the servers of the same data folder or starts them for its duration (`programme.embedded`).
A wrong setting ends it with 2, a refusal or a server that cannot be had with 1, each with a sentence.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from programme import embedded
from programme.children import Child, StartError
from programme.embedded import Servers
from programme.errors import Refusal
from programme.logs import tell_end
from programme.settings import PREFIX, Settings, SettingsError, load

if TYPE_CHECKING:
    from programme.database import Database
    from programme.services.history import Head

T = TypeVar("T")

_COMMAND_TIMEOUT_MS = 60_000  # a statement of a command may take longer than one of a request
_START_PATIENCE = 60.0
_OTHER_COMMAND_PATIENCE = 30.0
_ORPHAN_PATIENCE = 3.0
_LONGEST_PAUSE = 30.0
_STEADY_AFTER = 60.0


def main(words: Sequence[str] | None = None) -> int:
    sys.excepthook = tell_end
    arguments = _parser().parse_args(words)
    try:
        status: int = arguments.run(load(), arguments)
    except SettingsError as error:
        _complain(error)
        return 2
    except (Refusal, StartError) as error:
        _complain(error)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kokybe", description="The records of a certification programme.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[Settings, argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    command("dev", _dev, "everything on this machine: servers, schema, the programme, API and worker")
    command("api", _api, "the API")
    worker = command("worker", _worker, "the worker")
    worker.add_argument("--check", action="store_true", help="only tell whether a worker is alive")
    command("migrate", _migrate, "bring the schema to the newest revision")

    loading = command("load-programme", _load_programme, "load the reference data and the real records; repeatable")
    loading.add_argument("--dir", type=Path, dest="directory", help="a folder to load instead of the built-in data")

    criteria = command("import-criteria", _import_criteria, "the owner's texts of a version's criteria, all or none")
    criteria.add_argument("file", type=Path, metavar="FILE", help="CSV, XLSX, YAML or JSON")
    criteria.add_argument("--version", required=True, metavar="CODE", help="such as EQUASS-2018")
    criteria.add_argument("--dry-run", action="store_true", help="only tell what each row would do")

    daily = command("daily", _daily, "the daily pass for every day up to the given one that has not had it")
    daily.add_argument("--on", type=date.fromisoformat, metavar="YYYY-MM-DD", help="today when not given")

    verify = command(
        "verify-history", _verify_history, "hold every event against the chain of hashes; 1 where one is bad"
    )
    verify.add_argument("--heads", action="store_true", help="also print where each chain stands, to be kept elsewhere")
    verify.add_argument(
        "--against",
        type=_earlier_heads,
        default=(),
        metavar="FILE",
        help="what --heads printed: a rewritten chain shows",
    )

    clients = commands.add_parser("clients", help="who may call the API").add_subparsers(
        metavar="COMMAND", required=True
    )
    create = clients.add_parser("create", help="a client and its first key, shown once")
    create.set_defaults(run=_create_client)
    create.add_argument("--role", required=True)
    create.add_argument("--organisation", type=UUID, metavar="ID")
    create.add_argument("--name", required=True)
    create.add_argument("--json", action="store_true", dest="as_json")
    disable = clients.add_parser("disable", help="nothing that the client shows is good from now on")
    disable.set_defaults(run=_disable_client)
    disable.add_argument("client", type=UUID, metavar="ID")
    return parser


def _api(settings: Settings, _arguments: argparse.Namespace) -> int:
    return _serve(settings, "api")


def _worker(settings: Settings, arguments: argparse.Namespace) -> int:
    return _serve(settings, "worker", *(["--check"] if arguments.check else []))


def _migrate(settings: Settings, _arguments: argparse.Namespace) -> int:
    from programme.database import migrate

    with embedded.ensure(settings) as servers:
        migrate(servers.database_url)
    _say("migrated")
    return 0


def _load_programme(settings: Settings, arguments: argparse.Namespace) -> int:
    from programme.services.loading import load_programme

    loaded = _with_database(settings, lambda database: load_programme(database, arguments.directory))
    _say(_summary(loaded))
    return 0


def _import_criteria(settings: Settings, arguments: argparse.Namespace) -> int:
    from programme.services.imports import bring_in

    report = _with_database(
        settings,
        lambda database: bring_in(
            database, arguments.file, standard_version=arguments.version, dry_run=arguments.dry_run
        ),
    )
    _say(json.dumps(report, ensure_ascii=False, indent=1))
    return 1 if report["reasons"] else 0


def _daily(settings: Settings, arguments: argparse.Namespace) -> int:
    from programme.services.daily import catch_up

    passed = _with_database(settings, lambda database: catch_up(database, arguments.on))
    _say(json.dumps(passed, ensure_ascii=False, default=str))
    return 0


def _verify_history(settings: Settings, arguments: argparse.Namespace) -> int:
    from programme.services.history import verify

    found = _with_database(
        settings,
        lambda database: verify(database, against=arguments.against, with_heads=arguments.heads),
        statement_timeout_ms=0,  # it reads all that ever happened
    )
    _say(json.dumps(found, ensure_ascii=False, default=str))
    return 0 if found["ok"] else 1


def _earlier_heads(path: str) -> list[Head]:
    try:
        heads = json.loads(Path(path).read_bytes())["heads"]
        return [
            {"organisation_id": str(UUID(one["organisation_id"])), "n": int(one["n"]), "hash": str(one["hash"])}
            for one in heads
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise argparse.ArgumentTypeError(f"{path} is not what --heads printed: {error}") from error


def _create_client(settings: Settings, arguments: argparse.Namespace) -> int:
    from programme.services.clients import create_client

    client = _with_database(
        settings,
        lambda database: create_client(database, arguments.role, arguments.name, arguments.organisation),
    )
    if arguments.as_json:
        _say(json.dumps(client))
    else:
        _say(f"client  {client['client_id']}\nkey id  {client['key_id']}\nkey     {client['key']}")
        _say("Keep the key: it is shown this once.")
    return 0


def _disable_client(settings: Settings, arguments: argparse.Namespace) -> int:
    from programme.services.clients import disable_client

    _with_database(settings, lambda database: disable_client(database, arguments.client))
    _say("disabled")
    return 0


def _dev(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Starts everything, says where it is, and watches over it until it is told to stop."""
    if settings.environment == "production":
        raise SettingsError(f"{PREFIX}ENVIRONMENT: `kokybe dev` shows a key; production has `kokybe api` and `worker`.")
    data_dir = settings.data_dir.resolve()
    _say(f"Kokybė {version('kokybe')}, data in {data_dir}")
    try:
        with _Signals() as signals, ExitStack() as stack:
            try:
                instance = embedded.claim(data_dir, patience=_OTHER_COMMAND_PATIENCE)
                stack.callback(instance.stop, signals.hurry)
                settings = settings.model_copy(update={"data_dir": data_dir, "port": _usable_port(settings)})
                address = _address(settings)
                servers = instance.launch(
                    database_url=settings.database_url,
                    redis_url=settings.redis_url,
                    pg_bin=settings.pg_bin,
                    address=address,
                    say=_say,
                )
                key = _prepare(settings, servers)
                api = _start_api(settings, servers)
                stack.callback(api.stop, signals.hurry)
                worker = _Restarted(lambda: _start_worker(settings, servers))
                stack.callback(worker.stop, signals.hurry)
                _wait_for_api(api, address)
                _say(_screen(settings, address, key))
                stack.callback(_say, "Stopping: worker, API, Valkey, PostgreSQL …")
                terminal = os.isatty(0)
                while os.isatty(0) == terminal:  # `make` keeps the end of its terminal to itself
                    for child in (api, *instance.children):
                        if child.ended:
                            raise StartError(child.report())
                    worker.look()
                    time.sleep(0.2)
            finally:
                signals.stopping = True
    except _Stop:
        _say("Stopped.")
    return 0


def _prepare(settings: Settings, servers: Servers) -> str:
    """The schema, the programme's data and a coordinator's key, which is the same at every start."""
    from programme.database import Database, migrate
    from programme.services.clients import ensure_development_key
    from programme.services.loading import load_programme

    async def load_and_key() -> str:
        async with Database.open(settings, servers.database_url, statement_timeout_ms=_COMMAND_TIMEOUT_MS) as database:
            _say(_summary(await load_programme(database, None)))
            return await ensure_development_key(database, settings.data_dir)

    migrate(servers.database_url)
    _say("Schema: migrated")
    return asyncio.run(load_and_key())


def _start_api(settings: Settings, servers: Servers) -> Child:
    return Child(
        "The API",
        [sys.executable, "-m", "api"],
        on_orphan=signal.SIGTERM,  # it has processes of its own to end, and open connections
        orphan_patience=_ORPHAN_PATIENCE,
        ending=((signal.SIGTERM, 10.0),),
        log=settings.data_dir / "log" / "api.log",
        env=_environment(settings, servers),
    )


def _start_worker(settings: Settings, servers: Servers) -> Child:
    return Child(
        "The worker",
        [sys.executable, "-m", "worker"],
        on_orphan=signal.SIGKILL,  # SIGTERM would let a job go on; whatever it does, it takes up again after a kill
        ending=((signal.SIGTERM, 10.0),),
        log=settings.data_dir / "log" / "worker.log",
        env=_environment(settings, servers),
    )


class _Restarted:
    """The worker, which may come and go: it is started again after 1, 2, 4 … 30 s, and after a steady minute the
    count begins anew."""

    def __init__(self, start: Callable[[], Child]) -> None:
        self._start = start
        self._child = start()
        self._started_at = time.monotonic()
        self._due_at: float | None = None
        self._pause = 1.0

    def look(self) -> None:
        now = time.monotonic()
        if self._due_at is not None:
            if now >= self._due_at:
                self._child, self._started_at, self._due_at = self._start(), now, None
        elif self._child.ended:
            if now - self._started_at > _STEADY_AFTER:
                self._pause = 1.0
            self._child.stop()
            _say(f"{self._child.report()}\nIt is started again in {self._pause:g} s.")
            self._due_at = now + self._pause
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def stop(self, hurry: threading.Event) -> None:
        self._child.stop(hurry)


def _serve(settings: Settings, module: str, *words: str) -> int:
    """One of the two doors, in this process's place or, where the servers are ours to keep, as its child."""
    command = [sys.executable, "-m", module, *words]
    if settings.database_url and settings.redis_url:
        os.execv(sys.executable, command)  # noqa: S606 - our own module
    try:
        with _Signals() as signals, _migrated(settings) as servers:
            child = Child(
                f"The {module}",
                command,
                on_orphan=signal.SIGTERM,
                orphan_patience=_ORPHAN_PATIENCE,
                ending=((signal.SIGTERM, 30.0),),
                env=_environment(settings, servers),
            )
            try:
                return child.process.wait()
            finally:
                signals.stopping = True
                child.stop(signals.hurry)
    except _Stop:
        return 0


class _Stop(KeyboardInterrupt):
    """Somebody asked for an orderly end."""


class _Signals:
    """SIGINT, SIGTERM or SIGHUP raises `_Stop` where the work is. Once `stopping`, another one sets `hurry`, unless
    it comes so soon that it is the same wish sent to the whole process group and passed on by `make`."""

    def __init__(self) -> None:
        self.stopping = False
        self.hurry = threading.Event()
        self._asked_at = 0.0

    def __enter__(self) -> _Signals:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        """The process ends with what it guarded; the handlers stay, so that no late signal breaks that off."""

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.stopping:
            self.stopping, self._asked_at = True, now
            raise _Stop
        if now - self._asked_at > 0.5:
            self.hurry.set()


@contextmanager
def _migrated(settings: Settings) -> Iterator[Servers]:
    """Servers to work with. Embedded ones always have the newest schema; a deployment runs `kokybe migrate`."""
    from programme.database import migrate

    with embedded.ensure(settings) as servers:
        if settings.database_url is None:
            migrate(servers.database_url)
        yield servers


def _with_database(
    settings: Settings,
    work: Callable[[Database], Awaitable[T]],
    *,
    statement_timeout_ms: int = _COMMAND_TIMEOUT_MS,
) -> T:
    from programme.database import Database
    from programme.retries import again

    async def run(database_url: str) -> T:
        async with Database.open(settings, database_url, statement_timeout_ms=statement_timeout_ms) as database:
            return await again(lambda: work(database))

    with _migrated(settings) as servers:
        return asyncio.run(run(servers.database_url))


def _environment(settings: Settings, servers: Servers) -> dict[str, str]:
    return os.environ | {
        f"{PREFIX}DATABASE_URL": servers.database_url,
        f"{PREFIX}REDIS_URL": servers.redis_url,
        f"{PREFIX}DATA_DIR": str(settings.data_dir.resolve()),
        f"{PREFIX}PORT": str(settings.port),
    }


def _usable_port(settings: Settings) -> int:
    """Tried before anything is started, since the API would find out last; 0 becomes a free one."""
    with socket.socket(_family(settings.host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            raise StartError(f"{PREFIX}HOST, {PREFIX}PORT: {where} cannot be used ({error.strerror}).") from error
        port: int = probe.getsockname()[1]
        return port


def _address(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - to call, not to bind
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _wait_for_api(api: Child, address: str) -> None:
    deadline = time.monotonic() + _START_PATIENCE
    while not _is_alive(address.removeprefix("http://")):
        if api.ended or time.monotonic() > deadline:
            raise StartError(api.report())
        time.sleep(0.05)


def _is_alive(place: str) -> bool:
    connection = http.client.HTTPConnection(place, timeout=2)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _summary(loaded: dict[str, int]) -> str:
    return "Programme: " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in loaded.items())


def _screen(settings: Settings, address: str, key: str) -> str:
    def curl(path: str, *, with_key: bool = True) -> str:
        return f"curl -s '{address}{path}'" + (f" -H 'Authorization: Bearer {key}'" if with_key else "")

    return f"""
  The service       {address}
  Documentation     {address}/docs   {address}/redoc
  Coordinator key   {key}
  Data and logs     {settings.data_dir}

  Try it:
    {curl("/public/v1/certificates?limit=2", with_key=False)}
    {curl("/v1/organisations?municipality=LT-57&limit=2")}
    {curl("/v1/certificates?sort=expires_on&expand=organisation&limit=2")}

  Ctrl-C stops everything.
"""


def _say(text: str) -> None:
    with suppress(OSError):  # a closed terminal must not keep the servers from being stopped in order
        print(text, flush=True)


def _complain(error: Exception) -> None:
    with suppress(OSError):
        print(error, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
