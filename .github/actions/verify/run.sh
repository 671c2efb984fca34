#!/usr/bin/env bash
# Run contrato verify with the inputs of the action, which are in the environment: API, BASE_URL, TOKEN, MODE, HEADERS and
# OPTIONS. BIN is the folder of contrato and its Python. Reports go to contrato-reports, and what was printed to the summary.
set -euo pipefail
rm -rf contrato-reports  # Before anything can fail: a report of an earlier run must not be taken for this one's.
mkdir contrato-reports
tell() {
  # Indented, it is no Markdown, whatever a server answered.
  { echo; sed 's/^/    /' contrato-reports/summary.txt; echo; } >> "${GITHUB_STEP_SUMMARY:-/dev/null}" ||
    echo "the summary of the job could not be written" >&2  # The status is that of the run all the same.
}
refuse() { cat contrato-reports/summary.txt >&2; tell; exit 2; }
case $API in
  neu | apportionments) ;;
  *) echo "api is '$API': use apportionments or neu" > contrato-reports/summary.txt; refuse ;;
esac
# Options may stand on several lines, be quoted and have comments, as in a shell; nothing in them is run. With -I, no module
# of the workspace is imported in place of Python's own.
parsed=$(mktemp)
"$BIN/python" -I - > "$parsed" 2> contrato-reports/summary.txt <<'PYTHON' || refuse
import os, re, shlex, sys
try:
    # A comment begins where a word does; shlex would drop what follows a # in a word.
    quoted = r""""(?:\\[\s\S]|[^"\\])*"|'[^']*'|\\[\s\S]"""
    text = re.sub(rf"({quoted})|(?<!\S)#.*", lambda match: match[1] or "", os.environ.get("OPTIONS", ""))
    words = shlex.split(text)
except ValueError as error:
    sys.exit(f"options cannot be read: {error}. Close each quote; one option a line is the clearest")
sys.stdout.write("".join(f"{word}\0" for word in words))
PYTHON
mapfile -d '' -t options < "$parsed"
rm "$parsed"
export "${API^^}_TOKEN=$TOKEN"
# A dollar sign in a secret is no variable.
if [ -n "${HEADERS:-}" ]; then export "${API^^}_HEADERS=${HEADERS//\$/\$\$}"; fi
exec 3> >(tee contrato-reports/summary.txt)
told=$!
"$BIN/contrato" verify "$API" --base-url "$BASE_URL" ${MODE:+--mode "$MODE"} --junit contrato-reports/junit.xml \
  --html contrato-reports/index.html "${options[@]}" >&3 2>&1 3>&- &
run=$!
exec 3>&-
# contrato removes what it created before it ends; of what runs beside this script, the runner tells nobody to end.
trap 'kill -TERM "$run" || true' INT TERM
status=0
wait "$run" || status=$?
# A signal ends the waiting, not the run.
while kill -0 "$run" 2> /dev/null; do
  status=0
  wait "$run" || status=$?
done
wait "$told" || true
tell
exit "$status"
