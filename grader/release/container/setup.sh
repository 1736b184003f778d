#!/usr/bin/env bash
# Builds the image that grades, on Ubuntu 22.04 or Debian 12. The platform's own harness runs on the system's python3,
# which is left as it is: everything is installed into a virtual environment beside it, of a later Python where one can
# be had. What only that reads, such as quotes within quotes of an f-string, students use, and Python 3.10 refuses.
set -euo pipefail
umask 022
cd "$(dirname "$0")"
environment="${ENVIRONMENT:-/opt/autograder}" # outside this folder, which is closed below: students' code runs in it
torch_index="${TORCH_INDEX:-https://download.pytorch.org/whl/cpu}" # the CPU builds: a tenth of the size, half the memory
wanted=3.13 # of Python; docs/student.md names it
others=(3.14 3.12 3.11) # which will do, where the system has one of them as a package

export DEBIAN_FRONTEND=noninteractive UV_NO_CONFIG=1 UV_HTTP_TIMEOUT=20 UV_PYTHON_INSTALL_DIR="$environment-python"
apt-get update
apt-get install --yes --no-install-recommends python3 python3-venv libseccomp2

managed_python() { # uv's own builds, which any system runs; prints where it is
    python3 -m venv --clear "$environment-uv" &&
        "$environment-uv/bin/python" -m pip install --disable-pip-version-check --no-input "uv>=0.9,<1" &&
        timeout 300 "$environment-uv/bin/uv" python install "$wanted" &&
        "$environment-uv/bin/uv" python find --managed-python "$wanted" >"$1"
}
packaged_python() {
    local version
    for version in "$wanted" "${others[@]}"; do
        if apt-get install --yes --no-install-recommends "python$version" "python$version-venv" 2>/dev/null; then
            command -v "python$version" >"$1"
            return
        fi
    done
    return 1
}
install() { "$environment/bin/python" -m pip install --disable-pip-version-check --no-input "$@"; }
build() { # everything that grades, for one Python
    "$1" -m venv --clear "$environment" || return
    install --require-hashes --no-deps -r grader/release/container/pinned.txt || return
    local torch
    mapfile -t torch <grader/release/container/torch.txt
    install --retries 1 --timeout 20 --index-url "$torch_index" "${torch[@]}" || {
        echo "The CPU builds cannot be had from $torch_index: installing the default builds, which need more memory."
        install "${torch[@]}"
    }
}

found="$(mktemp)"
managed_python "$found" || packaged_python "$found" || echo python3 >"$found"
python="$(cat "$found")"
rm -rf /var/lib/apt/lists/* "$found" "$environment-uv"
build "$python" || {
    [ "$python" != python3 ] && echo "Nothing can be installed for $python: taking the system's own Python." && build python3
}
version="$("$environment/bin/python" -c 'import platform; print(platform.python_version())')"
case "$version" in
    "$wanted".*) echo "Submissions are graded with Python $version." ;;
    *) echo "Python $wanted cannot be had: submissions are graded with Python $version. Tell the students." ;;
esac
"$environment/bin/python" -m compileall -q grader tests

chmod -R go-rwx .

"$environment/bin/python" -m grader smoke # a broken image fails here, and not when the first student submits
