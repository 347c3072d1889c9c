//! What refund orders are made of, and the refund of what the cloud could not provide.

use domain::money::{Charge, split};
use domain::order::{OrderType, SourceType};
use domain::promotion::Modifier;
use platform::op::ApiError;

use super::returning::{self, Owner};
use crate::Cx;
use crate::accounts::service::{Refund, refund_orders};
use crate::orders::model::{Line, Order};

/// Who placed an order that nobody placed (004 table 8-14).
const SYSTEM_USER: &str = "Operation system";
/// The number of what was never a charge of a resource, since the cloud did not provide it.
const NEVER_CHARGED: i64 = 0;

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
    /// The line by which the resource was bought, with [`Line::resource`]; its amounts are not read. Its term is kept as
    /// it stands, and what it is attached to where that is an earlier line of the same order.
    pub template: Line,
    /// What goes back, by what had been collected; without any the line gives nothing back.
    pub parts: Vec<ReturnPart>,
}

/// What goes back of one charge of a resource. What was paid for it and not given back before is the money that goes
/// back, what is used up, and the fee.
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
/// 8, negative amounts (rule 2.5). The line names the resource that could not be provided. `None` where the share had
/// cost nothing: all that goes back then is what it used of budgets, which are measured at list price.
///
/// # Errors
/// The database's.
pub async fn refund(
    cx: &mut Cx,
    base: &Order,
    line: &Line,
    share: &Share,
) -> Result<Option<Order>, ApiError> {
    if share.money.is_zero() && share.benefits.is_empty() {
        let uncounted = Refund {
            payer: &base.payer,
            base_order: &base.id,
            refund_order: "",
            money: Charge::ZERO,
            projects: &[],
            benefits: &[],
            tax_rate: None,
            list: share.list,
        };
        refund_orders(cx, &[uncounted]).await?;
        return Ok(None);
    }
    let part = ReturnPart {
        charge_no: NEVER_CHARGED,
        base_order: base.id.clone(),
        back: share.clone(),
        consumed: Charge::ZERO,
        fee: Charge::ZERO,
    };
    let template = Line { effective_at: None, expires_at: None, ..line.clone() };
    let new = NewReturn {
        account: base.account.clone(),
        order_type: OrderType::Unsubscription,
        source_type: SourceType::System,
        user_name: SYSTEM_USER.to_owned(),
        reason: None,
        reason_type: None,
        lines: vec![ReturnLine { template, parts: vec![part] }],
        needs_approval: false,
    };
    let owner = Owner { partner: base.partner.clone(), payer: base.payer.clone(), currency: base.currency };
    let bill = returning::compose(cx, &new, owner)?;
    let made = returning::make(cx, vec![bill], false).await?;
    Ok(made.into_iter().next())
}
