#!/usr/bin/env bash
# Installs what `npm run bench -- transfer` measures with and against, from Debian: nginx, curl, openssl, aria2, rclone.
# Nothing else of the project needs any of them.
#
#   sudo scripts/get-peers.sh
#
# s5cmd is in no Debian suite: put a build of your own on PATH, and it is measured too.
# Debian's nginx package starts a server on port 80 where the machine starts services; the benchmark does not use it, and
# `systemctl disable --now nginx` ends it.
set -euo pipefail

fail() { echo "get-peers: $*" >&2; exit 1; }

command -v apt-get >/dev/null || fail 'apt-get is missing; elsewhere than on Debian install the tools named above yourself'
[ "$(id -u)" -eq 0 ] || fail 'packages are installed by root; run it with sudo'

apt-get update -q >&2
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends nginx curl openssl aria2 rclone >&2

for tool in nginx curl openssl aria2c rclone s5cmd; do
  if path=$(command -v "$tool"); then echo "get-peers: $tool is $path" >&2; else echo "get-peers: no $tool" >&2; fi
done
