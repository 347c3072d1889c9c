//! 004 8.4.2: renewing yearly/monthly resources.

use std::collections::BTreeSet;

use domain::calendar::{PeriodType, Term, pending_payment_end};
use domain::order::{OrderType, SourceType};
use platform::input;
use platform::op::{
    Answer, ApiError, Audit, CUSTOMER, Json, Limit, Method, Mode, Operation, Output, Refusal, Right, Sites,
    Spec,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::identity::service::{Account, find_account, payer_of, standing};
use crate::orders::service::{Placed, Prepared, place_prepared};
use crate::subscriptions::service::renewals::{self, Blocked, Why};
use crate::subscriptions::service::sets::{self, Set};

input! {
    /// 004 8.4.2.
    pub struct RenewResourcesInput {
        /// Primary resources, at most ten, each once.
        pub resource_ids: Vec<String> = body("resource_ids").items(1, 10),
        /// 2 month, 3 year.
        pub period_type: i64 = body("period_type").one_of(&["2", "3"]),
        /// Number of periods: 1 to 11 months, or 1 to 3 years.
        pub period_num: i64 = body("period_num").range(1, 11),
        /// Discarded by the documents: it is checked for its range and has no effect.
        pub expire_policy: Option<i64> = body("expire_policy").one_of(&["0", "1", "2", "3"]),
        /// 1: pay at once, with the best discount and coupons that fit (004 11.7); 0: the order waits for payment.
        pub is_auto_pay: i64 = body("is_auto_pay").one_of(&["0", "1"]).default("0"),
    }
}

/// The most years of a renewal (004 8.4.2).
const YEARS_MAX: i64 = 3;

/// The term of a renewal, of parameters within their declared ranges.
///
/// # Errors
/// CBC.0100 for more than [`YEARS_MAX`] years.
pub(super) fn term_of(period_type: i64, period_num: i64) -> Result<Term, Refusal> {
    let period = PeriodType::from_code(period_type).expect("the declaration allows only codes");
    if period == PeriodType::Year && period_num > YEARS_MAX {
        return Err(Refusal::because(
            "period_num",
            format!("must be from 1 to {YEARS_MAX} where period_type is 3"),
            format!("在 period_type 为 3 时必须为 1 到 {YEARS_MAX}"),
        ));
    }
    Ok(Term { period, count: u32::try_from(period_num).expect("the declared range fits") })
}

/// The index of the first id that occurred before.
pub(super) fn repeated(ids: &[String]) -> Option<usize> {
    let mut known = BTreeSet::new();
    ids.iter().position(|id| !known.insert(id.as_str()))
}

/// Orders that were placed (004 table 8-29).
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct RenewResourcesOutput {
    /// The order, or the combined order, by which it is paid and cancelled.
    order_ids: Vec<String>,
    /// Reserved by the documents: a renewal is placed as a whole or not at all.
    fail_resource_infos: Vec<FailResourceInfo>,
}

/// A resource that could not be renewed, or has no price (004 table 8-30).
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct FailResourceInfo {
    /// The code.
    pub(super) error_code: &'static str,
    /// What it means here.
    pub(super) error_msg: String,
    /// As the request names it.
    pub(super) resource_id: String,
}

/// Orders that were placed and could not be paid (004 table 8-31).
#[derive(Debug, Serialize)]
struct Unpaid {
    error_code: &'static str,
    error_msg: String,
    order_ids: Vec<String>,
}

/// What comes of a renewal. Where it was to be paid at once and could not be, the orders stay and are told with a
/// code of status 400 (CBC.30050006); that is no refusal, since what was placed is kept.
pub(in crate::subscriptions) enum Renewed {
    /// Placed, and paid where that was asked for.
    Placed(RenewResourcesOutput),
    /// Placed, and waiting for payment although it was to be paid.
    Unpaid(ApiError, Vec<String>, platform::op::Language),
}

impl Output for Renewed {
    fn into_answer(self) -> Result<Answer, serde_json::Error> {
        match self {
            Self::Placed(output) => Json(output).into_answer(),
            Self::Unpaid(error, order_ids, language) => {
                let error_msg = error.message(language).to_owned();
                let body = Unpaid { error_code: error.code.code, error_msg, order_ids };
                let answer = Answer::of(platform::op::output::JSON, serde_json::to_vec(&body)?);
                Ok(Answer { status: Some(error.status), ..answer })
            }
        }
    }
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        Json::<RenewResourcesOutput>::schema(generator)
    }
}

/// 004 8.4.2.
pub(in crate::subscriptions) struct RenewalResources;

impl Operation<App> for RenewalResources {
    type Input = RenewResourcesInput;
    type Output = Renewed;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "RenewalResources",
        method: Method::Post,
        path: "/v2/orders/subscriptions/resources/renew",
        about: "Renews yearly/monthly resources with what is attached to them, from their expiry on.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("subscription", "renewResources"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[
            &codes::RENEWAL_OF_ATTACHED_RESOURCE,
            &codes::RENEWAL_PERIOD_INVALID,
            &codes::AUTO_PAYMENT_FAILED,
            &codes::SUBSCRIPTION_PERIOD_INVALID,
            &codes::RESOURCE_IN_UNPAID_ORDER,
            &codes::ACCOUNT_FROZEN,
            &codes::RESOURCE_GONE,
            &codes::ORDER_IN_PROGRESS,
            &codes::RENEWAL_TOO_LONG,
            &codes::BUNDLE_RENEWAL_AS_WHOLE_ONLY,
            &codes::ADD_ON_NOT_RENEWABLE,
            &codes::AMOUNT_OVER_LIMIT,
        ],
        is_secret: false,
        doc: "004 8.4.2",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Renewed, ApiError> {
        let is_auto_pay = input.is_auto_pay == 1;
        if is_auto_pay && !cx.principal.has(Right::Pay) {
            return Err(codes::ACCESS_DENIED.because(
                "is_auto_pay: this user has no right to pay.",
                "is_auto_pay：该用户没有支付权限。",
            ));
        }
        let term = term_of(input.period_type, input.period_num)?;
        if let Some(at) = repeated(&input.resource_ids) {
            let (en, zh) = ("occurs more than once: name each resource once", "重复：每个资源只能出现一次");
            return Err(Refusal::because(format!("resource_ids[{at}]"), en, zh).into());
        }
        let named = input.resource_ids.join(",");
        cx.audited = Some((named.clone(), named));
        let customer = customer(cx).await?;
        if standing(&mut cx.tx, payer_of(&customer), &customer.id).await?.is_frozen {
            return Err(codes::ACCOUNT_FROZEN.error());
        }
        let sets = lock(cx, &customer.id, &input.resource_ids).await?;
        check(cx, &sets, term).await?;
        let placed = place(cx, customer, &sets, term, is_auto_pay).await?;
        Ok(answer(cx, placed))
    }
}

/// The customer that calls.
pub(super) async fn customer(cx: &mut Cx) -> Result<std::sync::Arc<Account>, ApiError> {
    let app = cx.app.clone();
    let id = cx.account().to_owned();
    let found = find_account(&app, &mut cx.tx, &id).await?;
    Ok(found.ok_or_else(|| platform::db::DbError::Other(format!("the caller {id} is no account")))?)
}

/// The sets of the named resources, locked, in the order in which they are named.
async fn lock(cx: &mut Cx, account: &str, ids: &[String]) -> Result<Vec<Set>, ApiError> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.push(sets::find(cx, account, id).await?);
    }
    let mut primaries: Vec<usize> = (0..ids.len()).filter(|at| found[*at].is_some()).collect();
    // Everybody locks sets in the order of their ids.
    primaries.sort_by_key(|at| found[*at].as_ref().map(|one| one.parent.as_ref().unwrap_or(&one.id).clone()));
    let mut locked: Vec<Option<Set>> = vec![None; ids.len()];
    for at in primaries {
        if let Some(resource) = &found[at] {
            locked[at] = Some(sets::lock(cx, resource).await?);
        }
    }
    let is_there = |at: &usize| {
        let named = found[*at].as_ref().map(|resource| &resource.id);
        let mut members = locked[*at].iter().flat_map(Set::members);
        named.is_some_and(|named| members.any(|one| one.id == *named && one.is_visible()))
    };
    let gone: Vec<&String> = (0..ids.len()).filter(|at| !is_there(at)).map(|at| &ids[at]).collect();
    if !gone.is_empty() {
        let names = gone.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
        let error = codes::RESOURCE_GONE.because(
            format!("resource_ids: {names}: expired and deleted, or never there. Check the resource IDs."),
            format!("resource_ids：{names} 已到期删除或不存在，请检查资源 ID。"),
        );
        return Err(error.with("expiredResourceIds", serde_json::json!(gone)));
    }
    let attached = found.iter().flatten().find(|resource| resource.parent.is_some());
    if let Some(resource) = attached {
        return Err(Blocked::of(resource, Why::Attached).on_renewal());
    }
    Ok(locked.into_iter().flatten().collect())
}

/// Whether all sets can be renewed, and together.
async fn check(cx: &mut Cx, sets: &[Set], term: Term) -> Result<(), ApiError> {
    let catalog = cx.app.catalog.current();
    if sets.len() > 1
        && let Some(bundle) = sets.iter().find(|set| renewals::is_bundle(&catalog, set))
    {
        let id = bundle.primary.resource_id.as_ref().unwrap_or(&bundle.primary.id);
        return Err(codes::BUNDLE_RENEWAL_AS_WHOLE_ONLY.because(
            format!("Resource {id} belongs to a discount bundle, which is renewed alone. Send it by itself."),
            format!("资源 {id} 属于优惠套餐，须单独续订。请单独提交。"),
        ));
    }
    for set in sets {
        if let Some(blocked) = renewals::check(cx, set, term, false).await? {
            return Err(blocked.on_renewal());
        }
    }
    Ok(())
}

/// One order for each set; several are combined, so that they are paid and cancelled together (rule 13).
async fn place(
    cx: &mut Cx,
    customer: std::sync::Arc<Account>,
    sets: &[Set],
    term: Term,
    auto_pay: bool,
) -> Result<Placed, ApiError> {
    let catalog = cx.app.catalog.current();
    let mut groups = Vec::with_capacity(sets.len());
    for set in sets {
        groups.push(renewals::lines_of(cx, set, term, &catalog)?);
    }
    let prepared = Prepared {
        customer,
        user_name: cx.principal.user_name.clone(),
        order_type: OrderType::Renewal,
        source_type: SourceType::Customer,
        is_combined: groups.len() > 1,
        groups,
        auto_pay,
        auto_renew: false,
        begin_at: None,
        pay_before: pending_payment_end(cx.now),
        discount: None,
        coupon: None,
        promotion: if auto_pay { promotion(cx, sets).await? } else { None },
    };
    Ok(place_prepared(cx, prepared).await?)
}

/// The promotional discount that all of them may use again.
async fn promotion(cx: &mut Cx, sets: &[Set]) -> Result<Option<String>, ApiError> {
    let mut used = BTreeSet::new();
    for set in sets {
        used.insert(renewals::promotion_of(cx, set).await?);
    }
    Ok(if used.len() == 1 { used.pop_first().flatten() } else { None })
}

fn answer(cx: &Cx, placed: Placed) -> Renewed {
    let order_ids = vec![placed.id];
    let Some(unpaid) = placed.unpaid else {
        return Renewed::Placed(RenewResourcesOutput { order_ids, fail_resource_infos: Vec::new() });
    };
    let error = codes::AUTO_PAYMENT_FAILED.because(
        format!("{} {}", unpaid.en, codes::AUTO_PAYMENT_FAILED.en),
        format!("{}{}", unpaid.zh, codes::AUTO_PAYMENT_FAILED.zh),
    );
    Renewed::Unpaid(error, order_ids, cx.request.language)
}
