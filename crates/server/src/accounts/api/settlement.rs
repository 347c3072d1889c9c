//! The own API: terms of monthly settlement, and what is owed.

use domain::calendar::Instant;
use domain::ledger::AccountKind;
use platform::op::wire::Decimal;
use platform::op::{
    ACCOUNT, AccountKind as Kind, Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::amount_of;
use crate::accounts::service::{
    self, AccountsError, DUE_DAY_DEFAULT, DebtShown, Debts, MonthShown, NewTerms, Settlement,
};
use crate::app::App;
use crate::{Cx, codes};

platform::input! {
    /// Terms that replace those that are there.
    pub struct SetSettlementTermsInput: strict {
        /// Domain id of a customer or partner.
        pub domain_id: String = path("domain_id"),
        /// Whether orders are paid by the month's debt, before any balance.
        pub monthly: bool = body("monthly"),
        /// The most that may be owed in all, in the account's currency; without it there is no limit.
        pub limit_amount: Option<Decimal> = body("limit_amount"),
        /// Day of the next month at whose end (GMT+8) a month's debt is due; without it the 15th.
        pub due_day: Option<i64> = body("due_day").range(1, 28),
    }

    /// Whose terms.
    pub struct ShowSettlementTermsInput {
        /// Domain id of a customer or partner.
        pub domain_id: String = path("domain_id"),
    }

    /// Whose debts.
    pub struct ListDebtsInput {
        /// Domain id: any to the operator, else one's own.
        pub domain_id: String = path("domain_id"),
        /// Index of the first debt.
        pub offset: i64 = query("offset").range(0, 2_147_483_647).default("0"),
        /// The most debts to answer.
        pub limit: i64 = query("limit").range(1, 1000).default("100"),
    }
}

/// Terms of monthly settlement.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SettlementOutput {
    /// Domain id of the account.
    account_id: String,
    /// Whether orders are paid by the month's debt.
    monthly: bool,
    /// The most that may be owed in all; null: no limit.
    limit_amount: Option<String>,
    /// Day of the next month at whose end (GMT+8) a month's debt is due.
    due_day: i64,
    /// What all months owe now.
    debt_amount: String,
    /// Currency of the amounts.
    currency: &'static str,
    /// When the terms were last set (UTC); null: never.
    update_time: Option<String>,
}

impl SettlementOutput {
    fn of(terms: &Settlement) -> Self {
        Self {
            account_id: terms.account.id.clone(),
            monthly: terms.is_monthly,
            limit_amount: terms.limit.map(|limit| limit.to_string()),
            due_day: i64::from(terms.due_day),
            debt_amount: terms.owed.to_string(),
            currency: terms.account.currency.code(),
            update_time: terms.updated_at.map(Instant::to_wire),
        }
    }
}

/// Sets the terms of monthly settlement of an account.
pub struct SetSettlementTerms;

impl Operation<App> for SetSettlementTerms {
    type Input = SetSettlementTermsInput;
    type Output = Json<SettlementOutput>;
    type Error = AccountsError;
    const SPEC: Spec = Spec {
        id: "SetSettlementTerms",
        method: Method::Put,
        path: "/openbss/v1/accounts/{domain_id}/settlement",
        about: "Sets whether an account pays its orders by the month, up to which limit, and when a month is due.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("account", "setSettlementTerms"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::NOT_FOR_RESELLER_CUSTOMERS],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, AccountsError> {
        let limit = input.limit_amount.as_ref().map(|limit| amount_of("limit_amount", limit)).transpose()?;
        let due_day = input
            .due_day
            .map_or(DUE_DAY_DEFAULT, |day| i8::try_from(day).expect("the declaration bounds it"));
        let terms = NewTerms { is_monthly: input.monthly, limit, due_day };
        let terms = service::set_settlement(cx, &input.domain_id, terms).await?;
        cx.audited = Some((terms.account.id.clone(), terms.account.name.clone()));
        Ok(Json(SettlementOutput::of(&terms)))
    }
}

/// Shows the terms of monthly settlement of an account.
pub struct ShowSettlementTerms;

impl Operation<App> for ShowSettlementTerms {
    type Input = ShowSettlementTermsInput;
    type Output = Json<SettlementOutput>;
    type Error = AccountsError;
    const SPEC: Spec = Spec {
        id: "ShowSettlementTerms",
        method: Method::Get,
        path: "/openbss/v1/accounts/{domain_id}/settlement",
        about: "Shows the terms of monthly settlement of an account.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, AccountsError> {
        let terms = service::settlement(cx, &input.domain_id).await?;
        Ok(Json(SettlementOutput::of(&terms)))
    }
}

/// What an account owes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DebtsOutput {
    /// Domain id of the account.
    account_id: String,
    /// All of it.
    debt_amount: String,
    /// The part that is past its due date; nothing can be bought before it is paid.
    overdue_amount: String,
    /// Currency of the amounts.
    currency: &'static str,
    /// Months of settlement, the latest first, paid ones included; those of ten years.
    months: Vec<MonthDebt>,
    /// How many debts are open.
    total_count: i64,
    /// A page of them, the oldest first.
    debts: Vec<Debt>,
}

/// A month of settlement.
#[derive(Debug, Serialize, JsonSchema)]
struct MonthDebt {
    /// yyyyMM.
    month: String,
    /// What orders took.
    amount: String,
    /// What is still owed.
    left_amount: String,
    /// When it is due (UTC).
    due_time: String,
    /// Whether it is past that, and not paid.
    overdue: bool,
}

/// What one order took from a credit line or a month, and is still owed.
#[derive(Debug, Serialize, JsonSchema)]
struct Debt {
    /// Its id.
    debt_id: String,
    /// The order.
    order_id: String,
    /// credit or settlement.
    kind: &'static str,
    /// The credit line, or null.
    credit_id: Option<String>,
    /// The month (yyyyMM), or null.
    month: Option<String>,
    /// What was taken.
    amount: String,
    /// What is still owed.
    left_amount: String,
    /// When it was taken (UTC).
    time: String,
    /// When it is due (UTC); null: credit has no due date.
    due_time: Option<String>,
    /// Whether it is past that.
    overdue: bool,
}

fn month(shown: &MonthShown) -> MonthDebt {
    MonthDebt {
        month: shown.month.clone(),
        amount: shown.amount.to_string(),
        left_amount: shown.left.to_string(),
        due_time: shown.due_at.to_wire(),
        overdue: shown.is_overdue,
    }
}

fn debt(shown: DebtShown) -> Debt {
    let is_month = shown.kind == AccountKind::Settlement;
    Debt {
        debt_id: shown.id,
        order_id: shown.order,
        kind: shown.kind.code(),
        credit_id: (!is_month).then(|| shown.piece.clone()),
        month: is_month.then_some(shown.piece),
        amount: shown.amount.to_string(),
        left_amount: shown.left.to_string(),
        time: shown.at.to_wire(),
        due_time: shown.due_at.map(Instant::to_wire),
        overdue: shown.is_overdue,
    }
}

/// Lists what an account owes.
pub struct ListDebts;

impl Operation<App> for ListDebts {
    type Input = ListDebtsInput;
    type Output = Json<DebtsOutput>;
    type Error = AccountsError;
    const SPEC: Spec = Spec {
        id: "ListDebts",
        method: Method::Get,
        path: "/openbss/v1/accounts/{domain_id}/debts",
        about: "Shows what an account owes: by month with its due date, and by order.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, AccountsError> {
        // Another account's id is answered as an unknown one.
        if cx.principal.kind != Kind::Operator && cx.account() != input.domain_id {
            return Err(AccountsError::NoAccount);
        }
        let shown = service::debts(cx, &input.domain_id, input.offset, input.limit).await?;
        let Debts { account, owed, overdue, months, total_count, items } = shown;
        Ok(Json(DebtsOutput {
            account_id: account.id.clone(),
            debt_amount: owed.to_string(),
            overdue_amount: overdue.to_string(),
            currency: account.currency.code(),
            months: months.iter().map(month).collect(),
            total_count,
            debts: items.into_iter().map(debt).collect(),
        }))
    }
}
