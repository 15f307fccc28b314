#!/bin/sh
# Makes the passwords of a team's services, once; what is there stays. Each is 256 random bits and appears on no screen.
set -eu

cd "$(dirname "$0")"
umask 077
mkdir -p secrets exports

random() {
  od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'
}

# Containers read them as users of their own, so the files can be read; nobody else enters the folder.
put() {
  [ -e "secrets/$1" ] && return
  printf '%s' "$2" > "secrets/.$1"
  chmod 0444 "secrets/.$1"
  mv "secrets/.$1" "secrets/$1"
}

put catalog_password "$(random 32)"
put objects_key "$(random 10)"
put objects_secret "$(random 32)"
put objects_identities.json "{\"identities\": [{\"name\": \"fabwatch\", \"actions\": [\"Admin\", \"Read\", \"Write\", \"List\", \"Tagging\"], \
\"credentials\": [{\"accessKey\": \"$(cat secrets/objects_key)\", \"secretKey\": \"$(cat secrets/objects_secret)\"}]}]}"
chmod 0755 exports
compose="docker compose -f $PWD/compose.yaml"
echo "next: $compose run --build --rm fabwatch key create NAME --scope admin"
echo "then: $compose up --detach --wait"
