#!/bin/sh
# Installs fabwatch from this folder, without a network. sh install.sh [--to FOLDER] [--python PROGRAM]
set -eu

cd "$(dirname "$0")"
wanted="$(cat PYTHON)"
to=/opt/fabwatch
python=""
while [ $# -gt 0 ]; do
  case "$1" in
    --to) to="$2"; shift 2 ;;
    --python) python="$2"; shift 2 ;;
    *) echo "error: unknown option $1" >&2; echo "hint: sh install.sh [--to FOLDER] [--python PROGRAM]" >&2; exit 1 ;;
  esac
done

fail() {
  echo "error: $1" >&2
  echo "hint: $2" >&2
  exit 1
}

if command -v sha256sum > /dev/null; then
  sha256sum --check --quiet SHA256SUMS || fail "a file is not what it was when the bundle was made" "copy the bundle again"
else
  shasum -a 256 --check --quiet SHA256SUMS || fail "a file is not what it was when the bundle was made" "copy the bundle again"
fi
if [ -z "$python" ]; then
  if command -v "python$wanted" > /dev/null; then python="python$wanted"; else python=python3; fi
fi
found="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2> /dev/null || true)"
[ -n "$found" ] || fail "$python does not run" "install Python $wanted, or name it with --python"
[ "$found" = "$wanted" ] || fail "$python is Python $found; the wheels here are for Python $wanted" "name it with --python, or make the bundle for $found"
"$python" -m venv --clear "$to" 2> /dev/null || fail "no environment can be made in $to" "run it as who may write there; on Debian and Ubuntu install python3-venv"
"$to/bin/python" -m pip --isolated --disable-pip-version-check install --quiet --no-cache-dir --no-index --find-links wheels \
  --only-binary :all: --require-hashes --requirement requirements.txt
cp sbom.cdx.json "$to/sbom.cdx.json"
"$to/bin/fabwatch" --version
echo "next: $to/bin/fabwatch ingest EXPORTS --fab FOLDER"
