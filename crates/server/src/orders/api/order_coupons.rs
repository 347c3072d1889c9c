//! The coupons that a pending order may be paid with (SDK `ListOrderCouponsByOrderId`).

use domain::promotion::{Coupon, CouponType, LimitKey};
use platform::input;
use platform::op::{Audit, CUSTOMER, Json, Limit, Method, Mode, Num, Operation, Right, Sites, Spec};
use schemars::JsonSchema;
use serde::Serialize;

use super::pay::COUPONS_MAX;
use super::shown::{MEASURE_UNIT, wire_time};
use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::orders::errors::OrderError;
use crate::orders::model::WrittenOrderId;
use crate::orders::service;
use crate::promotions::service::{StoredCoupon, UseLimit, use_limits};

/// The status of a coupon that can be used.
const TO_BE_USED: i64 = 2;
/// Coupons that can be used repeatedly; there are no others.
const COUPON_VERSION: i64 = 2;
/// Coupons for products of the marketplace.
const GROUP_MARKETPLACE: i64 = 1;
/// Every other coupon.
const GROUP_CLOUD: i64 = 0;

input! {
    /// SDK `ListOrderCouponsByOrderIdRequest`.
    pub struct ListOrderCouponsByOrderIdInput {
        /// Order id, in any case.
        pub order_id: WrittenOrderId = query("order_id"),
    }
}

/// SDK `ListOrderCouponsByOrderIdResponse`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct ListOrderCouponsByOrderIdOutput {
    /// How many coupons.
    count: usize,
    /// The coupons, the earliest to expire first.
    user_coupons: Vec<CouponInfo>,
    /// How many of each type and group a payment may name.
    coupon_max_use_quantity: Vec<MaxUse>,
}

/// A coupon (SDK `CouponInfoV2`).
#[derive(Debug, Serialize, JsonSchema)]
struct CouponInfo {
    /// What a payment names.
    coupon_id: String,
    /// Coupon code: its id.
    coupon_code: String,
    /// 2: to be used.
    status: i64,
    /// 1 cash coupon, 2 discount coupon, 4 flexi-purchase coupon.
    coupon_type: i64,
    /// Unit of the amounts: 1, the currency.
    measure_id: i64,
    /// Face value; of a discount coupon the share that the customer pays.
    face_value: Num,
    /// From when on it holds.
    effective_time: String,
    /// When it no longer holds.
    expire_time: String,
    /// Name of its promotion.
    plan_name: String,
    /// What the promotion is about.
    plan_desc: String,
    /// Its limits (004 table 8-5).
    use_limits: Vec<UseLimit>,
    /// When it was activated: with its issue.
    active_time: String,
    /// When it paid last.
    last_used_time: Option<String>,
    /// When it was issued.
    create_time: String,
    /// 2: it can be used repeatedly.
    coupon_version: i64,
    /// What is left of it.
    balance: Num,
    /// This order, where it holds the coupon.
    used_by_order_id: Option<String>,
    /// What it is for: its limits say it.
    coupon_usage: Option<String>,
    /// 1 for products of the marketplace, 0 any other.
    coupon_group: i64,
}

/// How many coupons a payment may name (SDK `CouponMaxUseQuantity`).
#[derive(Debug, Serialize, JsonSchema, PartialEq, Eq)]
struct MaxUse {
    /// Type of the coupons.
    coupon_type: i64,
    /// Their group.
    coupon_group: i64,
    /// How many.
    use_quantity_value: i64,
}

/// SDK `ListOrderCouponsByOrderId`: what it answers is what a payment takes.
pub(in crate::orders) struct ListOrderCouponsByOrderId;

impl Operation<App> for ListOrderCouponsByOrderId {
    type Input = ListOrderCouponsByOrderIdInput;
    type Output = Json<ListOrderCouponsByOrderIdOutput>;
    type Error = OrderError;
    const SPEC: Spec = Spec {
        id: "ListOrderCouponsByOrderId",
        method: Method::Get,
        path: "/v2/orders/customer-orders/order-coupons",
        about: "Lists the coupons that an order waiting for payment may be paid with.",
        sites: Sites::Cn,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::ORDER_NOT_FOUND],
        is_secret: false,
        doc: "SDK ListOrderCouponsByOrderId; rules 4.2, 4.3",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, OrderError> {
        let order_id = input.order_id.into_stored();
        let account = cx.account().to_owned();
        let mut bills = service::find_payable(&mut cx.tx, &account, &order_id, cx.now).await?;
        // A member whose master pays names no coupon: its own do not pay, and the master's are not its to see
        // (rule 4.10).
        bills.retain(|bill| bill.order.payer == account);
        let offered = service::fitting_coupons(cx, &bills).await?;
        let mut quantities: Vec<MaxUse> = Vec::new();
        for coupon in offered.iter().map(|offered| &offered.coupon) {
            let most = MaxUse {
                coupon_type: coupon.kind.code(),
                coupon_group: group(cx, coupon),
                use_quantity_value: most(coupon.kind),
            };
            if !quantities.contains(&most) {
                quantities.push(most);
            }
        }
        quantities.sort_by_key(|most| (most.coupon_type, most.coupon_group));
        let user_coupons: Vec<CouponInfo> =
            offered.into_iter().map(|offered| info(group(cx, &offered.coupon), offered)).collect();
        Ok(Json(ListOrderCouponsByOrderIdOutput {
            count: user_coupons.len(),
            user_coupons,
            coupon_max_use_quantity: quantities,
        }))
    }
}

/// How many coupons of a kind one payment takes (rule 4.3).
fn most(kind: CouponType) -> i64 {
    match kind {
        CouponType::Cash | CouponType::Discount => 1,
        CouponType::Flexi => COUPONS_MAX,
    }
}

/// A coupon that is for products of the marketplace alone, by its own limits.
fn group(cx: &Cx, coupon: &Coupon) -> i64 {
    let catalog = cx.app.catalog.current();
    let is_marketplace =
        |service: &str| catalog.find_service(service).is_some_and(|known| known.is_marketplace);
    let values = |key: LimitKey| {
        let limits = coupon.limits.iter().filter(move |limit| limit.key == key);
        limits.map(|limit| limit.value1.as_str())
    };
    let is_selected = coupon.kind == CouponType::Flexi
        && values(LimitKey::IsOnlyForStrictSelected).any(|value| value == "1");
    let services: Vec<&str> = values(LimitKey::ServiceType).collect();
    let is_limited = !services.is_empty() && services.into_iter().all(is_marketplace);
    if is_selected || is_limited { GROUP_MARKETPLACE } else { GROUP_CLOUD }
}

fn info(group: i64, stored: StoredCoupon) -> CouponInfo {
    let use_limits = use_limits(&stored);
    let coupon = stored.coupon;
    CouponInfo {
        coupon_code: coupon.id.clone(),
        status: TO_BE_USED,
        coupon_type: coupon.kind.code(),
        measure_id: MEASURE_UNIT,
        face_value: coupon.ratio.map_or_else(|| Num::of(stored.face_value), Num::of),
        effective_time: coupon.valid_from.to_wire(),
        expire_time: coupon.expires_at.to_wire(),
        plan_name: coupon.name,
        plan_desc: stored.plan_desc,
        use_limits,
        active_time: stored.created_at.to_wire(),
        last_used_time: wire_time(stored.used_at),
        create_time: stored.created_at.to_wire(),
        coupon_version: COUPON_VERSION,
        balance: Num::of(coupon.balance),
        used_by_order_id: coupon.lock_order,
        coupon_usage: None,
        coupon_group: group,
        coupon_id: coupon.id,
    }
}
