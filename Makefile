# Two commands: `make run` and `make test`. Everything else is a part of one of them.
SHELL := /bin/bash
# Images often forbid it; without compiled files each of a dozen processes compiles a thousand modules anew.
unexport PYTHONDONTWRITEBYTECODE
PY := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help setup run test lint demo bench shots doctor

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | \
	  while IFS=$$'\t' read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

setup: ## the environment alone, with the test tools, in .venv
	@scripts/setup.sh dev

run: ## the studio with its sample company (PORT=8000); Ctrl-C stops everything
	@scripts/setup.sh run
	@exec $(PY) manage.py up

test: ## everything CI checks: lint, types, contracts, tests on SQLite, PostgreSQL, Redis, Chromium
	@scripts/setup.sh dev
	@$(PY) scripts/check.py

lint: ## ruff, mypy, import contracts, missing migrations
	@scripts/setup.sh dev
	@$(PY) scripts/check.py --only lint

demo: ## the whole story without a browser, by a scripted reviewer (ARGS=--json)
	@scripts/setup.sh run
	@exec $(PY) manage.py demo $(ARGS)

bench: ## list the measurements and how to run each
	@scripts/setup.sh dev
	@$(PY) scripts/benches.py

shots: ## screenshots of every page, light and dark, into docs/shots
	@scripts/setup.sh dev
	@$(PY) scripts/shots.py

doctor: ## is everything reachable, with what is wrong and how to mend it
	@scripts/setup.sh run
	@exec $(PY) manage.py doctor
