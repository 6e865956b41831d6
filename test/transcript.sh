#!/bin/sh
# Sends the examples of the published debit API with curl to a server of its own, and writes down what was said.
#
#   test/transcript.sh bin/firsttap > docs/transcript.md
set -eu
firsttap=$1
dir=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then kill "$server" && wait "$server" || true; fi
  server=
}
trap 'stop; rm -rf "$dir"' EXIT
export FIRSTTAP_DATABASE="sqlite://$dir/firsttap.db" FIRSTTAP_KEY_FILE="$dir/keys.json"

# at starts the server while the programme's clock stands at a time.
at() {
  stop
  "$firsttap" sandbox clock freeze Acme --at "$1" >/dev/null
  "$firsttap" serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 2>"$dir/log" >&2 &
  server=$!
  api=
  while [ -z "$api" ]; do
    kill -0 "$server" || { cat "$dir/log" >&2; exit 1; }
    sleep 0.1
    api=$(sed -n 's/.* msg=listening address=\([^ ]*\) .*/\1/p' "$dir/log" | head -n 1)
  done
  printf '\nThe clock of the programme stands at `%s`.\n' "$1"
}

# example names a request, shows its body, sends it with curl and shows all that came back.
example() {
  printf '\n## %s\n\n```\n$ cat body.json\n' "$1"
  cat >"$dir/body.json"
  cat "$dir/body.json"
  printf '$ curl -sS -i "$api/debit/v1/activateCardForCustomer" -H "Authorization-ecommerce: $token" -H "Content-Type: application/json" -d @body.json\n'
  curl -sS -i "http://$api/debit/v1/activateCardForCustomer" -H "Authorization-ecommerce: $token" -H "Content-Type: application/json" -d @"$dir/body.json" | tr -d '\r'
  printf '\n```\n'
}

"$firsttap" program create Acme --policy debit.composite=on --policy debit.activation_payload=strict >/dev/null
"$firsttap" sandbox fixture Acme >/dev/null
token=$("$firsttap" key create --program Acme --door debit --json | sed -n 's/.*"secret": *"\([^"]*\)".*/\1/p')

cat <<'TEXT'
# A transcript of the published examples

Made by `make transcript`: the examples of the published document, sent by a real `curl` to a real server with a new
database. `$token` is the e-commerce token that `firsttap key create --program Acme --door debit` printed; it is the only thing that was
replaced. The programme is a sandbox that was set up like this:

```sh
firsttap program create Acme --policy debit.composite=on --policy debit.activation_payload=strict
firsttap sandbox fixture Acme
firsttap sandbox clock freeze Acme --at 2024-11-15T14:32:18.123Z
```

A test runs it again, and compares all but the date, the `X-Request-Id`, and the number of the second card, which is drawn at random,
with the length of its answer.
TEXT

at 2024-11-15T14:32:18.123Z
example 'Example 1: only customer_id provided' <<'BODY'
{
  "customer_id": "12345678",
  "card_identifier": "CARD-001",
  "reference_batch": "7e4b85e27c4610824900af48f340394d"
}
BODY
example 'Example 2: with a composite balance' <<'BODY'
{
  "pin": "1234",
  "card_identifier": "CARD001",
  "reference_batch": "7e4b85e27c4610824900af48f340394d",
  "device_id": "2fc54683d5fad405360419f720457ccbcf9bacac414f6296f846e2e4fad99d47",
  "customer_id": "85",
  "balance": {
    "id": 10249
  }
}
BODY

at 2025-11-18T17:50:57.960232171Z
example 'Error 4400: the card is of another batch' <<'BODY'
{
  "customer_id": "12345678",
  "card_identifier": "CARD-009",
  "reference_batch": "7e4b85e27c4610824900af48f340394d"
}
BODY
example 'Error 4433: example 1 again' <<'BODY'
{
  "customer_id": "12345678",
  "card_identifier": "CARD-001",
  "reference_batch": "7e4b85e27c4610824900af48f340394d"
}
BODY
example 'Error 7000: the stored RFC of the customer is not valid' <<'BODY'
{
  "customer_id": "777",
  "card_identifier": "CARD-002",
  "reference_batch": "7e4b85e27c4610824900af48f340394d"
}
BODY
