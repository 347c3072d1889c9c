//! What orders cost with discounts, coupons and cards: the facts that the rules look at, what was chosen, and the
//! amounts that follow. The rules themselves are [`domain::promotion`].

use std::collections::BTreeSet;

use domain::calendar::{Instant, PeriodType};
use domain::money::{Charge, Exact, Overflow};
use domain::order::OrderType;
use domain::promotion::{
    Card, Choice, Coupon, Discount, Inapplicable, Limit, LimitKey, Misfit, Modifier, ModifierType,
    OrderFacts, PlanError, PricedLine, SubscribeType, Unusable, choose, plan, sum_modifiers,
};
use domain::quantity::Quantity;
use platform::db::{DbError, Tx};

use crate::Cx;
use crate::catalog::model::Catalog;
use crate::codes;
use crate::orders::errors::OrderError;
use crate::orders::model::{Line, Order};
use crate::orders::store;
use crate::pricing::service::{Bought, item_of, units_of};
use crate::promotions::service as promotions;

/// Months of a year.
const MONTHS_PER_YEAR: i64 = 12;

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

/// How a payment chooses discounts and coupons. What an order was placed with counts for nothing here: a payment by
/// hand uses what it names (004 8.3.3), and automatic payment is told what was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The discount that is named.
    pub discount: Option<Named>,
    /// The coupons and cards that are named.
    pub coupons: Vec<Named>,
    /// The promotional discount of the resources' history, which automatic payment may use again (rule 3.3).
    pub promotion: Option<String>,
    /// Where no discount is named the best one is taken, and where no coupon is, fitting coupons and cards (rules
    /// 3.3, 4.8).
    pub is_automatic: bool,
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
        let lines = bills.iter().flat_map(|bill| &bill.lines).map(|line| priced(line, catalog)).collect();
        let subscribe = match first.order_type {
            OrderType::Renewal => SubscribeType::Renew,
            OrderType::Change => SubscribeType::Change,
            _ => SubscribeType::New,
        };
        let order_id = first.combined.as_ref().unwrap_or(&first.id);
        Self { lines, first_services: Vec::new(), order_id, subscribe, now }
    }

    /// Looks up which services the customer buys for the first time, where a coupon asks for it.
    pub async fn look_up_firsts(
        &mut self,
        tx: &mut Tx,
        account: &str,
        coupons: &[Coupon],
    ) -> Result<(), DbError> {
        if !coupons.iter().any(asks_for_firsts) {
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
fn priced<'a>(line: &'a Line, catalog: &Catalog) -> PricedLine<'a> {
    let term = line.term();
    let bought = Bought {
        service_type: &line.service_type_code,
        resource_type: &line.resource_type_code,
        product_id: &line.product_id,
        region: &line.region_code,
        term: Some(term),
        priced_in: Some(line.priced_in),
        subscription_num: line.subscription_num,
        size: line.resource_size,
    };
    let (units, credit) = units_and_credit(line).expect("placing bounds periods, subscriptions and sizes");
    PricedLine { item: item_of(catalog, &bought), official: line.adjusted_price(), units, credit }
}

/// What a fixed price multiplies, and what is taken off it: of a change the rest of the term at the new size, and what
/// the old specification would cost for it (rule 2.6).
fn units_and_credit(line: &Line) -> Result<(Exact, Exact), Overflow> {
    let Some((base, rest)) = line.rest() else {
        let units = units_of(line.term(), line.subscription_num, line.resource_size)?;
        return Ok((units.checked_add(extra_units(line)?)?, Exact::zero()));
    };
    let remaining = rest.remaining(line.period_type);
    let one = Quantity::from_int(line.resource_size.unwrap_or(1)).map_err(|_| Overflow)?;
    let units = remaining.at_price(Exact::from_quantity(one))?;
    Ok((units, remaining.at_price(rest.old_price(base.size)?)?))
}

/// The days of a renewal beyond its term, in units of the term: a fixed price holds for them too.
fn extra_units(line: &Line) -> Result<Exact, Overflow> {
    let Some(parts) = line.extra_months() else { return Ok(Exact::zero()) };
    let months =
        parts.months().times_int(line.resource_size.unwrap_or(1))?.times_int(line.subscription_num)?;
    match line.period_type {
        PeriodType::Year => months.div_int(MONTHS_PER_YEAR),
        PeriodType::Month | PeriodType::Week | PeriodType::Day | PeriodType::Hour => Ok(months),
    }
}

/// That a coupon was used because a customer had not bought some services before. Who pays asks
/// [`Firsts::check`] whether that still holds.
#[derive(Debug)]
pub struct Firsts {
    coupon: String,
    limits: Vec<Limit>,
    services: Vec<String>,
}

impl Firsts {
    /// Of the coupons of a choice; `None` where none asks.
    fn of(choice: &Choice, services: Vec<String>) -> Option<Self> {
        let coupon = choice.coupons.iter().find(|coupon| asks_for_firsts(coupon))?;
        let limits = coupon.limits.iter().filter(|limit| is_for_firsts(limit)).cloned().collect();
        Some(Self { coupon: coupon.id.clone(), limits, services })
    }

    /// Looks again, while no other payment of the customer's that asks the same can: of two orders that are paid at
    /// once, one is the first. Called before the orders themselves are paid, and before what they buy is made.
    ///
    /// # Errors
    /// [`OrderError::Plan`] where another order was the first meanwhile.
    pub async fn check(&self, cx: &mut Cx, account: &str) -> Result<(), OrderError> {
        store::lock_counters(&mut cx.tx, account).await?;
        for service in &self.services {
            if store::has_paid_for(&mut cx.tx, account, service).await? {
                let why = Misfit {
                    key: LimitKey::FirstOrderInService,
                    limits: self.limits.clone(),
                    found: vec![service.clone()],
                };
                return Err(PlanError::CouponMisfit(self.coupon.clone(), why).into());
            }
        }
        Ok(())
    }
}

fn asks_for_firsts(coupon: &Coupon) -> bool {
    coupon.limits.iter().any(is_for_firsts)
}

fn is_for_firsts(limit: &Limit) -> bool {
    limit.key == LimitKey::FirstOrderInService
}

/// Fixes what orders that are paid together cost with what was chosen: their list price, less what the operator took off
/// it, where that is nothing.
/// Coupons are locked for this transaction.
///
/// # Errors
/// [`OrderError::Plan`], by what stands in the way (rules 4.3 to 4.5).
pub async fn apply(cx: &mut Cx, bills: &mut [Bill], chosen: &Chosen) -> Result<Option<Firsts>, OrderError> {
    let first = &bills.first().expect("a payment is of at least one order").order;
    let (payer, account) = (first.payer.clone(), first.account.clone());
    let mut choice = named(cx, bills, &payer, chosen).await?;
    if chosen.is_automatic {
        choice = complete(cx, bills, choice, chosen.promotion.as_deref()).await?;
    }
    if choice.discount.is_none() && choice.coupons.is_empty() && choice.cards.is_empty() {
        at_list_price(bills)?;
        return Ok(None);
    }
    let catalog = cx.app.catalog.current();
    let (planned, services) = {
        let mut facts = Facts::of(bills, &catalog, cx.now);
        facts.look_up_firsts(&mut cx.tx, &account, &choice.coupons).await?;
        (plan(&facts.view(), &choice)?, facts.first_services)
    };
    let mut parts = planned.lines.into_iter();
    for bill in bills {
        for line in &mut bill.lines {
            let part = parts.next().expect("a plan has a part for each line");
            line.modifiers = line.adjustments();
            line.modifiers.extend(part.modifiers);
            line.payable = part.payable;
        }
        sum_up(bill)?;
    }
    Ok(Firsts::of(&choice, services))
}

/// Nothing reduces the orders but what the operator took off, whatever they were placed with.
fn at_list_price(bills: &mut [Bill]) -> Result<(), OrderError> {
    for bill in bills {
        for line in &mut bill.lines {
            line.modifiers = line.adjustments();
            line.payable = line.adjusted_price();
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
    let modifiers = sum_modifiers(bill.lines.iter().flat_map(|line| &line.modifiers));
    bill.order.modifiers = modifiers.ok_or_else(|| codes::AMOUNT_OVER_LIMIT.error())?;
    Ok(())
}

/// Adds to what was named what was not: the best discount that goes with the named coupons, or the coupons and cards
/// that go with the discount.
async fn complete(
    cx: &mut Cx,
    bills: &[Bill],
    named: Choice,
    promotion: Option<&str>,
) -> Result<Choice, OrderError> {
    let has_coupons = !named.coupons.is_empty() || !named.cards.is_empty();
    if named.discount.is_some() && has_coupons {
        return Ok(named);
    }
    let first = &bills.first().expect("a payment is of at least one order").order;
    let app = cx.app.clone();
    let mut discounts = match named.discount {
        Some(_) => Vec::new(),
        None if adjustments_of(bills).next().is_some() => Vec::new(),
        None => promotions::list_discounts(&app, &mut cx.tx, &first.payer).await?.to_vec(),
    };
    let (coupons, cards) = match has_coupons {
        true => (Vec::new(), Vec::new()),
        false => (
            promotions::usable_coupons(cx, &first.payer).await?,
            promotions::usable_cards(cx, &first.payer).await?,
        ),
    };
    let catalog = cx.app.catalog.current();
    let mut facts = Facts::of(bills, &catalog, cx.now);
    let asking = if has_coupons { &named.coupons } else { &coupons };
    facts.look_up_firsts(&mut cx.tx, &first.account, asking).await?;
    if !has_coupons {
        // A new purchase has no history in which a promotion was used (rule 3.3), so that a named discount stands in
        // the place of one: it is the only one that there is to choose.
        let history = promotion.and_then(|id| discounts.iter().find(|discount| discount.id == id));
        let promotion = named.discount.as_ref().or(history);
        let chosen = choose(&facts.view(), &discounts, promotion, &coupons, &cards);
        let locked = promotions::lock_chosen(cx, &first.payer, &chosen).await?;
        // What another payment took meanwhile is done without.
        return Ok(if locked == chosen {
            chosen
        } else {
            choose(&facts.view(), &discounts, promotion, &locked.coupons, &locked.cards)
        });
    }
    discounts.retain(|discount| goes_with(&facts.view(), discount, &named));
    let best = choose(&facts.view(), &discounts, None, &[], &[]);
    Ok(Choice { discount: best.discount, ..named })
}

/// A discount leaves something to every named coupon and card, and none of them excludes it.
fn goes_with(order: &OrderFacts<'_>, discount: &Discount, named: &Choice) -> bool {
    let Ok(planned) = plan(order, &Choice { discount: Some(discount.clone()), ..named.clone() }) else {
        return false;
    };
    let modifiers = planned.modifiers();
    let gives = |id: &str| modifiers.iter().any(|modifier| modifier.source == id);
    named.coupons.iter().all(|coupon| gives(&coupon.id)) && named.cards.iter().all(|card| gives(&card.id))
}

/// What a payment names. Coupons and cards are locked.
async fn named(cx: &mut Cx, bills: &[Bill], payer: &str, chosen: &Chosen) -> Result<Choice, OrderError> {
    let discount = named_discount(cx, bills, payer, chosen.discount.as_ref()).await?;
    match named_coupons(cx, bills, payer, &chosen.coupons).await {
        Ok((coupons, cards)) => Ok(Choice { discount, coupons, cards }),
        Err(refusal) => {
            check_alone(cx, bills, discount)?;
            Err(refusal)
        }
    }
}

/// What the operator took off orders that are paid together (609), line by line.
pub fn adjustments_of(bills: &[Bill]) -> impl Iterator<Item = &Modifier> {
    let modifiers = bills.iter().flat_map(|bill| &bill.lines).flat_map(|line| &line.modifiers);
    modifiers.filter(|modifier| modifier.kind == ModifierType::PriceAdjustment)
}

/// The discount that a payment names. What the operator took off may be named too, and is no choice: an order with it
/// uses it and no other discount.
async fn named_discount(
    cx: &mut Cx,
    bills: &[Bill],
    payer: &str,
    named: Option<&Named>,
) -> Result<Option<Discount>, OrderError> {
    let Some(named) = named else { return Ok(None) };
    if named.pay_type == Some(ModifierType::PriceAdjustment.code()) {
        return match adjustments_of(bills).any(|own| own.source == named.id) {
            true => Ok(None),
            false => Err(PlanError::DiscountMisfit(named.id.clone(), Inapplicable::Unknown).into()),
        };
    }
    if let Some(adjustment) = adjustments_of(bills).next() {
        return Err(OrderError::beside_adjustment(&named.id, &adjustment.source));
    }
    let app = cx.app.clone();
    let found = promotions::find_discount(&app, &mut cx.tx, payer, &named.id).await?;
    let is_meant = |found: &Discount| named.pay_type.is_none_or(|pay_type| found.kind.pay_type() == pay_type);
    let misfit = |why| Err(PlanError::DiscountMisfit(named.id.clone(), why).into());
    match found {
        Some(found) if is_meant(&found) => Ok(Some(found)),
        Some(_) => misfit(Inapplicable::OtherType),
        None => misfit(Inapplicable::Unknown),
    }
}

async fn named_coupons(
    cx: &mut Cx,
    bills: &[Bill],
    payer: &str,
    named: &[Named],
) -> Result<(Vec<Coupon>, Vec<Card>), OrderError> {
    if let Some(twice) =
        named.iter().enumerate().find(|(at, one)| named[..*at].iter().any(|other| other.id == one.id))
    {
        return Err(OrderError::unusable(&twice.1.id, Unusable::NamedTwice));
    }
    // Those that the orders hold are let go where they are not named; all are locked in one order.
    let mut locked = named.to_vec();
    locked.extend(benefits_of(bills).into_iter().filter(|held| named.iter().all(|one| one.id != held.id)));
    let (mut coupons, mut cards) = lock_all(cx, payer, &locked).await?;
    coupons.retain(|coupon| named.iter().any(|one| one.id == coupon.id));
    cards.retain(|card| named.iter().any(|one| one.id == card.id));
    for wanted in named {
        let kind = coupons.iter().find(|coupon| coupon.id == wanted.id).map(|coupon| coupon.kind.pay_type());
        let kind = kind.or_else(|| {
            cards.iter().find(|card| card.id == wanted.id).map(|_| ModifierType::StoredValueCard.code())
        });
        let is_other = kind.is_some() && wanted.pay_type.is_some_and(|pay_type| kind != Some(pay_type));
        if is_other || kind.is_none() && is_named_otherwise(cx, payer, wanted).await? {
            return Err(OrderError::unusable(&wanted.id, Unusable::OtherType));
        }
        if kind.is_none() {
            return Err(OrderError::unusable(&wanted.id, Unusable::Unknown));
        }
    }
    Ok((coupons, cards))
}

/// A card that is named as a coupon, or the other way round.
async fn is_named_otherwise(cx: &mut Cx, payer: &str, wanted: &Named) -> Result<bool, OrderError> {
    let ids = [wanted.id.clone()];
    Ok(match wanted.pay_type {
        None => false,
        Some(code) if code == ModifierType::StoredValueCard.code() => {
            !promotions::lock_coupons(cx, payer, &ids).await?.is_empty()
        }
        Some(_) => !promotions::lock_cards(cx, payer, &ids).await?.is_empty(),
    })
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
