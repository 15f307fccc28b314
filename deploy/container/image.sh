#!/bin/sh
# Builds the image of an unpacked bundle with the engine that is there: sh image.sh BUNDLE [BASE]
set -eu

bundle="$1"
base="${2:-python:$(cat "$bundle/PYTHON")-slim}"
version="$(sed -n 's/^fabwatch==\([^ ]*\) .*/\1/p' "$bundle/requirements.txt")"
for engine in docker podman buildah; do
  command -v "$engine" > /dev/null || continue
  # Other formats than Docker's know no health check.
  [ "$engine" = docker ] || export BUILDAH_FORMAT=docker
  "$engine" build --build-arg "BASE=$base" --file "$bundle/container/Containerfile" --tag fabwatch:latest --tag "fabwatch:$version" "$bundle"
  exit 0
done
echo "error: there is none of docker, podman and buildah" >&2
echo "hint: install one, or install the bundle as it is: sh $bundle/install.sh" >&2
exit 1
