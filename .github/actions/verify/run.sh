#!/usr/bin/env bash
# Run contrato verify with the inputs of the action, which are in the environment: API, BASE_URL, TOKEN, MODE, HEADERS and
# OPTIONS. BIN is the folder of contrato and its Python. Reports go to contrato-reports, and what was printed to the summary.
set -euo pipefail
case $API in
  neu | apportionments)
    export "${API^^}_TOKEN=$TOKEN"
    # A dollar sign in a secret is no variable.
    if [ -n "${HEADERS:-}" ]; then export "${API^^}_HEADERS=${HEADERS//\$/\$\$}"; fi
    ;;
  *) echo "api is '$API': use apportionments or neu" >&2; exit 2 ;;
esac
# Options may stand on several lines and be quoted, as in a shell; nothing in them is run.
parsed=$(mktemp)
"$BIN/python" - > "$parsed" <<'PYTHON'
import os, shlex, sys
try:
    words = shlex.split(os.environ.get("OPTIONS", ""), comments=True)
except ValueError as error:
    sys.exit(f"options cannot be read: {error}. Close each quote; one option a line is the clearest")
sys.stdout.write("".join(f"{word}\0" for word in words))
PYTHON
mapfile -d '' -t options < "$parsed"
rm -rf contrato-reports "$parsed"  # a report of an earlier run must not be taken for this one's
mkdir contrato-reports
status=0
"$BIN/contrato" verify "$API" --base-url "$BASE_URL" ${MODE:+--mode "$MODE"} --junit contrato-reports/junit.xml \
  --html contrato-reports/index.html "${options[@]}" 2>&1 | tee contrato-reports/summary.txt || status=$?
{ echo '````'; cat contrato-reports/summary.txt; echo '````'; } >> "$GITHUB_STEP_SUMMARY"
exit "$status"
