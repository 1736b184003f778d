# Every target sets up what it needs: a virtual environment in .venv, made anew when the requirements change.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
SUBMISSION ?=
SUBMISSIONS ?=
OUT ?= out
AS ?= student
SEEDS ?=
SAMPLE ?=
SEED ?=
GAN_EPOCHS ?=
DIFFUSION_EPOCHS ?=

.PHONY: grade test reproduce lint template rubric benchmark audit fuzz calibrate power mutate package rehearse preview clean help

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## */\t/' | expand -t 12

grade: $(VENV)/ready  ## grade the sample class, or SUBMISSION=folder-or-zip, or SUBMISSIONS=folder; OUT=folder
	@$(RUN) -m grader grade $(if $(SUBMISSIONS),--class "$(SUBMISSIONS)",$(if $(SUBMISSION),"$(SUBMISSION)")) --out "$(OUT)"

test: $(VENV)/ready  ## run every test of the suites and of the grader
	OMP_NUM_THREADS=1 $(RUN) -m pytest --numprocesses auto --dist loadgroup  # a worker on each processor, one thread each

audit: $(VENV)/ready  ## prove the grader right on mutants, styles, half-finished work and attacks; out/audit/audit.html
	@$(RUN) -m grader.audit --page out/audit/audit.html

calibrate: $(VENV)/ready  ## random decisions on right work under SEEDS=10000 seeds, against their laws; goes on where it ended
	@$(RUN) -m grader.calibrate $(if $(SEEDS),--seeds $(SEEDS))

power: $(VENV)/ready  ## by how much each mutant is caught
	@$(RUN) -m grader.audit.power

mutate: $(VENV)/ready  ## change trusted code at random, SAMPLE=40 times in each group, and see what no test notices (as root)
	@$(RUN) -m grader.audit.mutation $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED))

fuzz: $(VENV)/ready  ## more than 100,000 wrong frames, observations, archives and folders, new ones every time
	FUZZ_SCALE=100 $(RUN) -m pytest --numprocesses auto grader/tests/test_fuzz.py

reproduce: $(VENV)/ready  ## train both references, draw the handout's figures; GAN_EPOCHS=, DIFFUSION_EPOCHS= for less
	@$(RUN) -m grader.reproduce $(if $(GAN_EPOCHS),--gan-epochs $(GAN_EPOCHS)) \
		$(if $(DIFFUSION_EPOCHS),--diffusion-epochs $(DIFFUSION_EPOCHS))

lint: $(VENV)/ready  ## ruff and mypy
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

template: $(VENV)/ready  ## cut student_template/ from reference/
	$(RUN) -m grader.release.template

rubric: $(VENV)/ready  ## print the checks and their points
	@$(RUN) -m grader rubric

benchmark: $(VENV)/ready  ## wall time, CPU and memory, against the bare imports and the budgets
	$(RUN) -m benchmarks.one_submission
	$(RUN) -m benchmarks.a_class

package: $(VENV)/ready  ## build dist/autograder.zip for Gradescope and dist/student.zip for the students
	@$(RUN) -m grader.release.package

rehearse: $(VENV)/ready  ## try both packages on a bare Debian (as root, with debootstrap)
	@$(RUN) -m grader.release.rehearse

preview: $(VENV)/ready  ## SUBMISSION=path AS=student|instructor: the page that Gradescope would show
	@$(RUN) -m grader.release.preview "$(SUBMISSION)" --as "$(AS)" --out "$(OUT)/preview.html"

$(VENV)/ready: pyproject.toml requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

clean:  ## remove the virtual environment and all results
	rm -rf $(VENV) out dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
