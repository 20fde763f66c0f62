# shellcheck shell=bash
# The database, its backups, indexes, expiry and rules.

# The database is the one that settings.env names, or the one that the worker runs over. Only restore.sh moves an installation
# from one to another, and says so by MOVE_TO: whoever deploys with older settings must not go back by that.
choose_database() {
  local runs
  runs=$(running_database)
  DATABASE=$(setting FIRESTORE_DATABASE "${runs:-(default)}")
  [[ -z $runs || $runs == "$DATABASE" || ${MOVE_TO:-} == "$DATABASE" ]] ||
    fail "$PROJECT runs over the database $runs, and $SETTINGS_FILE says $DATABASE: write FIRESTORE_DATABASE=$runs there" \
      "(to let it run over $DATABASE: deploy/restore.sh $PROJECT $REGION --database=$DATABASE)"
}

running_database() {
  if has gcloud functions describe ticket-monitor-worker --gen2 --region="$REGION"; then
    ask '' gcloud functions describe ticket-monitor-worker --gen2 --region="$REGION" \
      --format='value(serviceConfig.environmentVariables.FIRESTORE_DATABASE)'
  fi
}

database_location() { setting FIRESTORE_LOCATION "$REGION"; }

apply_firestore() {
  choose_database
  apply_database
  apply_backups
  apply_indexes
  apply_rules
}

apply_database() {
  local found
  step "Firestore ($DATABASE) in native mode, beside the functions: its location can never be changed. Seven days of every version" \
    "(point-in-time recovery) undo a mistake; delete protection prevents the worst one"
  if ! has gcloud firestore databases describe --database="$DATABASE"; then
    run quietly gcloud firestore databases create --database="$DATABASE" --location="$(database_location)" \
      --type=firestore-native --enable-pitr --delete-protection
    return
  fi
  found=$(ask '' gcloud firestore databases describe --database="$DATABASE" \
    --format='csv[no-heading](type,locationId,pointInTimeRecoveryEnablement,deleteProtectionState)')
  [[ -n $DRY_RUN || $found == FIRESTORE_NATIVE,"$(database_location)",* ]] ||
    fail "the database $DATABASE is $found; Ticket Scout needs FIRESTORE_NATIVE in $(database_location):" \
      "choose another project, or say in settings.env with FIRESTORE_LOCATION where the database is"
  [[ $found == *,POINT_IN_TIME_RECOVERY_ENABLED,DELETE_PROTECTION_ENABLED ]] ||
    run quietly gcloud firestore databases update --database="$DATABASE" --enable-pitr --delete-protection
}

apply_backups() {
  local found days
  days=$(setting BACKUP_DAYS 14)
  step "A backup every day, kept for $days days: for what is only noticed after point-in-time recovery has ended"
  found=$(ask '' gcloud firestore backups schedules list --database="$DATABASE" \
    --format='csv[no-heading](name.basename(),retention,dailyRecurrence.yesno(yes=daily,no=daily))')
  case $found in
    '') run quietly gcloud firestore backups schedules create --database="$DATABASE" --recurrence=daily --retention="${days}d" ;;
    *,$((days * 86400))s,*) ;;
    *) run quietly gcloud firestore backups schedules update --database="$DATABASE" --backup-schedule="${found%%,*}" \
      --retention="${days}d" ;;
  esac
}

apply_indexes() {
  local have fields expiring missing line command
  step "Indexes: a query without its index is refused. Fields nobody asks by have none, and documents go when their time" \
    "is over. All are asked for at once; the code that needs them comes after they are ready"
  have=$(ask '[]' gcloud firestore indexes composite list --database="$DATABASE" --format=json)
  fields=$(ask '[]' gcloud firestore indexes fields list --database="$DATABASE" --format=json)
  expiring=$(ask '[]' gcloud firestore fields ttls list --database="$DATABASE" --format=json)
  missing=$("$PYTHON" deploy/steps/indexes.py deploy/firestore.indexes.json "$(setting WORKER_COLLECTION worker_monitor_jobs)" \
    <<<"[$have, $fields, $expiring]")
  while IFS= read -r line; do
    [[ -n $line ]] || continue
    IFS=$'\t' read -r -a command <<<"$line"
    until_done 30 quietly gcloud firestore "${command[@]}" --database="$DATABASE" --async # one change of a field at a time
  done <<<"$missing"
  [[ -n $DRY_RUN ]] || until_done 180 indexes_ready
}

indexes_ready() {
  local states building
  states=$(gcloud firestore indexes composite list --database="$DATABASE" --format='value(state)') || return 1
  building=$(awk '$1 && $1 != "READY"' <<<"$states" | wc -l)
  ((building == 0)) || printf '%s indexes are being built\n' "$building" >&2
  ((building == 0))
}

apply_rules() {
  step "Rules: what people's own Firebase clients may do; everything else is refused. They are replaced where they differ." \
    "gcloud has no command for them, so its token is used for Google's own API"
  if [[ -n $DRY_RUN ]]; then
    printf '%s | ' "$(spell gcloud auth print-access-token)"
    spell "$PYTHON" deploy/steps/rules.py "$PROJECT" deploy/firestore.rules --app "$(setting APP_ID ticket-scout)" --database "$DATABASE"
  else
    gcloud auth print-access-token | "$PYTHON" deploy/steps/rules.py "$PROJECT" deploy/firestore.rules \
      --app "$(setting APP_ID ticket-scout)" --database "$DATABASE"
  fi
}
