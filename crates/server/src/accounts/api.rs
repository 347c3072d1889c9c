//! The operations of balances, top-ups and credit lines.

mod changes;
mod limits;
pub(super) mod settlement;
mod taxes;

use domain::calendar::Instant;
use domain::money::{AmountError, Charge};
use platform::op::wire::Decimal;
use platform::op::{
    Audit, CUSTOMER, Json, Limit, Method, Mode, Num, OPERATOR, Operation, Refusal, Registry, Right, Sites,
    Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::service::{self, AccountsError, Balance, Balances, TopUp};
use crate::app::App;
use crate::{Cx, codes};

/// The most money that comes in, or is granted, at once, in units of the currency; far below what a balance
/// can hold, so that no sum of a lifetime overflows.
const AMOUNT_MAX: Charge = Charge::cents(100_000_000_000);
/// Account type of credit (rule 5); those of the balances are [`Balance`]'s.
const CREDIT: i64 = 2;
/// Measurement unit of every amount: the unit of the currency, and not its cents.
const MEASURE_UNIT: i64 = 1;

/// Adds the operations.
pub fn operations(registry: &mut Registry<App>) {
    registry.add::<ShowCustomerAccountBalances>();
    registry.add::<TopUpAccount>();
    registry.add::<GrantCredit>();
    registry.add::<settlement::SetSettlementTerms>();
    registry.add::<settlement::ShowSettlementTerms>();
    registry.add::<settlement::ListDebts>();
    registry.add::<changes::ListCustomerAccountChangeRecords>();
    registry.add::<limits::SetSpendingLimit>();
    registry.add::<limits::ListSpendingLimits>();
    registry.add::<limits::DeleteSpendingLimit>();
    registry.add::<limits::ShowCustomerExpenditureQuota>();
    registry.add::<taxes::SetTaxRates>();
    registry.add::<taxes::ListTaxRates>();
}

platform::input! {
    /// Body of `TopUpAccount`.
    pub struct TopUpInput {
        /// Domain id of a customer or partner.
        pub domain_id: String = path("domain_id"),
        /// How much, in the account's currency: above 0, at most 1000000000, at most two decimals.
        pub amount: Decimal = body("amount"),
        /// The caller's id of this top-up; the same id again is the same top-up.
        pub trans_id: String = body("trans_id"),
        /// Which balance gets it: 1 cash, 5 bonus, 7 deposit.
        pub account_type: i64 = body("account_type").one_of(&["1", "5", "7"]).default("1"),
    }

    /// Body of `GrantCredit`.
    pub struct GrantCreditInput {
        /// Domain id of a customer or partner.
        pub domain_id: String = path("domain_id"),
        /// How much, in the account's currency: above 0, at most 1000000000, at most two decimals.
        pub amount: Decimal = body("amount"),
        /// When the line can no longer be used (UTC); without it, never.
        pub expire_time: Option<Instant> = body("expire_time"),
    }
}

/// Reads an amount that comes in.
fn amount_in(amount: &Decimal) -> Result<Charge, Refusal> {
    amount_of("amount", amount)
}

/// Reads an amount above zero of a field of that name.
fn amount_of(field: &str, amount: &Decimal) -> Result<Charge, Refusal> {
    let refuse = |en: &str, zh: &str| Err(Refusal::because(field, en, zh));
    let too_much = || refuse("must be at most 1000000000", "不能大于 1000000000");
    match Charge::parse(&amount.0) {
        Ok(amount) if !amount.is_positive() => refuse("must be greater than 0", "必须大于 0"),
        Ok(amount) if amount > AMOUNT_MAX => too_much(),
        Ok(amount) => Ok(amount),
        Err(AmountError::TooLarge) => too_much(),
        Err(AmountError::TooPrecise) => refuse("must have at most two decimals", "最多保留两位小数"),
        Err(AmountError::NotANumber) => {
            refuse("must be a decimal number such as 100.50", "必须为数字，例如 100.50")
        }
    }
}

/// What a customer can spend and owes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BalancesOutput {
    /// Balances by account type: cash always, credit where a credit line can be used, bonus and deposit where there
    /// ever was one.
    account_balances: Vec<AccountBalance>,
    /// What is owed.
    debt_amount: Num,
    /// Measurement unit of the amounts: 1, the unit of the currency.
    measure_id: i64,
    /// Currency of the amounts.
    currency: &'static str,
}

/// One balance.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AccountBalance {
    /// Id of the balance.
    account_id: String,
    /// 1 cash, 2 credit, 5 bonus, 7 deposit.
    account_type: i64,
    /// What can be spent.
    amount: Num,
    /// Currency.
    currency: &'static str,
    /// The part of it that is set aside for a purpose.
    designated_amount: Num,
    /// The whole line, on credit only.
    credit_amount: Option<Num>,
    /// Measurement unit of the amounts.
    measure_id: i64,
}

impl BalancesOutput {
    fn of(account: &str, balances: &Balances) -> Self {
        let currency = balances.currency.code();
        let row = |account_type: i64, amount: Charge, granted: Option<Charge>| AccountBalance {
            account_id: format!("{account}-{account_type}"),
            account_type,
            amount: Num::of(amount),
            currency,
            // Nothing sets money aside for a purpose yet, so none of it is.
            designated_amount: Num::of(Charge::ZERO),
            credit_amount: granted.map(Num::of),
            measure_id: MEASURE_UNIT,
        };
        let of = |balance: Balance, amount: Charge| row(balance.account_type(), amount, None);
        let mut account_balances = vec![of(Balance::Cash, balances.cash)];
        account_balances.extend(balances.credit.map(|credit| row(CREDIT, credit.left, Some(credit.granted))));
        account_balances.extend(balances.bonus.map(|bonus| of(Balance::Bonus, bonus)));
        account_balances.extend(balances.deposit.map(|deposit| of(Balance::Deposit, deposit)));
        Self { account_balances, debt_amount: Num::of(balances.debt), measure_id: MEASURE_UNIT, currency }
    }
}

/// Shows the balances of the calling customer.
pub struct ShowCustomerAccountBalances;

impl Operation<App> for ShowCustomerAccountBalances {
    type Input = ();
    type Output = Json<BalancesOutput>;
    type Error = AccountsError;
    const SPEC: Spec = Spec {
        id: "ShowCustomerAccountBalances",
        method: Method::Get,
        path: "/v2/accounts/customer-accounts/balances",
        about: "Shows the balances, the credit and the debt of the calling customer.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(20),
        success: 200,
        errors: &[&codes::NOT_FOR_RESELLER_CUSTOMERS],
        is_secret: false,
        doc: "SDK ShowCustomerAccountBalances; rules 5",
    };

    async fn run(cx: &mut Cx, (): ()) -> Result<Json<BalancesOutput>, AccountsError> {
        let account = cx.account().to_owned();
        let balances = service::balances(cx, &account).await?;
        Ok(Json(BalancesOutput::of(&account, &balances)))
    }
}

/// Money that came in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TopUpOutput {
    /// Domain id of the account.
    account_id: String,
    /// The caller's id of the top-up.
    trans_id: String,
    /// Which balance got it: 1 cash, 5 bonus, 7 deposit.
    account_type: i64,
    /// How much.
    amount: String,
    /// How much of it paid debts; the rest went to the balance.
    repaid: String,
    /// The balance right after it.
    balance: String,
    /// Currency of the amounts.
    currency: &'static str,
    /// When (UTC).
    time: String,
}

impl TopUpOutput {
    fn of(top_up: TopUp) -> Self {
        Self {
            account_id: top_up.account.id.clone(),
            trans_id: top_up.trans_id,
            account_type: top_up.into.account_type(),
            amount: top_up.amount.to_string(),
            repaid: top_up.repaid.to_string(),
            balance: top_up.balance.to_string(),
            currency: top_up.account.currency.code(),
            time: top_up.at.to_wire(),
        }
    }
}

/// Puts money into a balance of an account; what comes into cash pays its debts first.
pub struct TopUpAccount;

impl Operation<App> for TopUpAccount {
    type Input = TopUpInput;
    type Output = Json<TopUpOutput>;
    type Error = AccountsError;
    const SPEC: Spec = Spec {
        id: "TopUpAccount",
        method: Method::Post,
        path: "/openbss/v1/accounts/{domain_id}/top-ups",
        about: "Puts money into a balance of an account, once for each trans_id; cash pays debts first.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("account", "topUpAccount"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[&codes::INVALID_VALUE],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: TopUpInput) -> Result<Json<TopUpOutput>, AccountsError> {
        let amount = amount_in(&input.amount)?;
        let into = Balance::of_account_type(input.account_type).expect("the declaration lists them");
        let top_up = service::top_up(cx, &input.domain_id, into, amount, &input.trans_id).await?;
        cx.audited = Some((top_up.account.id.clone(), top_up.account.name.clone()));
        Ok(Json(TopUpOutput::of(top_up)))
    }
}

/// A credit line that was granted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CreditOutput {
    /// Its id.
    credit_id: String,
    /// Domain id of the account.
    account_id: String,
    /// How much.
    amount: String,
    /// Currency of the amount.
    currency: &'static str,
    /// When it can no longer be used (UTC); null: never.
    expire_time: Option<String>,
    /// When it was granted (UTC).
    time: String,
}

/// Grants a credit line to an account.
pub struct GrantCredit;

impl Operation<App> for GrantCredit {
    type Input = GrantCreditInput;
    type Output = Json<CreditOutput>;
    type Error = AccountsError;
    const SPEC: Spec = Spec {
        id: "GrantCredit",
        method: Method::Post,
        path: "/openbss/v1/accounts/{domain_id}/credit",
        about: "Grants a credit line to an account, in addition to those it has.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("account", "grantCredit"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[&codes::INVALID_VALUE],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: GrantCreditInput) -> Result<Json<CreditOutput>, AccountsError> {
        let amount = amount_in(&input.amount)?;
        let line = service::grant_credit(cx, &input.domain_id, amount, input.expire_time).await?;
        cx.audited = Some((line.account.id.clone(), line.account.name.clone()));
        Ok(Json(CreditOutput {
            credit_id: line.id,
            account_id: line.account.id.clone(),
            amount: line.amount.to_string(),
            currency: line.account.currency.code(),
            expire_time: line.expires_at.map(Instant::to_wire),
            time: line.at.to_wire(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_that_come_in_are_positive_cents_below_the_limit() {
        for (text, wanted) in [
            ("0.01", "0.01"),
            ("1000000000", "1000000000"),
            ("1e2", "100"),
            ("5.000", "5"),
            ("0", "must be greater than 0"),
            ("-1", "must be greater than 0"),
            ("-0.00", "must be greater than 0"),
            ("1.001", "must have at most two decimals"),
            ("1e-3", "must have at most two decimals"),
            ("1000000000.01", "must be at most 1000000000"),
            ("1e30", "must be at most 1000000000"),
            ("1e999", "must be at most 1000000000"),
            ("", "must be a decimal number such as 100.50"),
            ("1.", "must be a decimal number such as 100.50"),
            ("e5", "must be a decimal number such as 100.50"),
            ("--1", "must be a decimal number such as 100.50"),
        ] {
            let found = match amount_in(&Decimal(text.to_owned())) {
                Ok(amount) => amount.to_string(),
                Err(refusal) => refusal.text().replace("amount ", ""),
            };
            assert_eq!(found, wanted, "{text:?}");
        }
    }
}
