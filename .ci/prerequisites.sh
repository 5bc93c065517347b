# Sourced by Tests/run.sh and examples/quickstart.sh: checks Swift, installs what Debian packages are missing,
# checks the versions of tmux and git. Every failure is one sentence on standard error.

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

# The first two numbers of a version, comparable: 3.3a -> 303, 2.39.5 -> 239.
version_number() {
    local numbers
    numbers=$(sed -nE '1s/^[^0-9]*([0-9]+)\.([0-9]+).*/\1 \2/p' <<<"$1")
    # shellcheck disable=SC2086
    set -- ${numbers:-0 0}
    echo $(($1 * 100 + $2))
}

require_swift() {
    command -v swift >/dev/null 2>&1 ||
        fail "Swift 6.2 or newer is needed and 'swift' is not on PATH: install it from https://www.swift.org/install/linux/"
    local found
    found=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9.]+).*/\1/p' | head -n 1)
    [ "$(version_number "${found:-0.0}")" -ge 602 ] ||
        fail "Swift 6.2 or newer is needed, this is Swift ${found:-of an unknown version}: update it from https://www.swift.org/install/linux/"
}

require_packages() { # PACKAGE...: installs those that are missing, by apt, as root or with sudo
    local missing=() package
    command -v dpkg-query >/dev/null 2>&1 ||
        fail "This script installs Debian packages and found no dpkg: install the equivalents of $* yourself, then run 'swift build'"
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    local run=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 || fail "Missing packages; run as root: apt-get install ${missing[*]}"
        run=(sudo)
    fi
    say "Installing ${missing[*]} (libraries that tmux-agent links, and the tools that it drives)"
    # An index that cannot be refreshed may still be good enough.
    "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq || true
    "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt-get could not install ${missing[*]}"
}

require_tools() {
    local found
    command -v tmux >/dev/null 2>&1 || fail "tmux 3.2 or newer is needed and 'tmux' is not on PATH"
    found=$(tmux -V)
    # A build of tmux from its source tree calls itself "tmux master": newer than any number.
    [ "$found" = "tmux master" ] || [ "$(version_number "$found")" -ge 302 ] ||
        fail "tmux 3.2 or newer is needed, this is $found"
    command -v git >/dev/null 2>&1 || fail "git 2.25 or newer is needed and 'git' is not on PATH"
    found=$(git --version)
    [ "$(version_number "$found")" -ge 225 ] || fail "git 2.25 or newer is needed, this is $found"
}

require_all() {
    require_swift
    require_packages tmux git pkg-config libgit2-dev libsqlite3-dev libyaml-dev libcurl4-openssl-dev libvterm-dev libpcre2-dev "$@"
    require_tools
}
