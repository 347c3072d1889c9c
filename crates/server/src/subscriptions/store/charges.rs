//! All SQL of what was collected for resources.
//!
//! A cheaper specification lowers what was paid for the time to come, and leaves alone what is used up. So it ends the
//! charges that run, and the rest of each is a charge of its own: two parts of what one line of an order collected, by
//! which they are known to belong together.

use domain::calendar::{Instant, PeriodType, Term};
use domain::money::{Charge, Scaled};
use domain::promotion::Modifier;
use domain::subscription::refund::Period;
use platform::db::{DbError, Row, Tx, Value};
use platform::params;

use crate::orders::model::{modifiers_from, modifiers_text};
use crate::orders::service::{ReturnKind, ReturnRow};

macro_rules! charge_columns {
    () => {
        "account_id, resource_key, charge_no, kind, order_id, line_no, period_type, period_num, begins_at, \
         ends_at, list_amount, money, benefits, returned_money, returned_list, promotion"
    };
}

/// The most charges of a resource: renewed monthly for decades, and changed now and then.
const CHARGES_MAX: i64 = 1_000;

platform::statements! {
    /// What was collected for a resource, in the order of payment.
    const OF_RESOURCE = concat!("select ", charge_columns!(), " from resource_charges where account_id = $1 \
        and resource_key = $2 order by charge_no limit $3");
    /// The promotional discounts that a resource was ever paid with, the latest first.
    const PROMOTIONS = "select promotion from resource_charges where account_id = $1 and resource_key = $2 \
        and promotion is not null order by charge_no desc limit $3";
    /// The number of its last charge.
    const LAST_NO = "select charge_no from resource_charges where account_id = $1 and resource_key = $2 \
        order by charge_no desc limit 1";
    /// What was returned of a charge.
    const RETURNED_OF = "select returned_money, returned_list from resource_charges where account_id = $1 \
        and resource_key = $2 and charge_no = $3";
    /// What was returned of all charges.
    const RETURNED = "select cast(coalesce(sum(returned_money), 0) as bigint) from resource_charges";
    /// Charges of which more was returned than paid, or less than nothing, or that end before they begin.
    const IMPOSSIBLE = "select resource_key, charge_no from resource_charges where returned_money < 0 \
        or returned_money > money or returned_list < 0 or returned_list > list_amount or ends_at < begins_at \
        order by account_id, resource_key, charge_no limit $1";
    /// What changes of a charge.
    const UPDATE = "update resource_charges set returned_money = $4, returned_list = $5, benefits = $6, \
        ends_at = $7, list_amount = $8, money = $9 where account_id = $1 and resource_key = $2 and charge_no = $3";
}

const INSERT: &str = concat!("insert into resource_charges (", charge_columns!(), ") values");

/// What a charge was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::subscriptions) enum ChargeKind {
    /// The first term.
    Purchase,
    /// A further term.
    Renewal,
    /// A larger specification for the rest of the time.
    Upgrade,
    /// The first term of what was pay-per-use before.
    ToPeriod,
    /// The first commercial term of what was a trial before.
    Commercial,
}

impl ChargeKind {
    const ALL: [Self; 5] = [Self::Purchase, Self::Renewal, Self::Upgrade, Self::ToPeriod, Self::Commercial];

    fn code(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Renewal => "renewal",
            Self::Upgrade => "upgrade",
            Self::ToPeriod => "to_period",
            Self::Commercial => "commercial",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// What was collected for a resource by one line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::subscriptions) struct ResourceCharge {
    pub account: String,
    /// Our id of the resource.
    pub resource: String,
    /// From 1, in the order of payment.
    pub charge_no: i64,
    pub kind: ChargeKind,
    /// The order that collected it, and its line.
    pub order: String,
    pub line_no: i64,
    /// What was bought, on which the handling fee depends.
    pub term: Term,
    /// The period that it pays.
    pub begins_at: Instant,
    pub ends_at: Instant,
    pub list: Charge,
    /// What balances paid.
    pub money: Charge,
    /// What coupons and cards paid and did not get back.
    pub benefits: Vec<Modifier>,
    /// What refund orders gave back of the money, or kept as a fee.
    pub returned_money: Charge,
    pub returned_list: Charge,
    /// The promotional discount that it was paid with.
    pub promotion: Option<String>,
}

impl ResourceCharge {
    /// What balances paid and did not get back.
    pub(in crate::subscriptions) fn left(&self) -> Charge {
        self.money.checked_sub(self.returned_money).expect("no more goes back than was paid")
    }

    /// The list price less the part of what went back.
    pub(in crate::subscriptions) fn list_left(&self) -> Charge {
        self.list.checked_sub(self.returned_list).expect("no more goes back than was paid")
    }

    /// The time that it pays.
    pub(in crate::subscriptions) fn period(&self) -> Period {
        Period { term: self.term, effective_at: self.begins_at, expires_at: self.ends_at }
    }

    /// Its period was given back before it began.
    pub(in crate::subscriptions) fn is_taken_back(&self) -> bool {
        self.ends_at <= self.begins_at
    }

    /// Its resource ends earlier: nothing of its period lies beyond that.
    pub(in crate::subscriptions) fn end_by(&mut self, end: Instant) {
        self.ends_at = self.ends_at.min(end).max(self.begins_at);
    }

    /// Another part of what the same line of an order collected for this resource, or this charge itself.
    pub(in crate::subscriptions) fn is_part_of(&self, other: &Self) -> bool {
        self.order == other.order && self.line_no == other.line_no
    }

    /// Splits the charge at an instant: this one keeps what is used up by then, and what went back of it; the rest, of
    /// these shares of money, list price and benefits, is to the end of its period. The number of the rest is the
    /// caller's to set.
    pub(in crate::subscriptions) fn split_off(
        &mut self,
        at: Instant,
        (money, list): (Charge, Charge),
        benefits: Vec<Modifier>,
    ) -> Option<Self> {
        let rest = Self {
            begins_at: at,
            list,
            money,
            benefits,
            returned_money: Charge::ZERO,
            returned_list: Charge::ZERO,
            ..self.clone()
        };
        self.money = self.money.checked_sub(money).filter(|left| *left >= self.returned_money)?;
        self.list = self.list.checked_sub(list).filter(|left| *left >= self.returned_list)?;
        for own in &mut self.benefits {
            let is_it = |one: &&Modifier| one.kind == own.kind && one.source == own.source;
            if let Some(gone) = rest.benefits.iter().find(is_it) {
                own.amount = own.amount.checked_sub(gone.amount).filter(|left| !left.is_negative())?;
            }
        }
        self.benefits.retain(|own| !own.amount.is_zero());
        self.ends_at = at;
        Some(rest)
    }

    /// Notes what a refund order says of this charge in one of its rows: what it gave back, or kept as a fee; `None`
    /// where that is more than there was.
    pub(in crate::subscriptions) fn note(&mut self, row: &ReturnRow) -> Option<()> {
        if row.kind == ReturnKind::Fee {
            // The refund that it is kept of was noted whole.
            return Some(());
        }
        let back = row.amount.checked_neg()?;
        self.returned_money = self.returned_money.checked_add(back).filter(|sum| *sum <= self.money)?;
        self.returned_list = self.returned_list.checked_add(row.list).filter(|sum| *sum <= self.list)?;
        for benefit in &row.benefits {
            let is_it = |own: &&mut Modifier| own.kind == benefit.kind && own.source == benefit.source;
            let own = self.benefits.iter_mut().find(is_it)?;
            own.amount = own.amount.checked_sub(benefit.amount).filter(|left| !left.is_negative())?;
        }
        self.benefits.retain(|own| !own.amount.is_zero());
        Some(())
    }
}

fn from_row(mut row: Row) -> ResourceCharge {
    let period = PeriodType::from_code(row.int(6)).expect("stored from the same table of codes");
    ResourceCharge {
        account: row.take_text(0),
        resource: row.take_text(1),
        charge_no: row.int(2),
        kind: ChargeKind::from_code(row.text(3)).expect("stored from the same table of codes"),
        order: row.take_text(4),
        line_no: row.int(5),
        term: Term { period, count: u32::try_from(row.int(7)).expect("placing bounds the number") },
        begins_at: Instant::from_ms(row.int(8)),
        ends_at: Instant::from_ms(row.int(9)),
        list: Charge::from_units(row.int(10)),
        money: Charge::from_units(row.int(11)),
        benefits: modifiers_from(row.text(12)),
        returned_money: Charge::from_units(row.int(13)),
        returned_list: Charge::from_units(row.int(14)),
        promotion: row.take_opt_text(15),
    }
}

fn to_row(charge: &ResourceCharge) -> Vec<Value<'_>> {
    vec![
        Value::from(&charge.account),
        Value::from(&charge.resource),
        Value::from(charge.charge_no),
        Value::from(charge.kind.code()),
        Value::from(&charge.order),
        Value::from(charge.line_no),
        Value::from(charge.term.period.code()),
        Value::from(i64::from(charge.term.count)),
        Value::from(charge.begins_at.ms()),
        Value::from(charge.ends_at.ms()),
        Value::from(charge.list.units()),
        Value::from(charge.money.units()),
        Value::from(modifiers_text(&charge.benefits)),
        Value::from(charge.returned_money.units()),
        Value::from(charge.returned_list.units()),
        Value::from(charge.promotion.as_deref()),
    ]
}

/// Writes new charges.
pub(in crate::subscriptions) async fn insert(tx: &mut Tx, charges: &[ResourceCharge]) -> Result<(), DbError> {
    if charges.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = charges.iter().map(to_row).collect();
    tx.send_many(INSERT, &rows, "").await
}

/// All charges of a resource, in the order of payment.
pub(in crate::subscriptions) async fn of_resource(
    tx: &mut Tx,
    account: &str,
    resource: &str,
) -> Result<Vec<ResourceCharge>, DbError> {
    let rows = tx.all(OF_RESOURCE, params![account, resource, CHARGES_MAX]).await?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// The promotional discounts that a resource was ever paid with, the latest first; one comes as often as it was used.
pub(in crate::subscriptions) async fn promotions(
    tx: &mut Tx,
    account: &str,
    resource: &str,
) -> Result<Vec<String>, DbError> {
    let rows = tx.all(PROMOTIONS, params![account, resource, CHARGES_MAX]).await?;
    Ok(rows.into_iter().map(|mut row| row.take_text(0)).collect())
}

/// The number of the next charge of a resource.
pub(in crate::subscriptions) async fn next_no(
    tx: &mut Tx,
    account: &str,
    resource: &str,
) -> Result<i64, DbError> {
    let last = tx.opt(LAST_NO, params![account, resource]).await?;
    Ok(last.map_or(1, |row| row.int(0) + 1))
}

/// Writes what changed of a charge.
pub(in crate::subscriptions) async fn update(tx: &mut Tx, charge: &ResourceCharge) -> Result<(), DbError> {
    let params = params![
        &charge.account,
        &charge.resource,
        charge.charge_no,
        charge.returned_money.units(),
        charge.returned_list.units(),
        modifiers_text(&charge.benefits),
        charge.ends_at.ms(),
        charge.list.units(),
        charge.money.units(),
    ];
    tx.send(UPDATE, params).await
}

/// What was returned of all charges, and charges that cannot be.
pub(in crate::subscriptions) async fn returned(
    tx: &mut Tx,
    limit: i64,
) -> Result<(Charge, Vec<String>), DbError> {
    let sum = Charge::from_units(tx.one(RETURNED, &[]).await?.int(0));
    let broken = tx.all(IMPOSSIBLE, params![limit]).await?;
    let name = |row: &Row| format!("{}/{}", row.text(0), row.int(1));
    Ok((sum, broken.iter().map(name).collect()))
}

/// What was returned of a charge: money and list price; `None`: there is no such charge.
pub(in crate::subscriptions) async fn returned_of(
    tx: &mut Tx,
    account: &str,
    resource: &str,
    charge_no: i64,
) -> Result<Option<(Charge, Charge)>, DbError> {
    let row = tx.opt(RETURNED_OF, params![account, resource, charge_no]).await?;
    Ok(row.map(|row| (Charge::from_units(row.int(0)), Charge::from_units(row.int(1)))))
}

/// Every statement of this store.
pub(super) fn statements() -> Vec<String> {
    let mut all: Vec<String> = STATEMENTS.iter().map(|(_, sql)| (*sql).to_owned()).collect();
    let columns = charge_columns!().split(',').count();
    let values: Vec<String> = (1..=columns).map(|number| format!("${number}")).collect();
    all.push(format!("{INSERT} ({})", values.join(",")));
    all
}
