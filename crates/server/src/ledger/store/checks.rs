//! SQL that recomputes the books. Each `list_` finds violations, in a fixed order and no more than asked for.

use domain::money::Charge;
use platform::db::{DbError, Row, Tx};
use platform::params;

platform::statements! {
    /// What was posted on the two sides, both as positive sums.
    const SUM_SIDES = "select \
        cast(coalesce(sum(case when amount > 0 then amount else 0 end), 0) as bigint), \
        cast(coalesce(sum(case when amount < 0 then -amount else 0 end), 0) as bigint) from postings";
    /// Journals that do not balance, or have too few postings to be one.
    const LIST_UNBALANCED = "select j.id from journals j left join postings p on p.journal_id = j.id \
        group by j.id having coalesce(sum(p.amount), 0) <> 0 or count(p.seq) < 2 order by j.id limit $1";
    /// Postings of no journal.
    const LIST_WITHOUT_JOURNAL = "select distinct p.journal_id from postings p \
        left join journals j on j.id = p.journal_id where j.id is null order by p.journal_id limit $1";
    /// All running balances.
    const SUM_BALANCES = "select cast(coalesce(sum(balance), 0) as bigint) from ledger_accounts";
    /// All postings on customers' accounts.
    const SUM_CUSTOMERS = "select cast(coalesce(sum(amount), 0) as bigint) from postings \
        where substr(ledger_account_id, 1, 6) <> 'house:'";
    /// Accounts whose balance, or number of postings, is not that of their postings.
    const LIST_WRONG_BALANCES = "select a.id from ledger_accounts a \
        left join postings p on p.ledger_account_id = a.id group by a.id, a.balance, a.last_seq \
        having a.balance <> coalesce(sum(p.amount), 0) or a.last_seq <> count(p.seq) order by a.id limit $1";
    /// Postings whose balance is not that of the posting before plus their amount.
    const LIST_BROKEN_CHAINS = "select p.journal_id, p.ledger_account_id from postings p \
        left join postings e on e.ledger_account_id = p.ledger_account_id \
        and e.account_seq = p.account_seq - 1 \
        where p.account_seq is not null and (p.balance_after is null or \
        p.balance_after <> coalesce(e.balance_after, 0) + p.amount or \
        (e.account_seq is null and p.account_seq <> 1)) \
        order by p.journal_id, p.ledger_account_id limit $1";
    /// Postings on customers' accounts that do not exist, or without a number; and numbered ones of the house.
    const LIST_HOMELESS = "select p.journal_id, p.ledger_account_id from postings p \
        left join ledger_accounts a on a.id = p.ledger_account_id \
        where (substr(p.ledger_account_id, 1, 6) <> 'house:' and (a.id is null or p.account_seq is null)) \
        or (substr(p.ledger_account_id, 1, 6) = 'house:' and p.account_seq is not null) \
        order by p.journal_id, p.ledger_account_id limit $1";
    /// All totals.
    const SUM_TOTALS = "select cast(coalesce(sum(balance), 0) as bigint) from ledger_totals";
    /// All postings on accounts that a total counts.
    const SUM_COUNTED = "select cast(coalesce(sum(p.amount), 0) as bigint) from postings p \
        join ledger_accounts a on a.id = p.ledger_account_id where a.kind = 'credit'";
    /// Totals that are not those of their changes.
    const LIST_WRONG_TOTALS = "select t.id from ledger_totals t left join total_changes c on c.total_id = t.id \
        left join postings p on p.journal_id = c.journal_id and p.seq = c.posting_seq \
        group by t.id, t.balance, t.last_seq \
        having t.balance <> coalesce(sum(p.amount), 0) or t.last_seq <> count(c.seq) order by t.id limit $1";
    /// Changes of totals that are no posting on one of their accounts, or whose balance does not follow from the one
    /// before.
    const LIST_BROKEN_TOTALS = "select c.journal_id, c.total_id from total_changes c \
        left join postings p on p.journal_id = c.journal_id and p.seq = c.posting_seq \
        left join ledger_accounts a on a.id = p.ledger_account_id and a.owner_id || ':' || a.kind = c.total_id \
        left join total_changes e on e.total_id = c.total_id and e.seq = c.seq - 1 \
        where a.id is null or c.balance_after <> coalesce(e.balance_after, 0) + p.amount \
        or (e.seq is null and c.seq <> 1) order by c.journal_id, c.total_id limit $1";
    /// Postings that no total counts, though one ought to.
    const LIST_UNCOUNTED = "select p.journal_id, p.ledger_account_id from postings p \
        join ledger_accounts a on a.id = p.ledger_account_id \
        left join total_changes c on c.journal_id = p.journal_id and c.posting_seq = p.seq \
        where a.kind = 'credit' and c.seq is null order by p.journal_id, p.ledger_account_id limit $1";
    /// How many accounts there are, and how many of them hold what they must.
    const COUNT_FLOORS = "select count(*), \
        cast(coalesce(sum(case when balance >= floor then 1 else 0 end), 0) as bigint) from ledger_accounts";
    /// Accounts that hold less than they must.
    const LIST_BELOW_FLOOR = "select id from ledger_accounts where balance < floor order by id limit $1";
    /// Postings on accounts of another currency than their journal's.
    const LIST_MIXED = "select p.journal_id, p.ledger_account_id from postings p \
        join journals j on j.id = p.journal_id join ledger_accounts a on a.id = p.ledger_account_id \
        where a.currency <> j.currency order by p.journal_id, p.ledger_account_id limit $1";
    /// How many postings stand on customers' accounts, and how many of them in the account's currency.
    const COUNT_CURRENCIES = "select count(*), \
        cast(coalesce(sum(case when a.currency = j.currency then 1 else 0 end), 0) as bigint) \
        from postings p join journals j on j.id = p.journal_id \
        join ledger_accounts a on a.id = p.ledger_account_id";
    /// How many journals were given back, in whole or in part.
    const COUNT_GIVEN_BACK = "select count(distinct gives_back) from journals where gives_back is not null";
    /// Journals of which more was given back than they took, of a coupon or card, or of all balances together: what
    /// was owed and has been repaid meanwhile comes back as cash.
    const LIST_GIVEN_BACK_TOO_MUCH = "select g.journal_id, g.fund from (select r.gives_back as journal_id, \
        case when a.kind in ('coupon', 'flexi', 'card') then a.id else 'balances' end as fund, \
        sum(p.amount) as amount from journals r join postings p on p.journal_id = r.id \
        join ledger_accounts a on a.id = p.ledger_account_id where r.gives_back is not null \
        group by r.gives_back, case when a.kind in ('coupon', 'flexi', 'card') then a.id else 'balances' end) g \
        left join (select q.journal_id, \
        case when b.kind in ('coupon', 'flexi', 'card') then b.id else 'balances' end as fund, \
        -sum(q.amount) as amount from postings q join ledger_accounts b on b.id = q.ledger_account_id \
        where q.journal_id in (select gives_back from journals where gives_back is not null) \
        group by q.journal_id, case when b.kind in ('coupon', 'flexi', 'card') then b.id else 'balances' end) t \
        on t.journal_id = g.journal_id and t.fund = g.fund where g.amount > coalesce(t.amount, 0) \
        order by g.journal_id, g.fund limit $1";
    /// How many journals paid an order.
    const COUNT_PAYMENTS = "select count(*) from journals where kind = 'pay_order'";
    /// Payments whose cause is not their kind and one order: such an order could be paid again.
    const LIST_OTHER_PAYMENTS = "select id from journals where kind = 'pay_order' \
        and (substr(cause, 1, 10) <> 'pay_order/' or substr(cause, length(cause), 1) <> '/' \
        or length(cause) - length(replace(cause, '/', '')) <> 2) order by id limit $1";
    /// How many orders were paid by a journal.
    const COUNT_PAID = "select count(distinct substr(cause, 11)) from journals \
        where kind = 'pay_order'";
}

async fn charge(tx: &mut Tx, sql: &str) -> Result<Charge, DbError> {
    Ok(Charge::cents(tx.one(sql, &[]).await?.int(0)))
}

async fn counts(tx: &mut Tx, sql: &str) -> Result<(i64, i64), DbError> {
    let row = tx.one(sql, &[]).await?;
    Ok((row.int(0), row.int(1)))
}

async fn ids(tx: &mut Tx, sql: &str, limit: i64) -> Result<Vec<String>, DbError> {
    let rows = tx.all(sql, params![limit]).await?;
    Ok(rows.into_iter().map(|mut row| row.take_text(0)).collect())
}

async fn places(tx: &mut Tx, sql: &str, limit: i64) -> Result<Vec<String>, DbError> {
    let place = |row: &Row| format!("journal {} on {}", row.text(0), row.text(1));
    Ok(tx.all(sql, params![limit]).await?.iter().map(place).collect())
}

/// What was posted above zero, and below it with its sign changed.
pub async fn sides(tx: &mut Tx) -> Result<(Charge, Charge), DbError> {
    let (above, below) = counts(tx, SUM_SIDES).await?;
    Ok((Charge::cents(above), Charge::cents(below)))
}

/// Journals that do not balance, and ids of journals that have postings only.
pub async fn list_unbalanced(tx: &mut Tx, limit: i64) -> Result<Vec<String>, DbError> {
    let mut found = ids(tx, LIST_UNBALANCED, limit).await?;
    found.extend(ids(tx, LIST_WITHOUT_JOURNAL, limit).await?);
    Ok(found.into_iter().map(|id| format!("journal {id}")).collect())
}

/// All running balances, and all postings on customers' accounts.
pub async fn balances(tx: &mut Tx) -> Result<(Charge, Charge), DbError> {
    Ok((charge(tx, SUM_BALANCES).await?, charge(tx, SUM_CUSTOMERS).await?))
}

/// Accounts and postings whose balances do not follow from the postings.
pub async fn list_wrong_balances(tx: &mut Tx, limit: i64) -> Result<Vec<String>, DbError> {
    let mut found = ids(tx, LIST_WRONG_BALANCES, limit).await?;
    found.extend(places(tx, LIST_BROKEN_CHAINS, limit).await?);
    found.extend(places(tx, LIST_HOMELESS, limit).await?);
    Ok(found)
}

/// All totals, and all postings that they count.
pub async fn totals(tx: &mut Tx) -> Result<(Charge, Charge), DbError> {
    Ok((charge(tx, SUM_TOTALS).await?, charge(tx, SUM_COUNTED).await?))
}

/// Totals, and their changes, that do not follow from the postings.
pub async fn list_wrong_totals(tx: &mut Tx, limit: i64) -> Result<Vec<String>, DbError> {
    let mut found = ids(tx, LIST_WRONG_TOTALS, limit).await?;
    found.extend(places(tx, LIST_BROKEN_TOTALS, limit).await?);
    found.extend(places(tx, LIST_UNCOUNTED, limit).await?);
    Ok(found)
}

/// How many accounts there are, and how many hold what they must.
pub async fn count_floors(tx: &mut Tx) -> Result<(i64, i64), DbError> {
    counts(tx, COUNT_FLOORS).await
}

/// Accounts that hold less than they must.
pub async fn list_below_floor(tx: &mut Tx, limit: i64) -> Result<Vec<String>, DbError> {
    ids(tx, LIST_BELOW_FLOOR, limit).await
}

/// How many postings stand on customers' accounts, and how many of them in the account's currency.
pub async fn count_currencies(tx: &mut Tx) -> Result<(i64, i64), DbError> {
    counts(tx, COUNT_CURRENCIES).await
}

/// Postings in another currency than their account's.
pub async fn list_mixed(tx: &mut Tx, limit: i64) -> Result<Vec<String>, DbError> {
    places(tx, LIST_MIXED, limit).await
}

/// How many journals were given back, in whole or in part.
pub async fn count_given_back(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(tx.one(COUNT_GIVEN_BACK, &[]).await?.int(0))
}

/// Journals of which more came back than they took.
pub async fn list_given_back_too_much(tx: &mut Tx, limit: i64) -> Result<Vec<String>, DbError> {
    places(tx, LIST_GIVEN_BACK_TOO_MUCH, limit).await
}

/// How many journals paid an order, and how many orders they paid.
pub async fn count_payments(tx: &mut Tx) -> Result<(i64, i64), DbError> {
    Ok((tx.one(COUNT_PAYMENTS, &[]).await?.int(0), tx.one(COUNT_PAID, &[]).await?.int(0)))
}

/// Payments whose cause would let their order be paid once more.
pub async fn list_other_payments(tx: &mut Tx, limit: i64) -> Result<Vec<String>, DbError> {
    let found = ids(tx, LIST_OTHER_PAYMENTS, limit).await?;
    Ok(found.into_iter().map(|id| format!("journal {id}")).collect())
}
