# Every target sets up what it needs: a virtual environment in .venv, made anew when the requirements change. With uv the
# locked versions are installed, without it the newest within the bounds.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
SUBMISSION =
SUBMISSIONS =
OUT = out
READER = student
MOMENT =
VERBOSE =
ONLY =
FULL =
SAMPLE =
SEED =
ARGS =
SEEDS =
GAN_EPOCHS =
DIFFUSION_EPOCHS =
LAYOUT =
ROSTER =
CANVAS =
COLUMN =
BRIGHTSPACE =
WORKERS =
SHARD =
MERGE =
SCHEDULER =
YES =

KNOWN := PYTHON SUBMISSION SUBMISSIONS OUT READER MOMENT VERBOSE ONLY FULL SAMPLE SEED ARGS SEEDS GAN_EPOCHS DIFFUSION_EPOCHS \
	LAYOUT ROSTER CANVAS COLUMN BRIGHTSPACE WORKERS SHARD MERGE SCHEDULER YES
given = $(foreach one,$(.VARIABLES),$(if $(filter command,$(origin $(one))),$(one)))
unknown := $(filter-out $(KNOWN) MAKEFLAGS -*-command-variables-*-,$(given))
ifneq ($(strip $(unknown)),)
$(error no target knows $(strip $(unknown)); there are $(KNOWN))
endif

# A step of the set-up: silent, and when it fails one sentence and the file with the reason.
said = $(1) >.setup.log 2>&1 || { echo "$(VENV) could not be set up (is there a network?): the reason is in .setup.log." >&2; exit 1; }

.PHONY: grade test unseen reproduce lint format lock template rubric benchmark audit layers neighbours automatic fuzz \
	calibrate power mutate package rehearse oldest preview class regrade similar clean help

# The class that SUBMISSIONS names, and where its results go.
CLASS = "$(SUBMISSIONS)" --out "$(OUT)" $(if $(LAYOUT),--layout "$(LAYOUT)") $(if $(ROSTER),--roster "$(ROSTER)")

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed 's/:.*## */\t/' | expand -t 12

ifneq ($(SUBMISSIONS),)
ifneq ($(SUBMISSION)$(MOMENT)$(VERBOSE),)
$(error SUBMISSIONS= is a class, of which no SUBMISSION=, MOMENT= or VERBOSE= is known: make preview shows one of it)
endif
grade: class
else
grade: $(VENV)/ready  ## grade the sample class, or SUBMISSION=folder-or-zip, or the class SUBMISSIONS=export; OUT=folder, VERBOSE=1, MOMENT=published
	@$(RUN) -m grader grade $(if $(SUBMISSION),"$(SUBMISSION)") --out "$(OUT)" \
		$(if $(MOMENT),--moment "$(MOMENT)") $(if $(VERBOSE),--verbose)
endif

class: $(VENV)/ready  ## a whole class, SUBMISSIONS=export: gradebook and page; ROSTER=, CANVAS=, BRIGHTSPACE=, LAYOUT=
	@$(RUN) -m grader class $(CLASS) $(if $(CANVAS),--canvas "$(CANVAS)") $(if $(COLUMN),--column "$(COLUMN)") \
		$(if $(BRIGHTSPACE),--brightspace "$(BRIGHTSPACE)") $(if $(WORKERS),--workers $(WORKERS)) \
		$(if $(SHARD),--shard $(SHARD)) $(if $(MERGE),--merge $(MERGE)) $(if $(SCHEDULER),--scheduler "$(SCHEDULER)")

regrade: $(VENV)/ready  ## after a fix: who of SUBMISSIONS=export goes up or down; writes it with YES=1
	@$(RUN) -m grader regrade $(CLASS) $(if $(WORKERS),--workers $(WORKERS)) $(if $(filter 1,$(YES)),--yes)

similar: $(VENV)/ready  ## which of SUBMISSIONS=export are more alike than the class is, for the staff alone
	@$(RUN) -m grader similar $(CLASS)

test: $(VENV)/ready  ## run every test of the suites and of the grader, or those of ARGS="-k wire"
	OMP_NUM_THREADS=1 $(RUN) -m pytest --numprocesses auto --dist loadgroup $(ARGS)  # a worker a processor, one thread each

audit: $(VENV)/ready  ## prove the grader right; ONLY=text for some cases, FULL=1 for all through the bench; out/audit/audit.html
	@$(RUN) -m grader audit --page out/audit/audit.html $(if $(ONLY),--only "$(ONLY)") $(if $(FULL),--full) $(ARGS)

calibrate: $(VENV)/ready  ## random decisions on right work under SEEDS=10000 seeds, against their laws; goes on where it ended
	@$(RUN) -m grader calibrate $(if $(SEEDS),--seeds "$(SEEDS)")

layers: $(VENV)/ready  ## every attack with one layer of the protection after another taken away; out/layers.md (as root)
	@$(RUN) -m grader layers $(if $(ONLY),--only "$(ONLY)")

neighbours: $(VENV)/ready  ## every attack between right submissions, and what is left on the machine; out/neighbours.md
	@$(RUN) -m grader neighbours $(if $(ONLY),--only "$(ONLY)")

unseen: $(VENV)/ready  ## the known mistakes that students are told of only after grading
	@$(RUN) -m grader unseen

power: $(VENV)/ready  ## by how much each mutant is caught, or those of ONLY=text
	@$(RUN) -m grader power $(if $(ONLY),--only "$(ONLY)")

automatic: $(VENV)/ready  ## mistakes that nobody listed, made by rule, or those whose diff holds ONLY=text
	@$(RUN) -m grader automatic $(if $(ONLY),--only "$(ONLY)")

mutate: $(VENV)/ready  ## change trusted code at random, SAMPLE=40 times in each group, and see what no test notices (as root)
	@$(RUN) -m grader mutate $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED))

fuzz: $(VENV)/ready  ## more than 100,000 wrong frames, observations, archives and folders, new ones every time
	FUZZ_SCALE=100 $(RUN) -m pytest --numprocesses auto grader/tests/test_fuzz.py

reproduce: $(VENV)/ready  ## train both references, draw the handout's figures; GAN_EPOCHS=, DIFFUSION_EPOCHS= for less
	@$(RUN) -m grader reproduce $(if $(GAN_EPOCHS),--gan-epochs "$(GAN_EPOCHS)") \
		$(if $(DIFFUSION_EPOCHS),--diffusion-epochs "$(DIFFUSION_EPOCHS)")

lint: $(VENV)/ready  ## ruff and mypy
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

format: $(VENV)/ready  ## let ruff sort the imports and lay out the code
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

lock: $(VENV)/ready  ## lock the requirements of pyproject.toml, and export the container's and the students' from the lock
	@$(RUN) -m grader lock

template: $(VENV)/ready  ## cut student_template/ from reference/
	@$(RUN) -m grader template

rubric: $(VENV)/ready  ## print the checks and their points
	@$(RUN) -m grader rubric

benchmark: $(VENV)/ready  ## wall time, CPU and memory, against the bare imports and the budgets
	$(RUN) -m benchmarks.one_submission
	$(RUN) -m benchmarks.a_class

package: $(VENV)/ready  ## build dist/autograder.zip for Gradescope and dist/student.zip for the students
	@$(RUN) -m grader package

rehearse: $(VENV)/ready  ## try both packages on a bare Debian (as root, with debootstrap)
	@$(RUN) -m grader rehearse

oldest: $(VENV)/ready  ## try student.zip with the oldest versions that its requirements allow, and with the newest
	@$(RUN) -m grader oldest

preview: $(VENV)/ready  ## SUBMISSION=path READER=student|instructor MOMENT=before|due|published: the page that Gradescope would show
	@$(RUN) -m grader preview $(if $(SUBMISSION),"$(SUBMISSION)") --as "$(READER)" --out "$(OUT)/preview.html" \
		$(if $(MOMENT),--moment "$(MOMENT)")

$(VENV)/ready: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 10) else "Python 3.10 or later is needed: make PYTHON=...")'
ifneq ($(shell command -v uv),)
	@$(call said,UV_PROJECT_ENVIRONMENT="$(VENV)" uv sync --quiet --frozen --python "$(PYTHON)")
else
	@$(call said,$(PYTHON) -m venv $(VENV))
	@$(call said,$(RUN) -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1")  # earlier ones know no groups
	@$(call said,$(RUN) -m pip install --quiet --disable-pip-version-check --group grading --group course --group audit \
		--group development)
endif
	@touch $@

clean:  ## remove the virtual environment and all results
	rm -rf $(VENV) out dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
