"""How gunicorn runs the web: `gunicorn --config gunicorn.conf.py webapp.wsgi:app`."""

import os
import sys
from pathlib import Path

from restante import hardening, logs
from restante.errors import SettingsInvalid
from restante.metrics import shared_folder
from restante.settings import Settings

hardening.forbid_core_dumps()
try:
    settings = Settings.from_env(os.environ)
except SettingsInvalid as problem:
    sys.stderr.write(f"{problem}\n")
    sys.exit(os.EX_CONFIG)

logs.configure(settings.log_level)
logs.report_crashes()

proc_name = "restante"
bind = [settings.bind, settings.metrics_bind] if settings.metrics_bind else settings.bind
workers = settings.web_workers
worker_class = "webapp.http.gunicorn.Worker"
logger_class = "webapp.http.gunicorn.ServerLog"
loglevel = settings.log_level
accesslog = None

timeout = 30
graceful_timeout = 10
# Also how long a request's head may take to arrive.
keepalive = 5
limit_request_line = 4094
limit_request_fields = 64
# Workers touch a file there every second; a slow disk must not look like a hung worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

# The application decides which proxies to trust (RESTANTE_TRUSTED_PROXIES).
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

# gevent patches each worker before the application is loaded.
preload_app = False
# Anyone who reaches the control socket can control the server, and we do not need it.
control_socket_disable = True

# If no supervisor provides the metrics folder, create one.
if settings.counts and shared_folder.VARIABLE not in os.environ:
    os.environ[shared_folder.VARIABLE] = shared_folder.new_folder()


def on_exit(_server: object) -> None:
    """Leave no folder behind."""
    shared_folder.remove(os.environ.get(shared_folder.VARIABLE))
