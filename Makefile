# One command per line of work; `make help` lists them.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
# Four processes, for much of the time is waiting; the tests of one module, or of one xdist_group, share a process and what
# its fixtures have started. tests/conftest.py has the order: xdist's own begins with groups of many tests, and so ends with
# the few that take longest.
PYTEST := $(BIN)/python -m pytest
PYTEST_PARALLEL ?= -n 4 --dist loadgroup --no-loadscope-reorder
# What all processes of a run have used, printed after pytest's own summary.
MEASURED := TIMEFORMAT='CPU time: %U s user + %S s system, in %R s'; time

# make demo: seconds until it ends, second of the kill, file of the report, scenario, number of nodes, pacing law.
DURATION ?=
KILL_MASTER_AT ?=
REPORT ?=
SCENARIO ?=
NODES ?=
LAW ?=
DEMO_OPTIONS = $(if $(DURATION),--duration $(DURATION)) $(if $(KILL_MASTER_AT),--kill-master-at $(KILL_MASTER_AT)) \
  $(if $(REPORT),--report $(REPORT)) $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(NODES),--nodes $(NODES)) \
  $(if $(LAW),--law $(LAW))

# Python may keep what it has compiled, whatever the environment says: without, each process of a run compiles the sources
# anew, and pytest rewrites every test in each of its processes.
test test-slow test-api coverage: export PYTHONDONTWRITEBYTECODE :=
# A product of matrices is calculated by one thread: with one per processor each waits for the others by spinning, beside
# processes of tests that have work to do. The optimum of five agents cost five times the processor time.
test test-slow test-api coverage: export OPENBLAS_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: images test-containers help setup setup-tests dashboard test-dashboard test-browser screenshots benchmark-page demo nemesis attack soak mutants model test under-load test-slow test-chart test-kubernetes chart-readme coverage benchmark benchmark-compare flame-graph plots lint format proto lock audit clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

$(VENV)/.installed: requirements/dev.lock pyproject.toml scripts/setup_venv.sh
	@scripts/setup_venv.sh $(PYTHON)

setup: $(VENV)/.installed ## virtual environment, the dashboard and a ZooKeeper
	@scripts/setup_dashboard.sh
	@scripts/setup_zookeeper.sh

setup-tests: $(VENV)/.installed
	@scripts/setup_zookeeper.sh --required

demo: setup ## the service on this machine: DURATION=s KILL_MASTER_AT=s REPORT=file SCENARIO=name NODES=n LAW=name
	@$(BIN)/pacing demo $(DEMO_OPTIONS)

test: setup-tests ## all tests but the slow ones; ARGS='-k word' for pytest's own options
	@$(MEASURED) $(PYTEST) $(PYTEST_PARALLEL) -m "not slow and not browser and not containers" $(ARGS)

under-load: setup-tests ## `make test` three times in a row while six processes spin: N=6 REPEAT=3 ARGS='-k word'
	@N='$(N)' REPEAT='$(or $(REPEAT),3)' scripts/under_load.sh $(MAKE) --no-print-directory test

dashboard: $(VENV)/.installed ## build the dashboard from dashboard/ into pacing_node/api/static; an error where that cannot be done
	@scripts/setup_dashboard.sh --required

test-dashboard: $(VENV)/.installed ## types and unit tests of the dashboard
	@scripts/setup_dashboard.sh --tools
	@bash -c 'source scripts/node_tools.sh && find_node && cd dashboard && npm run --silent check && npm run --silent test'

$(VENV)/.browser: $(VENV)/.installed requirements/browser.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/browser.lock
	@touch $@

test-browser: setup-tests dashboard $(VENV)/.browser ## the dashboard in Chromium before real nodes; screenshots in .dashboard/; ARGS='-k word'
	$(PYTEST) -m browser -s tests/browser $(ARGS)

screenshots: setup-tests dashboard $(VENV)/.browser ## screenshots of every view, on a desk and on a phone, in .dashboard/
	$(PYTEST) -m browser -q tests/browser/test_views.py -k "shows" $(ARGS)

test-slow: setup-tests ## the slow tests: long fault and simulation runs
	$(PYTEST) -m "slow and not containers" $(ARGS)

nemesis: setup-tests ## random trouble over a whole cluster, judged: SECONDS=s SEED=n FAILSAFE=1 PARTIALS=1 RECEIVER=if-match ONLY=kind; history and timeline in .nemesis/
	@$(BIN)/python -m simulator.drill.nemesis $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(if $(FAILSAFE),--failsafe) $(if $(PARTIALS),--partials) $(if $(RECEIVER),--receiver $(RECEIVER)) $(if $(ONLY),--only $(ONLY))

soak: setup-tests ## whether anything grows: a cluster handed over for SECONDS=60, and HOURS=4 of virtual time of the cycle
	@$(BIN)/python -m simulator.soak $(if $(SECONDS),--seconds $(SECONDS),--seconds 60) $(ARGS)
	@$(BIN)/python scripts/soak_virtual.py $(if $(HOURS),--hours $(HOURS),--hours 4)

attack: setup-tests ## attack a cluster of its own, bounded and judged: ARGS='name --short --list' SECONDS=s
	@$(BIN)/pacing attack $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

mutants: setup-tests ## take each safeguard of the leadership out of a copy of the sources; a named test must fail
	@$(BIN)/python scripts/mutation_check.py $(ARGS)

model: $(VENV)/.installed ## walk through the model of the leadership protocol with SPIN; ARGS=--short leaves out the long searches
	@scripts/setup_spin.sh
	@$(BIN)/python scripts/check_model.py $(ARGS)

images: $(VENV)/.installed ## the images of a node and of the simulator: BASE=image with Python
	@BASE='$(BASE)' scripts/build_image.sh

test-containers: $(VENV)/.installed ## images, the compose project with its drills, ZooKeeper in containers; starts an engine where it may; ARGS=--quick
	@scripts/test_containers.sh $(ARGS)

test-chart: $(VENV)/.installed ## the Helm chart: lint, templates of every example, unit tests, refusals, schemas of several Kubernetes versions
	@scripts/test_chart.sh $(ARGS)

test-kubernetes: $(VENV)/.installed ## the chart on a real cluster of two nodes: helm test, drills, upgrade, rollback, network policy, uninstall
	@scripts/test_kubernetes.sh $(ARGS)

chart-readme: $(VENV)/.installed ## write the table of values in the chart's README from the comments of values.yaml
	@PYTHONPATH=. $(BIN)/python scripts/chart_readme.py

test-api: setup-tests ## schemathesis over the whole document of the API: EXAMPLES=100 of each operation
	API_EXAMPLES=$(or $(EXAMPLES),100) $(PYTEST) tests/api_v1/test_schemathesis.py -q --timeout 1800 $(ARGS)

coverage: setup-tests ## the tests of `make test` in one process, with branch coverage in htmlcov/
	$(BIN)/coverage run -m pytest -m "not slow and not browser and not containers" $(ARGS)
	$(BIN)/coverage html --quiet
	$(BIN)/coverage report --skip-covered

benchmark: $(VENV)/.installed ## the laws over simulated days, and the time of a calculation; ARGS='algorithms --help'
	$(BIN)/pacing benchmark $(or $(ARGS),algorithms)
	$(if $(ARGS),,$(BIN)/pacing benchmark calculation)

benchmark-compare: $(VENV)/.installed ## a benchmark here and at BASE=commit, in turn: ratios with spread; TURNS=1 ARGS='cycle --targets 500 --cycles 2'
	@$(BIN)/python scripts/benchmark_compare.py '$(BASE)' $(or $(ARGS),cycle) --turns $(or $(TURNS),3)

benchmark-page: setup-tests dashboard $(VENV)/.browser ## the dashboard in Chromium: first paint, frames while 10,000 targets are scrolled; ARGS='-o json'
	$(BIN)/pacing benchmark page $(ARGS)

flame-graph: $(VENV)/.installed ## where a pacing node spends its time, sampled by py-spy: FILE=build/flame.svg ARGS='--targets 2000'
	$(BIN)/python -m pip install --quiet py-spy
	PYTHONPATH=. $(BIN)/python scripts/flame_graph.py $(ARGS) $(or $(FILE),build/flame.svg)

plots: $(VENV)/.installed ## draw the benchmark's figures
	$(BIN)/python -m simulator.benchmark.plots $(ARGS)

lint: $(VENV)/.installed ## ruff (with Bandit's rules), mypy --strict, import-linter, modules, sleeping tests, dead code, buf, generated code, the chart's README, Markdown, commits since BASE
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/check_modules.py
	$(BIN)/python scripts/check_exceptions.py
	$(BIN)/python scripts/check_tests.py
	$(BIN)/python scripts/mutation_check.py --places
	$(BIN)/vulture
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code
	$(BIN)/python scripts/generate_protos.py --check
	$(BIN)/python -m pacing_node.reference.pages --check
	PYTHONPATH=. $(BIN)/python scripts/chart_readme.py --check
	$(BIN)/python -m pacing_node.reference.openapi_document --check
	$(BIN)/python scripts/check_markdown.py
	$(BIN)/python scripts/check_commits.py $(BASE)

format: $(VENV)/.installed ## rewrite sources in the project's format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/buf format --write

proto: $(VENV)/.installed ## generate code from proto/
	$(BIN)/python scripts/generate_protos.py

lock: $(VENV)/.installed ## resolve and lock dependencies with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --extra containers --group build pyproject.toml -o requirements/runtime.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --all-extras --group dev pyproject.toml -o requirements/dev.lock
	# What a node needs and nothing else, at the same versions: for the package of a host.
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header --constraint requirements/runtime.lock pyproject.toml -o requirements/node.lock

	# Node.js for the dashboard, where the system's is too old: needed by nothing that runs.
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --group dashboard -o requirements/dashboard.lock
	# A browser's driver, for `make test-browser`.
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --constraint requirements/dev.lock --group browser -o requirements/browser.lock

audit: $(VENV)/.installed ## known vulnerabilities of the locked dependencies; status 3 when no advisory database can be reached
	@$(BIN)/python scripts/audit.py

wheel: dashboard ## the wheel with everything, for pipx: dist/agent_pacing-VERSION-py3-none-any.whl
	@$(BIN)/python -m hatchling build -t wheel -d dist

deb: dashboard ## a Debian package in dist/: a virtual environment in /opt/agent-pacing, unit, user, places
	@scripts/build_deb.sh

release: dashboard ## source archive, wheel, chart, SBOM and checksums in dist/, built twice and compared; the image where an engine answers
	@scripts/build_release.sh

clean: ## remove everything the other targets made, the virtual environment too
	rm -rf $(VENV) .venv-audit .demo .nemesis .coverage .coverage.* htmlcov build dist .hypothesis .pytest_cache .mypy_cache .ruff_cache \
	  .import_linter_cache dashboard/node_modules pacing_node/api/static .dashboard
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
