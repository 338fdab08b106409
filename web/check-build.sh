#!/bin/sh
# Builds the client into a new folder and compares it, byte for byte, with the committed one.
set -eu
cd "$(dirname "$0")"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
[ -d node_modules ] || npm ci --no-audit --no-fund
SARGAS_STATIC="$fresh/static" npm run --silent build >"$fresh/log" 2>&1 || { cat "$fresh/log" >&2; exit 1; }
if diff -rq "$fresh/static" ../src/sargas/web/static; then
  echo "the committed client equals a fresh build"
else
  echo "src/sargas/web/static is not what web/ builds: run 'npm run build' in web/ and commit it" >&2
  exit 1
fi
