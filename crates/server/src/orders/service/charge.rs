//! What orders cost with discounts, coupons and cards: the facts that the rules look at, what was chosen, and the
//! amounts that follow. The rules themselves are [`domain::promotion`].

use std::collections::BTreeSet;

use domain::calendar::Instant;
use domain::money::Charge;
use domain::order::OrderType;
use domain::promotion::{
    Card, Choice, Coupon, Discount, LimitKey, Modifier, ModifierType, OrderFacts, PlanError, PricedLine,
    SubscribeType, Unusable, choose, plan,
};
use platform::db::{DbError, Tx};

use crate::Cx;
use crate::catalog::model::Catalog;
use crate::codes;
use crate::orders::errors::OrderError;
use crate::orders::model::{Line, Order};
use crate::orders::store;
use crate::pricing::service::{Bought, item_of, priced_in_now, units_of};
use crate::promotions::service as promotions;

/// An order and its lines, as a payment sees them.
#[derive(Debug, Clone)]
pub struct Bill {
    /// The order.
    pub order: Order,
    /// All its lines.
    pub lines: Vec<Line>,
}

/// A benefit that a payment names: its id, and its type as 004 tables 8-19 and 8-20 number it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its type; `None` where the caller does not say.
    pub pay_type: Option<i64>,
}

/// How a payment chooses discounts and coupons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// By name; what is absent stays as it was when the order was placed.
    Named {
        /// The discount.
        discount: Option<Named>,
        /// The coupons and cards.
        coupons: Option<Vec<Named>>,
    },
    /// The best discount and fitting coupons (rules 3.3, 4.8).
    Automatic,
}

impl Chosen {
    /// Nothing but what was chosen at placing.
    pub fn as_placed() -> Self {
        Self::Named { discount: None, coupons: None }
    }
}

/// The lines of one payment, which may be several sub-orders, as the rules see them.
pub struct Facts<'a> {
    lines: Vec<PricedLine<'a>>,
    first_services: Vec<String>,
    order_id: &'a str,
    subscribe: SubscribeType,
    now: Instant,
}

impl<'a> Facts<'a> {
    /// Of some orders that are paid together. `first_services` is filled by [`Facts::look_up_firsts`].
    pub fn of(bills: &'a [Bill], catalog: &Catalog, now: Instant) -> Self {
        let first = &bills.first().expect("a payment is of at least one order").order;
        let lines =
            bills.iter().flat_map(|bill| &bill.lines).map(|line| priced(line, catalog, now)).collect();
        let subscribe = match first.order_type {
            OrderType::Renewal => SubscribeType::Renew,
            OrderType::Change => SubscribeType::Change,
            _ => SubscribeType::New,
        };
        let order_id = first.combined.as_ref().unwrap_or(&first.id);
        Self { lines, first_services: Vec::new(), order_id, subscribe, now }
    }

    /// Looks up which services the customer buys for the first time, where a coupon asks for it. The service of an
    /// order is that of its first line.
    pub async fn look_up_firsts(
        &mut self,
        tx: &mut Tx,
        account: &str,
        coupons: &[Coupon],
    ) -> Result<(), DbError> {
        let asks =
            |coupon: &Coupon| coupon.limits.iter().any(|limit| limit.key == LimitKey::FirstOrderInService);
        if !coupons.iter().any(asks) {
            return Ok(());
        }
        let services: BTreeSet<&str> = self.lines.iter().map(|line| line.item.service_type).collect();
        for service in services {
            if !store::has_paid_for(tx, account, service).await? {
                self.first_services.push(service.to_owned());
            }
        }
        Ok(())
    }

    /// As the rules take them.
    pub fn view(&self) -> OrderFacts<'_> {
        OrderFacts {
            order_id: self.order_id,
            now: self.now,
            subscribe: self.subscribe,
            lines: &self.lines,
            first_services: &self.first_services,
        }
    }
}

/// A line as the rules see it.
fn priced<'a>(line: &'a Line, catalog: &Catalog, now: Instant) -> PricedLine<'a> {
    let term = line.term();
    let bought = Bought {
        service_type: &line.service_type_code,
        resource_type: &line.resource_type_code,
        product_id: &line.product_id,
        region: &line.region_code,
        term: Some(term),
        priced_in: Some(priced_in_now(catalog, now, &line.product_id, term.period)),
        subscription_num: line.subscription_num,
        size: line.resource_size,
    };
    let units = units_of(term, line.subscription_num, line.resource_size);
    PricedLine {
        item: item_of(catalog, &bought),
        official: line.official,
        units: units.expect("placing bounds periods, subscriptions and sizes"),
    }
}

/// Fixes what orders that are paid together cost with what was chosen. Coupons are locked for this transaction.
///
/// # Errors
/// [`OrderError::Plan`], by what stands in the way (rules 4.3 to 4.5).
pub async fn apply(cx: &mut Cx, bills: &mut [Bill], chosen: &Chosen) -> Result<(), OrderError> {
    let first = &bills.first().expect("a payment is of at least one order").order;
    let (payer, account) = (first.payer.clone(), first.account.clone());
    let choice = match chosen {
        Chosen::Automatic => automatic(cx, bills, &payer, &account).await?,
        Chosen::Named { discount: None, coupons: None } => return recheck(cx, bills, &payer).await,
        Chosen::Named { discount, coupons } => {
            let discount = named_discount(cx, bills, &payer, discount.as_ref()).await?;
            let (coupons, cards) = match named_coupons(cx, bills, &payer, coupons.as_deref()).await {
                Ok(found) => found,
                Err(refusal) => {
                    check_alone(cx, bills, discount)?;
                    return Err(refusal);
                }
            };
            Choice { discount, coupons, cards }
        }
    };
    let catalog = cx.app.catalog.current();
    let planned = {
        let mut facts = Facts::of(bills, &catalog, cx.now);
        facts.look_up_firsts(&mut cx.tx, &account, &choice.coupons).await?;
        plan(&facts.view(), &choice)?
    };
    let mut parts = planned.lines.into_iter();
    for bill in bills {
        for line in &mut bill.lines {
            let part = parts.next().expect("a plan has a part for each line");
            line.modifiers = part.modifiers;
            line.payable = part.payable;
        }
        sum_up(bill)?;
    }
    Ok(())
}

/// Whether a discount is for these orders, whatever coupons are named beside it: that is said first (rule 4.11).
fn check_alone(cx: &Cx, bills: &[Bill], discount: Option<Discount>) -> Result<(), OrderError> {
    let catalog = cx.app.catalog.current();
    let facts = Facts::of(bills, &catalog, cx.now);
    plan(&facts.view(), &Choice { discount, coupons: Vec::new(), cards: Vec::new() })?;
    Ok(())
}

/// The amounts of an order are the sums of its lines.
pub(super) fn sum_up(bill: &mut Bill) -> Result<(), OrderError> {
    let payable = Charge::sum(bill.lines.iter().map(|line| line.payable));
    bill.order.payable = payable.ok_or_else(|| codes::AMOUNT_OVER_LIMIT.error())?;
    let mut all: Vec<Modifier> = Vec::new();
    for modifier in bill.lines.iter().flat_map(|line| &line.modifiers) {
        match all.iter_mut().find(|known| known.kind == modifier.kind && known.source == modifier.source) {
            Some(known) => {
                let sum = known.amount.checked_add(modifier.amount);
                known.amount = sum.ok_or_else(|| codes::AMOUNT_OVER_LIMIT.error())?;
            }
            None => all.push(modifier.clone()),
        }
    }
    bill.order.modifiers = all;
    Ok(())
}

async fn automatic(cx: &mut Cx, bills: &[Bill], payer: &str, account: &str) -> Result<Choice, OrderError> {
    let app = cx.app.clone();
    let discounts = promotions::list_discounts(&app, &mut cx.tx, payer).await?;
    let coupons = promotions::usable_coupons(cx, payer).await?;
    let cards = promotions::usable_cards(cx, payer).await?;
    let catalog = cx.app.catalog.current();
    let mut facts = Facts::of(bills, &catalog, cx.now);
    facts.look_up_firsts(&mut cx.tx, account, &coupons).await?;
    // A new purchase has no history in which a promotion was used (rule 3.3).
    let chosen = choose(&facts.view(), &discounts, None, &coupons, &cards);
    let locked = promotions::lock_chosen(cx, payer, &chosen).await?;
    // What another payment took meanwhile is done without.
    Ok(if locked == chosen {
        chosen
    } else {
        choose(&facts.view(), &discounts, None, &locked.coupons, &locked.cards)
    })
}

/// What was chosen at placing stands, but coupons must still be good for something.
async fn recheck(cx: &mut Cx, bills: &[Bill], payer: &str) -> Result<(), OrderError> {
    let ids = benefits_of(bills);
    if ids.is_empty() {
        return Ok(());
    }
    let (coupons, cards) = lock_all(cx, payer, &ids).await?;
    let first = &bills.first().expect("a payment is of at least one order").order;
    let holder = first.combined.as_ref().unwrap_or(&first.id);
    // That they fit was found when the order was placed, and its amounts are fixed.
    for coupon in &coupons {
        coupon.check_usable(holder, cx.now).map_err(|why| OrderError::unusable(&coupon.id, why))?;
    }
    for card in &cards {
        card.check_usable(cx.now).map_err(|why| OrderError::unusable(&card.id, why))?;
    }
    match ids.iter().find(|named| !is_among(&named.id, &coupons, &cards)) {
        Some(gone) => Err(OrderError::unusable(&gone.id, Unusable::Unknown)),
        None => Ok(()),
    }
}

fn is_among(id: &str, coupons: &[Coupon], cards: &[Card]) -> bool {
    coupons.iter().any(|coupon| coupon.id == id) || cards.iter().any(|card| card.id == id)
}

/// The discount that a payment names, or else the one that the orders were placed with.
pub(super) async fn named_discount(
    cx: &mut Cx,
    bills: &[Bill],
    payer: &str,
    named: Option<&Named>,
) -> Result<Option<Discount>, OrderError> {
    let placed =
        bills.iter().flat_map(|bill| &bill.order.modifiers).find(|modifier| is_discount(modifier.kind));
    let (id, pay_type) = match (named, placed) {
        (Some(named), _) => (named.id.clone(), named.pay_type),
        (None, Some(placed)) => (placed.source.clone(), None),
        (None, None) => return Ok(None),
    };
    let app = cx.app.clone();
    let found = promotions::find_discount(&app, &mut cx.tx, payer, &id).await?;
    let found = found.filter(|found| pay_type.is_none_or(|pay_type| found.kind.pay_type() == pay_type));
    found.map(Some).ok_or(OrderError::Plan(PlanError::DiscountMisfit(id)))
}

async fn named_coupons(
    cx: &mut Cx,
    bills: &[Bill],
    payer: &str,
    named: Option<&[Named]>,
) -> Result<(Vec<Coupon>, Vec<Card>), OrderError> {
    let Some(named) = named else { return lock_all(cx, payer, &benefits_of(bills)).await };
    if let Some(twice) =
        named.iter().enumerate().find(|(at, one)| named[..*at].iter().any(|other| other.id == one.id))
    {
        return Err(OrderError::unusable(&twice.1.id, Unusable::OnePerOrder));
    }
    let (coupons, cards) = lock_all(cx, payer, named).await?;
    for wanted in named {
        let kind = coupons.iter().find(|coupon| coupon.id == wanted.id).map(|coupon| coupon.kind.pay_type());
        let kind = kind.or_else(|| {
            cards.iter().find(|card| card.id == wanted.id).map(|_| ModifierType::StoredValueCard.code())
        });
        if kind.is_none() || wanted.pay_type.is_some_and(|pay_type| kind != Some(pay_type)) {
            return Err(OrderError::unusable(&wanted.id, Unusable::Unknown));
        }
    }
    Ok((coupons, cards))
}

async fn lock_all(cx: &mut Cx, payer: &str, named: &[Named]) -> Result<(Vec<Coupon>, Vec<Card>), OrderError> {
    let card = ModifierType::StoredValueCard.code();
    let ids = |is_card: bool| -> Vec<String> {
        let wanted = |named: &&Named| (named.pay_type == Some(card)) == is_card;
        named.iter().filter(wanted).map(|named| named.id.clone()).collect()
    };
    let (coupon_ids, card_ids) = (ids(false), ids(true));
    let coupons = match coupon_ids.is_empty() {
        true => Vec::new(),
        false => promotions::lock_coupons(cx, payer, &coupon_ids).await?,
    };
    let cards = match card_ids.is_empty() {
        true => Vec::new(),
        false => promotions::lock_cards(cx, payer, &card_ids).await?,
    };
    Ok((coupons, cards))
}

fn is_discount(kind: ModifierType) -> bool {
    !kind.is_benefit() && kind != ModifierType::DiscountCoupon && kind != ModifierType::PriceAdjustment
}

/// The coupons and cards that orders name already, each once.
pub(super) fn benefits_of(bills: &[Bill]) -> Vec<Named> {
    let mut named: Vec<Named> = Vec::new();
    for one in bills.iter().flat_map(|bill| benefits_of_order(&bill.order)) {
        if !named.contains(&one) {
            named.push(one);
        }
    }
    named
}

/// Those of one order.
pub(super) fn benefits_of_order(order: &Order) -> Vec<Named> {
    let is_coupon =
        |modifier: &&Modifier| modifier.kind.is_benefit() || modifier.kind == ModifierType::DiscountCoupon;
    let named =
        |modifier: &Modifier| Named { id: modifier.source.clone(), pay_type: Some(modifier.kind.code()) };
    order.modifiers.iter().filter(is_coupon).map(named).collect()
}
