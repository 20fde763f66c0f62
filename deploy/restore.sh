#!/usr/bin/env bash
# Puts a backup into a new database and lets everything run over that:
# restore.sh PROJECT REGION --backup=latest|NAME [--into=DATABASE] [--yes] [--dry-run]
#
# The worker rests meanwhile. The database that ran so far stays as it is, for comparing and for going back. What
# happened since the backup is not in the new one: watches saved since then are gone, and what was told since then is
# told again if it is still true. May be broken off and run again with the same --into.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ASSUMED=${ASSUMED:-absent}
# shellcheck source=deploy/running.sh
. "$HERE/running.sh"
# shellcheck source=deploy/operating.sh
. "$HERE/operating.sh"
begin "$@"
only backup into yes

backup=$(option backup) into=$(option into)
into=${into:-scout-$(date -u +%Y%m%d-%H%M)}
[[ $into =~ ^[a-z][a-z0-9-]{2,61}[a-z0-9]$ ]] || fail "--into must be 4 to 63 of a-z, 0-9 and -, such as scout-20261130"
before=$(running FIRESTORE_DATABASE)
before=${before:-(default)}
[[ $into != "$before" ]] || fail "everything runs over $into already: say another name with --into"

step "Which backups there are, the newest first"
sound="state=READY AND database=\"projects/$PROJECT/databases/$before\""
listing=(gcloud firestore backups list --filter="$sound" --format='value(name,snapshotTime)')
[[ -z $DRY_RUN ]] || run "${listing[@]}"
backups=$(ask "projects/$PROJECT/locations/LOCATION/backups/BACKUP" "${listing[@]}" | sort -k2 -r)
[[ -n $backups ]] || fail "there is no backup of $before yet: backups begin the day after deploy.sh set their schedule"
printf '# %s\n' "${backups//$'\n'/$'\n# '}"
case $backup in
  '') [[ -n $DRY_RUN ]] || fail "say which: --backup=latest, or --backup= one of these names" ;;
  latest | yes) ;;
  *) backups=$(grep -F "$backup" <<<"$backups") || fail "$backup is none of these" ;;
esac
read -r source taken_at <<<"${backups%%$'\n'*}"

confirm "$PROJECT" "$source (${taken_at:-}) goes into the new database $into, and $PROJECT runs over that instead of $before.
What was saved or told since then is not in it."

step "The worker rests, so that nothing is told from the old database meanwhile"
run gcloud scheduler jobs pause "$JOB" --location="$REGION"

step "The backup becomes a database; this takes from minutes to hours"
if ! has gcloud firestore databases describe --database="$into" --format='value(name)'; then
  run gcloud firestore databases restore --source-backup="$source" --destination-database="$into" --quiet
fi

# is_done: whether no restoring goes on any more; one that failed is said.
is_done() {
  local said
  said=$(ask 'SUCCESSFUL' gcloud firestore operations list --database="$into" --format='value(metadata.operationState)')
  [[ $said != *FAILED* ]] || fail "the backup could not be restored; the worker rests, resume it (gcloud scheduler jobs resume $JOB --location=$REGION) or try another backup with another --into"
  [[ $said != *PROCESSING* && $said != *INITIALIZING* && $said != *FINALIZING* ]]
}
[[ -z $DRY_RUN ]] || run gcloud firestore operations list --database="$into" --format='value(metadata.operationState)'
[[ -n $DRY_RUN ]] || until_done 2160 is_done

for function in "${EVENT_FUNCTIONS[@]}"; do
  step "$function hears of one database only: it goes, and comes back for the new one"
  if [[ -n $DRY_RUN ]] || has gcloud functions describe "$function" --gen2 --region="$REGION" --format='value(name)'; then
    run gcloud functions delete "$function" --gen2 --region="$REGION" --quiet
  fi
done

if [[ -n $(database_of_settings) ]]; then
  step "$SETTINGS_FILE names the database: from here on the new one"
  run sed -i.before "s/^FIRESTORE_DATABASE=.*/FIRESTORE_DATABASE=$into/" "$SETTINGS_FILE"
fi

step "Rules, expiry, backups and protection of the new database; all functions over it"
run env "FIRESTORE_DATABASE=$into" "$HERE/deploy.sh" "$PROJECT" "$REGION"

step "The worker goes on"
run gcloud scheduler jobs resume "$JOB" --location="$REGION"

step "Done. See how it does: scout.py doctor --cloud $PROJECT $REGION. $before is left as it was"
