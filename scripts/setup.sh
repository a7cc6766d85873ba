#!/usr/bin/env bash
# The one set-up path behind every make target:  scripts/setup.sh run|dev
# Needs Python 3.11 or newer with its venv module; writes nothing outside .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

want=${1:-run}
case "$want" in run | dev) ;; *) echo "usage: scripts/setup.sh run|dev" >&2; exit 2 ;; esac
venv=.venv
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

fail() { printf '\nset-up stopped: %s\n' "$*" >&2; exit 1; }

# 3.11 first, because the pinned versions are tested on it; newer ones are accepted.
python=
for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
  # A pyenv shim exists for every version and fails when asked: only an answer counts.
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || fail "Python 3.11 or newer was not found${PYTHON:+ as \"$PYTHON\"}.
Install it (Debian and Ubuntu: apt install python3 python3-venv), or name it: PYTHON=/path/to/python3 make setup"

stamp=$("$python" - <<'PY'
import hashlib, pathlib, sys

digest = hashlib.sha256(sys.version.encode())
for name in ("pyproject.toml", "constraints.txt", "scripts/setup.sh"):
    digest.update(pathlib.Path(name).read_bytes())
print(digest.hexdigest())
PY
)
[ "$(cat "$venv/stamp-$want" 2>/dev/null || true)" = "$stamp" ] && exit 0

echo "setting up $venv with $("$python" -V) (${want}) …"
if ! "$venv/bin/python" -c 'import pip' >/dev/null 2>&1; then
  "$python" -m venv --clear "$venv" ||
    fail "this Python cannot make virtual environments. Debian and Ubuntu ship that part separately:
apt install python3-venv   (then the same command again)"
fi
pip() { "$venv/bin/python" -m pip "$@"; }

pip install -qq -U 'pip>=26' || fail "pip could not be renewed: is the package index reachable (proxy, pip.conf)?"

# torch alone and first, so that whichever file the user's own pip settings offer wins; on Linux the
# public index offers the CUDA build.
if ! "$venv/bin/python" -c 'import importlib.metadata as m, sys
sys.exit(m.version("torch").split("+")[0] != "2.13.0")' >/dev/null 2>&1; then
  if [ "$(uname -s)" = Linux ] && [ -z "${TORCH_INDEX:-}" ] && [ -z "${PIP_FIND_LINKS:-}" ]; then
    echo "  torch: the public index offers Linux the CUDA build (about 2.7 GB). The CPU build is enough:"
    echo "  TORCH_INDEX=https://download.pytorch.org/whl/cpu make setup"
  fi
  echo "  torch …"
  pip install -qq --no-compile ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} 'torch==2.13.0' ||
    fail "torch 2.13.0 could not be installed for $("$venv/bin/python" -V); Python 3.11 has all pinned files"
fi

extra=
[ "$want" = dev ] && extra='[dev]'
echo "  the other packages …"
pip install -qq --no-compile -c constraints.txt -e ".$extra" ||
  fail "the dependencies could not be installed (see above); run the same command again to go on"

# Written last: a set-up that broke half-way repeats. The test tools include all that running needs.
echo "$stamp" >"$venv/stamp-run"
[ "$want" = dev ] && echo "$stamp" >"$venv/stamp-dev"
echo "ready."
