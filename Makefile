# The commands of README.md and CONTRIBUTING.md under short names; where there is no make, type those.

.DELETE_ON_ERROR:
.PHONY: check test bench docs site prove

# what has to pass before a change goes in: tests, lint, types
check:
	.ci/run

test: .venv/pyvenv.cfg
	.venv/bin/python -m pytest

# beside the engines that the extra brings; on a machine that does nothing else
bench: .venv/pyvenv.cfg
	.venv/bin/python -m pip install --quiet --editable '.[bench]'
	.venv/bin/python -m benchmarks.rungs
	.venv/bin/python -m benchmarks.inference
	.venv/bin/python -m benchmarks.integers
	.venv/bin/python -m benchmarks.training

# every hazard of docs/reliability.md, all cases: hours, before a release
prove: .venv/pyvenv.cfg
	.venv/bin/python -m pip install --quiet --editable '.[prove]'
	.venv/bin/python -m benchmarks.reliability

# what code draws and writes, drawn and written again; then every page is run
docs: .venv/pyvenv.cfg
	for drawing in docs/pictures/book_*.py; do .venv/bin/python $$drawing || exit 1; done
	.venv/bin/python docs/pictures/explorer.py
	.venv/bin/npmobilenet claims --markdown > docs/claims.md
	.venv/bin/npmobilenet claims --markdown --lang zh > docs/claims.zh.md
	.venv/bin/python -m pytest tests/docs

# the pages as two sites, English and Chinese, which need no server
site: .venv/pyvenv.cfg
	.venv/bin/python -m sphinx -n -W -q docs build/site/en
	.venv/bin/python -m sphinx -n -W -q -D language=zh_CN docs build/site/zh

# venv writes this file each time it runs: made again when the dependencies have changed
.venv/pyvenv.cfg: pyproject.toml
	python3 -m venv .venv && .venv/bin/python -m pip install --quiet --editable '.[test]'
