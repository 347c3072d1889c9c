//! What came into a customer's cash coupons and went out of them (China site).

use domain::calendar::{BillCycle, Date, Instant};
use domain::money::Charge;
use platform::db::DbError;
use platform::op::{
    ApiError, Audit, CUSTOMER, Json, Limit, Method, Mode, Operation, Refusal, Registry, Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::identity::service::find_account;
use crate::promotions::service;
use crate::promotions::store::changes::{Change, ChangeFilter, ChangeKind};
use crate::{Cx, codes};

/// What came in.
const REVENUE: &str = "REVENUE";
/// What went out.
const EXPENSE: &str = "EXPENSE";
/// Trade types in the published spelling. Nothing here is ever RFROZEN (frozen by a process), EXPIRED (what is left of
/// an expired coupon stays in it, for refunds of what it paid) or COUPONADJUST (moved between accounts).
const TRADE_TYPES: &[&str] =
    &["ADJUST", "DEDEUCT", "REFUND", "RFROZEN", "EXPIRED", "COUPONADJUST", "COUPONCANCEL"];
/// How far back the list goes where no beginning is named.
const DEFAULT_MONTHS: i64 = 12;

/// Adds the operations.
pub(super) fn operations(registry: &mut Registry<App>) {
    registry.add::<ListCustomerCouponChangeRecords>();
}

platform::input! {
    /// Query of `ListCustomerCouponChangeRecords`.
    pub struct ListCustomerCouponChangeRecordsInput {
        /// Always `BALANCE_TYPE_COUPON`: cash coupons.
        pub balance_type: String = query("balance_type").empty(Refused).null(Refused)
            .one_of(&["BALANCE_TYPE_COUPON"]),
        /// What came in, or what went out.
        pub revenue_expense_type: Option<String> = query("revenue_expense_type").empty(Refused).null(Refused)
            .one_of(&["REVENUE", "EXPENSE"]),
        /// ADJUST issued, DEDEUCT spent, REFUND given back, COUPONCANCEL withdrawn; RFROZEN, EXPIRED and COUPONADJUST
        /// find nothing.
        pub trade_type: Option<String> = query("trade_type").empty(Refused).null(Refused).one_of(TRADE_TYPES),
        /// Order, or id of a change without one.
        pub trade_id: Option<String> = query("trade_id").length(128).null(Value),
        /// First day (GMT+8); left out: a year ago.
        pub trade_time_begin: Option<Date> = query("trade_time_begin").null(Refused),
        /// Last day (GMT+8); left out: today.
        pub trade_time_end: Option<Date> = query("trade_time_end").null(Refused),
        /// The coupon.
        pub coupon_id: Option<String> = query("coupon_id").null(Value),
        /// Index of the first record.
        pub offset: i64 = query("offset").range(0, 2_147_483_647).default("0"),
        /// The most records to answer.
        pub limit: i64 = query("limit").range(1, 100).default("10"),
    }
}

/// A page of changes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ListCustomerCouponChangeRecordsOutput {
    /// How many changes match.
    total_count: i64,
    /// Currency of the amounts.
    currency: &'static str,
    /// The page, the newest first.
    records: Vec<CouponChange>,
}

/// What happened to a coupon.
#[derive(Debug, Serialize, JsonSchema)]
struct CouponChange {
    coupon_id: String,
    trade_detail_type: &'static str,
    trade_time: String,
    trade_id: String,
    change_amount: String,
    balance_after_change: String,
    revenue_expense_type: &'static str,
    bill_cycle: String,
    account_name: String,
    cloud_service_type_name: Option<String>,
    resource_type_name: Option<String>,
}

/// The published detail of a change, in the published spelling.
fn detail(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Issued => "SOURCE_OPERAIION_PRIZE",
        ChangeKind::Used => "SOURCE_OPERAIION_DEDEUCT",
        ChangeKind::Returned => "SOURCE_OPERAIION_UNSUBSCRIBE",
        ChangeKind::Withdrawn => "SOURCE_OPERATION_COUPONCANCEL",
    }
}

/// The change that a trade type names; `None`: one that never happens.
fn kind_of(trade_type: &str) -> Option<ChangeKind> {
    match trade_type {
        "ADJUST" => Some(ChangeKind::Issued),
        "DEDEUCT" => Some(ChangeKind::Used),
        "REFUND" => Some(ChangeKind::Returned),
        "COUPONCANCEL" => Some(ChangeKind::Withdrawn),
        _ => None,
    }
}

impl CouponChange {
    fn of(change: Change, account_name: &str) -> Result<Self, DbError> {
        let is_expense = change.amount.is_negative();
        let amount = if is_expense { Charge::ZERO.checked_sub(change.amount) } else { Some(change.amount) };
        let amount =
            amount.ok_or_else(|| DbError::Other(format!("change {} has no counterpart", change.id)))?;
        let month = BillCycle::of(Date::of(change.at)).to_string();
        Ok(Self {
            coupon_id: change.coupon,
            trade_detail_type: detail(change.kind),
            trade_time: change.at.to_wire(),
            trade_id: change.order.unwrap_or(change.id),
            change_amount: amount.to_string(),
            balance_after_change: change.balance_after.to_string(),
            revenue_expense_type: if is_expense { EXPENSE } else { REVENUE },
            bill_cycle: month,
            account_name: account_name.to_owned(),
            // A payment can be for several services at once.
            cloud_service_type_name: None,
            resource_type_name: None,
        })
    }
}

/// The first instant of the days that are asked for, and the first after them.
fn span(now: Instant, begin: Option<Date>, end: Option<Date>) -> Result<(Instant, Instant), Refusal> {
    let today = Date::of(now);
    // The calendar reaches back further than a year from any day that a clock shows.
    let begin = begin.unwrap_or_else(|| today.plus_months_sticky(-DEFAULT_MONTHS).unwrap_or(today));
    let end = end.unwrap_or(today);
    if begin > end {
        return Err(Refusal::because(
            "trade_time_end",
            "must not lie before trade_time_begin",
            "不能早于 trade_time_begin",
        ));
    }
    let until = end.plus_days(1).map_or(Instant::MAX, Date::start_of_day);
    Ok((begin.start_of_day(), until))
}

/// `GET /v2/promotions/benefits/account-change-records`.
pub(super) struct ListCustomerCouponChangeRecords;

impl Operation<App> for ListCustomerCouponChangeRecords {
    type Input = ListCustomerCouponChangeRecordsInput;
    type Output = Json<ListCustomerCouponChangeRecordsOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListCustomerCouponChangeRecords",
        method: Method::Get,
        path: "/v2/promotions/benefits/account-change-records",
        about: "Lists what came into the cash coupons of the calling customer and went out of them.",
        sites: Sites::Cn,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "SDK ListCustomerCouponChangeRecords; rules 5",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let (app, own) = (cx.app.clone(), cx.account().to_owned());
        let (from, until) = span(cx.now, input.trade_time_begin, input.trade_time_end)?;
        let Some(account) = find_account(&app, &mut cx.tx, &own).await? else {
            return Err(DbError::Other(format!("the caller {own} is no account")).into());
        };
        let kind = input.trade_type.as_deref().map(kind_of);
        let (total_count, changes) = match kind {
            Some(None) => (0, Vec::new()),
            kind => {
                let filter = ChangeFilter {
                    from,
                    until,
                    is_revenue: input.revenue_expense_type.map(|wanted| wanted == REVENUE),
                    kind: kind.flatten(),
                    trade: input.trade_id,
                    coupon: input.coupon_id,
                };
                service::list_changes(cx, &own, &filter, (input.offset, input.limit)).await?
            }
        };
        let records = changes.into_iter().map(|change| CouponChange::of(change, &account.name));
        let records = records.collect::<Result<Vec<_>, _>>()?;
        let currency = account.currency.code();
        Ok(Json(ListCustomerCouponChangeRecordsOutput { total_count, currency, records }))
    }
}
