#!/usr/bin/env bash
# Goes back to the release before the last one: rollback.sh PROJECT REGION [--to=RELEASE] [--yes] [--dry-run]
#
# Only traffic moves: nothing is built, no document is touched. The release before reads what the last one wrote
# (docs/adr/0029). May be broken off and run again; run twice it goes back no further.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ASSUMED=${ASSUMED:-present}
# shellcheck source=deploy/running.sh
. "$HERE/running.sh"
# shellcheck source=deploy/operating.sh
. "$HERE/operating.sh"
begin "$@"
only to= yes

to=$(option to)
step "Which revisions there are, and which of them are ${to:-the release before}"
one_region
listing=(gcloud run revisions list --region="$REGION" --format=json)
if [[ -n $DRY_RUN ]]; then
  run "${listing[@]}"
  plan=$(printf '%s REVISION RELEASE\n' "${FUNCTIONS[@]}")
else
  listed=$("${listing[@]}")
  plan=$("${PYTHON:-python3}" "$HERE/revisions.py" "${to:-previous}" "${FUNCTIONS[@]}" <<<"$listed") || fail "nothing was changed"
fi

printf '# %s\n' "goes back:" "${plan//$'\n'/$'\n# '}"
confirm "$PROJECT" "All traffic of these functions goes to these revisions of $PROJECT."

while read -r function revision _; do
  step "All of $function's traffic goes to $revision"
  run gcloud run services update-traffic "$function" --region="$REGION" --to-revisions="$revision=100" --quiet
done <<<"$plan"

step "Done. See how it does: scout.py doctor --cloud $PROJECT $REGION. The next upgrade goes to its newest revision"
