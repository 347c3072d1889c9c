//! SQL that lists what changed the accounts of a customer, the latest first.
//!
//! A posting has no time of its own: its journal has. One account is walked by the numbers of its postings, which
//! `postings_by_account` serves; several accounts of a kind by those of their total, as if they were one.

use domain::calendar::Instant;
use domain::ledger::{AccountKind, JournalKind};
use domain::money::Charge;
use platform::db::{DbError, Row, Tx, Value};

use super::{damaged, totals};

/// The most causes that are looked for at once.
pub const CAUSES_MAX: usize = 5;
/// Bound times that are no bounds.
const ALWAYS: (i64, i64) = (i64::MIN, i64::MAX);

platform::statements! {
    /// Changes of one account.
    const LIST_OF_ACCOUNT = "select p.journal_id, p.seq, p.amount, p.balance_after, j.kind, j.cause, j.posted_at \
        from postings p join journals j on j.id = p.journal_id \
        where p.ledger_account_id = $1 and p.amount >= $2 and p.amount <= $3 and j.posted_at >= $4 \
        and j.posted_at < $5 and j.kind in ($6, $7, $8, $9, $10, $11, $12, $13, $14) \
        order by p.account_seq desc limit $15 offset $16";
    /// How many there are.
    const COUNT_OF_ACCOUNT = "select count(*) from postings p join journals j on j.id = p.journal_id \
        where p.ledger_account_id = $1 and p.amount >= $2 and p.amount <= $3 and j.posted_at >= $4 \
        and j.posted_at < $5 and j.kind in ($6, $7, $8, $9, $10, $11, $12, $13, $14)";
    /// Changes of one account by one of a few causes.
    const LIST_OF_ACCOUNT_BY_CAUSE = "select p.journal_id, p.seq, p.amount, p.balance_after, j.kind, j.cause, j.posted_at \
        from postings p join journals j on j.id = p.journal_id \
        where p.ledger_account_id = $1 and p.amount >= $2 and p.amount <= $3 and j.posted_at >= $4 \
        and j.posted_at < $5 and j.kind in ($6, $7, $8, $9, $10, $11, $12, $13, $14) \
        and (j.cause in ($17, $18, $19, $20, $21) or (j.cause >= $22 and j.cause < $23)) \
        order by p.account_seq desc limit $15 offset $16";
    /// How many there are.
    const COUNT_OF_ACCOUNT_BY_CAUSE = "select count(*) from postings p join journals j on j.id = p.journal_id \
        where p.ledger_account_id = $1 and p.amount >= $2 and p.amount <= $3 and j.posted_at >= $4 \
        and j.posted_at < $5 and j.kind in ($6, $7, $8, $9, $10, $11, $12, $13, $14) \
        and (j.cause in ($15, $16, $17, $18, $19) or (j.cause >= $20 and j.cause < $21))";
    /// Changes of all accounts of a kind of an owner, with the balance of them together.
    const LIST_OF_KIND = "select p.journal_id, p.seq, p.amount, t.balance_after, j.kind, j.cause, j.posted_at \
        from total_changes t join postings p on p.journal_id = t.journal_id \
        and p.seq = t.posting_seq join journals j on j.id = p.journal_id \
        where t.total_id = $1 and p.amount >= $2 and p.amount <= $3 and j.posted_at >= $4 \
        and j.posted_at < $5 and j.kind in ($6, $7, $8, $9, $10, $11, $12, $13, $14) \
        order by t.seq desc limit $15 offset $16";
    /// How many there are.
    const COUNT_OF_KIND = "select count(*) from total_changes t join postings p on p.journal_id = t.journal_id \
        and p.seq = t.posting_seq join journals j on j.id = p.journal_id \
        where t.total_id = $1 and p.amount >= $2 and p.amount <= $3 and j.posted_at >= $4 \
        and j.posted_at < $5 and j.kind in ($6, $7, $8, $9, $10, $11, $12, $13, $14)";
    /// Changes of all accounts of a kind of an owner, with the balance of them together by one of a few causes.
    const LIST_OF_KIND_BY_CAUSE = "select p.journal_id, p.seq, p.amount, t.balance_after, j.kind, j.cause, j.posted_at \
        from total_changes t join postings p on p.journal_id = t.journal_id \
        and p.seq = t.posting_seq join journals j on j.id = p.journal_id \
        where t.total_id = $1 and p.amount >= $2 and p.amount <= $3 and j.posted_at >= $4 \
        and j.posted_at < $5 and j.kind in ($6, $7, $8, $9, $10, $11, $12, $13, $14) \
        and (j.cause in ($17, $18, $19, $20, $21) or (j.cause >= $22 and j.cause < $23)) \
        order by t.seq desc limit $15 offset $16";
    /// How many there are.
    const COUNT_OF_KIND_BY_CAUSE = "select count(*) from total_changes t join postings p on p.journal_id = t.journal_id \
        and p.seq = t.posting_seq join journals j on j.id = p.journal_id \
        where t.total_id = $1 and p.amount >= $2 and p.amount <= $3 and j.posted_at >= $4 \
        and j.posted_at < $5 and j.kind in ($6, $7, $8, $9, $10, $11, $12, $13, $14) \
        and (j.cause in ($15, $16, $17, $18, $19) or (j.cause >= $20 and j.cause < $21))";
}

/// Whose changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// Those of one account, by its id.
    Account(String),
    /// Those of all accounts of a kind that is summed: the owner, and the kind.
    Kind(String, AccountKind),
}

/// Which changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Only what came in (`true`), or only what went out.
    pub is_income: Option<bool>,
    /// First instant.
    pub from: Option<Instant>,
    /// First instant after it.
    pub until: Option<Instant>,
    /// By journals of these kinds; at least one.
    pub kinds: Vec<JournalKind>,
    /// By these causes, in their text form; at most [`CAUSES_MAX`].
    pub causes: Option<Vec<String>>,
    /// Beside them, by causes that begin so: kind and subject, `refund_order/CS…/`.
    pub subject: Option<String>,
}

/// A change of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The journal.
    pub journal: String,
    /// Number of the posting in it.
    pub seq: i64,
    /// By how much; negative where it went out.
    pub amount: Charge,
    /// What the account, or all of its kind together, held after it.
    pub balance_after: Charge,
    /// What the journal records.
    pub kind: JournalKind,
    /// Text of its cause.
    pub cause: String,
    /// When.
    pub at: Instant,
}

fn from_row(mut row: Row) -> Result<Change, DbError> {
    let kind = JournalKind::from_code(row.text(4)).ok_or_else(|| damaged("journals.kind", row.text(4)))?;
    Ok(Change {
        journal: row.take_text(0),
        seq: row.int(1),
        amount: Charge::cents(row.int(2)),
        balance_after: Charge::cents(row.int(3)),
        kind,
        cause: row.take_text(5),
        at: Instant::from_ms(row.int(6)),
    })
}

/// As many values as there are places: those that are left repeat the last.
fn padded<'a>(values: impl Iterator<Item = Value<'a>>, places: usize) -> Vec<Value<'a>> {
    let mut values: Vec<Value<'a>> = values.take(places).collect();
    while let Some(last) = values.last().filter(|_| values.len() < places).cloned() {
        values.push(last);
    }
    values
}

/// The first text that begins so, and the first that no longer does; without a beginning there is none between them.
fn beginning(of: Option<&str>) -> (String, String) {
    let Some(of) = of else { return (String::new(), String::new()) };
    let end = of.strip_suffix('/').map(|of| format!("{of}0"));
    // The sign after the slash.
    (of.to_owned(), end.expect("kind and subject of a cause end with a slash"))
}

/// A page of changes, the latest first, and how many there are in all.
pub async fn list(
    tx: &mut Tx,
    of: &Of,
    filter: &Filter,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<Change>), DbError> {
    let is_nothing = filter.kinds.is_empty() || filter.causes.as_ref().is_some_and(Vec::is_empty);
    if is_nothing {
        return Ok((0, Vec::new()));
    }
    let mut values = vec![match of {
        Of::Account(id) => Value::from(id),
        Of::Kind(owner, kind) => Value::from(totals::id(owner, *kind)),
    }];
    let (least, most) = match filter.is_income {
        None => ALWAYS,
        Some(true) => (1, i64::MAX),
        Some(false) => (i64::MIN, -1),
    };
    values.extend([Value::from(least), Value::from(most)]);
    values.push(Value::from(filter.from.map_or(ALWAYS.0, Instant::ms)));
    values.push(Value::from(filter.until.map_or(ALWAYS.1, Instant::ms)));
    let kinds = filter.kinds.iter().map(|kind| Value::from(kind.code()));
    values.extend(padded(kinds, JournalKind::ALL.len()));
    let causes = filter.causes.as_ref().map(|causes| {
        let mut values = padded(causes.iter().map(Value::from), CAUSES_MAX);
        let (begin, end) = beginning(filter.subject.as_deref());
        values.extend([Value::from(begin), Value::from(end)]);
        values
    });
    let (list, count) = match (of, causes.is_some()) {
        (Of::Account(_), false) => (LIST_OF_ACCOUNT, COUNT_OF_ACCOUNT),
        (Of::Account(_), true) => (LIST_OF_ACCOUNT_BY_CAUSE, COUNT_OF_ACCOUNT_BY_CAUSE),
        (Of::Kind(..), false) => (LIST_OF_KIND, COUNT_OF_KIND),
        (Of::Kind(..), true) => (LIST_OF_KIND_BY_CAUSE, COUNT_OF_KIND_BY_CAUSE),
    };
    let causes = causes.unwrap_or_default();
    let counted: Vec<Value<'_>> = values.iter().chain(&causes).cloned().collect();
    let total = tx.one(count, &counted).await?.int(0);
    values.extend([Value::from(limit), Value::from(offset)]);
    values.extend(causes);
    let rows = tx.all(list, &values).await?;
    Ok((total, rows.into_iter().map(from_row).collect::<Result<_, _>>()?))
}
