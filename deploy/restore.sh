#!/usr/bin/env bash
# Puts a backup into a new database and lets everything run over that:
# restore.sh PROJECT REGION --backup=latest|NAME [--into=DATABASE] [--this-release] [--yes] [--dry-run]
# or lets everything run over a database that is there, such as the one before a restore:
# restore.sh PROJECT REGION --database=NAME [--this-release] [--yes] [--dry-run]
# Without either it lists the backups.
#
# The worker rests meanwhile. The database that ran so far stays as it is, for comparing and for going back. Watches
# saved since the backup are not in the new one. Before anything runs over it, it is told who was erased or stopped texts
# since, and that texts which wait in it may be out already (docs/adr/0029): none of those goes out twice. That is read and
# written with your own account: gcloud auth application-default login. May be broken off and run again with the same
# --into or --database. The functions are deployed for the new database from this folder, so it must hold the release that
# answers; --this-release takes another one along.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ASSUMED=${ASSUMED:-absent}
QUIET_AFTER=${QUIET_AFTER:-600} # seconds after the worker's last call: two runs, a board's, and what a board's message lives
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
[[ -z $(option this-release) ]] || again+=' --this-release'
[[ $into =~ ^scout-[a-z0-9-]{0,56}[a-z0-9]$ || $existing == '(default)' ]] ||
  fail "a database of Ticket Scout is scout- and up to 57 of a-z, 0-9 and -, such as scout-20261130"
PYTHON=${PYTHON:-$HERE/../.venv/bin/python}
[[ -n $DRY_RUN ]] || command -v "$PYTHON" >/dev/null || fail "run \`make install\` first (or say with PYTHON which Python to use)"
[[ -n $DRY_RUN || -r $SETTINGS_FILE ]] || fail "there is no $SETTINGS_FILE, which deploy.sh reads"

job_state() { ask '' gcloud scheduler jobs describe "$WORKER_JOB" --location="$REGION" --format='value(state)'; }

say_it_rests() { printf '%s\n' "The worker of $PROJECT rests until this is done: run it again with $again" >&2; }

# Before the worker rests: whatever deploy.sh would stop at later is said now.
look_ahead() {
  local release answers commit
  [[ -z $DRY_RUN ]] || return 0
  "$HERE/deploy.sh" "$PROJECT" "$REGION" --dry-run >/dev/null || fail "no database was changed"
  release=${RELEASE:-$("$HERE/release.sh")}
  answers=$(serving) || fail "could not look which release answers"
  commit=${answers#s*-} commit=${commit%%-*}
  [[ -z $answers || $answers == "$release" || -n $(option this-release) ]] ||
    fail "$answers is what answers, and this folder holds $release: say --this-release to take that along, or take the other's" \
      "files, with its own restore.sh (git checkout $commit)"
}

choose_backup() { # into `source` and `taken_at`
  local listing backups
  step "Which backups there are, the newest first"
  listing=(gcloud firestore backups list --filter=state=READY --format='value(name,snapshotTime,database.basename())')
  [[ -z $DRY_RUN ]] || run "${listing[@]}"
  backups=$(ask "projects/$PROJECT/locations/LOCATION/backups/BACKUP NEWEST $before" "${listing[@]}")
  backups=$(awk '$3 == "(default)" || $3 ~ /^scout-/' <<<"$backups" | sort -k2 -r)
  [[ -n $backups ]] || fail "there is no backup yet: backups begin the day after deploy.sh set their schedule"
  printf '# %s\n' "${backups//$'\n'/$'\n# '}"
  case $backup in
    '') [[ -n $DRY_RUN ]] || fail "say which: --backup=latest (of $before), or --backup= one of these names" ;;
    latest)
      backups=$(awk -v database="$before" '$3 == database' <<<"$backups")
      [[ -n $backups ]] || fail "there is no backup of $before yet: say one of these names with --backup"
      ;;
    *) backups=$(grep -F "$backup" <<<"$backups") || fail "$backup is none of these" ;;
  esac
  read -r source taken_at _ <<<"${backups%%$'\n'*}"
}

find_database() {
  step "$into is there: no backup is restored"
  [[ -n $DRY_RUN ]] || has gcloud firestore databases describe --database="$into" --format='value(name)' ||
    fail "there is no database $into"
}

rest() {
  step "The worker rests, so that nothing is told from the old database meanwhile"
  [[ $(job_state) == PAUSED ]] || run gcloud scheduler jobs pause "$WORKER_JOB" --location="$REGION"
  [[ -n $DRY_RUN ]] || trap say_it_rests EXIT
}

restore_backup() {
  local states
  step "The backup becomes a database; this takes from minutes to hours"
  if ! has gcloud firestore databases describe --database="$into" --format='value(name)'; then
    run gcloud firestore databases restore --source-backup="$source" --destination-database="$into" --quiet
  elif states=$(restoring) && [[ -z $states ]]; then
    fail "there is a database $into already that no backup becomes: say another name with --into, or let everything run over it" \
      "with --database=$into"
  fi
  if [[ -n $DRY_RUN ]]; then
    run gcloud firestore operations list --database="$into" --format='value(metadata.backup,metadata.operationState)'
  else
    until_done 2160 is_restored || fail "the backup is not restored yet"
  fi
}

# restoring: the states of what makes the new database of a backup, one a line; of nothing else that is done to it.
restoring() {
  local said
  said=$(gcloud firestore operations list --database="$into" --format='value(metadata.backup,metadata.operationState)') || return
  awk -F'\t' '$1 { print $2 }' <<<"$said"
}

# is_restored: whether that is over; one that failed is said. A look that fails says nothing.
is_restored() {
  local said
  said=$(restoring) || return 1
  if [[ $said == *FAILED* ]]; then
    trap - EXIT
    fail "the backup could not be restored, and nothing was switched; the worker rests: try another backup with another --into, or let" \
      "it go on with gcloud scheduler jobs resume $WORKER_JOB --location=$REGION --project=$PROJECT"
  fi
  [[ $said == *SUCCESSFUL* && $said != *PROCESSING* && $said != *INITIALIZING* && $said != *FINALIZING* ]]
}

tell_what_happened() { # with the options of `scout.py restored`
  run env STORE=firestore "GOOGLE_CLOUD_PROJECT=$PROJECT" "FIRESTORE_DATABASE=$into" "APP_ID=$(running APP_ID)" \
    "WORKER_COLLECTION=$(running WORKER_COLLECTION)" "$PYTHON" "$HERE/../scout.py" restored --before "$before" "$@" ||
    fail "$into was not told what happened since: sign in (gcloud auth application-default login)"
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

wait_for_quiet() {
  local called left
  step "Whatever the worker began before it rested comes to its end"
  called=$(ask '' gcloud scheduler jobs describe "$WORKER_JOB" --location="$REGION" --format='value(lastAttemptTime)')
  [[ -n $called ]] || return 0
  left=$(($(date -d "$called" +%s) + QUIET_AFTER - $(date +%s)))
  ((left <= 0)) || sleep "$left"
}

# Through a file that only its owner reads and that is gone afterwards: every secret stands in it.
name_database() {
  local file line="FIRESTORE_DATABASE=$into"
  step "$SETTINGS_FILE names the database that everything runs over from here on: $line"
  [[ -z $DRY_RUN ]] || return 0
  file=$(readlink -f "$SETTINGS_FILE")
  rm -f "$file.new"
  (umask 077 && awk -v line="$line" -v before="$BEFORE$before" '
    index($0, "# FIRESTORE_DATABASE before ") == 1 { next }
    !/^[[:space:]]*FIRESTORE_DATABASE=/ { print; next }
    !said++ { print before; print line }
    END { if (!said) { print before; print line } }' "$file" >"$file.new")
  if cmp -s "$file.new" "$file"; then rm "$file.new"; else mv "$file.new" "$file"; fi
}

BEFORE='# FIRESTORE_DATABASE before the restore that is under way: '
one_region
[[ $(job_state) != PAUSED ]] || trap say_it_rests EXIT
before=$(running FIRESTORE_DATABASE)
before=${before:-(default)}

if [[ -z $DRY_RUN && $into == "$before" ]]; then
  look_ahead
  confirm "$PROJECT" "The worker of $PROJECT runs over $into already. No backup is restored: what was left to do is done."
  before=$(sed -n "s/^$BEFORE//p" "$SETTINGS_FILE")
  delete_event_functions
else
  if [[ -n $existing ]]; then
    find_database
    asked="$PROJECT runs over $into instead of $before. What was saved or told since $into was left is not in it."
  else
    choose_backup
    asked="$source ($taken_at) goes into the new database $into, and $PROJECT runs over that instead of $before.
What was saved or told since then is not in it."
  fi
  look_ahead
  confirm "$PROJECT" "$asked"
  step "If this is broken off, run it again with $again"
  rest
  [[ -n $existing ]] || restore_backup
  step "The new database is told what happened since its backup: who was erased or stopped texts, and what may be sent already"
  tell_what_happened
  delete_event_functions
  wait_for_quiet
  step "It is told once more, as nothing goes out from the old one any more"
  tell_what_happened
  name_database
fi

step "Rules, expiry, backups and protection of the new database; all functions over it"
run env "MOVE_TO=$into" "$HERE/deploy.sh" "$PROJECT" "$REGION"
newest_answer

if [[ -n $before ]]; then
  step "Now that the pages are over it, too: who was erased or stopped texts there until now"
  tell_what_happened --only-people
fi

# Once that is told it is over: who says START from here on is not to be stopped by another run of this.
[[ -n $DRY_RUN ]] || sed -i --follow-symlinks "/^$BEFORE/d" "$SETTINGS_FILE"

step "The worker goes on"
[[ $(job_state) == ENABLED ]] || run gcloud scheduler jobs resume "$WORKER_JOB" --location="$REGION"
trap - EXIT

step "Done. See how it does: scout.py doctor --cloud $PROJECT $REGION. The database before${before:+, $before,} is left as it was." \
  "People's own Firebase clients, if you have any, must write to $into from now on"
