//! SQL of `ledger_totals` and `total_changes`: what several accounts of an owner hold together, posting by posting.

use domain::ledger::{AccountKind, LedgerAccount};
use domain::money::{Charge, Scaled};
use platform::db::{DbError, Tx};
use platform::params;

platform::statements! {
    /// A total, unless it is there.
    const INSERT = "insert into ledger_totals (id, balance, last_seq) values ($1, 0, 0) on conflict (id) do nothing";
    /// A total, locked.
    const LOCK = "select balance, last_seq from ledger_totals where id = $1 {for_update}";
    /// The running balance of a total.
    const UPDATE = "update ledger_totals set balance = $2, last_seq = $3 where id = $1";
    /// One change.
    const INSERT_CHANGE = "insert into total_changes (total_id, seq, journal_id, posting_seq, balance_after) \
        values ($1, $2, $3, $4, $5)";
}

/// The id of what the accounts of a kind of an owner hold together.
pub fn id(owner: &str, kind: AccountKind) -> String {
    format!("{owner}:{}", kind.code())
}

/// The total that counts an account; `None`: none does.
fn of(account: &LedgerAccount) -> Option<String> {
    let owner = account.owner().filter(|_| account.kind().is_summed())?;
    Some(id(owner.as_str(), account.kind()))
}

/// Makes sure that there is a total for an account that is counted by one.
pub async fn ensure(tx: &mut Tx, account: &LedgerAccount) -> Result<(), DbError> {
    if let Some(total) = of(account) {
        tx.exec(INSERT, params![total]).await?;
    }
    Ok(())
}

/// Counts a posting in the total of its account, if there is one. The total stays locked, after every account.
pub async fn count(
    tx: &mut Tx,
    account: &LedgerAccount,
    amount: Charge,
    journal: &str,
    seq: i64,
) -> Result<(), DbError> {
    let Some(total) = of(account) else { return Ok(()) };
    let Some(row) = tx.opt(LOCK, params![&total]).await? else {
        return Err(DbError::Other(format!("the ledger has no total {total}")));
    };
    let (balance, next) = (Charge::cents(row.int(0)).checked_add(amount), row.int(1) + 1);
    let Some(balance) = balance else {
        return Err(DbError::Other(format!("the total {total} exceeds what an amount holds")));
    };
    tx.send(INSERT_CHANGE, params![&total, next, journal, seq, balance.units()]).await?;
    tx.send(UPDATE, params![&total, balance.units(), next]).await
}
