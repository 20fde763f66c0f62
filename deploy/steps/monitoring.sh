# shellcheck shell=bash
# Log-based metrics, an uptime check, alert policies and dashboards, from deploy/monitoring: created where there are none,
# else made what the files say. Sourced by deploy.sh, after settings.sh and functions.sh, from the project's folder.
#
# What has not changed is left alone: each says by its `version` of what it was made (its file, and for a policy the check, the
# address and the runbooks' place), as writing a policy closes its open incidents.

UPTIME="displayName='Ticket Scout is ready'" # it has no label of ours: gcloud 528 loses --user-labels of an uptime check

apply_monitoring() {
  local filled check channel runbooks
  step "Metrics of the log: each counts lines that the code writes (docs/adr/0031)"
  filled=$(ask /tmp/ticket-scout-monitoring mktemp -d)
  run mkdir -p "$filled"
  run cp -r deploy/monitoring/. "$filled"
  apply_log_metrics "$filled"
  apply_uptime_check
  apply_alert_channel
  runbooks=$(setting RUNBOOKS_URL docs/runbooks)
  apply_policies "$filled"
  apply_dashboards "$filled"
  run rm -r "$filled"
}

apply_log_metrics() {
  local filled=$1 file name version there known
  there=$(ask '' gcloud logging metrics list --format='value(name,description)')
  for file in deploy/monitoring/metrics/*.json; do
    name=$(basename "$file" .json) version=$(version_of "$file")
    known=$(named "$name" "$there") || known=''
    [[ $known != *"version $version"* ]] || continue
    run sed -i "s#VERSION#$version#" "$filled/metrics/$name.json"
    if [[ -n $known ]]; then
      run gcloud logging metrics update "$name" --config-from-file="$filled/metrics/$name.json"
    else
      run gcloud logging metrics create "$name" --config-from-file="$filled/metrics/$name.json"
    fi
  done
}

# Into `check`: the check's id. Which host it asks cannot be changed, so that another host takes another check. Every five
# minutes from each of six places: the worker may be silent for longer than that, and each question may cost a read.
apply_uptime_check() {
  local host there
  step "The dead-man's switch: Google asks /ready from outside, which fails when the worker has not ticked for long"
  host=$(public_url)
  host=${host#https://}
  host=${host%%/*}
  there=$(ask '' gcloud monitoring uptime list-configs --filter="$UPTIME" \
    --format='value(monitoredResource.labels.host,name.basename())')
  if ! check=$(named "$host" "$there"); then
    run gcloud monitoring uptime create 'Ticket Scout is ready' --resource-type=uptime-url \
      --resource-labels="host=$host,project_id=$PROJECT" --protocol=https --port=443 --path=/ready --period=5 --timeout=10 \
      --matcher-content=ok --matcher-type=contains-string
    there+=$'\n'$(ask "$host CHECK_ID" gcloud monitoring uptime list-configs \
      --filter="$UPTIME" \
      --format='value(monitoredResource.labels.host,name.basename())')
    check=$(named "$host" "$there") || fail "the uptime check of $host was created and is not there; run this again"
  fi
}

# Into `channel`: whom policies tell; empty: nobody.
apply_alert_channel() {
  local there address
  channel='' address=$(setting ALERT_EMAIL)
  if [[ -z $address ]]; then
    step "No ALERT_EMAIL: incidents stand in the console, and nobody is written to"
    return
  fi
  step "Whom incidents are sent to: $address"
  there=$(ask '' gcloud beta monitoring channels list --filter='userLabels.product=ticket-scout' \
    --format='value(labels.email_address,name)')
  channel=$(named "$address" "$there") && return
  run gcloud beta monitoring channels create --display-name='Ticket Scout operator' --type=email \
    --channel-labels="email_address=$address" --user-labels=product=ticket-scout
  there=$(ask "$address projects/$PROJECT/notificationChannels/CHANNEL" gcloud beta monitoring channels list \
    --filter='userLabels.product=ticket-scout' --format='value(labels.email_address,name)')
  channel=$(named "$address" "$there") || fail "the channel for $address was created and is not there; run this again"
}

# It may take Google ten minutes until a policy may name a metric that was just made.
apply_policies() {
  local filled=$1 file name version there known policy slower
  step "Alert policies; each says what it means and names its runbook"
  there=$(ask '' gcloud alpha monitoring policies list --filter='userLabels.product=ticket-scout' \
    --format='value(userLabels.runbook,userLabels.version,name)')
  for file in deploy/monitoring/policies/*.json; do
    name=$(basename "$file" .json)
    mapfile -t slower < <(slower "$name")
    version=$(version_of "$file" "$check $channel $runbooks ${slower[*]}")
    known=$(named "$name" "$there") || known=''
    policy=${known##*[[:space:]]}
    [[ ${known%%[[:space:]]*} != "$version" ]] || continue
    run sed -i -e "s#CHECK_ID#$check#" -e "s#VERSION#$version#" -e "s#docs/runbooks/#${runbooks%/}/#" \
      "$filled/policies/$name.json"
    [[ ${#slower[@]} == 0 ]] || run sed -i "${slower[@]/#/--expression=}" "$filled/policies/$name.json"
    if [[ -n $policy ]]; then
      run gcloud alpha monitoring policies update "$policy" --policy-from-file="$filled/policies/$name.json" \
        ${channel:+"--set-notification-channels=$channel"}
    else
      until_done 60 gcloud alpha monitoring policies create --policy-from-file="$filled/policies/$name.json" \
        ${channel:+"--notification-channels=$channel"}
    fi
  done
}

# What sed makes of a policy where ticks come so slowly that the file's own minutes would be wrong: no good run for three ticks is
# news, and so is an alert that three sweeps left behind (there is one a tick, and one line of the log about it).
slower() {
  local tick three
  tick=$(setting TICK_EVERY_SECONDS 60) three=$((3 * tick))
  case $1 in
    tick-not-running)
      ((three <= 600)) || printf '%s\n' "s#\"600s\"#\"${three}s\"#" "s#10 minutes#$((three / 60)) minutes#"
      ;;
    outbox-ageing)
      ((tick <= 60)) || printf '%s\n' "s#\"60s\"#\"${tick}s\"#"
      ((three <= 900)) || printf '%s\n' "s#: 900,#: $three,#" "s#15 minutes#$((three / 60)) minutes#"
      ;;
  esac
}

apply_dashboards() {
  local filled=$1 file name version there known etag dashboard
  step "Dashboards: from tick to text; providers and machinery"
  there=$(ask '' gcloud monitoring dashboards list --filter='labels.dashboard:*' \
    --format='value(labels.dashboard,labels.version,etag,name.basename())')
  for file in deploy/monitoring/dashboards/*.json; do
    name=$(basename "$file" .json) version=$(version_of "$file")
    known=$(named "$name" "$there") || known=''
    [[ ${known%%[[:space:]]*} != "$version" ]] || continue
    run sed -i "s#VERSION#$version#" "$filled/dashboards/$name.json"
    if [[ -n $known ]]; then # whoever updates one says which version they have seen
      read -r _ etag dashboard <<<"$known"
      run sed -i "1s#{#{ \"etag\": \"$etag\",#" "$filled/dashboards/$name.json"
      run gcloud monitoring dashboards update "$dashboard" --config-from-file="$filled/dashboards/$name.json"
    else
      run gcloud monitoring dashboards create --config-from-file="$filled/dashboards/$name.json"
    fi
  done
}

# Of what a thing is made: its file, and what else is put into it.
version_of() {
  local sum
  sum=$(printf '%s' "${2:-}" | cat "$1" - | sha256sum)
  printf '%s' "${sum:0:16}"
}

# What stands behind this first word on one of these lines; false if there is no such line.
named() {
  local first rest
  while read -r first rest; do
    if [[ $first == "$1" ]]; then
      printf '%s' "$rest"
      return
    fi
  done <<<"$2"
  return 1
}
