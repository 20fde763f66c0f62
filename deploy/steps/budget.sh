# shellcheck shell=bash
# A budget of this project: whoever pays for the account is written to at half, at nine tenths, and when it is going to be
# spent. It stops nothing.

apply_budget() {
  local account present amount
  if ! is_set BUDGET; then
    step "No BUDGET: nobody is told what this costs"
    return
  fi
  amount=$(setting BUDGET)
  step "A budget of $amount a month, with an e-mail to the billing account's owners"
  account=$(ask BILLING-ACCOUNT gcloud billing projects describe "$PROJECT" --format='value(billingAccountName.basename())')
  [[ -n $account ]] || fail "the project has no billing account: gcloud billing projects link $PROJECT --billing-account=…"
  present=$(ask '' gcloud billing budgets list --billing-account="$account" --filter="displayName='Ticket Scout $PROJECT'" \
    --format='csv[no-heading](name,amount.specifiedAmount.units,amount.specifiedAmount.currencyCode)')
  if [[ -z $present ]]; then
    run quietly gcloud billing budgets create --billing-account="$account" --display-name="Ticket Scout $PROJECT" \
      --budget-amount="$amount" --filter-projects="projects/$PROJECT" --threshold-rule=percent=0.5 \
      --threshold-rule=percent=0.9 --threshold-rule=percent=1.0,basis=forecasted-spend
  elif [[ $present != *,"${amount//[A-Z]/}",*"${amount//[0-9.]/}" ]]; then
    run quietly gcloud billing budgets update "${present%%,*}" --budget-amount="$amount"
  fi
}
