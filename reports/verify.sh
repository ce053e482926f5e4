#!/bin/sh
# Checks signatures and digests of a run's folder with openssl, jq and sha256sum alone. It judges nothing again.
#   sh verify.sh KEYS [DIR]   KEYS: a folder with judge.pub.pem and a REGION.pub.pem of each region, that you
#                             have from their owners, not from DIR
set -eu
keys=$(cd "$1" && pwd) && cd "${2:-$(dirname "$0")}"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
no() { echo "DOES NOT HOLD  $1" >&2; exit 1; }
# opened ROLE BUNDLE: leaves the statement in $work/statement when the role's key signed it, and its files in $work/files
opened() {
  statement=$work/statement type=application/vnd.in-toto+json
  jq -se --arg type $type 'length == 1 and (.[0].dsseEnvelope | .payloadType == $type and (.signatures | length == 1))' \
    "$2" > "$work/said" || no "$2 is no bundle with one signature over a statement"
  jq -r .dsseEnvelope.payload "$2" | base64 -d > "$statement"
  jq -r '.dsseEnvelope.signatures[0].sig' "$2" | base64 -d > "$work/signature"
  printf 'DSSEv1 %d %s %d ' ${#type} $type "$(wc -c < "$statement")" | cat - "$statement" > "$work/signed"
  openssl pkeyutl -verify -pubin -inkey "$keys/$1.pub.pem" -rawin -in "$work/signed" -sigfile "$work/signature" > "$work/said" \
    || no "$2: the signature is not of the key $keys/$1.pub.pem"
  [ "$(jq . "$2")" = "$(cat "$2")" ] || no "$2: its text is not the one that its content has"
  jq -r '.subject[] | .digest.sha256 + "  " + .name' "$statement" > "$work/files"
  [ -s "$work/files" ] && sha256sum --check --strict --quiet "$work/files" || no "$2: a file is not what was signed"
}
find . ! -type d ! -type f > "$work/odd"
[ ! -s "$work/odd" ] || no "$(head -1 "$work/odd") is no file, and no folder"
find . -name '*
*' > "$work/odd"
[ ! -s "$work/odd" ] || no "$(head -1 "$work/odd") has a name of two lines"
opened judge evidence.sigstore.json
cut -c67- "$work/files" | sort > "$work/known"
run=$(jq -er '.predicate["urn:ringfence:run:v1"].runId' "$statement")
find . ! -type d > "$work/found"
cut -c3- "$work/found" | grep -vxE 'keys/([[:alnum:]_.-]+\.pub\.pem|trust\.yaml)|evidence\.sigstore\.json' | sort > "$work/there"
[ -s "$work/there" ] || no "the folder could not be listed"
comm -13 "$work/known" "$work/there" > "$work/strange"
[ ! -s "$work/strange" ] || no "no signature covers $(head -1 "$work/strange")"
grep '^[^/]*/observations\.jsonl$' "$work/known" | cut -d/ -f1 > "$work/regions" && [ -s "$work/regions" ] || no "there is no journal"
plan=$(sha256sum plan.json) && : > "$work/observers"
while read -r region; do
  if ! grep -qx "$region/observed.sigstore.json" "$work/known"; then
    grep -q '"type":"run-finished"' "$region/observations.jsonl" && no "$region: it finished, and did not sign"
    echo "NOTE  $region did not finish its journal, and did not sign it" && continue
  fi
  opened "$region" "$region/observed.sigstore.json"
  [ "$(jq -r '[.predicate.region, .predicate.runId, .subject[0].name, .predicate.plan] | join(" ")' "$statement")" \
    = "$region $run $region/observations.jsonl ${plan%% *}" ] || no "$region: it signed for another region, run or plan"
  echo "$region" >> "$work/observers" && echo "observed by $region: run $run"
done < "$work/regions"
jq -r '.regions | keys[]' run.json > "$work/judged" && [ -s "$work/judged" ] || no "run.json names no region"
while read -r region; do
  opened judge "$region/evidence.sigstore.json"
  [ "$(jq -r '.predicate["urn:ringfence:region:v1"] | .region + " " + .runId' "$statement")" = "$region $run" ] \
    || no "$region: the verdicts are of another region or run"
  jq -e '.predicate["urn:ringfence:region:v1"].grade | startswith("pass") | not' "$statement" > "$work/said" \
    || grep -qxF "$region" "$work/observers" || no "$region: it did not sign a journal, and cannot have passed"
  jq -r '.predicate["urn:ringfence:region:v1"] | "judged \(.region): \(.grade), \(.counts.planned) attempts"' "$statement"
done < "$work/judged"
echo "HOLDS: every signature is by a key of yours, and every file is as it was signed"
