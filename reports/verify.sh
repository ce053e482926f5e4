#!/bin/sh
# Checks signatures and digests of a run's folder with openssl, jq and sha256sum alone. It judges nothing again.
#   sh verify.sh KEYS [DIR]   KEYS: a folder of REGION.pub.pem files that you have from their owners, not from DIR
set -eu
keys=$(cd "$1" && pwd) && cd "${2:-$(dirname "$0")}"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
no() { echo "DOES NOT HOLD  $1" >&2; exit 1; }
jq -r '.regions | keys[]' run.json > "$work/regions" && [ -s "$work/regions" ] || no "run.json names no region"
while read -r region; do
  bundle=$region/evidence.sigstore.json && statement=$work/statement
  jq -r .dsseEnvelope.payload "$bundle" | base64 -d > "$statement"
  jq -r '.dsseEnvelope.signatures[0].sig' "$bundle" | base64 -d > "$work/signature"
  type=application/vnd.in-toto+json
  printf 'DSSEv1 %d %s %d ' ${#type} $type "$(wc -c < "$statement")" | cat - "$statement" > "$work/signed"
  openssl dgst -sha256 -verify "$keys/$region.pub.pem" -signature "$work/signature" "$work/signed" > "$work/said" \
    || no "$region: the signature is not of the key $keys/$region.pub.pem"
  [ "$(jq -r '.predicate["urn:ringfence:run:v1"].region' "$statement")" = "$region" ] || no "$region: signed for another"
  jq -r '.subject[] | .digest.sha256 + "  " + .name' "$statement" > "$work/signed-files"
  sha256sum --check --strict --quiet "$work/signed-files" || no "$region: a file is not what was signed"
  { cut -c67- "$work/signed-files"; echo "$bundle"; } >> "$work/known"
  jq -r '.predicate["urn:ringfence:run:v1"] | "signed by \(.region): run \(.runId), \(.grade), \(.counts.planned) attempts"' "$statement"
done < "$work/regions"
find . ! -type d ! -path './keys/*' > "$work/found"
cut -c3- "$work/found" | sort > "$work/there"
[ -s "$work/there" ] || no "the folder could not be listed"
sort -u "$work/known" | comm -13 - "$work/there" > "$work/strange"
[ ! -s "$work/strange" ] || no "no signature covers $(head -1 "$work/strange")"
echo "HOLDS: every signature is by a key of yours, and every file is as it was signed"
