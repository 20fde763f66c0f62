#!/usr/bin/env bash
# Takes everything away that deploy.sh made: teardown.sh PROJECT REGION [--data] [--yes] [--dry-run]
#
# Looks first, lists what it found, and asks. Databases and their backups stay, unless --data says that they go too;
# what people saved is then gone for good. May be broken off and run again: what is gone is not listed any more.
# Left alone: other databases and their backups, the rules that were released, the APIs that are on and the role of Eventarc's own
# account, a budget, a web domain's mapping, the log's past lines, the buckets that Cloud Functions made for what it builds from
# (gcf-v2-…), and Twilio.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ASSUMED=${ASSUMED:-present}
# shellcheck source=deploy/running.sh
. "$HERE/running.sh"
# shellcheck source=deploy/operating.sh
. "$HERE/operating.sh"
begin "$@"
only data yes

one_region
SECRETS=()
for name in "${SECRET_SETTINGS[@]}"; do SECRETS+=("$(secret_of "$name")"); done
FOUND=() # a line each: what it is, a tab, the command that deletes it

# names EXAMPLE… -- LIST COMMAND: the names it lists, without what stands before them; in a dry run the examples.
names() {
  local examples=()
  while [[ $1 != -- ]]; do
    examples+=("$1")
    shift
  done
  shift
  if [[ -n $DRY_RUN ]]; then
    printf '%s\n' "${examples[@]}"
    return
  fi
  listed "$@"
}

# each "what it is" NAMES COMMAND…: remembers the command for each of the names; {} in it is the name.
each() {
  local what=$1 listed=$2 name
  shift 2
  while read -r name; do
    [[ -z $name ]] || FOUND+=("$what $name"$'\t'"$(spell "${@//\{\}/$name}")")
  done <<<"$listed"
}

# one_of NAMES…: a filter of gcloud for exactly these names.
one_of() { (IFS='|' && printf 'name~"/(%s)$"' "$*"); }

listed=$(names "$WORKER_JOB" -- gcloud scheduler jobs list --location="$REGION" --filter="name~\"/ticket-scout-[a-z-]+\$\"" --format='value(name.basename())')
each 'scheduler job' "$listed" gcloud scheduler jobs delete '{}' --location="$REGION" --quiet

listed=$(names "${FUNCTIONS[@]}" -- gcloud functions list --v2 --regions="$REGION" --filter="$(one_of "${FUNCTIONS[@]}")" --format='value(name.basename())')
each 'function' "$listed" gcloud functions delete '{}' --gen2 --region="$REGION" --quiet

topics=("$BOARDS" "$BOARDS_DEAD" "$EVENTS_DEAD")
listed=$(names "${topics[@]:1}" -- gcloud pubsub subscriptions list --filter="$(one_of "${topics[@]}")" --format='value(name.basename())')
each 'subscription' "$listed" gcloud pubsub subscriptions delete '{}' --quiet
listed=$(names "${topics[@]}" -- gcloud pubsub topics list --filter="$(one_of "${topics[@]}")" --format='value(name.basename())')
each 'topic' "$listed" gcloud pubsub topics delete '{}' --quiet

marked='displayName~"^Ticket Scout" OR userLabels.product=ticket-scout'
listed=$(names POLICY -- gcloud alpha monitoring policies list --filter="$marked" --format='value(name)')
each 'alert policy' "$listed" gcloud alpha monitoring policies delete '{}' --quiet
listed=$(names DASHBOARD -- gcloud monitoring dashboards list --filter='displayName~"^Ticket Scout"' --format='value(name)')
each 'dashboard' "$listed" gcloud monitoring dashboards delete '{}' --quiet
listed=$(names scout_METRIC -- gcloud logging metrics list --filter='name~"^scout_"' --format='value(name)')
each 'metric of the log' "$listed" gcloud logging metrics delete '{}' --quiet
listed=$(names CHECK -- gcloud monitoring uptime list-configs --filter='displayName="Ticket Scout is ready"' --format='value(name.basename())')
each 'uptime check' "$listed" gcloud monitoring uptime delete '{}' --quiet
listed=$(names CHANNEL -- gcloud beta monitoring channels list --filter='userLabels.product=ticket-scout' --format='value(name)')
each 'notification channel' "$listed" gcloud beta monitoring channels delete '{}' --quiet

listed=$(names "${SECRETS[@]}" -- gcloud secrets list --filter="$(one_of "${SECRETS[@]}")" --format='value(name.basename())')
each 'secret' "$listed" gcloud secrets delete '{}' --quiet
listed=$(names "$REPOSITORY" -- gcloud artifacts repositories list --location="$REGION" --filter="$(one_of "$REPOSITORY")" --format='value(name.basename())')
each 'repository of images' "$listed" gcloud artifacts repositories delete '{}' --location="$REGION" --quiet

# Rights that are left behind would count against the project's limit under a name that nobody understands.
ours=$(IFS='|' && printf '^(serviceAccount:)?(%s)@%s\.iam' "${ACCOUNT_NAMES[*]}" "$PROJECT")
accounts=$(names "${ACCOUNT_NAMES[@]/%/@$PROJECT.iam.gserviceaccount.com}" -- gcloud iam service-accounts list --filter="email~\"$ours\"" --format='value(email)')
rights=$(names "roles/datastore.user serviceAccount:scout-worker@$PROJECT.iam.gserviceaccount.com" -- gcloud projects get-iam-policy "$PROJECT" --flatten='bindings[].members' --filter="bindings.members~\"$ours\"" --format='value[separator=" "](bindings.role,bindings.members)')
while read -r role member; do
  [[ -z $role ]] || FOUND+=("right $role of ${member#serviceAccount:}"$'\t'"$(spell gcloud projects remove-iam-policy-binding "$PROJECT" --member="$member" --role="$role" --condition=None --quiet)")
done <<<"$rights"
each 'service account' "$accounts" gcloud iam service-accounts delete '{}' --quiet

if [[ -n $(option data) ]]; then
  databases=$(names '(default)' -- gcloud firestore databases list --format='value(name.basename())' --filter='name~"/(\(default\)|scout-[^/]*)$"')
  each 'DATABASE, with all that people saved:' "$databases" gcloud firestore databases delete --database='{}' --quiet
  listed=$(names "projects/$PROJECT/locations/LOCATION/backups/BACKUP" -- gcloud firestore backups list --filter='database~"/databases/(\(default\)|scout-[^/]*)$"' --format='value(name)')
  while read -r name; do
    [[ -z $name ]] && continue
    location=${name#*/locations/} && location=${location%%/*}
    FOUND+=("BACKUP ${name##*/}"$'\t'"$(spell gcloud firestore backups delete --location="$location" --backup="${name##*/}" --quiet)")
  done <<<"$listed"
fi

if [[ ${#FOUND[@]} == 0 ]]; then
  step "Nothing of Ticket Scout is left in $PROJECT"
  exit 0
fi

step "Of $PROJECT these will be deleted"
printf '#   %s\n' "${FOUND[@]%%$'\t'*}"
[[ -n $(option data) ]] || step "Databases and backups stay; --data deletes them too"
confirm "$PROJECT" "All of these ${#FOUND[@]} are deleted from $PROJECT; there is no way back."

for one in "${FOUND[@]}"; do
  what=${one%%$'\t'*}
  step "$what"
  if [[ $what == DATABASE* ]]; then
    run gcloud firestore databases update --database="${what##* }" --no-delete-protection --quiet
  fi
  eval "run ${one#*$'\t'}" # the words were quoted by spell
done

if [[ -n $(option data) && -z $DRY_RUN ]] && grep -qs '^FIRESTORE_DATABASE=scout-' "$SETTINGS_FILE"; then
  step "Whoever deploys anew: take FIRESTORE_DATABASE out of $SETTINGS_FILE, so that it begins with the default database"
fi
step "Done. Still there: the rules that were released, the APIs that are on, the role of Eventarc's own account, a budget, a web" \
  "domain's mapping, Cloud Functions' own buckets (gcf-v2-…), and what Twilio's number calls"
