//! All SQL of `ledger_accounts`, `journals` and `postings`; totals of several accounts have a file of their own.
//!
//! Accounts of the house are known by the beginning of their id, `house:`; no customer's id can have it.

pub mod changes;
pub mod checks;
pub mod receipts;
pub mod totals;

use domain::calendar::Instant;
use domain::ledger::{AccountKind, HOUSE, Journal, LedgerAccount};
use domain::money::{Charge, Currency, Scaled};
use platform::db::{DbError, Row, Tx, Value};
use platform::params;

/// The most accounts of one kind of one owner that are read at once: credit lines and months of settlement, which are
/// fewer. Coupons may be more, and are never read so.
pub const ACCOUNTS_MAX: i64 = 1_000;
/// How many causes [`MOVED`], and accounts [`BALANCES_AMONG`], looks up at once.
pub const CAUSES_AT_ONCE: usize = 20;
/// The most postings of one journal on customers' accounts: the funds that one payment may use.
const FUNDS_MAX: i64 = 1_000;

const POSTINGS_HEAD: &str = "insert into postings \
    (journal_id, seq, ledger_account_id, amount, account_seq, balance_after) values";

platform::statements! {
    /// An account, unless it is there.
    const INSERT_ACCOUNT = "insert into ledger_accounts \
        (id, owner_id, kind, piece, currency, balance, floor, last_seq, created_at) \
        values ($1, $2, $3, $4, $5, 0, $6, 0, $7) on conflict (id) do nothing";
    /// One account, locked.
    const LOCK_ACCOUNT = "select currency, balance, floor, last_seq from ledger_accounts \
        where id = $1 {for_update}";
    /// The accounts of a kind of an owner.
    const LIST_BALANCES = "select id, balance from ledger_accounts \
        where owner_id = $1 and kind = $2 order by id limit $3";
    /// Accounts by id, for checks.
    const BALANCES_AMONG = "select id, balance from ledger_accounts where id in ($1, $2, $3, $4, $5, $6, $7, $8, \
        $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) order by id limit 20";
    /// The accounts of a kind of everybody after one of them, for checks.
    const LIST_OF_KIND = "select id, balance from ledger_accounts \
        where kind = $1 and id > $2 order by id limit $3";
    /// A journal, unless its cause was posted.
    const INSERT_JOURNAL = "insert into journals (id, kind, cause, currency, posted_at, gives_back) \
        values ($1, $2, $3, $4, $5, $6) on conflict (cause) do nothing";
    /// The journal of a cause.
    const FIND_JOURNAL = "select id from journals where cause = $1";
    /// The running balance of an account.
    const UPDATE_BALANCE = "update ledger_accounts set balance = $2, last_seq = $3 where id = $1";
    /// What an account held after a journal.
    const BALANCE_AFTER = "select balance_after from postings \
        where journal_id = $1 and ledger_account_id = $2";
    /// What a journal moved on customers' accounts, the last posting first.
    const LIST_FUNDS = "select ledger_account_id, amount from postings \
        where journal_id = $1 and account_seq is not null order by seq desc limit $2";
    /// What was given back of a journal, by account.
    const LIST_GIVEN_BACK = "select p.ledger_account_id, cast(sum(p.amount) as bigint) \
        from journals j join postings p on p.journal_id = j.id \
        where j.gives_back = $1 and p.account_seq is not null \
        group by p.ledger_account_id order by p.ledger_account_id limit $2";
    /// What journals moved on customers' accounts and on the house's of tax, by cause, and the cause of the journal
    /// that they give back.
    const MOVED = "select j.cause, j.id, cast(coalesce(sum(case when substr(p.ledger_account_id, 1, 6) <> 'house:' \
        then p.amount else 0 end), 0) as bigint), b.cause, \
        cast(coalesce(sum(case when p.ledger_account_id = 'house:tax' then p.amount else 0 end), 0) as bigint) \
        from journals j left join journals b on b.id = j.gives_back left join postings p on p.journal_id = j.id \
        where j.cause in ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
        $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) \
        group by j.cause, j.id, b.cause order by j.cause limit 20";
    /// How many journals of a kind there are.
    const COUNT_JOURNALS = "select count(*) from journals where kind = $1";
    /// Journals of a kind after one of them, by id.
    const LIST_CAUSES = "select id, cause from journals where kind = $1 and id > $2 order by id limit $3";
    /// What all journals of a kind moved on customers' accounts.
    const SUM_MOVED = "select cast(coalesce(sum(p.amount), 0) as bigint) \
        from journals j join postings p on p.journal_id = j.id \
        where j.kind = $1 and substr(p.ledger_account_id, 1, 6) <> 'house:'";
}

/// The insert of postings as the database layer puts it together, for one row.
pub fn insert_posting() -> String {
    format!("{POSTINGS_HEAD} ($1,$2,$3,$4,$5,$6) ")
}

/// A customer's account, locked by the transaction that read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub account: LedgerAccount,
    /// Its currency.
    pub currency: Currency,
    /// What it holds.
    pub balance: Charge,
    /// What it must hold at least.
    pub floor: Charge,
    /// Number of its newest posting.
    pub last_seq: i64,
}

/// A change of one account that is about to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPosting {
    /// Id of the account.
    pub account: String,
    /// By how much.
    pub amount: Charge,
    /// On a customer's account the number of the posting and the balance after it; the house has neither.
    pub after: Option<(i64, Charge)>,
}

/// What a journal moved on customers' accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Text of the journal's cause.
    pub cause: String,
    /// The journal.
    pub journal: String,
    /// Sum of its postings on customers' accounts, coupons and cards included; negative where they paid.
    pub amount: Charge,
    /// Sum of its postings on the house's account of tax; negative where tax went back.
    pub tax: Charge,
    /// Text of the cause of the journal whose money this one returns, if there is such a journal.
    pub gives_back: Option<String>,
}

/// Text of a stored column that is not what this program writes: somebody else wrote it.
fn damaged(column: &str, text: &str) -> DbError {
    DbError::Other(format!("{column} holds {text:?}, which the ledger never writes"))
}

fn parse_account(text: &str) -> Result<LedgerAccount, DbError> {
    LedgerAccount::parse(text).ok_or_else(|| damaged("a ledger account id", text))
}

fn amount_of(row: &Row) -> Result<(LedgerAccount, Charge), DbError> {
    Ok((parse_account(row.text(0))?, Charge::cents(row.int(1))))
}

/// Inserts an account with an empty balance, unless it is there.
pub async fn insert_account(
    tx: &mut Tx,
    account: &LedgerAccount,
    currency: Currency,
    floor: Charge,
    now: Instant,
) -> Result<(), DbError> {
    let owner = account.owner().map_or(HOUSE, |owner| owner.as_str());
    let row = params![
        account.id(),
        owner,
        account.kind().code(),
        account.piece(),
        currency.code(),
        floor.units(),
        now.ms()
    ];
    tx.exec(INSERT_ACCOUNT, row).await?;
    totals::ensure(tx, account).await
}

/// Reads and locks one account.
pub async fn lock_account(tx: &mut Tx, account: &LedgerAccount) -> Result<Option<Held>, DbError> {
    let Some(row) = tx.opt(LOCK_ACCOUNT, params![account.id()]).await? else { return Ok(None) };
    let currency = Currency::from_code(row.text(0)).ok_or_else(|| damaged("currency", row.text(0)))?;
    Ok(Some(Held {
        account: account.clone(),
        currency,
        balance: Charge::cents(row.int(1)),
        floor: Charge::cents(row.int(2)),
        last_seq: row.int(3),
    }))
}

/// The accounts of a kind of an owner with their balances, by id.
pub async fn list_balances(
    tx: &mut Tx,
    owner: &str,
    kind: AccountKind,
) -> Result<Vec<(LedgerAccount, Charge)>, DbError> {
    let rows = tx.all(LIST_BALANCES, params![owner, kind.code(), ACCOUNTS_MAX]).await?;
    rows.iter().map(amount_of).collect()
}

/// Ids and balances of at most [`CAUSES_AT_ONCE`] accounts; those that do not exist are left out.
pub async fn balances_among(tx: &mut Tx, ids: &[String]) -> Result<Vec<(String, Charge)>, DbError> {
    let Some(last) = ids.last() else { return Ok(Vec::new()) };
    assert!(ids.len() <= CAUSES_AT_ONCE, "the caller looks up a page at a time");
    let padded = ids.iter().chain(std::iter::repeat(last)).take(CAUSES_AT_ONCE);
    let params: Vec<Value<'_>> = padded.map(Value::from).collect();
    let balance = |mut row: Row| (row.take_text(0), Charge::cents(row.int(1)));
    Ok(tx.all(BALANCES_AMONG, &params).await?.into_iter().map(balance).collect())
}

/// Ids and balances of the accounts of a kind after `id`, whoever owns them.
pub async fn list_of_kind(
    tx: &mut Tx,
    kind: AccountKind,
    id: &str,
    limit: i64,
) -> Result<Vec<(String, Charge)>, DbError> {
    let rows = tx.all(LIST_OF_KIND, params![kind.code(), id, limit]).await?;
    Ok(rows.into_iter().map(|mut row| (row.take_text(0), Charge::cents(row.int(1)))).collect())
}

/// Inserts a journal without its postings; `false`: its cause was posted before.
pub async fn insert_journal(
    tx: &mut Tx,
    id: &str,
    journal: &Journal,
    gives_back: Option<&str>,
    now: Instant,
) -> Result<bool, DbError> {
    let row = params![
        id,
        journal.kind().code(),
        journal.cause().to_string(),
        journal.currency().code(),
        now.ms(),
        gives_back
    ];
    Ok(tx.exec(INSERT_JOURNAL, row).await? == 1)
}

/// The journal of a cause.
pub async fn find_journal(tx: &mut Tx, cause: &str) -> Result<Option<String>, DbError> {
    Ok(tx.opt(FIND_JOURNAL, params![cause]).await?.map(|mut row| row.take_text(0)))
}

/// Inserts the postings of a journal.
pub async fn insert_postings(tx: &mut Tx, journal: &str, postings: &[NewPosting]) -> Result<(), DbError> {
    let mut rows = Vec::with_capacity(postings.len());
    for (seq, posting) in (1_i64..).zip(postings) {
        rows.push(vec![
            Value::from(journal),
            Value::from(seq),
            Value::from(&posting.account),
            Value::from(posting.amount.units()),
            Value::from(posting.after.map(|(account_seq, _)| account_seq)),
            Value::from(posting.after.map(|(_, balance)| balance.units())),
        ]);
    }
    tx.send_many(POSTINGS_HEAD, &rows, "").await
}

/// Writes the running balance of an account.
pub async fn update_balance(
    tx: &mut Tx,
    account: &str,
    balance: Charge,
    last_seq: i64,
) -> Result<(), DbError> {
    tx.send(UPDATE_BALANCE, params![account, balance.units(), last_seq]).await
}

/// What a customer's account held after a journal; `None`: the journal did not move it.
pub async fn balance_after(tx: &mut Tx, journal: &str, account: &str) -> Result<Option<Charge>, DbError> {
    let row = tx.opt(BALANCE_AFTER, params![journal, account]).await?;
    Ok(row.and_then(|row| row.opt_int(0)).map(Charge::cents))
}

/// What a journal moved on each customer's account, the last posting first.
pub async fn list_funds(tx: &mut Tx, journal: &str) -> Result<Vec<(LedgerAccount, Charge)>, DbError> {
    tx.all(LIST_FUNDS, params![journal, FUNDS_MAX]).await?.iter().map(amount_of).collect()
}

/// What later journals gave back of a journal, by account.
pub async fn list_given_back(tx: &mut Tx, journal: &str) -> Result<Vec<(LedgerAccount, Charge)>, DbError> {
    tx.all(LIST_GIVEN_BACK, params![journal, FUNDS_MAX]).await?.iter().map(amount_of).collect()
}

/// What the journals of these causes moved, at most [`CAUSES_AT_ONCE`] of them; a cause that was never posted
/// is left out.
pub async fn list_moved(tx: &mut Tx, causes: &[String]) -> Result<Vec<Moved>, DbError> {
    let Some(last) = causes.last() else { return Ok(Vec::new()) };
    assert!(causes.len() <= CAUSES_AT_ONCE, "the caller looks up a page at a time");
    // One statement text for any number: the places that are left repeat the last cause.
    let padded = causes.iter().chain(std::iter::repeat(last)).take(CAUSES_AT_ONCE);
    let params: Vec<Value<'_>> = padded.map(Value::from).collect();
    let moved = |mut row: Row| Moved {
        cause: row.take_text(0),
        journal: row.take_text(1),
        amount: Charge::cents(row.int(2)),
        gives_back: row.take_opt_text(3),
        tax: Charge::cents(row.int(4)),
    };
    Ok(tx.all(MOVED, &params).await?.into_iter().map(moved).collect())
}

/// Journals of a kind after `id`, and their causes.
pub async fn list_causes(
    tx: &mut Tx,
    kind: &str,
    id: &str,
    limit: i64,
) -> Result<Vec<(String, String)>, DbError> {
    let rows = tx.all(LIST_CAUSES, params![kind, id, limit]).await?;
    Ok(rows.into_iter().map(|mut row| (row.take_text(0), row.take_text(1))).collect())
}

/// How many journals of a kind there are, and what they moved on customers' accounts.
pub async fn totals(tx: &mut Tx, kind: &str) -> Result<(i64, Charge), DbError> {
    let count = tx.one(COUNT_JOURNALS, params![kind]).await?.int(0);
    let sum = tx.one(SUM_MOVED, params![kind]).await?.int(0);
    Ok((count, Charge::cents(sum)))
}
