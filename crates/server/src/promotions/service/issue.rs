//! Coupons and stored-value cards: issued, frozen, withdrawn, listed.

use std::sync::Arc;

use domain::calendar::Instant;
use domain::id::{OrderId, hex32};
use domain::ledger::Journal;
use domain::money::Charge;
use domain::promotion::{Card, Coupon, CouponType, Limit, ModifierType};
use domain::quantity::Quantity;
use platform::db::DbError;
use platform::op::{AccountKind, ApiError, Refusal};

use super::coupons::{Noted, account_of, note};
use super::limits::catalogued;
use crate::identity::service::{Account, find_account};
use crate::ledger::service::{self as ledger, PostError};
use crate::promotions::store::cards::{self, CardFilter, StoredCard};
use crate::promotions::store::changes::{self, Change, ChangeFilter, ChangeKind};
use crate::promotions::store::coupons::{self, CouponStatus, StoredCoupon};
use crate::promotions::store::list::{self, CouponFilter, Scope};
use crate::{Cx, codes};

/// Issued electronically (004 table 8-3 `media_type`).
const ELECTRONIC: i64 = 1;
/// Issued online (004 table 8-3 `fetch_method`).
const ISSUED_ONLINE: i64 = 3;

/// When a benefit can be spent: from a first instant to before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First instant; without it, now.
    pub from: Option<Instant>,
    /// First instant at which it no longer holds.
    pub until: Instant,
}

/// What a coupon is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// Money, above zero: cash and flexi-purchase coupons.
    Money(Charge),
    /// The share that the customer pays: discount coupons.
    Share(Quantity),
}

/// A coupon to be issued.
#[derive(Debug, Clone)]
pub struct NewCoupon {
    /// Who gets it: a customer or a partner.
    pub owner: String,
    /// Its kind.
    pub kind: CouponType,
    /// What it is worth.
    pub worth: Worth,
    /// When.
    pub validity: Validity,
    /// Name of its promotion plan; without one it is named by its kind.
    pub name: Option<String>,
    /// What limits it, each fit for its kind.
    pub limits: Vec<Limit>,
}

/// A card to be issued.
#[derive(Debug, Clone)]
pub struct NewCard {
    /// Who gets it: a customer or a partner.
    pub owner: String,
    /// What it is worth, above zero.
    pub face_value: Charge,
    /// When.
    pub validity: Validity,
    /// Its name.
    pub name: Option<String>,
}

/// Issues a coupon. Codes: CBC.0100 naming the field.
pub async fn issue(cx: &mut Cx, new: NewCoupon) -> Result<StoredCoupon, ApiError> {
    let account = owner_of(cx, &new.owner).await?;
    let valid_from = checked(cx.now, new.validity)?;
    let limits = catalogued(&cx.app.catalog.current(), new.limits)?;
    let (money, ratio) = match new.worth {
        Worth::Money(money) => (money, None),
        Worth::Share(ratio) => (Charge::ZERO, Some(ratio)),
    };
    let distributor_id = match account.kind {
        AccountKind::Distributor => Some(account.id.clone()),
        AccountKind::Reseller => account.partner_id.clone(),
        AccountKind::Operator | AccountKind::Customer | AccountKind::SolutionProvider => None,
    };
    let name = new.name.unwrap_or_else(|| default_name(new.kind).to_owned());
    let stored = StoredCoupon {
        account: account.id.clone(),
        face_value: money,
        currency: account.currency,
        status: CouponStatus::ToBeUsed,
        order_ids: String::new(),
        used_at: None,
        plan_id: hex32(cx.ids.as_mut()),
        plan_desc: name.clone(),
        media_type: ELECTRONIC,
        fetch_method: ISSUED_ONLINE,
        source_id: cx.account().to_owned(),
        distributor_id,
        created_at: cx.now,
        coupon: Coupon {
            id: benefit_id("CP", cx),
            name,
            kind: new.kind,
            balance: money,
            ratio,
            uses: 0,
            limits,
            valid_from,
            expires_at: new.validity.until,
            is_withdrawn: false,
            is_frozen: false,
            lock_order: None,
        },
    };
    coupons::insert(&mut cx.tx, &stored).await?;
    let benefit = (stored.coupon.id.as_str(), stored.coupon.kind.modifier());
    put_in(cx, &account, benefit, money).await?;
    Ok(stored)
}

/// Issues a stored-value card. Codes: CBC.0100 naming the field.
pub async fn issue_card(cx: &mut Cx, new: NewCard) -> Result<StoredCard, ApiError> {
    let account = owner_of(cx, &new.owner).await?;
    let valid_from = checked(cx.now, new.validity)?;
    let stored = StoredCard {
        account: account.id.clone(),
        face_value: new.face_value,
        currency: account.currency,
        created_at: cx.now,
        card: Card {
            id: benefit_id("SV", cx),
            name: new.name.unwrap_or_else(|| "Stored-value card".to_owned()),
            balance: new.face_value,
            valid_from,
            expires_at: new.validity.until,
            is_withdrawn: false,
        },
    };
    cards::insert(&mut cx.tx, &stored).await?;
    put_in(cx, &account, (&stored.card.id, ModifierType::StoredValueCard), new.face_value).await?;
    Ok(stored)
}

/// Freezes a coupon, which then pays nothing, or lets it be used again; twice is harmless. Codes: CBC.0100,
/// CBC.0101 for one that was used up or withdrawn.
pub async fn set_frozen(cx: &mut Cx, id: &str, is_frozen: bool) -> Result<StoredCoupon, ApiError> {
    let mut stored = lock_by_id(cx, id).await?;
    match stored.status {
        CouponStatus::ToBeUsed => {}
        CouponStatus::Used => return Err(nothing_left(id)),
        CouponStatus::Withdrawn => {
            return Err(codes::INVALID_VALUE.because(
                format!("coupon_id: coupon {id} was withdrawn and cannot be frozen or unfrozen."),
                format!("coupon_id：优惠券 {id} 已被回收，不能冻结或解冻。"),
            ));
        }
    }
    if stored.coupon.is_frozen != is_frozen {
        stored.coupon.is_frozen = is_frozen;
        coupons::update(&mut cx.tx, &stored).await?;
    }
    Ok(stored)
}

/// Takes back what is left of a coupon; an open order that holds it has to be paid without it. Twice is harmless, and
/// takes back what refunds have put into it since.
/// Codes: CBC.0100, CBC.0101 for one that was used up.
pub async fn withdraw_coupon(cx: &mut Cx, id: &str) -> Result<StoredCoupon, ApiError> {
    let mut stored = lock_by_id(cx, id).await?;
    match stored.status {
        CouponStatus::ToBeUsed => {}
        CouponStatus::Used => return Err(nothing_left(id)),
        CouponStatus::Withdrawn if stored.coupon.balance.is_zero() => return Ok(stored),
        // A refund has put something back since.
        CouponStatus::Withdrawn => {}
    }
    let left = stored.coupon.balance;
    stored.coupon.balance = Charge::ZERO;
    stored.coupon.is_withdrawn = true;
    stored.status = CouponStatus::Withdrawn;
    coupons::update(&mut cx.tx, &stored).await?;
    let benefit = (id, stored.coupon.kind.modifier());
    take_out(cx, &stored.account, benefit, left).await?;
    Ok(stored)
}

/// Takes back what is left of a card; twice is as with a coupon. Code: CBC.0100.
pub async fn withdraw_card(cx: &mut Cx, id: &str) -> Result<StoredCard, ApiError> {
    let stored = match cards::find_owner(&mut cx.tx, id).await? {
        Some(owner) => cards::lock(&mut cx.tx, &owner, id).await?,
        None => None,
    };
    let Some(mut stored) = stored else {
        return Err(Refusal::because(
            "card_id",
            "is not the id of a stored-value card",
            "不是有效的储值卡 ID",
        )
        .into());
    };
    if stored.card.is_withdrawn && stored.card.balance.is_zero() {
        return Ok(stored);
    }
    let left = stored.card.balance;
    stored.card.balance = Charge::ZERO;
    stored.card.is_withdrawn = true;
    cards::update(&mut cx.tx, &stored).await?;
    take_out(cx, &stored.account, (id, ModifierType::StoredValueCard), left).await?;
    Ok(stored)
}

/// A page of coupons, the newest first, and how many there are in all.
pub async fn list(
    cx: &mut Cx,
    scope: &Scope,
    filter: &CouponFilter,
    page: (i64, i64),
) -> Result<(i64, Vec<StoredCoupon>), DbError> {
    list::list(&mut cx.tx, scope, filter, page).await
}

/// A page of an account's cards, the earliest to expire first, and how many there are in all.
pub async fn list_cards(
    cx: &mut Cx,
    owner: &str,
    filter: &CardFilter,
    page: (i64, i64),
) -> Result<(i64, Vec<StoredCard>), DbError> {
    let now = cx.now;
    cards::list(&mut cx.tx, owner, filter, now, page).await
}

/// A page of what happened to an account's cash coupons, the newest first, and how much that is in all.
pub async fn list_changes(
    cx: &mut Cx,
    owner: &str,
    filter: &ChangeFilter,
    page: (i64, i64),
) -> Result<(i64, Vec<Change>), DbError> {
    changes::list(&mut cx.tx, owner, filter, page).await
}

/// An id like those of orders, which grow with time: lists break ties of time by it.
fn benefit_id(prefix: &str, cx: &mut Cx) -> String {
    let order = OrderId::make(cx.now, cx.ids.as_mut());
    let grown = order.as_str().strip_prefix("CS").expect("every order id begins so");
    format!("{prefix}{grown}")
}

/// Who can own a benefit: a customer or a partner.
async fn owner_of(cx: &mut Cx, id: &str) -> Result<Arc<Account>, ApiError> {
    let app = cx.app.clone();
    let account = find_account(&app, &mut cx.tx, id).await?;
    let account = account.filter(|account| account.kind != AccountKind::Operator);
    account.ok_or_else(|| {
        Refusal::because(
            "customer_id",
            "must be the domain id of a customer or partner",
            "必须是客户或伙伴的账号 ID",
        )
        .into()
    })
}

/// The first instant of a validity that is not over yet.
fn checked(now: Instant, validity: Validity) -> Result<Instant, Refusal> {
    let from = validity.from.unwrap_or(now);
    if validity.until <= now {
        Err(Refusal::because("expire_time", "must lie in the future", "必须晚于当前时间"))
    } else if validity.until <= from {
        Err(Refusal::because("expire_time", "must lie after valid_time", "必须晚于 valid_time"))
    } else {
        Ok(from)
    }
}

fn default_name(kind: CouponType) -> &'static str {
    match kind {
        CouponType::Cash => "Cash coupon",
        CouponType::Discount => "Discount coupon",
        CouponType::Flexi => "Flexi-purchase coupon",
    }
}

async fn lock_by_id(cx: &mut Cx, id: &str) -> Result<StoredCoupon, ApiError> {
    let stored = match coupons::find_owner(&mut cx.tx, id).await? {
        Some(owner) => coupons::lock(&mut cx.tx, &owner, id).await?,
        None => None,
    };
    stored.ok_or_else(|| {
        Refusal::because("coupon_id", "is not the id of a coupon", "不是有效的优惠券 ID").into()
    })
}

fn nothing_left(id: &str) -> ApiError {
    codes::INVALID_VALUE.because(
        format!("coupon_id: nothing is left of coupon {id}."),
        format!("coupon_id：优惠券 {id} 已用完。"),
    )
}

/// Money, where there is any, into a new coupon or card, and the change that says so.
async fn put_in(
    cx: &mut Cx,
    account: &Account,
    benefit: (&str, ModifierType),
    amount: Charge,
) -> Result<(), DbError> {
    let owner = ledger::owner_id(&account.id)?;
    if let Some(fund) = account_of(&owner, benefit.1, benefit.0) {
        ledger::ensure_account(&mut cx.tx, &fund, account.currency, Charge::ZERO, cx.now).await?;
        let journal = Journal::issue_benefit(&owner, &fund, amount, account.currency);
        post(cx, &journal.map_err(|error| impossible(&error))?).await?;
    }
    let change = Noted { kind: ChangeKind::Issued, order: None, amount, balance_after: amount };
    note(cx, &account.id, benefit, change).await?;
    Ok(())
}

/// What was left of a coupon or card, out of it, and the change that says so.
async fn take_out(
    cx: &mut Cx,
    owner: &str,
    benefit: (&str, ModifierType),
    left: Charge,
) -> Result<(), ApiError> {
    let app = cx.app.clone();
    let Some(account) = find_account(&app, &mut cx.tx, owner).await? else {
        return Err(DbError::Other(format!("the owner {owner} is no account")).into());
    };
    let owner = ledger::owner_id(&account.id)?;
    let amount = left.checked_neg().ok_or_else(|| DbError::Other(format!("{left} has no counterpart")))?;
    let change = Noted { kind: ChangeKind::Withdrawn, order: None, amount, balance_after: Charge::ZERO };
    let change = note(cx, &account.id, benefit, change).await?;
    if let Some(fund) = account_of(&owner, benefit.1, benefit.0).filter(|_| left.is_positive()) {
        let journal = Journal::withdraw_benefit(&owner, &fund, &change, left, account.currency);
        post(cx, &journal.map_err(|error| impossible(&error))?).await?;
    }
    Ok(())
}

async fn post(cx: &mut Cx, journal: &Journal) -> Result<(), DbError> {
    match ledger::post(&mut cx.tx, cx.ids.as_mut(), cx.now, journal).await {
        Ok(posted) if posted.is_new => Ok(()),
        Ok(posted) => {
            Err(DbError::Other(format!("{} was posted before, as {}", journal.cause(), posted.journal)))
        }
        Err(PostError::Insufficient(account)) => {
            Err(DbError::Other(format!("{account} holds less than its coupon or card says")))
        }
        Err(PostError::Db(error)) => Err(error),
    }
}

fn impossible(error: &domain::ledger::JournalError) -> DbError {
    DbError::Other(format!("no such journal: {error}"))
}
