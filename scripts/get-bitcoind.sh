#!/usr/bin/env bash
# Brings a real node for regtest: Bitcoin Knots (a derivative of Bitcoin Core) out of Debian's newest suite, unpacked
# into a folder of its own. Nothing is installed, no apt source, list or package of the machine is changed.
#
#   scripts/get-bitcoind.sh [FOLDER]     default ./.bitcoind; then FOLDER/bin/bitcoind is there
#
#   BITCOIND_SUITE    Debian suite to take it from (sid)
#   BITCOIND_PACKAGE  package (bitcoin-knots)
#   BITCOIND_MIRROR   Debian mirror (the machine's own)
set -euo pipefail

folder=$(realpath -m "${1:-./.bitcoind}")
suite=${BITCOIND_SUITE:-sid}
package=${BITCOIND_PACKAGE:-bitcoin-knots}

fail() { echo "get-bitcoind: $*" >&2; exit 1; }

if [ -x "$folder/bin/bitcoind" ] && "$folder/bin/bitcoind" -version >/dev/null 2>&1; then
  echo "get-bitcoind: $folder has $(cat "$folder/VERSION") already" >&2
  exit 0
fi

# Only a folder of our own making is replaced.
if [ -e "$folder" ] && [ ! -e "$folder/VERSION" ]; then
  rmdir "$folder" 2>/dev/null || fail "$folder exists and is not ours to replace"
fi

for tool in apt-get dpkg dpkg-deb awk; do
  command -v "$tool" >/dev/null || fail "$tool is missing; elsewhere than on Debian put Bitcoin Core 28 or newer on PATH"
done
architecture=$(dpkg --print-architecture)
case $architecture in
  amd64) libraries=x86_64-linux-gnu loader=ld-linux-x86-64.so.2 ;;
  arm64) libraries=aarch64-linux-gnu loader=ld-linux-aarch64.so.1 ;;
  *) fail "no package for $architecture" ;;
esac

# The keys that sign Debian's archive; without them apt would have to trust whatever it gets.
for keyring in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp} ''; do
  [ -r "$keyring" ] && break
done
[ -n "$keyring" ] || fail 'the package debian-archive-keyring is missing'

# The machine's own Debian mirror, in either notation of apt's sources.
configured_mirror() {
  {
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk 'tolower($1) == "uris:" { for (i = 2; i <= NF; i++) print $i }' || true
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
      awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z+]+:\//) { print $i; break } }' || true
  } | sed 's:/*$::' | grep -E '/debian$' | head -n 1 || true
}
mirror=${BITCOIND_MIRROR:-$(configured_mirror)}
[ -n "$mirror" ] || fail 'no Debian mirror among the apt sources; set BITCOIND_MIRROR'

# An apt of its own: empty package status, so that every library the node needs comes along.
work=$(mktemp -d "${TMPDIR:-/tmp}/get-bitcoind.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work"/{lists/partial,cache/archives/partial,log,empty}
: >"$work/status"
echo "deb [arch=$architecture signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
cat >"$work/apt.conf" <<CONF
Dir::State "$work";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Dir::Cache::archives "$work/cache/archives";
Dir::Log "$work/log";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "$work/empty";
Dir::Etc::preferences "$work/none";
Dir::Etc::preferencesparts "$work/empty";
APT::Architecture "$architecture";
APT::Architectures "$architecture";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "3";
CONF
export APT_CONFIG="$work/apt.conf"
quietly() { "$@" >>"$work/output" 2>&1 || { tail -n 25 "$work/output" >&2; fail "$1 failed"; }; }

quietly apt-get update
# Pulled in by the package's dependencies, never loaded by the node.
unused='^(systemd|libsystemd-shared|debconf|libmount1|libblkid1|libselinux1|libpcre2-8-0|openssl-provider-legacy|libc-gconv-modules-extra|gcc-[0-9]+-base)$'
names=$(apt-get --simulate install "$package" 2>>"$work/output" | awk '$1 == "Inst" { print $2 }' | grep -Ev "$unused" || true)
[ -n "$names" ] || fail "$suite has no package $package"
cd "$work/cache/archives"
# shellcheck disable=SC2086 # one word per package
quietly apt-get download $names
version=$(dpkg-deb --field "$(ls "${package}"_*.deb)" Version)

# Unpacked only; no script of any package runs.
rm -rf "$folder.new"
mkdir -p "$folder.new/root" "$folder.new/bin"
for archive in *.deb; do dpkg-deb --extract "$archive" "$folder.new/root"; done
cd /
rm -rf "$folder.new"/root/{etc,var,usr/share,usr/sbin}
loader_path=$(cd "$folder.new/root" && find . -name "$loader" | head -n 1 | sed 's:^\./::')
[ -n "$loader_path" ] || fail "$loader is not among the packages"
for program in "$folder.new"/root/usr/bin/bitcoin*; do
  name=$(basename "$program")
  # The node brings its own C library, so it is started through that library's loader.
  cat >"$folder.new/bin/$name" <<WRAPPER
#!/bin/sh
here=\$(CDPATH= cd -- "\$(dirname -- "\$(readlink -f -- "\$0")")/.." && pwd)
exec "\$here/root/$loader_path" --library-path "\$here/root/usr/lib/$libraries:\$here/root/lib/$libraries" "\$here/root/usr/bin/$name" "\$@"
WRAPPER
  chmod 755 "$folder.new/bin/$name"
done
echo "$version" >"$folder.new/VERSION"
"$folder.new/bin/bitcoind" -version | head -n 1 >&2
rm -rf "$folder"
mv "$folder.new" "$folder"
echo "get-bitcoind: $package $version is in $folder" >&2
