//! Money that goes back by an order of the system's own.

use domain::id::OrderId;
use domain::ledger::LedgerAccount;
use domain::money::{Charge, split};
use domain::order::{OrderStatus, OrderType, SourceType};
use domain::promotion::Modifier;
use platform::db::DbError;
use platform::op::ApiError;

use super::event;
use crate::Cx;
use crate::accounts::service::{Refund, refund_order, uncount};
use crate::ledger::service as ledger;
use crate::orders::model::{Line, LineState, Order};
use crate::orders::store;
use crate::promotions::service::{self as promotions, Spent};
use crate::webhooks::service as webhooks;

/// Who placed an order that nobody placed (004 table 8-14).
const SYSTEM_USER: &str = "Operation system";

/// A part of what a line cost, by where it came from. Amounts are above zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// What balances paid.
    pub money: Charge,
    /// What coupons and cards paid.
    pub benefits: Vec<Modifier>,
    /// List price.
    pub list: Charge,
}

/// An order that gives money back: an unsubscription, a downgrade, an instant change to pay-per-use.
#[derive(Debug, Clone)]
pub struct NewReturn {
    /// Whose it is.
    pub account: String,
    /// What it is.
    pub order_type: OrderType,
    /// Where it comes from.
    pub source_type: SourceType,
    /// Who asked for it.
    pub user_name: String,
    /// Why, in words.
    pub reason: Option<String>,
    /// Why, by kind (004 8.4.3).
    pub reason_type: Option<i64>,
    /// Its lines, one for each resource.
    pub lines: Vec<ReturnLine>,
    /// It waits for the operator's approval (rule 2.5).
    pub needs_approval: bool,
}

/// A line of an order that gives money back.
#[derive(Debug, Clone)]
pub struct ReturnLine {
    /// The line by which the resource was bought, with [`Line::resource`]; its amounts and term are not read.
    pub template: Line,
    /// What goes back, by what had been collected.
    pub parts: Vec<ReturnPart>,
}

/// What goes back of one charge of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnPart {
    /// The number of the charge.
    pub charge_no: i64,
    /// The order that had collected it.
    pub base_order: String,
    /// What goes back, after the fee.
    pub back: Share,
    /// What was used up of the money.
    pub consumed: Charge,
    /// What is kept of the rest.
    pub fee: Charge,
}

/// The share of one of a line's subscriptions, counted from 0: the shares of all sum to the line.
///
/// # Panics
/// Where the line has no such subscription.
pub fn share_of(line: &Line, seq: i64) -> Share {
    let number = usize::try_from(line.subscription_num).expect("placing bounds the number");
    let seq = usize::try_from(seq).expect("numbered from 0");
    let share = |whole: Charge| split(whole, &vec![1; number])[seq];
    let benefits = line.modifiers.iter().filter(|modifier| modifier.kind.is_benefit());
    let benefits = benefits.map(|modifier| Modifier { amount: share(modifier.amount), ..modifier.clone() });
    Share {
        money: share(line.payable),
        benefits: benefits.filter(|modifier| !modifier.amount.is_zero()).collect(),
        list: share(line.official),
    }
}

/// Gives a share of a line back by an order of the system's own, completed as it is made (rule 1.8): type 4, source
/// 8, negative amounts (rule 2.5). What coupons and cards had paid goes back to them; it is noted in the order's
/// modifiers, below zero, and is no part of its amount; the tax in it is noted below zero too. `None` where the share had cost nothing: all that goes back then is what it used of budgets, which are measured at list price.
pub async fn refund(
    cx: &mut Cx,
    base: &Order,
    line: &Line,
    share: &Share,
) -> Result<Option<Order>, ApiError> {
    if share.money.is_zero() && share.benefits.is_empty() {
        uncount(cx, &base.payer, &base.id, share.list).await?;
        return Ok(None);
    }
    let negative = |amount: Charge| amount.checked_neg().expect("an amount that was paid has a counterpart");
    let modifiers: Vec<Modifier> = share
        .benefits
        .iter()
        .map(|modifier| Modifier { amount: negative(modifier.amount), ..modifier.clone() })
        .collect();
    let amount = negative(share.money);
    let mut order = Order {
        account: base.account.clone(),
        id: OrderId::make(cx.now, cx.ids.as_mut()).into(),
        order_type: OrderType::Unsubscription,
        status: OrderStatus::Completed,
        source_type: SourceType::System,
        service_type_code: line.service_type_code.clone(),
        enterprise_projects: vec![line.enterprise_project().to_owned()],
        partner: base.partner.clone(),
        payer: base.payer.clone(),
        official: amount,
        payable: amount,
        modifiers: modifiers.clone(),
        tax: Charge::ZERO,
        tax_rate: base.tax_rate,
        combined: None,
        begin_at: None,
        handed_over_at: None,
        currency: base.currency,
        user_name: SYSTEM_USER.to_owned(),
        auto_pay: false,
        auto_renew: false,
        base_order: Some(base.id.clone()),
        gives_back: true,
        fee: Charge::ZERO,
        consumed: Charge::ZERO,
        is_invoiced: false,
        reason: None,
        reason_type: None,
        created_at: cx.now,
        paid_at: Some(cx.now),
        pay_before: None,
        open_lines: 0,
    };
    let refunded = Line {
        line_no: 1,
        attached_to: None,
        official: amount,
        payable: amount,
        modifiers,
        state: LineState::Done,
        ..line.clone()
    };
    // Coupons are locked before the counters of orders, as placing does, and those before the accounts of the ledger.
    let returned: Vec<Spent> = share
        .benefits
        .iter()
        .map(|modifier| Spent { id: modifier.source.clone(), kind: modifier.kind, amount: modifier.amount })
        .collect();
    if !returned.is_empty() {
        promotions::give_back(cx, &base.payer, &order.id, &returned).await?;
    }
    store::insert(&mut cx.tx, &order, &[refunded]).await?;
    order.tax = negative(move_back(cx, base, line, &order.id, share, &returned).await?);
    if !order.tax.is_zero() {
        store::update(&mut cx.tx, &order).await?;
    }
    webhooks::notify(cx, &[event(webhooks::ORDER_REFUNDED, &order)]).await?;
    Ok(Some(order))
}

/// Moves the money of a share back, and answers the tax in it.
async fn move_back(
    cx: &mut Cx,
    base: &Order,
    line: &Line,
    refund_order_id: &str,
    share: &Share,
    returned: &[Spent],
) -> Result<Charge, DbError> {
    let owner = ledger::owner_id(&base.payer)?;
    let benefits: Vec<(LedgerAccount, Charge)> =
        returned.iter().filter_map(|spent| Some((spent.account(&owner)?, spent.amount))).collect();
    let back = Refund {
        payer: &base.payer,
        base_order: &base.id,
        refund_order: refund_order_id,
        money: share.money,
        projects: &[(line.enterprise_project().to_owned(), share.money)],
        benefits: &benefits,
        tax_rate: base.tax_rate,
        list: share.list,
    };
    refund_order(cx, &back).await
}
