//! 004 8.2.1: the coupons of a customer, or of a partner and its resellers.

use domain::calendar::{Date, Instant};
use domain::site::Site;
use platform::op::{
    AccountKind, ApiError, Audit, CUSTOMER_OR_PARTNER, Json, Limit, Method, Mode, Num, Operation, Refusal,
    Registry, Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::identity::service::find_account;
use crate::promotions::service::{self, UseLimit, use_limits};
use crate::promotions::store::coupons::{CouponStatus, StoredCoupon};
use crate::promotions::store::list::{CouponFilter, Scope, ShownStatus};
use crate::{Cx, codes};

/// Unit of the currency, and not its cents.
const MEASURE_UNIT: i64 = 1;
/// Coupons that can be used repeatedly; there are no others.
const COUPON_VERSION: i64 = 2;
/// How long an expired coupon is shown (004 8.2.1).
const SHOWN_MONTHS: i64 = 12;

/// Adds the operations.
pub(super) fn operations(registry: &mut Registry<App>) {
    registry.add::<ListSubCustomerCoupons>();
}

platform::input! {
    /// 004 table 8-2.
    pub struct ListSubCustomerCouponsInput {
        /// Coupon id.
        pub coupon_id: Option<String> = query("coupon_id").null(Value).quotes(Value),
        /// An order that used the coupon.
        pub order_id: Option<String> = query("order_id").null(Value).quotes(Value),
        /// Promotion plan id.
        pub promotion_plan_id: Option<String> = query("promotion_plan_id").null(Value).quotes(Value),
        /// 1 cash coupon, 2 discount coupon, 4 flexi-purchase coupon.
        pub coupon_type: Option<i64> = query("coupon_type").range(1, 4),
        /// 1 not activated, 2 to be used, 3 used, 4 expired, 5 withdrawn.
        pub status: Option<i64> = query("status").range(1, 5),
        /// Activated at or after this time.
        pub active_start_time: Option<Instant> = query("active_start_time").null(Refused),
        /// Activated at or before this time.
        pub active_end_time: Option<Instant> = query("active_end_time").null(Refused),
        /// Index of the first coupon.
        pub offset: i64 = query("offset").range(0, 2_147_483_647).default("0"),
        /// The most coupons to answer.
        pub limit: i64 = query("limit").range(1, 100).default("10"),
        /// Who issued the coupon.
        pub source_id: Option<String> = query("source_id").length(255).quotes(Value),
        /// The reseller whose coupons a distributor asks for. On the China site a distributor sees the coupons of its
        /// resellers by naming each, elsewhere together with its own.
        pub indirect_partner_id: Option<String> = query("indirect_partner_id").null(Value).quotes(Value),
    }
}

/// A page of coupons.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ListSubCustomerCouponsOutput {
    /// How many coupons match.
    count: i64,
    /// The page, the newest first.
    user_coupons: Vec<UserCoupon>,
}

/// A coupon (004 table 8-3).
#[derive(Debug, Serialize, JsonSchema)]
struct UserCoupon {
    coupon_id: String,
    coupon_code: String,
    status: i64,
    customer_id: String,
    coupon_type: i64,
    measure_id: i64,
    /// Of a discount coupon the share that the customer pays.
    face_value: Num,
    valid_time: String,
    expire_time: String,
    order_id: Option<String>,
    promotion_plan_id: String,
    plan_name: String,
    plan_desc: String,
    media_type: i64,
    fetch_method: i64,
    use_limits: Vec<UseLimit>,
    active_time: String,
    reserve_time: Option<String>,
    promotion_id: String,
    create_time: String,
    coupon_version: i64,
    balance: Num,
    lock_order_id: Option<String>,
    coupon_usage: Option<String>,
    is_frozen: &'static str,
    currency: &'static str,
    extend_param1: Option<String>,
    source_id: String,
}

/// The status of a coupon at an instant (004 table 8-3): one with something left has expired (4) by the time alone.
pub(super) fn shown_status(stored: &StoredCoupon, now: Instant) -> i64 {
    match stored.status {
        CouponStatus::ToBeUsed if stored.coupon.expires_at <= now => 4,
        status => status.code(),
    }
}

impl UserCoupon {
    fn of(stored: StoredCoupon, now: Instant) -> Self {
        let use_limits = use_limits(&stored);
        let status = shown_status(&stored, now);
        let coupon = stored.coupon;
        Self {
            coupon_code: coupon.id.clone(),
            coupon_id: coupon.id,
            status,
            customer_id: stored.account,
            coupon_type: coupon.kind.code(),
            measure_id: MEASURE_UNIT,
            face_value: coupon.ratio.map_or_else(|| Num::of(stored.face_value), Num::of),
            valid_time: coupon.valid_from.to_wire(),
            expire_time: coupon.expires_at.to_wire(),
            order_id: Some(stored.order_ids).filter(|ids| !ids.is_empty()),
            promotion_plan_id: stored.plan_id.clone(),
            plan_name: coupon.name,
            plan_desc: stored.plan_desc,
            media_type: stored.media_type,
            fetch_method: stored.fetch_method,
            use_limits,
            active_time: stored.created_at.to_wire(),
            reserve_time: stored.used_at.map(Instant::to_wire),
            promotion_id: stored.plan_id,
            create_time: stored.created_at.to_wire(),
            coupon_version: COUPON_VERSION,
            balance: Num::of(coupon.balance),
            lock_order_id: coupon.lock_order,
            coupon_usage: None,
            is_frozen: if coupon.is_frozen { "1" } else { "0" },
            currency: stored.currency.code(),
            extend_param1: None,
            source_id: stored.source_id,
        }
    }
}

/// Coupons that expired before this are not shown: a year ago by the calendar, to the second.
fn shown_from(now: Instant) -> Instant {
    let date = Date::of(now);
    let time_of_day = now.ms() - date.start_of_day().ms();
    // Before the first year of the calendar nothing expires.
    date.plus_months_sticky(-SHOWN_MONTHS)
        .map_or(Instant::MIN, |then| then.start_of_day().plus_ms(time_of_day))
}

fn status_filter(code: i64) -> Option<ShownStatus> {
    match code {
        1 => Some(ShownStatus::NotActivated),
        2 => Some(ShownStatus::ToBeUsed),
        3 => Some(ShownStatus::Used),
        4 => Some(ShownStatus::Expired),
        5 => Some(ShownStatus::Withdrawn),
        _ => None,
    }
}

fn filter(input: ListSubCustomerCouponsInput, now: Instant) -> Result<CouponFilter, Refusal> {
    if let (Some(start), Some(end)) = (input.active_start_time, input.active_end_time)
        && start > end
    {
        return Err(Refusal::because(
            "active_end_time",
            "must not lie before active_start_time",
            "不能早于 active_start_time",
        ));
    }
    Ok(CouponFilter {
        now,
        shown_from: shown_from(now),
        id: input.coupon_id,
        order: input.order_id,
        plan: input.promotion_plan_id,
        coupon_type: input.coupon_type,
        status: input.status.and_then(status_filter),
        active_from: input.active_start_time,
        // A second that is named as the end is part of the span.
        active_until: input.active_end_time.map(|end| end.plus_ms(1000)),
        source: input.source_id,
    })
}

/// Whose coupons the caller sees.
async fn scope(cx: &mut Cx, reseller: Option<&str>) -> Result<Scope, ApiError> {
    let own = cx.account().to_owned();
    match (cx.principal.kind, reseller) {
        // Nobody else has resellers, so the parameter means nothing to them.
        (AccountKind::Distributor, Some(reseller)) => reseller_scope(cx, &own, reseller).await,
        (AccountKind::Distributor, None) if cx.site != Site::Cn => Ok(Scope::Distributor(own)),
        (AccountKind::Distributor, None)
        | (
            AccountKind::Operator
            | AccountKind::Customer
            | AccountKind::Reseller
            | AccountKind::SolutionProvider,
            _,
        ) => Ok(Scope::Account(own)),
    }
}

async fn reseller_scope(cx: &mut Cx, own: &str, reseller: &str) -> Result<Scope, ApiError> {
    let app = cx.app.clone();
    let found = find_account(&app, &mut cx.tx, reseller).await?;
    let is_own = found.is_some_and(|account| {
        account.kind == AccountKind::Reseller && account.partner_id.as_deref() == Some(own)
    });
    if is_own {
        return Ok(Scope::Account(reseller.to_owned()));
    }
    Err(codes::ACCESS_DENIED.because(
        format!("indirect_partner_id: {reseller} is no reseller of yours. Check the reseller's ID."),
        format!("indirect_partner_id：{reseller} 不是您的云经销商，请检查云经销商 ID。"),
    ))
}

/// 004 8.2.1.
pub(super) struct ListSubCustomerCoupons;

impl Operation<App> for ListSubCustomerCoupons {
    type Input = ListSubCustomerCouponsInput;
    type Output = Json<ListSubCustomerCouponsOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListSubCustomerCoupons",
        method: Method::Get,
        path: "/v2/promotions/benefits/coupons",
        about: "Lists the coupons of a customer, or of a partner and its resellers.",
        sites: Sites::All,
        callers: CUSTOMER_OR_PARTNER,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "004 8.2.1",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let now = cx.now;
        let page = (input.offset, input.limit);
        let scope = scope(cx, input.indirect_partner_id.as_deref()).await?;
        let filter = filter(input, now)?;
        let (count, coupons) = service::list(cx, &scope, &filter, page).await?;
        let user_coupons = coupons.into_iter().map(|stored| UserCoupon::of(stored, now)).collect();
        Ok(Json(ListSubCustomerCouponsOutput { count, user_coupons }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expired_coupon_is_shown_for_a_year_by_the_calendar() {
        let at = |text: &str| Instant::parse_utc(text).expect("well-formed");
        for (now, from) in [
            ("2026-01-15T08:00:00Z", "2025-01-15T08:00:00Z"),
            ("2028-03-01T08:00:00Z", "2027-03-01T08:00:00Z"),
            // 29 February has no counterpart; the month's end has.
            ("2028-02-29T08:00:00Z", "2027-02-28T08:00:00Z"),
        ] {
            assert_eq!(shown_from(at(now)), at(from), "{now}");
        }
    }
}
