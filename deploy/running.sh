# shellcheck shell=bash
# How the scripts of this folder run their commands: sourced, not run.
#
#   begin "$@"                 takes PROJECT REGION [--dry-run] into PROJECT, REGION and DRY_RUN; the rest is in REST
#   step "why"                 says why the commands that follow are run
#   run COMMAND…               runs it; in a dry run prints it instead
#   run_with FILE COMMAND…     the same with FILE on its standard input (a value that must not stand in a command line)
#   has COMMAND…               whether a describing command finds its thing; stops if it fails for any other reason
#   ask INSTEAD COMMAND…       prints what a reading command prints; in a dry run INSTEAD
#   listed COMMAND…            what a listing command prints; nothing where its API was never on
#   until_done TIMES COMMAND…  tries again every ten seconds, for what Google takes a while to know everywhere
#   quietly COMMAND…           without what it prints when all is well (gcloud shows whole policies)
#   fail "what to do"          says it and stops
#   say_where_it_stopped       for a trap: at which step, and that running it again goes on from there
#   choose_settings            SETTINGS as a whole path, from where the caller stands; stops if it cannot be read
#
# With --help or -h a script says what stands at its head, and nothing else happens.
#
# A dry run calls nothing, not even to read, so it needs no account. What `has` answers then is in ASSUMED: `absent`
# (everything is shown as in an empty project) unless the script that sources this says `present`. What it prints is a
# script itself: each reason is a comment.

set -euo pipefail

ASSUMED=${ASSUMED:-absent}
DRY_RUN=''
BETWEEN_TRIES=${BETWEEN_TRIES:-10} # seconds

case " $* " in
  *' --help '* | *' -h '*)
    sed -n '2,/^$\|^[^#]/s/^# \{0,1\}//p' "$0"
    exit
    ;;
esac

begin() {
  local one
  PROJECT='' REGION='' REST=()
  for one in "$@"; do
    case $one in
      --dry-run) DRY_RUN=yes ;;
      -*) REST+=("$one") ;;
      *)
        if [[ -z $PROJECT ]]; then PROJECT=$one
        elif [[ -z $REGION ]]; then REGION=$one
        else REST+=("$one"); fi
        ;;
    esac
  done
  [[ -n $PROJECT && -n $REGION ]] || fail "say which project and region: $(basename "$0") PROJECT REGION [--dry-run]"
  [[ $PROJECT =~ ^[a-z][a-z0-9-]{4,28}[a-z0-9]$ ]] || fail "$PROJECT is no id of a Google Cloud project"
  [[ $REGION =~ ^[a-z]+-[a-z]+[0-9]+$ ]] || fail "$REGION is no region, such as europe-west1"
  [[ -n $DRY_RUN ]] || command -v gcloud >/dev/null || fail "install the Google Cloud CLI: https://cloud.google.com/sdk/docs/install"
  export CLOUDSDK_CORE_PROJECT=$PROJECT CLOUDSDK_CORE_DISABLE_PROMPTS=1
  [[ -z $DRY_RUN ]] || printf 'export CLOUDSDK_CORE_PROJECT=%q CLOUDSDK_CORE_DISABLE_PROMPTS=1\n' "$PROJECT"
}

choose_settings() {
  [[ -n ${SETTINGS:-} ]] || return 0
  [[ $SETTINGS == /* ]] || SETTINGS=$PWD/$SETTINGS
  [[ -r $SETTINGS && ! -d $SETTINGS ]] || fail "SETTINGS names $SETTINGS, which cannot be read"
  export SETTINGS
}

step() {
  STEP=$*
  printf '\n# %s\n' "$STEP"
}

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

say_where_it_stopped() {
  printf '%s\n' "Stopped at: ${STEP:-the beginning}" "What is done stays done. Run the same command again, and it goes on from there." >&2
}

spell() {
  local one flag said=''
  for one in "$@"; do
    flag=''
    if [[ $one =~ ^(--[a-z-]+=)(.*)$ ]]; then flag=${BASH_REMATCH[1]} one=${BASH_REMATCH[2]}; fi
    if [[ $one =~ ^[A-Za-z0-9_@%+=:,./~^-]+$ ]]; then said+=" $flag$one"
    else said+=" $flag'${one//\'/\'\\\'\'}'"; fi
  done
  printf '%s\n' "${said# }"
}

run() {
  if [[ -z $DRY_RUN ]]; then
    "$@"
    return
  fi
  [[ $1 != quietly ]] || shift
  spell "$@"
}

run_with() {
  local file=$1
  shift
  if [[ -n $DRY_RUN ]]; then printf '%s <%s\n' "$(spell "$@")" "$(spell "$file")"; else "$@" <"$file"; fi
}

has() {
  local said
  if [[ -n $DRY_RUN ]]; then
    [[ $ASSUMED == present ]]
    return
  fi
  if said=$("$@" 2>&1 >/dev/null); then return 0; fi
  if is_absent "$said"; then return 1; fi
  fail "could not look whether it is there: $(spell "$@")"$'\n'"$said"
}

# is_absent TEXT: whether an error says that the thing is not there, and not that it could not be seen. A number alone says
# nothing: projects and requests have a 404 in theirs, too.
is_absent() {
  local refused='PERMISSION_DENIED|UNAUTHENTICATED|UNAVAILABLE|RESOURCE_EXHAUSTED|DEADLINE_EXCEEDED|SERVICE_DISABLED'
  refused+='|(HTTPError|code)[ =:]+(401|403|429|5[0-9][0-9])|command not found'
  local absent='not_found|not found|cannot find|not be found|does not exist|(httperror|code)[ =:]+404([^0-9]|$)'
  [[ ! $1 =~ $refused && ${1,,} =~ $absent ]]
}

ask() {
  local instead=$1
  shift
  if [[ -n $DRY_RUN ]]; then printf '%s\n' "$instead"; else "$@"; fi
}

listed() {
  local said wrong
  wrong=$(mktemp)
  if said=$("$@" 2>"$wrong"); then
    printf '%s\n' "$said"
  elif ! grep -q 'SERVICE_DISABLED\|has not been used in project' "$wrong"; then
    cat "$wrong" >&2 && rm "$wrong"
    fail "could not look what there is: $(spell "$@")"
  fi
  rm -f "$wrong"
}

until_done() {
  local times=$1 tried
  shift
  if [[ -n $DRY_RUN ]]; then
    run "$@"
    return
  fi
  for ((tried = 1; tried < times; tried++)); do
    if "$@"; then return 0; fi
    sleep "$BETWEEN_TRIES"
  done
  "$@"
}

quietly() {
  "$@" >/dev/null
}
