#!/usr/bin/env bash
# Builds the image that grades, on Ubuntu 22.04 (Python 3.10) or Debian 12 (3.11). The platform's own harness runs on the
# system's python3, which is left as it is: everything is installed into a virtual environment beside it.
set -euo pipefail
umask 022
cd "$(dirname "$0")"
environment=/opt/autograder # outside this folder, which is closed below: students' code runs in it under another id
torch_index="${TORCH_INDEX:-https://download.pytorch.org/whl/cpu}" # the CPU builds: a tenth of the size, half the memory

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends python3 python3-venv libseccomp2
rm -rf /var/lib/apt/lists/*

python3 -m venv --clear "$environment"
install() { "$environment/bin/python" -m pip install --disable-pip-version-check --no-input "$@"; }
install --require-hashes --no-deps -r grader/release/container/pinned.txt
mapfile -t torch <grader/release/container/torch.txt
install --retries 1 --timeout 20 --index-url "$torch_index" "${torch[@]}" || {
    echo "The CPU builds cannot be had from $torch_index: installing the default builds, which need more memory."
    install "${torch[@]}"
}
"$environment/bin/python" -m compileall -q grader tests

chmod -R go-rwx .

"$environment/bin/python" -m grader smoke # a broken image fails here, and not when the first student submits
