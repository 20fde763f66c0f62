# shellcheck shell=bash
# Secrets lie in Secret Manager and nowhere else: a value goes there on standard input, only when it is new, and is never
# printed. Each may be read by the accounts that use it and by no other. Functions name a version, so that a revision that is
# gone back to has the value it ran with.
#
#   secret_of NAME         scout-secret-key, of SECRET_KEY
#   secrets_of ACCOUNT     the settings it may read, one a line
#   secret_flag ACCOUNT    --set-secrets=… of the function that runs as it

declare -A SECRET_VERSIONS=()

PROVIDER_SECRETS=(TICKETMASTER_API_KEY EVENTBRITE_TOKEN SEATGEEK_CLIENT_ID SEATGEEK_CLIENT_SECRET EBAY_CLIENT_SECRET
  BESTBUY_API_KEY STUBHUB_CLIENT_SECRET)
SENDING_SECRETS=(SECRET_KEY TWILIO_AUTH_TOKEN SMTP_URL) # SECRET_KEY signs the links of what is sent

secret_of() {
  local name=${1,,}
  printf 'scout-%s' "${name//_/-}"
}

secrets_of() {
  case $1 in
    scout-worker | scout-board) used "${PROVIDER_SECRETS[@]}" "${SENDING_SECRETS[@]}" ;; # asks, and sweeps the outbox
    scout-deliver) used "${SENDING_SECRETS[@]}" ;;
    scout-web) used "${PROVIDER_SECRETS[@]}" "${SENDING_SECRETS[@]}" METRICS_TOKEN ;; # searches, codes, webhooks
  esac # scout-copy asks nobody and sends nothing: it reads no secret at all
}

used() {
  local name
  for name in "$@"; do
    if [[ $name == SECRET_KEY ]] || is_set "$name"; then printf '%s\n' "$name"; fi
  done
}

apply_secrets() {
  local name present
  step "Secrets: in Secret Manager, a new version only where the value changed; each readable by its functions alone"
  present=$(ask '' gcloud secrets list --format='value(name.basename())')
  for name in "${SECRET_SETTINGS[@]}"; do
    if [[ $name == SECRET_KEY ]] || is_set "$name"; then
      keep_secret "$name" "$present"
      share_secret "$name"
    fi
  done
}

keep_secret() {
  local name=$1 present=$2 secret stored=''
  secret=$(secret_of "$name")
  if ! grep -qx "$secret" <<<"$present"; then
    run gcloud secrets create "$secret" --replication-policy=user-managed --locations="$REGION"
  else
    stored=$(stored_value "$secret")
  fi
  if [[ $name == SECRET_KEY ]] && ! is_set SECRET_KEY; then
    # shellcheck disable=SC2034 # `setting` reads it
    CHOSEN[SECRET_KEY]=${stored:-$(random_key)} # whoever chose none gets one, once
  fi
  [[ -n $stored && $stored == "$(setting "$name")" ]] || add_version "$name" "$secret"
  SECRET_VERSIONS[$name]=$(newest_version "$secret")
}

# Not by --limit, which gcloud applies before it sorts.
newest_version() {
  local versions
  versions=$(ask 1 gcloud secrets versions list "$1" --filter='state=ENABLED' --sort-by=~createTime --format='value(name.basename())') || return
  [[ -n $versions ]] || fail "no version of the secret $1 can be used: enable one, or delete the secret and run this again"
  printf '%s' "${versions%%$'\n'*}"
}

# Nothing where there is no version yet. Whoever may not look, or cannot just now, must not take that for nothing: a new
# SECRET_KEY ends every session and every link that was sent.
stored_value() {
  local said wrong
  wrong=$(mktemp)
  said=$(gcloud secrets versions access latest --secret="$1" 2>"$wrong") || {
    said=$(<"$wrong") && rm "$wrong"
    is_absent "$said" || fail "could not look what $1 holds: $said"
    return 0
  }
  rm "$wrong"
  printf '%s' "$said"
}

add_version() {
  local name=$1 secret=$2
  if [[ -n $DRY_RUN ]]; then
    printf "printf %%s \"\$%s\" | " "$name"
    spell gcloud secrets versions add "$secret" --data-file=-
  else
    printf '%s' "$(setting "$name")" | gcloud secrets versions add "$secret" --data-file=- # printf is the shell's own
  fi
}

random_key() { "$PYTHON" -c 'import secrets; print(secrets.token_hex(32))'; }

share_secret() {
  local name=$1 secret wanted present policy
  secret=$(secret_of "$name")
  wanted=$(readers_of "$name")
  present=$(ask '' gcloud secrets get-iam-policy "$secret" --flatten='bindings[].members' \
    --format='csv[no-heading](bindings.role,bindings.members)' --sort-by=bindings.members)
  [[ ${present//roles\/secretmanager.secretAccessor,/} != "$wanted" ]] || return 0
  # shellcheck disable=SC2086 # one word each
  policy=$(printf '"%s",' $wanted)
  policy='{"bindings": [{"role": "roles/secretmanager.secretAccessor", "members": ['${policy%,}']}]}'
  if [[ -n $DRY_RUN ]]; then
    printf "printf %%s '%s' | " "$policy"
    spell gcloud secrets set-iam-policy "$secret" /dev/stdin
  else
    until_done 12 set_policy "$secret" "$policy"
  fi
}

set_policy() { printf '%s' "$2" | quietly gcloud secrets set-iam-policy "$1" /dev/stdin; }

readers_of() {
  local name
  for name in scout-board scout-deliver scout-web scout-worker; do
    if grep -qx "$1" <<<"$(secrets_of "$name")"; then printf '%s\n' "$(member "$name")"; fi
  done
}

secret_flag() {
  local name flags=()
  while IFS= read -r name; do
    flags+=("$name=$(secret_of "$name"):${SECRET_VERSIONS[$name]}")
  done < <(secrets_of "$1")
  if [[ ${#flags[@]} == 0 ]]; then printf -- '--clear-secrets'
  else (
    IFS=,
    printf -- '--set-secrets=%s' "${flags[*]}"
  ); fi
}
