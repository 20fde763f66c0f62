#!/usr/bin/env bash
# Puts a backup into a new database and lets everything run over that:
# restore.sh PROJECT REGION --backup=latest|NAME [--into=DATABASE] [--this-release] [--yes] [--dry-run]
# or lets everything run over a database that is there, such as the one before a restore:
# restore.sh PROJECT REGION --database=NAME [--this-release] [--yes] [--dry-run]
#
# The worker rests meanwhile. The database that ran so far stays as it is, for comparing and for going back. Watches
# saved since the backup are not in the new one. Before anything runs over it, it is told who was erased or stopped texts
# since, and that texts which wait in it may be out already (docs/adr/0029): none of those goes out twice. That is read and
# written with your own account: gcloud auth application-default login. May be broken off and run again with the same
# --into or --database. The functions are deployed for the new database from this folder, so it must hold the release that
# answers; --this-release takes another one along.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ASSUMED=${ASSUMED:-absent}
# shellcheck source=deploy/running.sh
. "$HERE/running.sh"
# shellcheck source=deploy/operating.sh
. "$HERE/operating.sh"
begin "$@"
only backup= into= database= this-release yes

backup=$(option backup) into=$(option into) existing=$(option database)
if [[ -n $existing ]]; then
  [[ -z $backup$into ]] || fail "say --database, or --backup with --into, not both"
  into=$existing again="--database=$existing"
else
  into=${into:-scout-$(date -u +%Y%m%d-%H%M)}
  again="--into=$into${backup:+ --backup=$backup}"
fi
[[ $into =~ ^scout-[a-z0-9-]{0,56}[a-z0-9]$ || $existing == '(default)' ]] ||
  fail "a database of Ticket Scout is scout- and up to 57 of a-z, 0-9 and -, such as scout-20261130"
PYTHON=${PYTHON:-$HERE/../.venv/bin/python}
[[ -n $DRY_RUN ]] || command -v "$PYTHON" >/dev/null || fail "run \`make install\` first (or say with PYTHON which Python to use)"
[[ -n $DRY_RUN || -r $SETTINGS_FILE ]] || fail "there is no $SETTINGS_FILE, which deploy.sh reads"
one_region
release=${RELEASE:-$("$HERE/release.sh")} answers=$(serving)
[[ -z $answers || $answers == "$release" || -n $(option this-release) ]] ||
  fail "$answers is what answers, and this folder holds $release: take that one's files (git checkout ${answers#s*-}), or say --this-release"
before=$(running FIRESTORE_DATABASE)
before=${before:-(default)}

choose_backup() { # into `source` and `taken_at`
  local sound listing backups
  step "Which backups there are, the newest first"
  sound="state=READY AND database=\"projects/$PROJECT/databases/$before\""
  listing=(gcloud firestore backups list --filter="$sound" --format='value(name,snapshotTime)')
  [[ -z $DRY_RUN ]] || run "${listing[@]}"
  backups=$(ask "projects/$PROJECT/locations/LOCATION/backups/BACKUP" "${listing[@]}" | sort -k2 -r)
  [[ -n $backups ]] || fail "there is no backup of $before yet: backups begin the day after deploy.sh set their schedule"
  printf '# %s\n' "${backups//$'\n'/$'\n# '}"
  case $backup in
    '') [[ -n $DRY_RUN ]] || fail "say which: --backup=latest, or --backup= one of these names" ;;
    latest) ;;
    *) backups=$(grep -F "$backup" <<<"$backups") || fail "$backup is none of these" ;;
  esac
  read -r source taken_at <<<"${backups%%$'\n'*}"
}

rest() {
  step "The worker rests, so that nothing is told from the old database meanwhile"
  [[ -n $DRY_RUN ]] || trap say_it_rests EXIT
  [[ $(job_state) == PAUSED ]] || run gcloud scheduler jobs pause "$WORKER_JOB" --location="$REGION"
}

say_it_rests() { printf '%s\n' "The worker of $PROJECT rests until this is done: run it again with $again" >&2; }

job_state() { ask '' gcloud scheduler jobs describe "$WORKER_JOB" --location="$REGION" --format='value(state)'; }

find_database() {
  step "$into is there: no backup is restored"
  has gcloud firestore databases describe --database="$into" --format='value(name)' || fail "there is no database $into"
}

restore_backup() {
  local looking=(gcloud firestore operations list --database="$into" --format='value(metadata.operationState)') there
  step "The backup becomes a database; this takes from minutes to hours"
  if ! has gcloud firestore databases describe --database="$into" --format='value(name)'; then
    run gcloud firestore databases restore --source-backup="$source" --destination-database="$into" --quiet
  else
    there=$(ask '' "${looking[@]}")
    [[ -n $there ]] || fail "there is a database $into already that no backup becomes: say another name with --into"
  fi
  if [[ -n $DRY_RUN ]]; then
    run "${looking[@]}"
  else
    until_done 2160 is_restored "${looking[@]}" || fail "the backup is not restored yet"
  fi
}

# is_restored LOOKING COMMAND…: whether the restoring is over; one that failed is said. A look that fails says nothing.
is_restored() {
  local said
  said=$("$@") || return 1
  [[ $said != *FAILED* ]] || fail "the backup could not be restored, and nothing was switched: try another backup with another --into, or let the worker go on with gcloud scheduler jobs resume $WORKER_JOB --location=$REGION --project=$PROJECT"
  [[ $said == *SUCCESSFUL* && $said != *PROCESSING* && $said != *INITIALIZING* && $said != *FINALIZING* ]]
}

tell_what_happened() {
  step "The new database is told what happened since its backup: who was erased or stopped texts, and what may be sent already"
  run env STORE=firestore "GOOGLE_CLOUD_PROJECT=$PROJECT" "FIRESTORE_DATABASE=$into" "APP_ID=$(running APP_ID)" \
    "WORKER_COLLECTION=$(running WORKER_COLLECTION)" "$PYTHON" "$HERE/../scout.py" restored --before "$before" ||
    fail "nothing runs over $into yet: sign in (gcloud auth application-default login)"
}

delete_event_functions() {
  local function over
  for function in "${EVENT_FUNCTIONS[@]}"; do
    step "$function hears of one database only: it goes, and comes back for the new one"
    if [[ -z $DRY_RUN ]]; then
      has gcloud functions describe "$function" --gen2 --region="$REGION" --format='value(name)' || continue
      over=$(running FIRESTORE_DATABASE "$function")
      [[ $over != "$into" ]] || continue # it came back already, before this was broken off
    fi
    run gcloud functions delete "$function" --gen2 --region="$REGION" --quiet
  done
}

# Through a file that only its owner reads and that is gone afterwards: every secret stands in it.
name_database() {
  local file line="FIRESTORE_DATABASE=$into"
  step "$SETTINGS_FILE names the database that everything runs over from here on: $line"
  [[ -z $DRY_RUN ]] || return 0
  file=$(readlink -f "$SETTINGS_FILE")
  rm -f "$file.new"
  (umask 077 && awk -v line="$line" '
    !/^[[:space:]]*FIRESTORE_DATABASE=/ { print; next }
    !said++ { print line }
    END { if (!said) print line }' "$file" >"$file.new")
  if cmp -s "$file.new" "$file"; then rm "$file.new"; else mv "$file.new" "$file"; fi
}

is_switched() { [[ -z $DRY_RUN && $into == "$before" ]]; }

if is_switched; then
  [[ $(job_state) != PAUSED ]] || trap say_it_rests EXIT
  confirm "$PROJECT" "The worker of $PROJECT runs over $into already. No backup is restored: what was left to do is done."
elif [[ -n $existing ]]; then
  find_database
  confirm "$PROJECT" "$PROJECT runs over $into instead of $before. What was saved or told since $into was left is not in it."
  rest
  tell_what_happened
else
  choose_backup
  confirm "$PROJECT" "$source (${taken_at:-}) goes into the new database $into, and $PROJECT runs over that instead of $before.
What was saved or told since then is not in it."
  step "If this is broken off, run it again with --into=$into"
  rest
  restore_backup
  tell_what_happened
fi
delete_event_functions
is_switched || tell_what_happened # once more: what was under way when it was first told is over by now
name_database

step "Rules, expiry, backups and protection of the new database; all functions over it"
run env "MOVE_TO=$into" "$HERE/deploy.sh" "$PROJECT" "$REGION"
newest_answer

step "The worker goes on"
[[ $(job_state) == ENABLED ]] || run gcloud scheduler jobs resume "$WORKER_JOB" --location="$REGION"
trap - EXIT

step "Done. See how it does: scout.py doctor --cloud $PROJECT $REGION. The database before is left as it was"
