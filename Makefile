# Every target sets up what it needs; a second call starts at once.
# make PYTHON=python3.12 ... chooses the Python that .venv is made of.

BIN := .venv/bin
READY := .venv/.ready
SYSTEM := .venv/.system
PYTHON ?= python3
PEERS_READY := out/peers/.ready
OUT ?= out/demo
# waiting OpenMP threads that spin slow everything down on a busy machine
OMP_WAIT_POLICY ?= PASSIVE
export PYTHON OMP_WAIT_POLICY

.PHONY: help demo test gui lint bench card screenshot report-pictures clean

help:
	@echo "make demo    benchmark the sample data with the bundled model: a table here,"
	@echo "             report.html in OUT=$(OUT)"
	@echo "make test    style, types, import rules and all tests"
	@echo "make gui     napari with both docks"
	@echo "make lint    style, types and import rules only"
	@echo "make bench   compare speed and memory with SamPredictor and the study's script,"
	@echo "             and time clicks in a real viewer; PEERS=1: with micro-sam too"
	@echo "make card    write the results of RUNS=... into the card of the bundled model"
	@echo "make screenshot  take the pictures in README.md anew"
	@echo "make report-pictures  those of the report; takes Chromium and pdftoppm"
	@echo "make clean   remove caches and out/, not .venv"

$(READY): requirements.txt pyproject.toml tools/setup-venv
	@sh tools/setup-venv
	@touch $@

$(SYSTEM): $(READY) tools/setup-system
	@sh tools/setup-system
	@touch $@

demo: $(READY)
	$(BIN)/napari-sam-med demo --out $(OUT)

gui: $(SYSTEM)
	$(BIN)/napari-sam-med gui

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint $(SYSTEM)
	@sh tools/run-tests

# a tool that is compared with has packages of its own, of the same versions as ours
$(PEERS_READY): $(READY)
	$(BIN)/python -m venv out/peers
	out/peers/bin/python -m pip install --quiet -c requirements.txt micro-sam
	@touch $@

bench: $(SYSTEM) $(if $(PEERS),$(PEERS_READY))
	$(BIN)/python benchmarks/speed.py
	xvfb-run -a -s "-screen 0 1920x1080x24" \
	    $(BIN)/python benchmarks/click_responsiveness.py

card: $(READY)
	$(BIN)/python benchmarks/nano_card.py $(RUNS)

screenshot: $(SYSTEM)
	rm -rf out/pictures
	for picture in "screenshot tools/viewer.png" "animation tools/propagation.gif"; do \
	    NAPARI_SAM_MED_CACHE=out/pictures xvfb-run -a -s "-screen 0 1920x1080x24" \
	        $(BIN)/python -m napari_sam_med.gui.$$picture || exit 1; \
	done

report-pictures: demo
	sh tools/report-pictures $(OUT)/report.html tools

clean:
	rm -rf out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find src tests benchmarks -name __pycache__ -type d -exec rm -rf {} +
