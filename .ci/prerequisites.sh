# Sourced by Tests/run.sh and examples/quickstart.sh: checks Swift, installs what Debian packages are missing,
# checks the versions of tmux and git. Every failure is one sentence on standard error.

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

# The first two numbers of a version, comparable: 3.3a -> 303, 2.39.5 -> 239.
version_number() { printf '%s' "$1" | sed -E 's/[^0-9]*([0-9]+)\.([0-9]+).*/\1 \2/' | { read -r a b; echo $((a * 100 + b)); }; }

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
    say "Installing ${missing[*]} (libraries that tmux-agent links, and the tools that it drives)"
    local run=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 || fail "Missing packages; run as root: apt-get install ${missing[*]}"
        run=(sudo)
    fi
    "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt-get could not install ${missing[*]}"
}

require_tools() {
    local found
    found=$(tmux -V | sed -E 's/[^0-9]*//')
    [ "$(version_number "$found")" -ge 302 ] || fail "tmux 3.2 or newer is needed, this is tmux $found"
    found=$(git --version | sed -E 's/[^0-9]*//')
    [ "$(version_number "$found")" -ge 225 ] || fail "git 2.25 or newer is needed, this is git $found"
}

require_all() {
    require_swift
    require_packages tmux git pkg-config libgit2-dev libsqlite3-dev libyaml-dev libcurl4-openssl-dev libvterm-dev libpcre2-dev "$@"
    require_tools
}
