//! Automatic renewal (rule 1.5).
//!
//! ```text
//!  off ──POST autorenew──▶ on: tried at 03:00 GMT+8, so many days before the expiry ──renewed──▶ on, after the new expiry
//!   ▲                       │   ▲                                                        │
//!   ├──DELETE autorenew─────┤   └── failed: a mail, and the next 03:00 ◀─────────────────┤ until the resource is closed
//!   └──the last of auto_renew_times was renewed ◀────────────────────────────────────────┘
//! ```
//!
//! A set is on or off as a whole, and its primary resource alone has an attempt. An attempt renews the set by an order of
//! the system that is paid at once, with the best discount and fitting coupons, or leaves nothing behind but a mail.

mod unified;

use std::sync::Arc;

use domain::calendar::{Instant, Term, next_expiry, pending_payment_end};
use domain::money::{Charge, Currency};
use domain::order::{OrderType, SourceType};
use domain::promotion::Discount;
use domain::subscription::renewal::{Attempt, DeductionDays, ExpireDay, first_attempt, next_attempt};
use domain::subscription::{ExpirePolicy, KeepEnds, ResourceStatus, shown_policy};
use platform::db::{DbError, Tx};
use platform::op::{ApiError, Right};

use super::life;
use super::mails::thing;
use super::renewals::{self, Why};
use super::sets::Set;
use crate::catalog::model::Flag;
use crate::identity::service::{Account, find_account, payer_of};
use crate::notices::service::{Notice, Reason, mail};
use crate::orders::model::Line;
use crate::orders::service::{Placed, Prepared, place_prepared};
use crate::promotions::service::list_discounts;
use crate::subscriptions::store::renew_configs::{self, RenewConfig};
use crate::subscriptions::store::{self, Resource, WAITING};
use crate::{Cx, codes};

/// Who is shown to have placed an order that nobody did.
const SYSTEM_USER: &str = "Operation system";

/// Sets when the automatic renewal of a resource is tried next; to be called wherever its term, its `auto_renew` or its
/// `renew_times` has changed. An attempt that would come after the expiry is due at once (rule 1.5.3). Only the primary
/// of a set has an attempt: it renews all of them.
pub(in crate::subscriptions) fn schedule(resource: &mut Resource, days: DeductionDays, now: Instant) {
    resource.renew_at = match resource.expires_at {
        Some(expires_at) if is_renewing(resource) => Some(match first_attempt(now, expires_at, days) {
            Attempt::Now => now,
            Attempt::At(at) => at,
        }),
        _ => None,
    };
}

/// Whether automatic renewal is on and has something to renew: what is closed is not visible any more, and trials are
/// not renewed.
fn is_renewing(resource: &Resource) -> bool {
    let is_primary = resource.parent.is_none() && !resource.is_trial;
    resource.auto_renew && is_primary && resource.is_visible() && resource.renew_times != Some(0)
}

/// How many days before the expiry the resources of an account are renewed.
pub(in crate::subscriptions) async fn deduction_days(
    tx: &mut Tx,
    account: &str,
) -> Result<DeductionDays, DbError> {
    Ok(renew_configs::find(tx, account).await?.deduction_days)
}

/// Schedules resources of one account whose terms begin or change now; it costs no statement where none of them is to be
/// renewed automatically.
pub(in crate::subscriptions) async fn schedule_all(
    tx: &mut Tx,
    resources: &mut [Resource],
    now: Instant,
) -> Result<(), DbError> {
    let days = match resources.iter().find(|resource| is_renewing(resource)) {
        Some(one) => deduction_days(tx, &one.account).await?,
        None => DeductionDays::DEFAULT,
    };
    for resource in resources {
        schedule(resource, days, now);
    }
    Ok(())
}

/// What an account has set; defaults where it has set nothing.
pub(in crate::subscriptions) async fn config(tx: &mut Tx, account: &str) -> Result<RenewConfig, DbError> {
    renew_configs::find(tx, account).await
}

/// Sets how an account's resources are renewed. Attempts that are still to come move to the new day; where that is past,
/// to the next 03:00.
pub(in crate::subscriptions) async fn configure(
    cx: &mut Cx,
    account: &str,
    config: &RenewConfig,
) -> Result<(), DbError> {
    let before = renew_configs::find(&mut cx.tx, account).await?;
    renew_configs::put(&mut cx.tx, account, config, cx.now).await?;
    if before.deduction_days == config.deduction_days {
        return Ok(());
    }
    let mut after = None;
    loop {
        let expiries = renew_configs::expiries(&mut cx.tx, account, after).await?;
        let Some(last) = expiries.last() else { return Ok(()) };
        after = Some(*last);
        for expires_at in expiries {
            let renew_at = match first_attempt(cx.now, expires_at, config.deduction_days) {
                Attempt::At(at) => at,
                // Its last attempt before the expiry was made, or is about to be; nothing is taken at once.
                Attempt::Now => next_attempt(cx.now),
            };
            renew_configs::reschedule(&mut cx.tx, account, expires_at, renew_at, cx.now).await?;
        }
    }
}

/// For what term automatic renewal is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::subscriptions) enum Span {
    /// As before: that of the purchase, unless something else was said since it was turned on.
    AsBefore,
    /// That of the purchase.
    Purchase,
    /// Another, from now on.
    Other(Term),
}

/// What automatic renewal of a set is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::subscriptions) struct Wish {
    /// How often; 0: any number, as the wire says it. `None`: nothing is said.
    pub(in crate::subscriptions) times: Option<i64>,
    /// For what term each time.
    pub(in crate::subscriptions) span: Span,
}

/// Turns automatic renewal of a locked set on. Where it is on, what is not said stays (rule 1.5.4). Where the attempt
/// would come too late it is made at once; whether that succeeds does not matter: it is on from now on.
///
/// # Errors
/// CBC.0151 where it would be renewed at once and the caller may not pay; the database's.
pub(in crate::subscriptions) async fn turn_on(
    cx: &mut Cx,
    set: &mut Set,
    wish: Wish,
) -> Result<(), ApiError> {
    let days = deduction_days(&mut cx.tx, &set.primary.account).await?;
    let was_on = set.primary.auto_renew;
    let now = cx.now;
    for resource in set.members_mut() {
        if wish.times.is_some() || !was_on {
            resource.renew_times = wish.times.filter(|times| *times > 0);
        }
        match wish.span {
            Span::AsBefore => {}
            Span::Purchase => resource.renewal = None,
            Span::Other(term) => resource.renewal = Some(term),
        }
        resource.auto_renew = true;
        resource.expire_policy = ExpirePolicy::AutoRenew.code();
        resource.updated_at = now;
        if !was_on || resource.renew_at.is_none() {
            schedule(resource, days, now);
        }
    }
    for resource in set.members() {
        renew_configs::set_renewal(&mut cx.tx, resource).await?;
    }
    if set.primary.renew_at == Some(now) {
        // What is renewed later is paid by the system; what is renewed at once, by whoever asks for it.
        if !cx.principal.has(Right::Pay) {
            return Err(codes::ACCESS_DENIED.because(
                "This late the resource is renewed at once, and this user has no right to pay.",
                "此时开通自动续费将立即续费，而该用户没有支付权限。",
            ));
        }
        attempt(cx, set).await?;
    }
    Ok(())
}

/// Turns automatic renewal of a locked set off.
pub(in crate::subscriptions) async fn turn_off(cx: &mut Cx, set: &mut Set) -> Result<(), ApiError> {
    let now = cx.now;
    for resource in set.members_mut() {
        switch_off(resource, now);
    }
    for resource in set.members() {
        renew_configs::set_renewal(&mut cx.tx, resource).await?;
    }
    Ok(())
}

/// A resource is no longer renewed automatically; the ordinary course of its life is shown again.
fn switch_off(resource: &mut Resource, now: Instant) {
    resource.auto_renew = false;
    resource.renew_times = None;
    resource.renew_at = None;
    resource.renewal = None;
    if resource.expire_policy == ExpirePolicy::AutoRenew.code() {
        // What is held shows 4 and goes its ordinary course all the same.
        let shown = ResourceStatus::from_code(resource.status).filter(|_| !resource.is_held());
        let status = shown.unwrap_or_else(|| life::by_time(resource, now));
        resource.expire_policy = shown_policy(status, ExpirePolicy::EnterGrace).code();
    }
    resource.updated_at = now;
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::subscriptions) enum Attempted {
    /// The set was renewed.
    Renewed {
        /// By this order.
        order: String,
        /// Until then.
        expires_at: Instant,
    },
    /// It was not, and its account was told.
    Failed {
        /// The documented code of why.
        code: &'static str,
        /// When it is tried again; `None`: it is deleted before.
        next_at: Option<Instant>,
    },
    /// There is nothing to renew any more.
    Ended,
}

/// Why an attempt came to nothing.
struct Failure {
    why: ApiError,
    /// What it would have cost, at list price.
    list: Option<Charge>,
}

/// A term that was renewed late, and is over at once, is renewed again on the next day and not in the same moment: the
/// system tries once a day (rule 1.5.1).
async fn wait_for_the_next_day(cx: &mut Cx, primary: &Resource) -> Result<(), DbError> {
    let mut renewed = store::lock(&mut cx.tx, &primary.account, &primary.id).await?;
    if renewed.renew_at.is_some_and(|at| at <= cx.now) {
        renewed.renew_at = Some(next_attempt(cx.now));
        renew_configs::set_renewal(&mut cx.tx, &renewed).await?;
    }
    Ok(())
}

/// Renews a locked set by an order of the system, or takes everything back and says by mail why not. Refusals are no
/// errors of an attempt.
///
/// # Errors
/// What is nobody's refusal: the database's.
pub(in crate::subscriptions) async fn attempt(cx: &mut Cx, set: &Set) -> Result<Attempted, ApiError> {
    let app = cx.app.clone();
    let primary = &set.primary;
    let account = find_account(&app, &mut cx.tx, &primary.account).await?;
    let customer =
        account.ok_or_else(|| DbError::Other(format!("resource {} belongs to no account", primary.id)))?;
    let term = primary.renewal_term();
    // Whether the account is frozen is the payment's to say, which looks at it anyway.
    let failure = match renewals::check(cx, set, term, false).await? {
        Some(blocked) if blocked.why == Why::Gone => return end(cx, set).await,
        Some(blocked) => Failure { why: blocked.on_renewal(), list: None },
        None => match renew(cx, set, &customer, term).await? {
            Ok(renewed) => {
                wait_for_the_next_day(cx, primary).await?;
                return Ok(renewed);
            }
            Err(failure) => failure,
        },
    };
    fail(cx, set, &customer, failure).await
}

/// The set is closed: nothing renews it any more.
async fn end(cx: &mut Cx, set: &Set) -> Result<Attempted, ApiError> {
    let mut primary = set.primary.clone();
    primary.renew_at = None;
    renew_configs::set_renewal(&mut cx.tx, &primary).await?;
    Ok(Attempted::Ended)
}

/// Places the order and pays it; the inner error is why that could not be, and nothing is left of it.
async fn renew(
    cx: &mut Cx,
    set: &Set,
    customer: &Arc<Account>,
    term: Term,
) -> Result<Result<Attempted, Failure>, ApiError> {
    let day = config(&mut cx.tx, &customer.id).await?.expire_day;
    let lines = match lines_of(cx, set, term, day) {
        Ok(lines) => lines,
        Err(why) if why.source.is_none() => return Ok(Err(Failure { why, list: None })),
        Err(error) => return Err(error),
    };
    let list = Charge::sum(lines.iter().map(|line| line.official));
    let begins_at = set.primary.expires_at.unwrap_or(cx.now);
    let expires_at = match lines[0].expires_at {
        Some(expires_at) => expires_at,
        None => next_expiry(begins_at, term).map_err(|error| DbError::Other(error.to_string()))?,
    };
    let prepared = Prepared {
        customer: customer.clone(),
        user_name: SYSTEM_USER.to_owned(),
        order_type: OrderType::Renewal,
        source_type: SourceType::System,
        groups: vec![lines],
        is_combined: false,
        auto_pay: true,
        auto_renew: true,
        begin_at: None,
        pay_before: pending_payment_end(cx.now),
        discount: None,
        coupon: None,
        promotion: promotion_of(cx, set, customer).await?,
    };
    cx.tx.begin_part().await?;
    count_down(cx, set).await?;
    let why = match place_prepared(cx, prepared).await {
        Ok(Placed { id, unpaid: None, .. }) => {
            return Ok(Ok(Attempted::Renewed { order: id, expires_at }));
        }
        Ok(Placed { unpaid: Some(why), .. }) => why,
        Err(refusal) => ApiError::from(refusal),
    };
    if why.source.is_some() {
        return Err(why);
    }
    cx.tx.take_back_part().await?;
    // A refusal may have come out of a part of the payment's own; then that is what was taken back, and not the count.
    for resource in set.members().filter(|resource| resource.renew_times.is_some()) {
        renew_configs::set_renewal(&mut cx.tx, resource).await?;
    }
    Ok(Err(Failure { why, list }))
}

/// The lines of a renewal, until the unified day of the account where it has one.
fn lines_of(cx: &Cx, set: &Set, term: Term, day: Option<ExpireDay>) -> Result<Vec<Line>, ApiError> {
    let catalog = cx.app.catalog.current();
    let mut lines = renewals::lines_of(cx, set, term, &catalog)?;
    if let Some(day) = day {
        unified::extend(cx, set, &mut lines, day)?;
    }
    Ok(lines)
}

/// The latest still valid of all promotions that the set was ever paid with; nothing is read of them where its payer has
/// no promotion now.
async fn promotion_of(cx: &mut Cx, set: &Set, customer: &Account) -> Result<Option<String>, DbError> {
    let app = cx.app.clone();
    let known = list_discounts(&app, &mut cx.tx, payer_of(customer)).await?;
    let is_promotion = |discount: &Discount| !discount.kind.is_offer() && discount.is_valid(cx.now);
    if !known.iter().any(is_promotion) {
        return Ok(None);
    }
    renewals::promotion_of(cx, set).await
}

/// One time less is left; the renewal that uses up the last ends automatic renewal. Before the payment, so that what it
/// writes of the resources, and when it schedules them next, is by what is left.
async fn count_down(cx: &mut Cx, set: &Set) -> Result<(), DbError> {
    for resource in set.members() {
        let Some(left) = resource.renew_times else { continue };
        let mut resource = resource.clone();
        match left {
            ..=1 => switch_off(&mut resource, cx.now),
            _ => resource.renew_times = Some(left - 1),
        }
        renew_configs::set_renewal(&mut cx.tx, &resource).await?;
    }
    Ok(())
}

/// The account is told, and the attempt is made again at the next 03:00 (rule 1.5.1).
async fn fail(cx: &mut Cx, set: &Set, customer: &Account, failure: Failure) -> Result<Attempted, ApiError> {
    let next_at = next_attempt(cx.now);
    let mut primary = set.primary.clone();
    primary.renew_at = Some(next_at);
    renew_configs::set_renewal(&mut cx.tx, &primary).await?;
    let Failure { why, list } = failure;
    // The order that could not be paid is gone, so its id is not told: only what the code says of itself.
    let (en, zh) = if list.is_some() { (why.code.en, why.code.zh) } else { (&*why.en, &*why.zh) };
    let currency: Currency = customer.currency;
    let kept_until = kept_until(cx, &primary, customer);
    let next_at = Some(next_at).filter(|at| kept_until.is_none_or(|until| *at <= until));
    let notice = Notice::RenewalFailed {
        thing: thing(&primary),
        amount: list.map(|list| (list, currency)),
        why: Reason { en, zh },
        next_at,
        kept_until,
    };
    mail(cx, &primary.account, &notice).await?;
    Ok(Attempted::Failed { code: why.code.code, next_at })
}

/// Until when a resource is kept at most; what is held ends by other rules.
fn kept_until(cx: &Cx, resource: &Resource, customer: &Account) -> Option<Instant> {
    if resource.is_held() {
        return None;
    }
    resource.retained_until.or_else(|| {
        let keep = cx.site.profile().period_keep(customer.tier);
        KeepEnds::of(resource.expires_at?, keep).ok().map(|ends| ends.retention_ends_at)
    })
}

/// What stands in the way of turning automatic renewal of a set on, in English and Chinese (CBC.99003602).
pub(in crate::subscriptions) fn obstacle(
    cx: &Cx,
    set: &Set,
    is_frozen: bool,
) -> Option<(&'static str, &'static str)> {
    let in_use = ResourceStatus::InUse.code();
    if is_frozen {
        return Some((
            "The account is frozen, so automatic renewal cannot be set. Unfreeze the account first.",
            "账号已冻结，不能设置自动续费。请先解冻账号。",
        ));
    }
    if set.members().any(|one| one.status != in_use && one.status != WAITING) {
        return Some((
            "It, or what it is attached to or has attached, has expired or is frozen. Renew or unfreeze it first.",
            "该资源或其主资源、附属资源已到期或已冻结。请先续订或解冻。",
        ));
    }
    let catalog = cx.app.catalog.current();
    let product = |one: &Resource| catalog.find_product_by_id(&one.product_id);
    if set.members().any(|one| product(one).is_none_or(|product| product.is(Flag::OffSale))) {
        return Some((
            "Its product is no longer sold, so automatic renewal cannot be set anew.",
            "其产品已停售，不能新设置自动续费。",
        ));
    }
    if set.members().any(|one| one.is_trial) {
        return Some(("It is a trial, which is not renewed.", "试用资源不支持续费。"));
    }
    None
}
