#!/usr/bin/env bash
# Installs Chromium from Debian where there is no browser, for the tests of the pages (test/browser/). Nothing else needs it.
#
#   sudo scripts/get-browser.sh
#
# Elsewhere than on Debian name a Chromium or Chrome of your own with CHROMIUM.
set -euo pipefail

fail() { echo "get-browser: $*" >&2; exit 1; }

find_browser() {
  for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome; do
    command -v "$name" && return
  done
  return 1
}

if ! find_browser >/dev/null; then
  command -v apt-get >/dev/null || fail 'apt-get is missing; name a browser with CHROMIUM'
  [ "$(id -u)" -eq 0 ] || fail 'packages are installed by root; run it with sudo'
  apt-get update -q >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium >&2
fi
echo "get-browser: $(find_browser)" >&2
