//! What an explanation looks like. Every amount is the text of an exact decimal number; one that no decimal holds (a
//! price of a third of an hour) is a fraction in lowest terms, `137/1800`.

use std::sync::Arc;

use domain::calendar::PeriodType;
use domain::id::{OrderId, OrderLineId};
use domain::ledger::AccountKind;
use domain::money::{Charge, Exact, Overflow, Rounding};
use domain::promotion::{Discount, Modifier};
use schemars::JsonSchema;
use serde::Serialize;

use super::shown::wire_time;
use crate::ledger::service::Told;
use crate::orders::model::{Line, Order};
use crate::orders::service::ReturnRow;
use crate::orders::service::explain::{Derivation, Explained, Metered, Part, line_adds_up};
use crate::promotions::service::written;

/// An explanation.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct Explanation {
    /// `order`, `combined_order`, `order_line_item` or `inquiry`.
    pub explains: &'static str,
    /// Its id; absent of an inquiry.
    pub id: Option<String>,
    /// Currency of every amount.
    pub currency: &'static str,
    /// List price.
    pub official_amount: String,
    /// What is to be paid from balances.
    pub payable_amount: String,
    /// The order; of a combined order each sub-order.
    pub orders: Vec<ExplainedOrder>,
    /// What was inquired.
    pub inquiry: Option<ExplainedItem>,
    /// Whether everything below was recomputed and is the whole of its parts.
    pub adds_up: bool,
}

/// An order.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct ExplainedOrder {
    /// Its id.
    order_id: String,
    /// Who placed it.
    customer_id: String,
    /// Who pays it.
    payer_id: String,
    /// What it is for.
    order_type: i64,
    /// What state it is in.
    status: i64,
    /// Of an adjustment of a fee, the order that it is of.
    base_order_id: Option<String>,
    /// When it was placed.
    create_time: String,
    /// When it was paid.
    payment_time: Option<String>,
    /// Its lines; where one line was asked for, that one.
    line_items: Vec<ExplainedItem>,
    /// List price: the sum over all lines.
    official_amount: String,
    /// What reduced it, summed over all lines; of a refund order what coupons and cards got back, below zero, which is
    /// no part of its amount.
    modifiers: Vec<ExplainedModifier>,
    /// What is to be paid from balances: official_amount less the modifiers.
    payable_amount: String,
    /// The tax contained in what balances paid, below zero in a refund order; absent before the payment, and where no tax applies.
    tax: Option<Tax>,
    /// What paid it, in the order in which they did: balances paid payable_amount, coupons and cards their modifiers.
    /// Of a refund order, where its money went, below zero.
    funds: Vec<Fund>,
    /// What came back since.
    refunds: Vec<Refund>,
    /// Of a refund order, what it gives back and keeps, by the orders that had collected the money: they sum to
    /// payable_amount.
    returns: Vec<ReturnItem>,
    /// Whether lines, order and funds agree, recomputed.
    adds_up: bool,
}

/// What a refund order gives back, or keeps, of what one order had collected for one resource.
#[derive(Debug, Serialize, JsonSchema)]
struct ReturnItem {
    /// `refund`: what was paid less what was used up, below zero; `fee`: what is kept of that, above zero.
    kind: &'static str,
    /// With this sign.
    amount: String,
    /// The line of the refund order.
    order_line_item_id: String,
    /// The order that had collected the money.
    base_order_id: String,
    /// Of a refund, what was used up.
    consumed_amount: String,
    /// Of a refund, the part of the list price that goes back.
    official_amount: String,
    /// Of a refund, what coupons and cards get back, which is no part of the amount.
    modifiers: Vec<ExplainedModifier>,
}

/// A line, or what was inquired.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct ExplainedItem {
    /// Its id; absent of an inquiry.
    pub order_line_item_id: Option<String>,
    /// Product id.
    pub product_id: String,
    /// Service code.
    pub cloud_service_type: String,
    /// Resource type code.
    pub resource_type: String,
    /// Specification.
    pub resource_spec: String,
    /// Region code.
    pub region: String,
    /// How the list price comes about; absent in refund orders, which give back parts of lines, and in the record of an
    /// adjustment.
    pub price: Option<Price>,
    /// List price.
    pub official_amount: String,
    /// What reduced it, in the order of application.
    pub modifiers: Vec<ExplainedModifier>,
    /// What is left to be paid from balances.
    pub payable_amount: String,
    /// Whether it is the whole of its parts, recomputed.
    pub adds_up: bool,
}

/// How a list price comes about: (sum of the parts) × resource_size × subscription_num + rounding.amount; of a change of
/// specification ((sum of the parts) × resource_size − change.old_amount) × change.units_left + rounding.amount.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct Price {
    /// Number of the catalogue import that has the price.
    catalog_version: i64,
    /// From when on the price holds.
    valid_from: String,
    /// The usage; of pay-per-use prices.
    usage: Option<Usage>,
    /// What one subscription, of size one, is the sum of: the longest priced periods first, or tier by tier.
    parts: Vec<PricePart>,
    /// Their sum.
    unit_amount: String,
    /// Size of a linear product.
    resource_size: Option<i64>,
    /// Its unit.
    size_measure_id: Option<i64>,
    /// How many subscriptions.
    subscription_num: i64,
    /// Of a change of specification: what the price above is compared with, and for how long.
    change: Option<PriceChange>,
    /// The list price to the last digit.
    exact_amount: String,
    /// What became of its last digits.
    rounding: RoundingStep,
}

/// What a change of specification starts from.
#[derive(Debug, Serialize, JsonSchema)]
struct PriceChange {
    /// What one unit of the term costs of the old specification, at its size.
    old_amount: String,
    /// How many units of the term are left: parts of calendar months, or days of years of 365.
    units_left: String,
    /// From when on the new specification is charged.
    begin_time: String,
    /// The end of the term.
    end_time: String,
}

/// A usage on its way to the unit of its price: usage_value × multiplier / divisor.
#[derive(Debug, Serialize, JsonSchema)]
struct Usage {
    /// How much was used, by one subscription.
    usage_value: String,
    /// Its unit.
    usage_measure_id: i64,
    /// What it is multiplied by.
    multiplier: i64,
    /// What it is then divided by.
    divisor: i64,
    /// The usage in units of the price.
    units: String,
    /// The unit of the price.
    measure_id: i64,
}

/// units × unit_price.
#[derive(Debug, Serialize, JsonSchema)]
struct PricePart {
    /// The priced period: 0 day, 1 week, 2 month, 3 year, 4 hour; absent of pay-per-use prices.
    period_type: Option<i64>,
    /// Of a tier: it is for usage above this.
    above: Option<String>,
    /// Of a tier: it is for usage up to and including this.
    up_to: Option<String>,
    /// How many periods, or how much usage.
    units: String,
    /// What one costs.
    unit_price: String,
    /// What all cost.
    amount: String,
}

/// The last digits of a list price.
#[derive(Debug, Serialize, JsonSchema)]
struct RoundingStep {
    /// `half_up`: an order is settled to the nearest cent; `cut`: an inquiry shows so many decimals.
    mode: &'static str,
    /// How many decimals are left.
    decimals: u32,
    /// official_amount − exact_amount.
    amount: String,
}

/// A discount, coupon or card.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct ExplainedModifier {
    /// 200, 605, 606, 607, 609, 700 discounts; 300 to 302 coupons; 303 stored-value card.
    #[serde(rename = "type")]
    pub kind: i64,
    /// Id of the discount, coupon or card.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `ratio`, `fixed_price` or `amount_off`; absent of coupons, and of discounts that were withdrawn since.
    pub mode: Option<&'static str>,
    /// Its value, by its mode.
    pub value: Option<String>,
    /// By how much it reduced the amount.
    pub amount: String,
}

/// The tax contained in an amount.
#[derive(Debug, Serialize, JsonSchema)]
struct Tax {
    /// How much of payable_amount it is.
    amount: String,
    /// Its rate, as a share; absent where a refund order gives back tax of several rates.
    rate: Option<String>,
}

/// A fund that paid.
#[derive(Debug, Serialize, JsonSchema)]
struct Fund {
    /// `cash`, `bonus`, `credit`, `settlement`, `partner_due`, `coupon`, `flexi` or `card`.
    kind: &'static str,
    /// Which of several: credit line, month, coupon or card. Only its owner and the operator see it.
    id: Option<String>,
    /// How much it paid.
    amount: String,
    /// The journal of the ledger.
    journal_id: String,
    /// When.
    time: String,
}

/// Money of an order that came back.
#[derive(Debug, Serialize, JsonSchema)]
struct Refund {
    /// The refund order.
    order_id: String,
    /// How much came back.
    amount: String,
    /// Where it went.
    funds: Vec<Fund>,
}

/// Who looks, and what discounts are known of the payer.
pub(super) struct View<'a> {
    /// Whether ids of funds are shown.
    pub is_owner_of_funds: bool,
    /// The payer's discounts.
    pub discounts: &'a Arc<Vec<Discount>>,
    /// How orders are settled.
    pub rounding: Rounding,
}

/// Decimals of settled amounts.
const CENTS: u32 = 2;

impl View<'_> {
    /// An order; of its lines those with a number in `only`, where that is given.
    pub(super) fn order(&self, one: &Explained, only: Option<i64>) -> Result<ExplainedOrder, Overflow> {
        let order = &one.order;
        let wanted = one.lines.iter().filter(|(line, _)| only.is_none_or(|only| only == line.line_no));
        let line_items = wanted.map(|(line, derivation)| self.line(&order.id, line, derivation.as_ref()));
        Ok(ExplainedOrder {
            order_id: order.id.clone(),
            customer_id: order.account.clone(),
            payer_id: order.payer.clone(),
            order_type: order.order_type.code(),
            status: order.status.code(),
            base_order_id: order.base_order.clone(),
            create_time: order.created_at.to_wire(),
            payment_time: wire_time(order.paid_at),
            line_items: line_items.collect::<Result<_, Overflow>>()?,
            official_amount: order.official.to_string(),
            modifiers: order.modifiers.iter().map(|modifier| self.modifier(modifier)).collect(),
            payable_amount: order.payable.to_string(),
            tax: tax(order),
            funds: one.paid.iter().map(|told| self.fund(told, true)).collect::<Result<_, Overflow>>()?,
            refunds: self.refunds(&one.returned)?,
            returns: one.rows.iter().map(|row| self.returned(&order.id, row)).collect(),
            adds_up: one.adds_up(self.rounding),
        })
    }

    fn line(
        &self,
        order: &str,
        line: &Line,
        derivation: Option<&Derivation>,
    ) -> Result<ExplainedItem, Overflow> {
        let price = derivation.map(|derivation| {
            let settled = Exact::from_charge(derivation.settled(self.rounding)?);
            price(derivation, settled, rounding_name(self.rounding), CENTS)
        });
        Ok(ExplainedItem {
            order_line_item_id: Some(line_id(order, line.line_no)),
            product_id: line.product_id.clone(),
            cloud_service_type: line.service_type_code.clone(),
            resource_type: line.resource_type_code.clone(),
            resource_spec: line.resource_spec_code.clone(),
            region: line.region_code.clone(),
            price: price.transpose()?,
            official_amount: line.official.to_string(),
            modifiers: line.modifiers.iter().map(|modifier| self.modifier(modifier)).collect(),
            payable_amount: line.payable.to_string(),
            adds_up: line_adds_up(line, derivation, self.rounding),
        })
    }

    fn returned(&self, order: &str, row: &ReturnRow) -> ReturnItem {
        ReturnItem {
            kind: row.kind.code(),
            amount: row.amount.to_string(),
            order_line_item_id: line_id(order, row.line_no),
            base_order_id: row.base_order.clone(),
            consumed_amount: row.consumed.to_string(),
            official_amount: row.list.to_string(),
            modifiers: row.benefits.iter().map(|benefit| self.modifier(benefit)).collect(),
        }
    }

    fn modifier(&self, modifier: &Modifier) -> ExplainedModifier {
        let granted = self.discounts.iter().find(|discount| discount.id == modifier.source);
        let (mode, value) = granted.map(|granted| written(granted.mode)).unzip();
        ExplainedModifier {
            kind: modifier.kind.code(),
            id: modifier.source.clone(),
            name: modifier.name.clone(),
            mode,
            value,
            amount: modifier.amount.to_string(),
        }
    }

    /// A fund; one that paid fell by what it paid.
    fn fund(&self, told: &Told, is_payment: bool) -> Result<Fund, Overflow> {
        let amount = match is_payment {
            true => told.amount.checked_neg().ok_or(Overflow)?,
            false => told.amount,
        };
        let kind: AccountKind = told.account.kind();
        Ok(Fund {
            kind: kind.code(),
            id: told.account.piece().filter(|_| self.is_owner_of_funds).map(str::to_owned),
            amount: amount.to_string(),
            journal_id: told.journal.clone(),
            time: told.at.to_wire(),
        })
    }

    /// What came back, journal by journal.
    fn refunds(&self, returned: &[Told]) -> Result<Vec<Refund>, Overflow> {
        let of_journal = |postings: &[Told]| {
            let sum = Charge::sum(postings.iter().map(|told| told.amount)).ok_or(Overflow)?;
            let first = postings.first().expect("a journal has postings");
            Ok(Refund {
                // The cause of a refund's journal is `refund_order/ID/base order`.
                order_id: first.cause.split('/').nth(1).unwrap_or_default().to_owned(),
                amount: sum.to_string(),
                funds: postings.iter().map(|told| self.fund(told, false)).collect::<Result<_, Overflow>>()?,
            })
        };
        returned.chunk_by(|one, next| one.journal == next.journal).map(of_journal).collect()
    }
}

fn line_id(order: &str, line_no: i64) -> String {
    let id = OrderId::parse(order).expect("the id of a stored order was made by us");
    let number = u32::try_from(line_no).expect("an order has few lines");
    OrderLineId::of(&id, number).into()
}

fn tax(order: &Order) -> Option<Tax> {
    let is_taxed = order.tax_rate.is_some() || !order.tax.is_zero();
    is_taxed.then(|| Tax { amount: order.tax.to_string(), rate: order.tax_rate.map(|rate| rate.to_string()) })
}

fn rounding_name(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::HalfUp => "half_up",
        Rounding::Truncate => "cut",
    }
}

/// A derivation, of which `left` is what its rounding left.
pub(super) fn price(
    derivation: &Derivation,
    left: Exact,
    mode: &'static str,
    decimals: u32,
) -> Result<Price, Overflow> {
    let usage = |metered: &Metered| Usage {
        usage_value: metered.value.to_string(),
        usage_measure_id: metered.measure_id,
        multiplier: metered.conversion.multiplier(),
        divisor: metered.conversion.divisor(),
        units: metered.units.to_string(),
        measure_id: metered.priced_in,
    };
    Ok(Price {
        catalog_version: derivation.catalog_version,
        valid_from: derivation.valid_from.to_wire(),
        usage: derivation.usage.as_ref().map(usage),
        parts: derivation.parts.iter().map(|(part, amount)| price_part(part, *amount)).collect(),
        unit_amount: derivation.unit.to_string(),
        resource_size: derivation.times.size.map(|(size, _)| size),
        size_measure_id: derivation.times.size.map(|(_, measure)| measure),
        subscription_num: derivation.times.num,
        change: derivation.change.as_ref().map(|change| PriceChange {
            old_amount: change.old.to_string(),
            units_left: change.left.to_string(),
            begin_time: change.from.to_wire(),
            end_time: change.until.to_wire(),
        }),
        exact_amount: derivation.exact.to_string(),
        rounding: RoundingStep { mode, decimals, amount: left.checked_sub(derivation.exact)?.to_string() },
    })
}

fn price_part(part: &Part, amount: Exact) -> PricePart {
    match part {
        Part::Period(part) => PricePart {
            period_type: Some(part.period.code()),
            above: None,
            up_to: None,
            units: part.count.to_string(),
            unit_price: part.price.to_string(),
            amount: amount.to_string(),
        },
        Part::Extra { months, monthly } => PricePart {
            period_type: Some(PeriodType::Month.code()),
            above: None,
            up_to: None,
            units: months.to_string(),
            unit_price: monthly.to_string(),
            amount: amount.to_string(),
        },
        Part::Usage(part) => PricePart {
            period_type: None,
            above: part.above.map(|bound| bound.to_string()),
            up_to: part.up_to.map(|bound| bound.to_string()),
            units: part.units.to_string(),
            unit_price: part.price.to_string(),
            amount: amount.to_string(),
        },
    }
}
