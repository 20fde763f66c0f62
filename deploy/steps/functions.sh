# shellcheck shell=bash
# The five functions, and who may call each. What is deployed already, from the same files with the same settings, is left
# alone: a label holds what it was made from.
#
#   one_region               stops if the worker runs, but not in this region
#   apply_functions          deploys those that differ
#   apply_invokers           says who may call which
#   deploy_function NAME     one of them
#   function_url NAME        where it is called

REPOSITORY=ticket-scout
FUNCTIONS=(copy-monitor-job deliver-alert poll-board ticket-monitor-worker web) # those that receive before those that cause

# One processor each: with less, instances take one request at a time and start slowly; what is billed is its use.
# 512 MiB: 150 were the most that was measured (docs/adr/0015), and one provider's whole-country file needs some more.
sizes_of() { # memory, processors, seconds, requests at once, instances kept, instances at most
  case $1 in
    # A run asks for 45 s (TICK_SECONDS), sweeps for 30 and saves. One at a time; a second instance only while one hangs.
    ticket-monitor-worker) sized WORKER 512Mi 1 180 1 0 2 ;;
    # One board each; as many as there are boards side by side.
    poll-board) sized BOARD 512Mi 1 180 1 0 10 ;;
    # Two documents read, one written: a burst is somebody's import.
    copy-monitor-job) sized COPY 512Mi 1 60 8 0 5 ;;
    # Waits for Twilio and mail servers: 20 s for a text and then 90 for the e-mail instead of it, at the most.
    # Sixteen at once, no more: all count in the same document of what was spent (docs/scale.md).
    deliver-alert) sized DELIVER 512Mi 1 180 8 0 2 ;;
    # Ten seconds for the slowest market, and room; WEB_MIN_INSTANCES=1 if nobody shall wait for it to wake.
    web) sized WEB 512Mi 1 60 16 0 10 ;;
  esac
}

sized() {
  local what=$1
  printf '%s\n' "--memory=$(setting "${what}_MEMORY" "$2")" "--cpu=$(setting "${what}_CPU" "$3")" \
    "--timeout=$(setting "${what}_TIMEOUT" "$4")s" "--concurrency=$(setting "${what}_CONCURRENCY" "$5")" \
    "--min-instances=$(setting "${what}_MIN_INSTANCES" "$6")" "--max-instances=$(setting "${what}_MAX_INSTANCES" "$7")"
}

runs_as() {
  case $1 in
    ticket-monitor-worker) printf scout-worker ;;
    poll-board) printf scout-board ;;
    copy-monitor-job) printf scout-copy ;;
    deliver-alert) printf scout-deliver ;;
    web) printf scout-web ;;
  esac
}

# Event functions are called again until they answer well (--retry): each of them may be called twice. All but `web` are
# closed to the internet: Scheduler, Eventarc and Pub/Sub of the same project come from inside.
called_by() {
  local documents=google.cloud.firestore.document.v1
  case $1 in
    ticket-monitor-worker) printf '%s\n' --trigger-http --no-allow-unauthenticated --ingress-settings=internal-only ;;
    web) printf '%s\n' --trigger-http --ingress-settings=all ;; # who may call it is said by apply_invokers
    poll-board) by_event "--trigger-topic=$BOARDS" ;;
    copy-monitor-job) by_event "--trigger-location=$(database_location)" \
      "--trigger-event-filters=type=$documents.written,database=$DATABASE" \
      "--trigger-event-filters-path-pattern=document=artifacts/$(setting APP_ID ticket-scout)/users/{uid}/ticket_monitors/{watch}" ;;
    deliver-alert) by_event "--trigger-location=$(database_location)" \
      "--trigger-event-filters=type=$documents.created,database=$DATABASE" \
      '--trigger-event-filters-path-pattern=document=alerts/{alert}' ;;
  esac
}

by_event() {
  printf '%s\n' "$@" --retry --ingress-settings=internal-only "--trigger-service-account=$(account scout-events)"
}

trigger_location() {
  if [[ $1 == poll-board ]]; then printf '%s' "$REGION"; else database_location; fi
}

public_url() {
  if is_set WEB_DOMAIN; then printf 'https://%s' "$(setting WEB_DOMAIN)"
  else setting PUBLIC_URL "https://web-$PROJECT_NUMBER.$REGION.run.app"; fi
}

environment_of() { # --set-env-vars=… ; gcloud takes another mark than the comma, which values may hold
  local name said
  said="STORE=firestore~~GOOGLE_CLOUD_PROJECT=$PROJECT~~PUBLIC_URL=$(public_url)"
  said+="~~BOARDS_TOPIC=projects/$PROJECT/topics/$BOARDS~~THREADS=$(threads_of "$1")~~WORKERS=$(processes_of "$1")"
  said+="~~FIRESTORE_DATABASE=$DATABASE"
  [[ -z ${RELEASE:-} ]] || said+="~~RELEASE=$RELEASE"
  while IFS= read -r name; do
    [[ ! $(setting "$name") =~ ~~|^~|~$ ]] || fail "$name in settings.env must hold no two ~ together, nor begin or end with one"
    said+="~~$name=$(setting "$name")"
  done < <(handed_on)
  printf -- '--set-env-vars=^~~^%s' "$said"
}

threads_of() { # as many as an instance takes requests at once; functions-framework's own are four a processor
  local at_once
  at_once=$(sizes_of "$1" | sed -n 's/^--concurrency=//p')
  printf '%s' "$((at_once < 4 ? 4 : at_once))"
}

processes_of() { # one a processor: Python computes for one request at a time (docs/adr/0022)
  local processors
  processors=$(sizes_of "$1" | sed -n 's/^--cpu=//p')
  [[ $processors =~ ^[1-9][0-9]*$ ]] || processors=1
  printf '%s' "$processors"
}

# What is not a function is the whole project's: two regions of one project would share it.
one_region() {
  local regions
  regions=$(ask '' listed gcloud functions list --v2 --filter='name~"/ticket-monitor-worker$"' --format='value(name.segment(3))')
  [[ -z $regions ]] || grep -qx "$REGION" <<<"$regions" ||
    fail "$PROJECT runs in ${regions//$'\n'/ }, and you said $REGION: nothing was done"
}

apply_repository() {
  step "A repository for the images, in which builds may write; the last ten of each function stay, to go back to"
  has gcloud artifacts repositories describe "$REPOSITORY" --location="$REGION" || run gcloud artifacts repositories \
    create "$REPOSITORY" --location="$REGION" --repository-format=docker --description="Ticket Scout's functions"
  [[ $(ask '' gcloud artifacts repositories describe "$REPOSITORY" --location="$REGION" \
    --format='json(cleanupPolicies)') == *keep-the-last-ten* ]] || run quietly gcloud artifacts repositories \
    set-cleanup-policies "$REPOSITORY" --location="$REGION" --policy=deploy/steps/images.json
  grant_on 'artifacts repositories' "$REPOSITORY" roles/artifactregistry.writer "$(member scout-build)" --location="$REGION"
}

apply_functions() {
  local name
  apply_repository
  step "The functions, each as its own account; one takes some minutes. One that was deployed from the same files and settings is" \
    "left alone. (gcloud may warn that Pub/Sub's account misses a role in the project: it has it where it needs it)"
  PACKAGE=$(ask unknown package_digest)
  [[ -n ${RELEASE:-} ]] || RELEASE=$(deploy/release.sh)
  for name in "${FUNCTIONS[@]}"; do deploy_function "$name"; done
}

package_digest() { # of exactly the files that would be uploaded
  local files
  files=$(gcloud meta list-files-for-upload . | sort)
  [[ -n $files ]] || fail "nothing would be uploaded: look at .gcloudignore"
  tr '\n' '\0' <<<"$files" | xargs -0 sha256sum | sha256sum | cut -c1-40
}

deploy_function() {
  local name=$1 made flags whom said command
  whom=$(runs_as "$name")
  said=$(called_by "$name" && sizes_of "$name" && environment_of "$name" && printf '\n' && secret_flag "$whom")
  mapfile -t flags <<<"$said" # not from < <(…), which would hide that one of them stopped
  made=$(printf '%s\n' "$PACKAGE" "${flags[@]}" | sha256sum | cut -c1-40)
  [[ -n $DRY_RUN ]] || ! is_deployed "$name" "$made" || return 0
  command=(gcloud functions deploy "$name" --gen2 --region="$REGION" --runtime=python312 --source=.
    --entry-point="${name//-/_}" --service-account="$(account "$whom")"
    --build-service-account="projects/$PROJECT/serviceAccounts/$(account scout-build)"
    --docker-repository="projects/$PROJECT/locations/$REGION/repositories/$REPOSITORY"
    "${flags[@]}" --update-labels="deployed=${made}")
  if [[ -n $DRY_RUN ]]; then
    run "${command[@]}"
  else
    printf '# %s\n' "$name"
    until_done 3 built "$name" "${command[@]}" # twice more: Eventarc's own account takes some minutes until it is known
  fi
}

# built NAME COMMAND…: stops where another try would only build the same in vain.
built() {
  local name=$1 said
  shift
  said=$(mktemp)
  if ! "$@" 2>&1 >/dev/null | tee "$said" >&2; then
    grep -qiE 'eventarc|permission|unavailable|deadline' "$said" || fail "$name could not be deployed: mend what gcloud says above"
    rm "$said"
    return 1
  fi
  rm "$said"
}

is_deployed() {
  local name=$1 made=$2
  has gcloud functions describe "$name" --gen2 --region="$REGION" || return 1
  [[ $(gcloud functions describe "$name" --gen2 --region="$REGION" --format='csv[no-heading](state,labels.deployed)') == "ACTIVE,$made" ]]
}

function_url() {
  ask "https://$1-$PROJECT_NUMBER.$REGION.run.app" gcloud functions describe "$1" --gen2 --region="$REGION" \
    --format='value(serviceConfig.uri)'
}

apply_invokers() {
  local name
  step "Who may call what: Scheduler the worker, Eventarc the event functions, everybody the pages"
  grant_on 'run services' ticket-monitor-worker roles/run.invoker "$(member scout-scheduler)" --region="$REGION"
  for name in copy-monitor-job deliver-alert poll-board; do
    grant_on 'run services' "$name" roles/run.invoker "$(member scout-events)" --region="$REGION"
  done
  grant_on 'run services' web roles/run.invoker allUsers --region="$REGION"
}
