//! All SQL of orders, their lines and their counters. Lists and checks have files of their own.

use domain::calendar::{Instant, PeriodType};
use domain::money::{Charge, Currency, Scaled};
use domain::order::{OrderStatus, OrderType, SourceType};
use domain::quantity::Quantity;
use platform::db::{DbError, Row, Tx, Value};
use platform::job::Due;
use platform::params;

use super::model::{BaseProduct, Description, Line, LineState, Order, modifiers_from, modifiers_text};

macro_rules! order_columns {
    () => {
        "account_id, id, order_type, status, source_type, service_type_code, enterprise_projects, partner_id, \
         payer_id, official_amount, payable_amount, currency, user_name, auto_pay, auto_renew, base_order_id, \
         created_at, paid_at, pay_before, open_lines, modifiers, tax_amount, tax_rate, combined_id, begin_at, \
         handed_over_at, gives_back, is_invoiced, reason, reason_type, fee_amount, consumed_amount"
    };
}

macro_rules! line_columns {
    () => {
        "line_no, attached_to, product_id, service_type_code, resource_type_code, resource_spec_code, \
         region_code, available_zone, resource_size, size_measure_id, period_type, period_num, subscription_num, \
         resource_name, project_id, enterprise_project_id, product_spec_desc, category_code, official_amount, \
         payable_amount, price_version, state, effective_at, expires_at, modifiers, priced_in, \
         resource_key, base_product, adjusted_amount, fee_amount, consumed_amount"
    };
}

// Below the columns, which lists read too.
pub(super) mod checks;
pub(super) mod list;
pub(super) mod returns;

platform::statements! {
    /// An order of a customer, locked.
    const LOCK_OWN = concat!("select ", order_columns!(), " from orders where account_id = $1 and id = $2 \
        {for_update}");
    /// An order that an account pays for another, locked.
    const LOCK_PAID_BY = concat!("select ", order_columns!(), " from orders where id = $2 and payer_id = $1 \
        {for_update}");
    /// The sub-orders of a combined order, locked.
    const LOCK_COMBINED = concat!("select ", order_columns!(), " from orders where combined_id = $1 \
        order by id limit 100 {for_update}");
    /// The sub-orders of a combined order; the caller checks whether they may be seen.
    const FIND_COMBINED = concat!("select ", order_columns!(), " from orders where combined_id = $1 \
        order by id limit 100");
    /// Whether a customer has paid an order whose first line is of a service; refund orders apart, and records of an
    /// adjustment (15), which cost nothing.
    const HAS_PAID_FOR = "select 1 from orders where account_id = $1 and service_type_folded = $2 \
        and paid_at is not null and gives_back = 0 and order_type <> 15 order by created_at, id limit 1";
    /// Whether another line of an order that it has paid is; refund orders have one line.
    const HAS_PAID_BESIDE = "select 1 from order_lines l join orders o on o.account_id = l.account_id \
        and o.id = l.order_id where l.account_id = $1 and l.service_type_code = $2 and l.line_no > 1 \
        and o.paid_at is not null and o.gives_back = 0 and o.order_type <> 15 order by l.order_id limit 1";
    /// The counters of a customer, locked: two payments that ask whether one is the first take turns.
    const LOCK_COUNTERS = "select partner_id from order_counters where account_id = $1 order by partner_id limit 100 \
        {for_update}";
    /// An order for the system itself, whoever owns it, locked.
    const LOCK_ANY = concat!("select ", order_columns!(), " from orders where id = $1 {for_update}");
    /// An order by its id; the caller checks whether it may be seen.
    const FIND = concat!("select ", order_columns!(), " from orders where id = $1");
    /// A new order.
    const INSERT = "insert into orders (account_id, id, order_type, status, source_type, service_type_code, \
        service_type_folded, enterprise_projects, partner_id, payer_id, official_amount, payable_amount, currency, \
        user_name, auto_pay, auto_renew, base_order_id, created_at, paid_at, pay_before, open_lines, modifiers, \
        tax_amount, tax_rate, combined_id, begin_at, handed_over_at, gives_back, is_invoiced, reason, \
        reason_type, fee_amount, consumed_amount) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
        $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)";
    /// What changes of an order.
    const UPDATE = "update orders set status = $3, paid_at = $4, pay_before = $5, open_lines = $6, \
        payable_amount = $7, modifiers = $8, tax_amount = $9, tax_rate = $10, handed_over_at = $11, is_invoiced = $12 \
        where account_id = $1 and id = $2";
    /// One more order of a customer.
    const COUNT_ONE_MORE = "insert into order_counters (account_id, partner_id, orders) values ($1, $2, 1) \
        on conflict (account_id, partner_id) do update set orders = order_counters.orders + 1";
    /// All lines of an order; placing bounds them.
    const LINES = concat!("select ", line_columns!(), " from order_lines where account_id = $1 and order_id = $2 \
        order by line_no limit 1000");
    /// A page of the lines of an order.
    const LINES_PAGE = concat!("select ", line_columns!(), " from order_lines \
        where account_id = $1 and order_id = $2 order by line_no limit $3 offset $4");
    /// How many lines an order has.
    const LINES_TOTAL = "select count(*) from order_lines where account_id = $1 and order_id = $2";
    /// One line.
    const LINE = concat!("select ", line_columns!(), " from order_lines \
        where account_id = $1 and order_id = $2 and line_no = $3");
    /// How many lines of an order are in a state.
    const LINES_IN_STATE = "select count(*) from order_lines \
        where account_id = $1 and order_id = $2 and state = $3";
    /// What changes of a line.
    const UPDATE_LINE = "update order_lines set state = $4, effective_at = $5, expires_at = $6, \
        payable_amount = $7, modifiers = $8, adjusted_amount = $9 \
        where account_id = $1 and order_id = $2 and line_no = $3";
    /// The same for all lines of an order at once.
    const UPDATE_LINES = "update order_lines set state = $3, effective_at = $4, expires_at = $5 \
        where account_id = $1 and order_id = $2";
    /// Orders whose time to pay is over.
    const OVERDUE = "select pay_before, id from orders where pay_before <= $1 \
        order by pay_before, account_id, id limit $2";
}

const INSERT_LINES: &str =
    concat!("insert into order_lines (account_id, order_id, ", line_columns!(), ") values");

/// An order as its row holds it.
fn order_from_row(row: &mut Row) -> Order {
    let code = |column: usize, row: &Row| row.int(column);
    Order {
        order_type: OrderType::from_code(code(2, row)).expect("stored from the same table of codes"),
        status: OrderStatus::from_code(code(3, row)).expect("stored from the same table of codes"),
        source_type: SourceType::from_code(code(4, row)).expect("stored from the same table of codes"),
        account: row.take_text(0),
        id: row.take_text(1),
        service_type_code: row.take_text(5),
        enterprise_projects: serde_json::from_str(row.text(6)).unwrap_or_default(),
        partner: row.take_opt_text(7),
        payer: row.take_text(8),
        official: Charge::from_units(row.int(9)),
        payable: Charge::from_units(row.int(10)),
        currency: Currency::from_code(row.text(11)).expect("stored from the same table of codes"),
        user_name: row.take_text(12),
        auto_pay: row.bool(13),
        auto_renew: row.bool(14),
        base_order: row.take_opt_text(15),
        created_at: Instant::from_ms(row.int(16)),
        paid_at: row.opt_int(17).map(Instant::from_ms),
        pay_before: row.opt_int(18).map(Instant::from_ms),
        open_lines: row.int(19),
        modifiers: modifiers_from(row.text(20)),
        tax: Charge::from_units(row.int(21)),
        tax_rate: row.opt_text(22).map(|rate| Quantity::parse(rate).expect("stored from a rate")),
        combined: row.take_opt_text(23),
        begin_at: row.opt_int(24).map(Instant::from_ms),
        handed_over_at: row.opt_int(25).map(Instant::from_ms),
        gives_back: row.bool(26),
        is_invoiced: row.bool(27),
        reason: row.take_opt_text(28),
        reason_type: row.opt_int(29),
        fee: Charge::from_units(row.int(30)),
        consumed: Charge::from_units(row.int(31)),
    }
}

fn line_from_row(row: &mut Row) -> Line {
    Line {
        line_no: row.int(0),
        attached_to: row.opt_int(1),
        product_id: row.take_text(2),
        service_type_code: row.take_text(3),
        resource_type_code: row.take_text(4),
        resource_spec_code: row.take_text(5),
        region_code: row.take_text(6),
        available_zone: row.take_opt_text(7),
        resource_size: row.opt_int(8),
        size_measure_id: row.opt_int(9),
        period_type: PeriodType::from_code(row.int(10)).expect("stored from the same table of codes"),
        period_num: row.int(11),
        subscription_num: row.int(12),
        resource_name: row.take_opt_text(13),
        project_id: row.take_opt_text(14),
        enterprise_project_id: row.take_opt_text(15),
        description: Description::from_stored(row.text(16)),
        category_code: row.take_opt_text(17),
        official: Charge::from_units(row.int(18)),
        payable: Charge::from_units(row.int(19)),
        price_version: row.take_text(20),
        state: LineState::from_code(row.text(21)).expect("stored from the same table of codes"),
        effective_at: row.opt_int(22).map(Instant::from_ms),
        expires_at: row.opt_int(23).map(Instant::from_ms),
        modifiers: modifiers_from(row.text(24)),
        priced_in: PeriodType::from_code(row.int(25)).expect("stored from the same table of codes"),
        resource: row.take_opt_text(26),
        base_product: row.opt_text(27).map(BaseProduct::from_stored),
        adjusted: Charge::from_units(row.int(28)),
        fee: Charge::from_units(row.int(29)),
        consumed: Charge::from_units(row.int(30)),
    }
}

fn line_to_row<'a>(order: &'a Order, line: &'a Line) -> Vec<Value<'a>> {
    vec![
        Value::from(&order.account),
        Value::from(&order.id),
        Value::from(line.line_no),
        Value::from(line.attached_to),
        Value::from(&line.product_id),
        Value::from(&line.service_type_code),
        Value::from(&line.resource_type_code),
        Value::from(&line.resource_spec_code),
        Value::from(&line.region_code),
        Value::from(line.available_zone.as_deref()),
        Value::from(line.resource_size),
        Value::from(line.size_measure_id),
        Value::from(line.period_type.code()),
        Value::from(line.period_num),
        Value::from(line.subscription_num),
        Value::from(line.resource_name.as_deref()),
        Value::from(line.project_id.as_deref()),
        Value::from(line.enterprise_project_id.as_deref()),
        Value::from(line.description.to_stored()),
        Value::from(line.category_code.as_deref()),
        Value::from(line.official.units()),
        Value::from(line.payable.units()),
        Value::from(&line.price_version),
        Value::from(line.state.code()),
        Value::from(line.effective_at.map(Instant::ms)),
        Value::from(line.expires_at.map(Instant::ms)),
        Value::from(modifiers_text(&line.modifiers)),
        Value::from(line.priced_in.code()),
        Value::from(line.resource.as_deref()),
        Value::from(line.base_product.as_ref().map(BaseProduct::to_stored)),
        Value::from(line.adjusted.units()),
        Value::from(line.fee.units()),
        Value::from(line.consumed.units()),
    ]
}

fn order_from(row: Option<Row>) -> Option<Order> {
    row.map(|mut row| order_from_row(&mut row))
}

/// An order that `account` owns or pays for, locked.
pub(super) async fn lock(tx: &mut Tx, account: &str, id: &str) -> Result<Option<Order>, DbError> {
    match tx.opt(LOCK_OWN, params![account, id]).await? {
        Some(mut row) => Ok(Some(order_from_row(&mut row))),
        None => Ok(order_from(tx.opt(LOCK_PAID_BY, params![account, id]).await?)),
    }
}

/// An order that `account` placed, locked; whoever merely pays for it may not have it.
pub(super) async fn lock_placed(tx: &mut Tx, account: &str, id: &str) -> Result<Option<Order>, DbError> {
    Ok(order_from(tx.opt(LOCK_OWN, params![account, id]).await?))
}

/// The sub-orders of a combined order, locked in the order of their ids.
pub(super) async fn lock_combined(tx: &mut Tx, id: &str) -> Result<Vec<Order>, DbError> {
    Ok(tx.all(LOCK_COMBINED, params![id]).await?.iter_mut().map(order_from_row).collect())
}

/// The sub-orders of a combined order.
pub(super) async fn find_combined(tx: &mut Tx, id: &str) -> Result<Vec<Order>, DbError> {
    Ok(tx.all(FIND_COMBINED, params![id]).await?.iter_mut().map(order_from_row).collect())
}

/// Whether a customer has paid for something of a service before, in the catalogue's spelling: any line counts.
pub(super) async fn has_paid_for(tx: &mut Tx, account: &str, service: &str) -> Result<bool, DbError> {
    if tx.opt(HAS_PAID_FOR, params![account, service.to_lowercase()]).await?.is_some() {
        return Ok(true);
    }
    Ok(tx.opt(HAS_PAID_BESIDE, params![account, service]).await?.is_some())
}

/// Locks what every new order of a customer changes.
pub(super) async fn lock_counters(tx: &mut Tx, account: &str) -> Result<(), DbError> {
    tx.all(LOCK_COUNTERS, params![account]).await.map(drop)
}

/// An order for the system itself, locked.
pub(super) async fn lock_any(tx: &mut Tx, id: &str) -> Result<Option<Order>, DbError> {
    Ok(order_from(tx.opt(LOCK_ANY, params![id]).await?))
}

/// An order, whoever owns it.
pub(super) async fn find(tx: &mut Tx, id: &str) -> Result<Option<Order>, DbError> {
    Ok(order_from(tx.opt(FIND, params![id]).await?))
}

/// Writes a new order, its lines and its count.
pub(super) async fn insert(tx: &mut Tx, order: &Order, lines: &[Line]) -> Result<(), DbError> {
    let projects = serde_json::to_string(&order.enterprise_projects).expect("a list of texts is JSON");
    tx.send(
        INSERT,
        params![
            &order.account,
            &order.id,
            order.order_type.code(),
            order.status.code(),
            order.source_type.code(),
            &order.service_type_code,
            order.service_type_code.to_lowercase(),
            projects,
            order.partner.as_deref(),
            &order.payer,
            order.official.units(),
            order.payable.units(),
            order.currency.code(),
            &order.user_name,
            order.auto_pay,
            order.auto_renew,
            order.base_order.as_deref(),
            order.created_at.ms(),
            order.paid_at.map(Instant::ms),
            order.pay_before.map(Instant::ms),
            order.open_lines,
            modifiers_text(&order.modifiers),
            order.tax.units(),
            order.tax_rate.map(|rate| rate.to_string()),
            order.combined.as_deref(),
            order.begin_at.map(Instant::ms),
            order.handed_over_at.map(Instant::ms),
            order.gives_back,
            order.is_invoiced,
            order.reason.as_deref(),
            order.reason_type,
            order.fee.units(),
            order.consumed.units(),
        ],
    )
    .await?;
    let rows: Vec<_> = lines.iter().map(|line| line_to_row(order, line)).collect();
    tx.send_many(INSERT_LINES, &rows, "").await?;
    let partner = order.partner.as_deref().unwrap_or_default();
    tx.send(COUNT_ONE_MORE, params![&order.account, partner]).await
}

/// Writes what changed of an order.
pub(super) async fn update(tx: &mut Tx, order: &Order) -> Result<(), DbError> {
    let params = params![
        &order.account,
        &order.id,
        order.status.code(),
        order.paid_at.map(Instant::ms),
        order.pay_before.map(Instant::ms),
        order.open_lines,
        order.payable.units(),
        modifiers_text(&order.modifiers),
        order.tax.units(),
        order.tax_rate.map(|rate| rate.to_string()),
        order.handed_over_at.map(Instant::ms),
        order.is_invoiced,
    ];
    tx.send(UPDATE, params).await
}

/// Every line of an order.
pub(super) async fn lines(tx: &mut Tx, order: &Order) -> Result<Vec<Line>, DbError> {
    let mut rows = tx.all(LINES, params![&order.account, &order.id]).await?;
    Ok(rows.iter_mut().map(line_from_row).collect())
}

/// One line.
pub(super) async fn line(tx: &mut Tx, order: &Order, line_no: i64) -> Result<Line, DbError> {
    let mut row = tx.one(LINE, params![&order.account, &order.id, line_no]).await?;
    Ok(line_from_row(&mut row))
}

/// A page of the lines of an order, and how many there are.
pub(super) async fn lines_page(
    tx: &mut Tx,
    order: &Order,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<Line>), DbError> {
    let total = tx.one(LINES_TOTAL, params![&order.account, &order.id]).await?.int(0);
    let mut rows = tx.all(LINES_PAGE, params![&order.account, &order.id, limit, offset]).await?;
    Ok((total, rows.iter_mut().map(line_from_row).collect()))
}

/// How many lines of an order are in a state.
pub(super) async fn lines_in_state(tx: &mut Tx, order: &Order, state: LineState) -> Result<i64, DbError> {
    Ok(tx.one(LINES_IN_STATE, params![&order.account, &order.id, state.code()]).await?.int(0))
}

/// Writes what changed of the lines of an order: one statement where all changed alike and cost what is stored.
pub(super) async fn update_lines(
    tx: &mut Tx,
    order: &Order,
    lines: &[Line],
    with_amounts: bool,
) -> Result<(), DbError> {
    let change = |line: &Line| {
        (line.state.code(), line.effective_at.map(Instant::ms), line.expires_at.map(Instant::ms))
    };
    let Some(first) = lines.first().map(change) else { return Ok(()) };
    if !with_amounts && lines.iter().all(|line| change(line) == first) {
        let (state, effective_at, expires_at) = first;
        let changed = params![&order.account, &order.id, state, effective_at, expires_at];
        return tx.send(UPDATE_LINES, changed).await;
    }
    for line in lines {
        update_line(tx, order, line).await?;
    }
    Ok(())
}

/// Writes what changed of one line.
pub(super) async fn update_line(tx: &mut Tx, order: &Order, line: &Line) -> Result<(), DbError> {
    let params = params![
        &order.account,
        &order.id,
        line.line_no,
        line.state.code(),
        line.effective_at.map(Instant::ms),
        line.expires_at.map(Instant::ms),
        line.payable.units(),
        modifiers_text(&line.modifiers),
        line.adjusted.units(),
    ];
    tx.send(UPDATE_LINE, params).await
}

/// Orders whose time to pay is over at `until`.
pub(super) async fn overdue(tx: &mut Tx, until: Instant, limit: i64) -> Result<Vec<Due>, DbError> {
    let rows = tx.all(OVERDUE, params![until.ms(), limit]).await?;
    let due = |row: &Row| Due { at: Instant::from_ms(row.int(0)), key: row.text(1).to_owned() };
    Ok(rows.iter().map(due).collect())
}

/// Every statement of this store.
pub(super) fn statements() -> Vec<String> {
    let lists = [STATEMENTS, list::STATEMENTS, checks::STATEMENTS];
    let mut all: Vec<String> = lists.into_iter().flatten().map(|(_, sql)| (*sql).to_owned()).collect();
    all.extend(list::composed());
    all.extend(returns::statements());
    let columns = line_columns!().split(',').count() + 2;
    let values: Vec<String> = (1..=columns).map(|number| format!("${number}")).collect();
    all.push(format!("{INSERT_LINES} ({})", values.join(",")));
    all
}
