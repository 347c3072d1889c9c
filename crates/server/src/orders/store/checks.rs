//! SQL that recomputes what orders say of each other, of their lines and of their counters.

use domain::money::{Charge, Scaled};
use domain::promotion::Modifier;
use platform::db::{DbError, Row, Tx, Value};
use platform::params;

use crate::orders::model::modifiers_from;

/// How many broken rows a statement names.
const NAMED_MAX: i64 = 20;
/// How many orders [`PAID_AMONG`] looks up at once.
const ORDERS_AT_ONCE: usize = 20;

platform::statements! {
    /// Orders whose amounts are not the sums of their lines.
    const BROKEN_SUMS = "select o.id from orders o left join (select account_id, order_id, \
        cast(sum(official_amount) as bigint) official, cast(sum(payable_amount) as bigint) payable \
        from order_lines group by account_id, order_id) l on l.account_id = o.account_id and l.order_id = o.id \
        where l.order_id is null or l.official <> o.official_amount or l.payable <> o.payable_amount \
        order by o.id limit $1";
    /// The sum of all orders.
    const SUM_OF_ORDERS = "select cast(coalesce(sum(payable_amount), 0) as bigint) from orders";
    /// The sum of all lines.
    const SUM_OF_LINES = "select cast(coalesce(sum(payable_amount), 0) as bigint) from order_lines";
    /// How many orders there are.
    const NUMBER_OF_ORDERS = "select count(*) from orders";
    /// How many orders the counters know.
    const NUMBER_COUNTED = "select cast(coalesce(sum(orders), 0) as bigint) from order_counters";
    /// Lines of no order, by the order they name.
    const LINES_WITHOUT_ORDER = "select distinct l.order_id from order_lines l left join orders o \
        on o.account_id = l.account_id and o.id = l.order_id where o.id is null order by l.order_id limit $1";
    /// Counters that are wrong.
    const BROKEN_COUNTERS = "select c.account_id from order_counters c left join (select account_id, \
        coalesce(partner_id, '') partner_id, count(*) orders from orders group by account_id, \
        coalesce(partner_id, '')) o on o.account_id = c.account_id and o.partner_id = c.partner_id \
        where coalesce(o.orders, 0) <> c.orders order by c.account_id limit $1";
    /// Customers with orders that no counter knows.
    const WITHOUT_COUNTER = "select distinct o.account_id from orders o left join order_counters c \
        on c.account_id = o.account_id and c.partner_id = coalesce(o.partner_id, '') \
        where c.account_id is null order by o.account_id limit $1";
    /// How many orders were paid, or cost nothing; refund orders are among them.
    const NUMBER_PAID = "select count(*) from orders where paid_at is not null";
    /// How many orders stand in a status that only payment leads to: 3 processing, 5 completed. A refund order is
    /// processed before anything moves.
    const NUMBER_PAST_PAYMENT = "select count(*) from orders where status = 5 or (status = 3 and gives_back = 0)";
    /// Orders whose status contradicts the rest of the row: time of payment, deadline (6 pending payment) or open
    /// lines.
    const BROKEN_STATES = "select id from orders where \
        case when status = 5 or (status = 3 and gives_back = 0) then 1 else 0 end <> case when paid_at is not null then 1 else 0 end \
        or case when status = 6 then 1 else 0 end <> case when pay_before is not null then 1 else 0 end \
        or case when status = 5 then 1 else 0 end <> case when open_lines = 0 then 1 else 0 end \
        order by id limit $1";
    /// Orders whose number of open lines is not that of their lines that wait for payment or for the cloud.
    const BROKEN_OPEN_LINES = "select o.id from orders o left join (select account_id, order_id, \
        cast(sum(case when state in ('waiting', 'provisioning') then 1 else 0 end) as bigint) open_lines \
        from order_lines group by account_id, order_id) l on l.account_id = o.account_id and l.order_id = o.id \
        where coalesce(l.open_lines, 0) <> o.open_lines order by o.id limit $1";
    /// Orders for which money moved, by id.
    const PAID_AFTER = "select id, payable_amount, gives_back, account_id, modifiers, tax_amount from orders \
        where paid_at is not null and (payable_amount <> 0 or modifiers <> '[]') and id > $1 \
        order by id limit $2";
    /// Which of some orders money moved for.
    const PAID_AMONG = "select id, gives_back from orders where id in ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
        $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) and paid_at is not null \
        and (payable_amount <> 0 or modifiers <> '[]') order by id limit 20";
    /// Which of some ids are of orders, or combined orders, that wait for payment (6); with what reduced them.
    const WAITING_AMONG = "select id, payer_id, modifiers from orders where id in ($1, $2, $3, $4, $5, $6, $7, $8, \
        $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) and combined_id is null and status = 6 \
        order by id limit 20";
    /// The sub-orders of combined orders among some ids, likewise; a combined order has at most a hundred.
    const WAITING_COMBINED_AMONG = "select combined_id, payer_id, modifiers from orders where combined_id in ($1, $2, \
        $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) and status = 6 \
        order by combined_id, id limit 2000";
    /// Orders and lines that nothing reduced and whose payable amount is not their list price.
    const BROKEN_PLAIN = "select id from orders where modifiers = '[]' and official_amount <> payable_amount \
        order by id limit $1";
    /// The same of lines, by order.
    const BROKEN_PLAIN_LINES = "select distinct order_id from order_lines where modifiers = '[]' \
        and official_amount <> payable_amount order by order_id limit $1";
    /// Orders that something reduced, by id.
    const REDUCED_AFTER = "select account_id, id, gives_back, official_amount, payable_amount, modifiers from orders \
        where modifiers <> '[]' and id > $1 order by id limit $2";
    /// What reduced the lines of an order.
    const REDUCED_LINES = "select official_amount, payable_amount, modifiers from order_lines \
        where account_id = $1 and order_id = $2 order by line_no limit 1000";
    /// The sum of all list prices.
    const SUM_OF_LIST = "select cast(coalesce(sum(official_amount), 0) as bigint) from orders";
    /// Orders that carry tax without a rate, or before they were paid, or more than they cost, or of the other sign: a
    /// refund order gives tax back, and where that was of several rates has none.
    const BROKEN_TAXES = "select id from orders where (tax_amount <> 0 and tax_rate is null \
        and gives_back = 0) \
        or (tax_amount <> 0 and paid_at is null) \
        or (gives_back = 0 and (tax_amount < 0 or tax_amount > payable_amount)) \
        or (gives_back = 1 and (tax_amount > 0 or tax_amount < payable_amount)) order by id limit $1";
}

/// Both sides of a check, and what does not agree.
pub(in crate::orders) struct Sides {
    /// Left side.
    pub left: i64,
    /// Right side.
    pub right: i64,
    /// What does not agree, by id, each once.
    pub broken: Vec<String>,
}

async fn sides(tx: &mut Tx, left: &str, right: &str, broken: [&str; 2]) -> Result<Sides, DbError> {
    let mut named: Vec<String> = Vec::new();
    for sql in broken {
        for mut row in tx.all(sql, params![NAMED_MAX]).await? {
            let id = row.take_text(0);
            if !named.contains(&id) {
                named.push(id);
            }
        }
    }
    Ok(Sides {
        left: tx.one(left, &[]).await?.int(0),
        right: tx.one(right, &[]).await?.int(0),
        broken: named,
    })
}

/// Orders against their lines.
pub(in crate::orders) async fn sums(tx: &mut Tx) -> Result<Sides, DbError> {
    sides(tx, SUM_OF_ORDERS, SUM_OF_LINES, [BROKEN_SUMS, LINES_WITHOUT_ORDER]).await
}

/// Counters against orders.
pub(in crate::orders) async fn counters(tx: &mut Tx) -> Result<Sides, DbError> {
    sides(tx, NUMBER_COUNTED, NUMBER_OF_ORDERS, [BROKEN_COUNTERS, WITHOUT_COUNTER]).await
}

/// Paid orders against those whose status says so.
pub(in crate::orders) async fn states(tx: &mut Tx) -> Result<Sides, DbError> {
    sides(tx, NUMBER_PAID, NUMBER_PAST_PAYMENT, [BROKEN_STATES, BROKEN_OPEN_LINES]).await
}

/// An order for which money moved.
pub(in crate::orders) struct Paid {
    /// The order.
    pub id: String,
    /// What balances, coupons and cards paid for it; below zero in a refund order.
    pub amount: Charge,
    /// The tax contained in it; below zero in a refund order.
    pub tax: Charge,
    /// It gave money back.
    pub is_refund: bool,
    /// Its account.
    pub account: String,
}

/// Orders after `id` for which money moved.
pub(in crate::orders) async fn paid_after(tx: &mut Tx, id: &str, limit: i64) -> Result<Vec<Paid>, DbError> {
    let paid = |mut row: Row| {
        let benefits = modifiers_from(row.text(4)).into_iter().filter(|modifier| modifier.kind.is_benefit());
        let parts =
            std::iter::once(Charge::from_units(row.int(1))).chain(benefits.map(|modifier| modifier.amount));
        Some(Paid {
            amount: Charge::sum(parts)?,
            id: row.take_text(0),
            is_refund: row.bool(2),
            account: row.take_text(3),
            tax: Charge::from_units(row.int(5)),
        })
    };
    let rows = tx.all(PAID_AFTER, params![id, limit]).await?;
    let paid: Option<Vec<Paid>> = rows.into_iter().map(paid).collect();
    paid.ok_or_else(|| DbError::Other("what was paid for an order overflows".to_owned()))
}

/// What was reduced, of an order or a line.
pub(in crate::orders) struct Reduced {
    /// List price.
    pub official: Charge,
    /// What balances pay.
    pub payable: Charge,
    /// What reduced it.
    pub modifiers: Vec<Modifier>,
}

/// An order that something reduced, and its lines.
pub(in crate::orders) struct ReducedOrder {
    /// Its account.
    pub account: String,
    /// Its id.
    pub id: String,
    /// It gives money back: its modifiers are no part of its amount.
    pub is_refund: bool,
    /// Its amounts.
    pub whole: Reduced,
}

fn reduced(row: &Row, first: usize) -> Reduced {
    Reduced {
        official: Charge::from_units(row.int(first)),
        payable: Charge::from_units(row.int(first + 1)),
        modifiers: modifiers_from(row.text(first + 2)),
    }
}

/// Orders after `id` that something reduced.
pub(in crate::orders) async fn reduced_after(
    tx: &mut Tx,
    id: &str,
    limit: i64,
) -> Result<Vec<ReducedOrder>, DbError> {
    let order = |mut row: Row| ReducedOrder {
        whole: reduced(&row, 3),
        is_refund: row.bool(2),
        account: row.take_text(0),
        id: row.take_text(1),
    };
    Ok(tx.all(REDUCED_AFTER, params![id, limit]).await?.into_iter().map(order).collect())
}

/// The lines of an order.
pub(in crate::orders) async fn reduced_lines(
    tx: &mut Tx,
    account: &str,
    order: &str,
) -> Result<Vec<Reduced>, DbError> {
    Ok(tx.all(REDUCED_LINES, params![account, order]).await?.iter().map(|row| reduced(row, 0)).collect())
}

/// The sum of all list prices, and orders that nothing reduced but that cost something else, or whose tax is wrong.
pub(in crate::orders) async fn plain(tx: &mut Tx) -> Result<(Charge, Charge, Vec<String>), DbError> {
    let mut broken = Vec::new();
    for sql in [BROKEN_PLAIN, BROKEN_PLAIN_LINES, BROKEN_TAXES] {
        for mut row in tx.all(sql, params![NAMED_MAX]).await? {
            broken.push(row.take_text(0));
        }
    }
    let list = Charge::from_units(tx.one(SUM_OF_LIST, &[]).await?.int(0));
    let payable = Charge::from_units(tx.one(SUM_OF_ORDERS, &[]).await?.int(0));
    Ok((list, payable, broken))
}

/// An order, or a sub-order, that waits for payment.
pub(in crate::orders) struct Holder {
    /// The id by which it holds coupons: its own, or that of the combined order.
    pub id: String,
    /// Who pays it.
    pub payer: String,
    modifiers: Vec<Modifier>,
}

impl Holder {
    /// It was placed with a coupon.
    pub fn names(&self, coupon: &str) -> bool {
        self.modifiers.iter().any(|modifier| modifier.source == coupon)
    }
}

/// One text for any number of ids, at most [`ORDERS_AT_ONCE`]: the places that are left repeat the last one.
fn padded(ids: &[String]) -> Vec<Value<'_>> {
    assert!(ids.len() <= ORDERS_AT_ONCE, "the caller looks up a page at a time");
    ids.iter().chain(ids.last().into_iter().cycle()).take(ORDERS_AT_ONCE).map(Value::from).collect()
}

/// Those that wait for payment of at most twenty orders or combined orders.
pub(in crate::orders) async fn waiting_among(tx: &mut Tx, ids: &[String]) -> Result<Vec<Holder>, DbError> {
    let mut found = Vec::new();
    for sql in [WAITING_AMONG, WAITING_COMBINED_AMONG] {
        let holder = |mut row: Row| Holder {
            modifiers: modifiers_from(row.text(2)),
            id: row.take_text(0),
            payer: row.take_text(1),
        };
        found.extend(tx.all(sql, &padded(ids)).await?.into_iter().map(holder));
    }
    Ok(found)
}

/// Those of at most twenty orders for which money moved, with whether it went back.
pub(in crate::orders) async fn paid_among(
    tx: &mut Tx,
    ids: &[String],
) -> Result<Vec<(String, bool)>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let paid = |mut row: Row| (row.take_text(0), row.bool(1));
    Ok(tx.all(PAID_AMONG, &padded(ids)).await?.into_iter().map(paid).collect())
}
