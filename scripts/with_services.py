"""Run a command against a fresh PostgreSQL and Redis, stopped and removed afterwards.

.venv/bin/python scripts/with_services.py .venv/bin/python manage.py demo --json
"""

from __future__ import annotations

import os
import subprocess
import sys

from services import postgresql, redis, scratch


def main() -> int:
    """Start both, run the command with their addresses in its environment, pass its status on."""
    with scratch() as folder, postgresql(folder) as database, redis(folder) as broker:
        env = {
            **os.environ,
            "DATABASE_URL": database,
            "REDIS_URL": broker,
            "CELERY_BROKER_URL": broker,
        }
        return subprocess.run(sys.argv[1:], env=env, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
