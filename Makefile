# Engage: `make run`, `make test`, `make bench`. What is missing is set up first.

.DEFAULT_GOAL := help
.PHONY: help run test bench setup lint format lock words pictures clean

help:  ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

run: setup  ## the site and its background worker at http://127.0.0.1:8000 (PORT= changes it)
	@exec .venv/bin/python -m engage.core.supervise

test:  ## every check and every test, on SQLite and on PostgreSQL, browser included
	@exec sh scripts/test.sh

bench:  ## how fast, as ratios to references measured in the same run
	@sh scripts/setup.sh test
	@exec .venv/bin/python -m bench

setup:
	@sh scripts/setup.sh base

lint:  ## the checks without the tests
	@sh scripts/setup.sh test
	@exec .venv/bin/python scripts/check.py lint

format:  ## put code in its usual shape
	@sh scripts/setup.sh test
	@.venv/bin/ruff check --fix --quiet . && .venv/bin/ruff format .

words:  ## collect visible strings into translations/ and say which want words
	@sh scripts/setup.sh test
	@.venv/bin/python scripts/words.py

pictures:  ## photograph the demonstration into docs/images/
	@sh scripts/setup.sh test
	@.venv/bin/python scripts/screenshots.py

lock:  ## pin the packages anew (needs uv); `make lock UPGRADE=--upgrade` takes newer ones
	@sh scripts/lock.sh $(UPGRADE)

clean:  ## forget what was set up; the data in instance/ stays
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .pytest_cache
