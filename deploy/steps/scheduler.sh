# shellcheck shell=bash
# Cloud Scheduler: the worker, as often as TICK_EVERY_SECONDS says, and once a day what Twilio's own list holds.

WORKER_JOB=ticket-scout-worker
RECONCILE_JOB=ticket-scout-reconcile

apply_scheduler() {
  local url schedule
  schedule=$(cron_of "$(setting TICK_EVERY_SECONDS 60)")
  url=$(function_url ticket-monitor-worker)
  step "Scheduler calls the worker as scout-scheduler, with a token for this worker alone. It waits as long as the worker" \
    "may take, and tries once more: a run that comes twice is known by its key"
  scheduled "$WORKER_JOB" "$schedule" "$url" "$url"
  if is_set TWILIO_ACCOUNT_SID; then
    step "Once a day the outbox is compared with Twilio's own list"
    scheduled "$RECONCILE_JOB" '17 4 * * *' "$url/?reconcile=1" "$url"
  fi
}

cron_of() {
  local seconds=$1 minutes=$(($1 / 60))
  ((seconds >= 60 && seconds % 60 == 0 && (minutes <= 60 && 60 % minutes == 0))) ||
    fail "TICK_EVERY_SECONDS in settings.env must be whole minutes that divide an hour, such as 60, 120 or 300"
  case $minutes in
    1) printf '* * * * *' ;;
    60) printf '0 * * * *' ;;
    *) printf '*/%s * * * *' "$minutes" ;;
  esac
}

scheduled() {
  local name=$1 schedule=$2 uri=$3 audience=$4 deadline verb wanted present whom
  deadline=$(setting WORKER_TIMEOUT 180)s whom=$(account scout-scheduler)
  wanted="$schedule|Etc/UTC|$uri|POST|$whom|$audience|$deadline|1"
  verb=create
  if has gcloud scheduler jobs describe "$name" --location="$REGION"; then
    verb=update
    present=$(ask '' gcloud scheduler jobs describe "$name" --location="$REGION" --format='csv[no-heading,separator="|"](
      schedule,timeZone,httpTarget.uri,httpTarget.httpMethod,httpTarget.oidcToken.serviceAccountEmail,
      httpTarget.oidcToken.audience,attemptDeadline,retryConfig.retryCount)')
    [[ $present != "$wanted" ]] || return 0
  fi
  run quietly gcloud scheduler jobs "$verb" http "$name" --location="$REGION" --schedule="$schedule" --time-zone=Etc/UTC \
    --uri="$uri" --http-method=POST --oidc-service-account-email="$whom" --oidc-token-audience="$audience" \
    --attempt-deadline="$deadline" --max-retry-attempts=1 --min-backoff=10s
}
