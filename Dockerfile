# One image for the API, the worker and the migrations: `kokybe api`, `kokybe worker`, `kokybe migrate`.
# It holds no secret and no server of its own, runs as uid 10001 and needs no writable root file system.

FROM python:3.13-slim-bookworm AS build

RUN pip install --no-cache-dir uv==0.13.9

ENV UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/opt/kokybe \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    # Bytecode is trusted whatever a file's time became on the way here; a stale check would cost seconds a start.
    PYC_INVALIDATION_MODE=UNCHECKED_HASH

WORKDIR /build

# What others wrote changes rarely: its layer is built from the lock alone.
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-default-groups --no-install-project

COPY README.md ./
COPY api api
COPY worker worker
COPY schemas schemas
COPY programme programme
COPY migrations migrations
RUN uv sync --locked --no-default-groups --no-editable


FROM python:3.13-slim-bookworm

RUN groupadd --gid 10001 kokybe \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin kokybe

COPY --from=build /opt/kokybe /opt/kokybe

ENV PATH=/opt/kokybe/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    KOKYBE_ENVIRONMENT=production \
    KOKYBE_HOST=0.0.0.0 \
    KOKYBE_PORT=8000

USER 10001:10001
WORKDIR /opt/kokybe
EXPOSE 8000

# Alive, not ready: a database that is away is no reason to restart the API. The worker's check is in compose.yaml.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-I", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"KOKYBE_PORT\"]}/livez', timeout=4)"]

CMD ["kokybe", "api"]
