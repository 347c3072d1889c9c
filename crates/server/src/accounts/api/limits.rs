//! The own API: limits of spending; and the expenditure quota as its customer sees it.

use domain::money::{AmountError, Charge, Scaled};
use domain::quantity::Quantity;
use platform::input;
use platform::op::wire::Decimal;
use platform::op::{
    Audit, CUSTOMER, Json, Limit as Rate, Method, Mode, Num, OPERATOR, Operation, Refusal, Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::accounts::errors::AccountsError;
use crate::accounts::limits::{self, Kind, Limit, NewLimit, Period};
use crate::app::App;
use crate::{Cx, codes};

/// The most that a limit of money allows, in units of the currency.
const AMOUNT_MAX: i64 = 1_000_000_000;
/// The most that a budget allows, in units of the currency (rule 10.7).
const BUDGET_MAX: i64 = 2_147_483_647;
/// The most that a limit of a number allows.
const NUMBER_MAX: i64 = 1_000_000;
/// Measurement unit of every amount: the unit of the currency, and not its cents.
const MEASURE_UNIT: i64 = 1;

input! {
    /// A limit to be set.
    pub struct SetSpendingLimitInput: strict {
        /// Domain id of a customer.
        pub domain_id: String = path("domain_id"),
        /// What it limits: project the fund quota of an enterprise project; organization what an enterprise lets a
        /// member spend; budget what a partner lets a customer of the reseller model spend, at list price;
        /// expenditure_quota what a customer spends in a month, counted from when it is first set; attempts the refused payments of a day;
        /// transactions the payments of a day.
        pub kind: String = body("kind").one_of(Kind::NAMES),
        /// The id of the enterprise project; for kind project only.
        pub subject: Option<String> = body("subject"),
        /// The most: an amount in the account's currency with at most two decimals, or a whole number for attempts
        /// and transactions.
        pub amount: Decimal = body("amount"),
        /// How long what was used counts: month or once for project, organization and budget; month for
        /// expenditure_quota; day for attempts and transactions. Left out: month, or what alone is allowed; once for
        /// project.
        pub period: Option<String> = body("period").one_of(Period::NAMES),
    }

    /// Whose limits to list.
    pub struct ListSpendingLimitsInput {
        /// Domain id of a customer.
        pub domain_id: String = path("domain_id"),
    }

    /// Which limit to delete.
    pub struct DeleteSpendingLimitInput {
        /// Domain id of a customer.
        pub domain_id: String = path("domain_id"),
        /// What it limits.
        pub kind: String = path("kind").one_of(Kind::NAMES),
        /// The id of the enterprise project; for kind project only.
        pub subject: Option<String> = query("subject"),
    }
}

fn kind_of(name: &str) -> Kind {
    Kind::from_name(name).expect("decoding admits names of kinds only")
}

/// Reads the amount of a limit: cents, or a number. Nothing may be spent where it is 0; a budget is above it.
fn amount_in(kind: Kind, amount: &Decimal) -> Result<i64, Refusal> {
    let refuse = |en: String, zh: String| Err(Refusal::because("amount", en, zh));
    if kind.is_number() {
        let number = Quantity::parse(&amount.0).ok().and_then(Quantity::to_int);
        return match number.filter(|number| *number <= NUMBER_MAX) {
            Some(number) => Ok(number),
            None => refuse(
                format!("must be a whole number from 0 to {NUMBER_MAX} for kind {}", kind.name()),
                format!("在 kind 为 {} 时必须为 0 到 {NUMBER_MAX} 的整数", kind.name()),
            ),
        };
    }
    let (least, most) = if kind == Kind::Budget { (1, BUDGET_MAX) } else { (0, AMOUNT_MAX) };
    let range = || {
        let least = Charge::cents(least);
        refuse(
            format!("must be from {least} to {most} for kind {}", kind.name()),
            format!("在 kind 为 {} 时必须在 {least} 到 {most} 之间", kind.name()),
        )
    };
    match Charge::parse(&amount.0) {
        Ok(amount) if (least..=most * 100).contains(&amount.units()) => Ok(amount.units()),
        Ok(_) | Err(AmountError::TooLarge) => range(),
        Err(AmountError::TooPrecise) => {
            refuse("must have at most two decimals".to_owned(), "最多保留两位小数".to_owned())
        }
        Err(AmountError::NotANumber) => {
            refuse("must be a decimal number such as 100.50".to_owned(), "必须为数字，例如 100.50".to_owned())
        }
    }
}

/// A limit.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SpendingLimitOutput {
    /// What it limits.
    kind: &'static str,
    /// The id of the enterprise project; null for the other kinds.
    subject: Option<String>,
    /// The most.
    amount: String,
    /// What has been used of it. It may exceed the amount where that was lowered.
    used: String,
    /// How long what was used counts: month, once or day.
    period: &'static str,
    /// When it was set or used last (UTC).
    update_time: String,
}

impl SpendingLimitOutput {
    fn of(limit: &Limit) -> Self {
        Self {
            kind: limit.kind.name(),
            subject: (!limit.subject.is_empty()).then(|| limit.subject.clone()),
            amount: limit.shown(limit.amount),
            used: limit.shown(limit.total_used()),
            period: limit.period.name(),
            update_time: limit.updated_at.to_wire(),
        }
    }
}

/// The limits of an account.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SpendingLimitsOutput {
    /// How many.
    total_count: usize,
    /// The limits, by kind and subject.
    limits: Vec<SpendingLimitOutput>,
}

/// Sets a limit.
pub struct SetSpendingLimit;

impl Operation<App> for SetSpendingLimit {
    type Input = SetSpendingLimitInput;
    type Output = Json<SpendingLimitOutput>;
    type Error = AccountsError;
    const SPEC: Spec = Spec {
        id: "SetSpendingLimit",
        method: Method::Put,
        path: "/openbss/v1/accounts/{domain_id}/spending-limits",
        about: "Sets a limit of what a customer may spend, or of its payments; what was used of it stays used.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("account", "setSpendingLimit"),
        limit: Rate::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API; rules 4.11, 10.7",
    };

    async fn run(
        cx: &mut Cx,
        input: SetSpendingLimitInput,
    ) -> Result<Json<SpendingLimitOutput>, AccountsError> {
        let kind = kind_of(&input.kind);
        let period = input.period.as_deref();
        let new = NewLimit {
            account: &input.domain_id,
            kind,
            subject: input.subject.as_deref(),
            amount: amount_in(kind, &input.amount)?,
            period: period
                .map(|name| Period::from_name(name).expect("decoding admits names of periods only")),
        };
        let (account, limit) = limits::set(cx, &new).await?;
        cx.audited = Some((account.id.clone(), account.name.clone()));
        Ok(Json(SpendingLimitOutput::of(&limit)))
    }
}

/// Lists the limits of an account.
pub struct ListSpendingLimits;

impl Operation<App> for ListSpendingLimits {
    type Input = ListSpendingLimitsInput;
    type Output = Json<SpendingLimitsOutput>;
    type Error = AccountsError;
    const SPEC: Spec = Spec {
        id: "ListSpendingLimits",
        method: Method::Get,
        path: "/openbss/v1/accounts/{domain_id}/spending-limits",
        about: "Lists what limits the spending of an account, and what has been used of each limit.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Rate::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(
        cx: &mut Cx,
        input: ListSpendingLimitsInput,
    ) -> Result<Json<SpendingLimitsOutput>, AccountsError> {
        let limits = limits::list(cx, &input.domain_id).await?;
        let limits: Vec<_> = limits.iter().map(SpendingLimitOutput::of).collect();
        Ok(Json(SpendingLimitsOutput { total_count: limits.len(), limits }))
    }
}

/// Deletes a limit.
pub struct DeleteSpendingLimit;

impl Operation<App> for DeleteSpendingLimit {
    type Input = DeleteSpendingLimitInput;
    type Output = ();
    type Error = AccountsError;
    const SPEC: Spec = Spec {
        id: "DeleteSpendingLimit",
        method: Method::Delete,
        path: "/openbss/v1/accounts/{domain_id}/spending-limits/{kind}",
        about: "Deletes a limit, which then no longer limits.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("account", "deleteSpendingLimit"),
        limit: Rate::PerSecond(10),
        success: 204,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: DeleteSpendingLimitInput) -> Result<(), AccountsError> {
        let kind = kind_of(&input.kind);
        let account = limits::delete(cx, &input.domain_id, kind, input.subject.as_deref()).await?;
        cx.audited = Some((account.id.clone(), account.name.clone()));
        Ok(())
    }
}

/// The expenditure quota of the present month. Its amounts are null where none was set.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExpenditureQuotaOutput {
    /// What may be spent in the month.
    granting_amount: Option<Num>,
    /// What was spent in it.
    granting_amount_used: Option<Num>,
    /// How many per cent of it that is: 0 to 100.
    percentage_granting_amount_used: Option<Num>,
    /// Measurement unit of the amounts: 1, the unit of the currency.
    measure_id: i64,
    /// Currency of the amounts.
    currency: &'static str,
}

/// Shows the expenditure quota of the calling customer.
pub struct ShowCustomerExpenditureQuota;

impl Operation<App> for ShowCustomerExpenditureQuota {
    type Input = ();
    type Output = Json<ExpenditureQuotaOutput>;
    type Error = AccountsError;
    const SPEC: Spec = Spec {
        id: "ShowCustomerExpenditureQuota",
        method: Method::Get,
        path: "/v2/accounts/customer-accounts/expenditure-quota",
        about: "Shows how much the calling customer may spend in the present month, and how much it has spent.",
        sites: Sites::IntlEu,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Rate::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "SDK ShowCustomerExpenditureQuota; rules 5",
    };

    async fn run(cx: &mut Cx, (): ()) -> Result<Json<ExpenditureQuotaOutput>, AccountsError> {
        let account = cx.account().to_owned();
        let (currency, quota) = limits::find_expenditure_quota(cx, &account).await?;
        Ok(Json(ExpenditureQuotaOutput {
            granting_amount: quota.map(|quota| Num::of(quota.granted)),
            granting_amount_used: quota.map(|quota| Num::of(quota.used)),
            percentage_granting_amount_used: quota.map(|quota| Num::of(quota.percentage)),
            measure_id: MEASURE_UNIT,
            currency: currency.code(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_amount_of_a_limit_is_read_by_its_kind() {
        for (kind, text, wanted) in [
            (Kind::Budget, "0.01", "1"),
            (Kind::Budget, "0", "must be from 0.01 to 2147483647 for kind budget"),
            (Kind::Budget, "2147483647", "214748364700"),
            (Kind::Budget, "2147483647.01", "must be from 0.01 to 2147483647 for kind budget"),
            (Kind::Project, "0", "0"),
            (Kind::Project, "-1", "must be from 0 to 1000000000 for kind project"),
            (Kind::Project, "1e30", "must be from 0 to 1000000000 for kind project"),
            (Kind::Organization, "1.001", "must have at most two decimals"),
            (Kind::ExpenditureQuota, "e5", "must be a decimal number such as 100.50"),
            (Kind::Attempts, "3", "3"),
            (Kind::Attempts, "3.0", "3"),
            (Kind::Attempts, "3.5", "must be a whole number from 0 to 1000000 for kind attempts"),
            (Kind::Transactions, "-1", "must be a whole number from 0 to 1000000 for kind transactions"),
            (Kind::Transactions, "1000001", "must be a whole number from 0 to 1000000 for kind transactions"),
        ] {
            let found = match amount_in(kind, &Decimal(text.to_owned())) {
                Ok(amount) => amount.to_string(),
                Err(refusal) => refusal.text().replace("amount ", ""),
            };
            assert_eq!(found, wanted, "{kind:?} {text:?}");
        }
    }
}
