//! How amounts came about: the arithmetic of a list price, and what an order's books say about it.
//!
//! ```text
//! price version ─▶ parts of the term or usage ─▶ × size ─▶ × subscriptions ─▶ list price ─ rounding ─▶ official
//! official − modifiers = payable = what balances paid; modifiers that are coupons or cards = what those paid
//! ```
//!
//! Everything is computed anew, from the catalogue that set the price and from the postings: an explanation that
//! repeated what is stored would prove nothing. Nothing is changed or remembered here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::calendar::{Instant, Term};
use domain::ledger::{Cause, JournalKind};
use domain::money::{Charge, Exact, Overflow, Rounding};
use domain::order::OrderType;
use domain::promotion::Modifier;
use domain::quantity::Quantity;
use domain::rating::{Conversion, PeriodPart, UsagePart};
use domain::subscription::MonthParts;
use platform::db::DbError;
use platform::op::ApiError;

use crate::Cx;
use crate::catalog::model::{Catalog, PeriodOffer, UsageOffer, Version};
use crate::catalog::service::of_version;
use crate::codes;
use crate::ledger::service::{Told, receipt, returns as back_of};
use crate::orders::model::{BaseProduct, Line, Order, Rest};
use crate::orders::store::returns::ReturnRow;
use crate::orders::store::{self, returns};

/// One of the things that a price of one subscription, of size one, is the sum of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// So many periods.
    Period(PeriodPart),
    /// So much usage.
    Usage(UsagePart),
    /// Days beyond a term, as parts of months (rule 1.6).
    Extra {
        /// How many months.
        months: MonthParts,
        /// What a month costs.
        monthly: Exact,
    },
}

impl Part {
    fn amount(&self) -> Result<Exact, Overflow> {
        match self {
            Self::Period(part) => part.amount(),
            Self::Usage(part) => part.amount(),
            Self::Extra { months, monthly } => months.at_price(*monthly),
        }
    }
}

/// A usage on its way to the unit of its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metered {
    /// How much was used, by one subscription.
    pub value: Quantity,
    /// Its unit.
    pub measure_id: i64,
    /// What turns it into units of the price.
    pub conversion: Conversion,
    /// The same in units of the price.
    pub units: Exact,
    /// The unit of the price.
    pub priced_in: i64,
}

/// How many of what is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Size of a linear product, and its unit.
    pub size: Option<(i64, i64)>,
    /// How many subscriptions.
    pub num: i64,
}

/// How a list price comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    /// Number of the catalogue that has the price.
    pub catalog_version: i64,
    /// From when on the price holds.
    pub valid_from: Instant,
    /// Of a pay-per-use price, the usage.
    pub usage: Option<Metered>,
    /// What one subscription of size one costs, part by part.
    pub parts: Vec<(Part, Exact)>,
    /// Their sum.
    pub unit: Exact,
    /// What that is multiplied by.
    pub times: Times,
    /// Of a change of specification, what it is the difference to.
    pub change: Option<Difference>,
    /// The list price, unrounded.
    pub exact: Exact,
}

/// What a change of specification starts from: (the new price − the old one) × the rest of the term (rule 2.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What one unit of the term costs of the old specification, at its size.
    pub old: Exact,
    /// How many units of the term are left.
    pub left: Exact,
    /// From when on the new specification is charged.
    pub from: Instant,
    /// The end of the term.
    pub until: Instant,
}

impl Derivation {
    fn of<P>(
        catalog: &Catalog,
        version: &Version<P>,
        usage: Option<Metered>,
        parts: impl Iterator<Item = Part>,
        times: Times,
    ) -> Result<Self, Overflow> {
        let parts = parts.map(|part| Ok((part, part.amount()?))).collect::<Result<Vec<_>, Overflow>>()?;
        let unit = Exact::sum(parts.iter().map(|(_, amount)| *amount))?;
        let size = times.size.map_or(1, |(size, _)| size);
        let exact = unit.times_int(size)?.times_int(times.num)?;
        let (catalog_version, valid_from) = (catalog.version, version.valid_from);
        Ok(Self { catalog_version, valid_from, usage, parts, unit, times, change: None, exact })
    }

    /// The same as the difference to what a line is changed from; the price so far is that of one unit of the term.
    fn into_change(self, line: &Line, base: &BaseProduct, rest: &Rest) -> Result<Self, Overflow> {
        let remaining = rest.remaining(line.period_type);
        let one = Exact::from_quantity(Quantity::from_int(1).map_err(|_| Overflow)?);
        let change = Difference {
            old: rest.old_price(base.size)?,
            left: remaining.at_price(one)?,
            from: Instant::from_ms(rest.from_ms),
            until: Instant::from_ms(rest.until_ms),
        };
        let exact = remaining.at_price(self.exact.checked_sub(change.old)?)?;
        Ok(Self { change: Some(change), exact, ..self })
    }

    /// What settling to cents makes of the list price.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn settled(&self, rounding: Rounding) -> Result<Charge, Overflow> {
        self.exact.settle(rounding)
    }
}

/// How a term is priced, with the days beyond it of a renewal that ends on a unified day. `price_version` is what pricing
/// answered: catalogue and start of the price.
pub fn of_term(
    catalog: &Catalog,
    offer: &PeriodOffer,
    price_version: &str,
    (term, extra): (Term, Option<MonthParts>),
    times: Times,
) -> Result<Derivation, ApiError> {
    let version = version_named(&offer.versions, price_version)?;
    let parts = version.price.parts(term).map_err(|_| gone(price_version))?;
    let mut parts: Vec<Part> = parts.into_iter().map(Part::Period).collect();
    if let Some(months) = extra {
        let monthly = version.price.monthly().map_err(|_| gone(price_version))?;
        parts.push(Part::Extra { months, monthly });
    }
    Derivation::of(catalog, version, None, parts.into_iter(), times)
        .map_err(|_| codes::AMOUNT_OVER_LIMIT.error())
}

/// How a usage is priced; the units of `usage` are worked out here.
pub fn of_usage(
    catalog: &Catalog,
    offer: &UsageOffer,
    price_version: &str,
    (value, measure_id): (Quantity, i64),
    times: Times,
) -> Result<Derivation, ApiError> {
    let version = version_named(&offer.versions, price_version)?;
    let conversion = catalog.convert(measure_id, offer.measure).ok_or_else(|| gone(price_version))?;
    let derive = || {
        let units = conversion.apply(value)?;
        let metered = Metered { value, measure_id, conversion, units, priced_in: offer.measure };
        let parts = version.price.parts(units)?.into_iter().map(Part::Usage);
        Derivation::of(catalog, version, Some(metered), parts, times)
    };
    derive().map_err(|_| codes::AMOUNT_OVER_LIMIT.error())
}

/// A price version by the name that pricing gave it: `3/2020-01-01T00:00:00Z`.
fn version_named<'a, P>(versions: &'a [Version<P>], name: &str) -> Result<&'a Version<P>, ApiError> {
    let from = name.split_once('/').map_or("", |(_, from)| from);
    versions.iter().find(|version| version.valid_from.to_wire() == from).ok_or_else(|| gone(name))
}

/// A stored price version names a catalogue that is kept for ever, so this is a defect.
fn gone(name: &str) -> ApiError {
    DbError::Other(format!("the price version {name} is named by a row and cannot be found")).into()
}

/// An order with everything that its amounts rest on.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The order.
    pub order: Order,
    /// Its lines, and how their list prices came about; a refund order gives back parts of lines, which have none.
    pub lines: Vec<(Line, Option<Derivation>)>,
    /// Of a refund order, what it gives back and keeps of what had been collected.
    pub rows: Vec<ReturnRow>,
    /// What each fund paid, in the order in which they did; of a refund order what came back to each, by the orders that
    /// had collected it.
    pub paid: Vec<Told>,
    /// What came back to each fund since, by refund orders.
    pub returned: Vec<Told>,
}

/// Explains an order; the caller has checked who may see it.
pub async fn explain(cx: &mut Cx, order: Order) -> Result<Explained, ApiError> {
    let mut catalogs: Vec<Arc<Catalog>> = Vec::new();
    let mut lines = Vec::new();
    for line in store::lines(&mut cx.tx, &order).await? {
        // What goes back is parts of lines, and an adjustment is the operator's own number.
        let derivation = match order.gives_back || order.order_type == OrderType::FeeAdjustment {
            true => None,
            false => Some(derive(cx, &line, &mut catalogs).await?),
        };
        lines.push((line, derivation));
    }
    let rows = match order.gives_back {
        true => returns::of_order(&mut cx.tx, &order).await?,
        false => Vec::new(),
    };
    let mut paid = Vec::new();
    for cause in causes(&order, &rows) {
        paid.extend(receipt(&mut cx.tx, &cause).await?);
    }
    let returned = match paid.first().filter(|_| !order.gives_back) {
        Some(first) => back_of(&mut cx.tx, &first.journal).await?,
        None => Vec::new(),
    };
    Ok(Explained { order, lines, rows, paid, returned })
}

/// The causes of an order's journals: its payment, or one for each order whose money it gives back.
fn causes(order: &Order, rows: &[ReturnRow]) -> Vec<Cause> {
    if !order.gives_back {
        return vec![Cause::new(JournalKind::PayOrder.code(), &order.id, "")];
    }
    let bases: BTreeSet<&str> = rows.iter().map(|row| row.base_order.as_str()).collect();
    let cause = |base| Cause::new(JournalKind::RefundOrder.code(), &order.id, base);
    bases.into_iter().map(cause).collect()
}

/// The derivation of a line's list price, by the catalogue that it was priced by. Lines of one order were mostly priced
/// by one catalogue: `catalogs` keeps those that were read for this answer.
async fn derive(cx: &mut Cx, line: &Line, catalogs: &mut Vec<Arc<Catalog>>) -> Result<Derivation, ApiError> {
    let number = line.price_version.split_once('/').and_then(|(number, _)| number.parse().ok());
    let number: i64 = number.ok_or_else(|| gone(&line.price_version))?;
    let known = catalogs.iter().find(|catalog| catalog.version == number).cloned();
    let catalog = match known {
        Some(catalog) => catalog,
        None => {
            let app = cx.app.clone();
            let read = of_version(&app, &mut cx.tx, number).await?;
            catalogs.push(read.clone());
            read
        }
    };
    let product = catalog.find_product_by_id(&line.product_id);
    let offer = product.and_then(|product| product.period.as_ref());
    let offer = offer.ok_or_else(|| gone(&line.price_version))?;
    let times = Times { size: line.resource_size.zip(line.size_measure_id), num: line.subscription_num };
    let Some((base, rest)) = line.rest() else {
        let bought = (line.term(), line.extra_months());
        return of_term(&catalog, offer, &line.price_version, bought, times);
    };
    let unit = (Term { period: line.period_type, count: 1 }, None);
    let new = of_term(&catalog, offer, &line.price_version, unit, times)?;
    new.into_change(line, base, rest).map_err(|_| codes::AMOUNT_OVER_LIMIT.error())
}

impl Explained {
    /// Whether the parts are the whole: of every line, of the order as the sum of its lines, and of what was paid.
    pub fn adds_up(&self, rounding: Rounding) -> bool {
        let is_line_right = |(line, derivation): &(Line, Option<Derivation>)| {
            line_adds_up(line, derivation.as_ref(), rounding)
        };
        self.lines.iter().all(is_line_right)
            && self.is_sum_of_lines()
            && self.is_sum_of_rows()
            && self.is_paid_by_funds()
            && self.is_no_more_returned()
    }

    fn is_sum_of_lines(&self) -> bool {
        let sum = |amount: fn(&Line) -> Charge| Charge::sum(self.lines.iter().map(|(line, _)| amount(line)));
        let of_lines: Vec<&Modifier> = self.lines.iter().flat_map(|(line, _)| &line.modifiers).collect();
        let of_source = |one: &Modifier| {
            let same = of_lines.iter().filter(|other| other.kind == one.kind && other.source == one.source);
            Charge::sum(same.map(|other| other.amount))
        };
        sum(|line| line.official) == Some(self.order.official)
            && sum(|line| line.payable) == Some(self.order.payable)
            && self.order.modifiers.iter().all(|one| of_source(one) == Some(one.amount))
            && reduced(&self.order.modifiers) == Charge::sum(of_lines.iter().map(|one| one.amount))
    }

    /// Each line of a refund order is the sum of its rows.
    fn is_sum_of_rows(&self) -> bool {
        let is_sum = |line: &Line| {
            let own = self.rows.iter().filter(|row| row.line_no == line.line_no);
            Charge::sum(own.map(|row| row.amount)) == Some(line.payable)
        };
        !self.order.gives_back || self.lines.iter().all(|(line, _)| is_sum(line))
    }

    /// Balances paid what is payable, and each coupon or card what its modifier says. Nobody paid what is not paid.
    fn is_paid_by_funds(&self) -> bool {
        let Self { order, paid, .. } = self;
        if order.paid_at.is_none() {
            return paid.is_empty();
        }
        let is_benefit = |told: &&Told| told.account.kind().is_benefit();
        let money = Charge::sum(paid.iter().filter(|told| !is_benefit(told)).map(|told| told.amount));
        // By account and not by name: of a refund order, what came back to a coupon may be of several orders.
        let mut due: BTreeMap<String, Charge> = BTreeMap::new();
        for one in order.modifiers.iter().filter(|one| one.kind.is_benefit()) {
            due.insert(one.source.clone(), one.amount);
        }
        let mut drawn: BTreeMap<String, Charge> = BTreeMap::new();
        for told in paid.iter().filter(is_benefit) {
            let sum =
                drawn.entry(told.account.piece().unwrap_or_default().to_owned()).or_insert(Charge::ZERO);
            match sum.checked_sub(told.amount) {
                Some(more) => *sum = more,
                None => return false,
            }
        }
        money.and_then(Charge::checked_neg) == Some(order.payable) && due == drawn
    }

    /// What came back is no more than what was paid: of balances in all, since money that is no longer owed comes back
    /// as cash, and of each coupon and card.
    fn is_no_more_returned(&self) -> bool {
        let is_within = |belongs: &dyn Fn(&Told) -> bool| {
            let moved = self.paid.iter().chain(&self.returned).filter(|told| belongs(told));
            Charge::sum(moved.map(|told| told.amount)).is_some_and(|left| !left.is_positive())
        };
        let benefits = self.returned.iter().filter(|told| told.account.kind().is_benefit());
        is_within(&|told| !told.account.kind().is_benefit())
            && benefits.clone().all(|one| is_within(&|told| told.account == one.account))
            || self.order.gives_back
    }
}

fn reduced(modifiers: &[Modifier]) -> Option<Charge> {
    Charge::sum(modifiers.iter().map(|modifier| modifier.amount))
}

/// Whether the list price, rounded, less the modifiers is what is payable. What a refund order gives back to coupons is
/// no part of its amount.
pub fn line_adds_up(line: &Line, derivation: Option<&Derivation>, rounding: Rounding) -> bool {
    let is_reduced_to =
        || reduced(&line.modifiers).and_then(|off| line.official.checked_sub(off)) == Some(line.payable);
    match derivation {
        // Coupons of a refund order are beside its amount; the record of an adjustment is reduced to nothing.
        None if line.adjusted.is_zero() => line.official == line.payable,
        None => is_reduced_to(),
        Some(derivation) => derivation.settled(rounding).ok() == Some(line.official) && is_reduced_to(),
    }
}
