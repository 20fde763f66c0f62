# shellcheck shell=bash
# Your own web domain for `web`, where WEB_DOMAIN names one.

apply_domain() {
  local domain
  if ! is_set WEB_DOMAIN; then
    step "No WEB_DOMAIN: people reach it at $(public_url)"
    return
  fi
  domain=$(setting WEB_DOMAIN)
  step "Pages at https://$domain. You have shown Google before that it is yours (gcloud domains verify); then these records go" \
    "to your name server"
  has gcloud beta run domain-mappings describe --domain="$domain" --region="$REGION" ||
    run gcloud beta run domain-mappings create --service=web --domain="$domain" --region="$REGION"
  run gcloud beta run domain-mappings describe --domain="$domain" --region="$REGION" \
    --format='table(status.resourceRecords:format="table(name,type,rrdata)")'
}
