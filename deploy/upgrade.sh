#!/usr/bin/env bash
# Puts the release in this folder there instead of the one that runs: upgrade.sh PROJECT REGION [--dry-run]
#
# Old and new work side by side for some minutes; each understands what the other writes (docs/adr/0029). May be broken
# off and run again. What went wrong is taken back by rollback.sh.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ASSUMED=${ASSUMED:-present}
# shellcheck source=deploy/running.sh
. "$HERE/running.sh"
# shellcheck source=deploy/operating.sh
. "$HERE/operating.sh"
begin "$@"
only

RELEASE=$("$HERE/release.sh")
export RELEASE

step "Which release runs"
one_region
has gcloud functions describe "$WORKER" --gen2 --region="$REGION" --format='value(name)' \
  || fail "nothing runs in $PROJECT in $REGION yet: begin with deploy/deploy.sh $PROJECT $REGION"
asking=(gcloud functions describe "$WORKER" --gen2 --region="$REGION" --format='value(serviceConfig.environmentVariables.RELEASE)')
[[ -z $DRY_RUN ]] || run "${asking[@]}"
before=$(ask 'THE RELEASE BEFORE' "${asking[@]}")
printf '# %s runs; %s follows\n' "${before:-a release without a name}" "$RELEASE"
old=$(schema_of "$before") new=$(schema_of "$RELEASE")
if [[ -n $old ]] && ((new - old > 1)); then
  fail "$before writes documents of shape $old and $RELEASE of shape $new: upgrade to a release of shape $((old + 1)) first"
fi
if [[ -n $old ]] && ((new < old)); then
  fail "$RELEASE is older than $before: use deploy/rollback.sh $PROJECT $REGION"
fi

step "From here the database can be had as it was: $(date -u +%Y-%m-%dT%H:%M:00Z) (point-in-time recovery keeps seven days)"

step "Everything that the new release needs, and its functions"
run "$HERE/deploy.sh" "$PROJECT" "$REGION"

newest_answer

step "One run of the worker now, rather than within the minute"
run gcloud scheduler jobs run "$WORKER_JOB" --location="$REGION"

step "Done. See how it does: scout.py doctor --cloud $PROJECT $REGION. To take it back: deploy/rollback.sh $PROJECT $REGION"
