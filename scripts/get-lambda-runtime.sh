#!/usr/bin/env bash
# Builds the runtime client that runs functions on AWS Lambda (aws-lambda-ric, Apache-2.0) into a folder of its own, for the
# tests of the bundles. Nothing of the project or the machine is changed.
#
#   scripts/get-lambda-runtime.sh [FOLDER]     default ./.lambda-runtime; takes about a minute
set -euo pipefail

version=4.0.2
folder=$(realpath -m "${1:-./.lambda-runtime}")
package=$folder/node_modules/aws-lambda-ric

fail() { echo "get-lambda-runtime: $*" >&2; exit 1; }

if [ -f "$package/rapid-client.node" ] && grep -q "\"version\": \"$version\"" "$package/package.json"; then
  echo "get-lambda-runtime: $folder has $version already" >&2
  exit 0
fi
# Only a folder of our own making is replaced.
if [ -e "$folder" ] && [ ! -d "$package" ]; then
  rmdir "$folder" 2>/dev/null || fail "$folder exists and is not ours to replace"
fi
for tool in npm cmake make c++ python3 tar xz; do
  command -v "$tool" >/dev/null || fail "$tool is missing, and without it aws-lambda-ric does not build"
done

# The headers that came with this node; without them node-gyp would download some.
prefix=$(node -p 'require("node:path").resolve(process.execPath, "../..")')
if [ -f "$prefix/include/node/node_api.h" ]; then export npm_config_nodedir=$prefix; fi

rm -rf "$folder.new" "$folder"
mkdir -p "$folder.new"
trap 'rm -rf "$folder.new"' EXIT
# Its install scripts are the build: newer versions of npm run only those that are named.
echo "{ \"private\": true, \"allowScripts\": { \"aws-lambda-ric@$version\": true } }" >"$folder.new/package.json"
# It asks for Node 22, and runs on 20 all the same.
npm install --prefix "$folder.new" --engine-strict=false --no-audit --no-fund "aws-lambda-ric@$version" \
  >"$folder.new/output" 2>&1 || { tail -n 25 "$folder.new/output" >&2; fail 'the build failed'; }
[ -f "$folder.new/node_modules/aws-lambda-ric/rapid-client.node" ] || fail 'npm did not run the install scripts'
mv "$folder.new" "$folder"
echo "get-lambda-runtime: aws-lambda-ric $version is in $folder" >&2
