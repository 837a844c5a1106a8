#!/bin/sh
# Makes .venv ready for development, tests and the demo, and installs the Arm toolchain and QEMU
# where they are missing and this user may install packages (with the argument `test` also Clang,
# the compilers for 64- and 32-bit Arm and their emulators, adb, and in containers an SSH server,
# where Debian offers them).
# With `docs` it makes .venv-docs alone, which builds the documentation site.
# With `numpy2` it also makes .venv-numpy2: NumPy 2, and so without tflite-runtime.
# Safe to run again.
#
#   EDGEKIT_SYSTEM=skip   never call apt-get
set -eu
cd "$(dirname "$0")/.."
say() { printf 'setup: %s\n' "$*"; }

may_install() {
    [ "${EDGEKIT_SYSTEM:-}" != skip ] && command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}
apt() {
    if [ "$(id -u)" = 0 ]; then set -- apt-get "$@"; else set -- sudo -n apt-get "$@"; fi
    DEBIAN_FRONTEND=noninteractive "$@" >>.setup.log 2>&1
}
install_packages() {
    say "installing Debian packages: $* (log: .setup.log)"
    apt install -y --no-install-recommends "$@" || { apt update && apt install -y --no-install-recommends "$@"; }
}

find_python() {
    for name in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
        [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 || continue
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$name"; return 0; }
    done
    return 1
}

: >.setup.log

# A virtual environment in folder $1 with the packages of lock file $2, of which $3 tells, where they
# are not yet.
environment() {
    if [ ! -x "$1/bin/python" ]; then
        python=$(find_python) || { may_install && install_packages python3 python3-venv && python=$(find_python); } || {
            say "no Python 3.11 or newer found; install python3.11 and its venv module and run again"; exit 1; }
        if ! "$python" -m venv "$1" >>.setup.log 2>&1; then
            rm -rf "$1"
            may_install && install_packages python3-venv || {
                say "'$python -m venv' failed; install the Debian package python3-venv and run again"; exit 1; }
            "$python" -m venv "$1"
        fi
    fi
    stamp=$(cat "$2" pyproject.toml | sha256sum | cut -d' ' -f1)
    [ "$(cat "$1/.edgekit-stamp" 2>/dev/null)" != "$stamp" ] || return 0
    say "installing Python packages into $1 ($3)"
    if "$1/bin/python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
        if ! { "$1/bin/pip" install -q uv==0.13.9 && \
               "$1/bin/uv" pip install -q --compile-bytecode --python "$1/bin/python" --require-hashes -r "$2"; } >>.setup.log 2>&1; then
            say "uv did not work here, using pip"
            "$1/bin/pip" install -q --require-hashes -r "$2"
        fi
        "$1/bin/pip" install -q --no-deps -e .
    else
        case $1 in *docs) extras=docs ;; *) extras=convert,litert,dev,sklearn,sweep,flash ;; esac
        "$1/bin/pip" install -q -e ".[$extras]"
    fi
    echo "$stamp" >"$1/.edgekit-stamp"
}

if [ "${1:-}" = docs ]; then
    environment .venv-docs requirements/docs-py311.txt "a documentation generator"
    exit 0
fi
environment .venv requirements/dev-py311.txt "about 2 GB with TensorFlow"
if [ "${1:-}" = numpy2 ]; then
    environment .venv-numpy2 requirements/numpy2-py311.txt "about 2 GB with TensorFlow"
    set -- test
fi

missing=""
command -v arm-none-eabi-gcc >/dev/null 2>&1 || missing="$missing gcc-arm-none-eabi libnewlib-arm-none-eabi"
command -v qemu-system-arm >/dev/null 2>&1 || missing="$missing qemu-system-arm"
command -v gcc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
[ "${1:-}" != test ] || command -v clang >/dev/null 2>&1 || missing="$missing clang"
[ "${1:-}" != test ] || command -v cppcheck >/dev/null 2>&1 || missing="$missing cppcheck"
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086
    if may_install && install_packages $missing; then :; else
        say "not installed, so virtual Cortex-M boards are unavailable:$missing"
        say "install with: sudo apt-get install$missing"
    fi
fi
has_sanitizers() { # clang comes without the libraries of its sanitizers
    printf 'int main(void) { return 0; }' | clang -fsanitize=address,undefined -x c -o /dev/null - 2>/dev/null
}
if [ "${1:-}" = test ]; then
    optional=""
    if command -v clang >/dev/null 2>&1 && ! has_sanitizers; then
        optional="$optional libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
    fi
    command -v aarch64-linux-gnu-gcc >/dev/null 2>&1 || optional="$optional gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
    command -v arm-linux-gnueabihf-gcc >/dev/null 2>&1 || optional="$optional gcc-arm-linux-gnueabihf libc6-dev-armhf-cross"
    command -v qemu-aarch64-static >/dev/null 2>&1 || optional="$optional qemu-user-static"
    command -v adb >/dev/null 2>&1 || optional="$optional adb"
    command -v arduino-builder >/dev/null 2>&1 && command -v simavr >/dev/null 2>&1 || \
        optional="$optional arduino-builder arduino-core-avr gcc-avr avr-libc simavr"
    command -v chromium >/dev/null 2>&1 || optional="$optional chromium"
    # an SSH server, only where installing one starts none: tests start their own on the loopback
    if [ -x /usr/sbin/policy-rc.d ] && ! [ -x /usr/sbin/sshd ]; then
        optional="$optional openssh-server"
    fi
    # shellcheck disable=SC2086
    [ -z "$optional" ] || { may_install && install_packages $optional; } || \
        say "tests of 64- or 32-bit Arm programs, with Clang's sanitizers, over SSH, through adb, of Arduino and AVR or in a browser will be skipped; not installed:$optional"
fi
say "ready"
