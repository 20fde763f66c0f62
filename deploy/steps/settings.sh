# shellcheck shell=bash
# What settings.env says, read as text: nothing in it is run, and no value is ever printed.
#
#   read_settings FILE     reads it; stops at a line that is no NAME=value, and at a name README.md does not know
#   setting NAME [ELSE]    its value; ELSE where it is empty
#   is_set NAME            whether it has one
#   check_settings         stops if the product, or these scripts, cannot do with what was set; before anything is done.
#                          In OFF is then what of telling people is off, and why
#   handed_on              the names of what functions get as plain environment, one a line

declare -A CHOSEN=()

# Never in an environment: they lie in Secret Manager. The same as SECRETS in watchers/settings.py.
SECRET_SETTINGS=(SECRET_KEY TICKETMASTER_API_KEY EVENTBRITE_TOKEN SEATGEEK_CLIENT_ID SEATGEEK_CLIENT_SECRET
  EBAY_CLIENT_SECRET BESTBUY_API_KEY STUBHUB_CLIENT_SECRET TWILIO_AUTH_TOKEN SMTP_URL METRICS_TOKEN)

# Of a laptop, of these scripts, or said by them: functions do not get them from the file. Who is LOCAL_PERSON is signed in
# without asking, so it must never reach the cloud.
KEPT_BACK='^(LOCAL_PERSON|SANDBOX_LINKS|STORE|PORT|WORKERS|GOOGLE_CLOUD_PROJECT|FIRESTORE_EMULATOR_HOST|PUBLIC_URL|BOARDS_TOPIC'
KEPT_BACK+='|FIRESTORE_DATABASE|RELEASE|WEB_DOMAIN|FIRESTORE_LOCATION|BACKUP_DAYS|BUDGET|ALERT_EMAIL|RUNBOOKS_URL|K_[A-Z]+'
KEPT_BACK+='|(WORKER|BOARD|COPY|DELIVER|WEB)_(MEMORY|CPU|TIMEOUT|CONCURRENCY|MIN_INSTANCES|MAX_INSTANCES))$'

read_settings() {
  local file=$1 line name known number=0
  [[ -r $file ]] || fail "there is no $file: make it (install -m 600 deploy/settings.env.example deploy/settings.env) and fill in what you have"
  known=$(<README.md)
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1)) line=${line%$'\r'}
    [[ ! $line =~ ^[[:space:]]*(#|$) ]] || continue
    [[ $line =~ ^[[:space:]]*([A-Z][A-Z0-9_]*)=(.*)$ ]] || fail "$file, line $number: write NAME=value"
    name=${BASH_REMATCH[1]}
    [[ $known == *"\`$name\`"* ]] || fail "$file, line $number: README.md knows no setting $name; is it misspelt?"
    CHOSEN[$name]=$(plain "${BASH_REMATCH[2]}")
  done <"$file"
  [[ -n $DRY_RUN || -z $(find -L "$file" -perm /077) ]] ||
    printf '%s\n' "others on this machine may read $file, with every secret in it: chmod 600 $file" >&2
}

plain() { # without quotes, or without what follows " #"
  local value=$1
  if [[ $value =~ ^[[:space:]]*\"([^\"]*)\"[[:space:]]*(#.*)?$ || $value =~ ^[[:space:]]*\'([^\']*)\'[[:space:]]*(#.*)?$ ]]; then
    value=${BASH_REMATCH[1]}
  else
    value=${value%%[[:space:]]#*}
    value=${value#"${value%%[![:space:]]*}"}
    value=${value%"${value##*[![:space:]]}"}
  fi
  printf '%s' "$value"
}

check_settings() {
  local answer=0
  # shellcheck disable=SC2034 # deploy.sh says it at the end
  OFF=$(chosen | "$PYTHON" deploy/steps/checked.py) || answer=$?
  case $answer in
    0) ;;
    2) fail "nothing was done: mend this in $SETTINGS_FILE" ;;
    *) fail "nothing was done, and the settings could not be read: run \`make install\`, also after an update" ;;
  esac
}

chosen() {
  local name
  for name in "${!CHOSEN[@]}"; do printf '%s=%s\0' "$name" "${CHOSEN[$name]}"; done
}

setting() { printf '%s' "${CHOSEN[$1]:-${2:-}}"; }

is_set() { [[ -n ${CHOSEN[$1]:-} ]]; }

is_secret() { [[ " ${SECRET_SETTINGS[*]} " == *" $1 "* ]]; }

handed_on() {
  local name
  for name in "${!CHOSEN[@]}"; do
    if is_set "$name" && ! is_secret "$name" && [[ ! $name =~ $KEPT_BACK ]]; then printf '%s\n' "$name"; fi
  done | sort
}
