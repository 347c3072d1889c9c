//! The one door to the books.

mod receipts;

use domain::calendar::Instant;
use domain::id::{DomainId, IdSource, JournalId};
use domain::ledger::{AccountKind, Cause, Journal, JournalKind, LedgerAccount, check_floor};
use domain::money::{Charge, Currency};
use platform::db::{DbError, Tx};

use super::store::{self, NewPosting};

pub use super::store::changes::{CAUSES_MAX, Change, Filter as ChangeFilter, Of as ChangesOf};
pub use super::store::{CAUSES_AT_ONCE, Held, Moved};
pub use receipts::{Told, receipt, returns};

/// Why a journal was not posted.
#[derive(Debug)]
pub enum PostError {
    /// An account would fall below its floor.
    Insufficient(LedgerAccount),
    /// The database.
    Db(DbError),
}

impl From<DbError> for PostError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// A journal that stands in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its id.
    pub journal: String,
    /// Whether this call posted it; `false`: the same cause had been posted before.
    pub is_new: bool,
}

/// What one journal took from an account, and what of it has been given back since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fund {
    /// The account.
    pub account: LedgerAccount,
    /// What was taken; zero where it only got something back.
    pub taken: Charge,
    /// What came back to this account. Money that was owed and has been repaid meanwhile comes back as cash instead.
    pub given_back: Charge,
}

/// Makes sure an account exists. Accounts of the house need no row.
pub async fn ensure_account(
    tx: &mut Tx,
    account: &LedgerAccount,
    currency: Currency,
    floor: Charge,
    now: Instant,
) -> Result<(), DbError> {
    if account.is_house() {
        return Ok(());
    }
    store::insert_account(tx, account, currency, floor, now).await
}

/// Posts a journal: accounts locked in their order, floors checked, running balances kept. A cause that was
/// posted before answers the first journal and changes nothing; so does a refusal.
///
/// Accounts are locked in the order of [`lock`]; whoever holds locks already must have taken only accounts that
/// come before these in it, or use [`lock`] and [`post_held`].
///
/// # Panics
/// When an account has another currency than the journal.
pub async fn post(
    tx: &mut Tx,
    ids: &mut dyn IdSource,
    now: Instant,
    journal: &Journal,
) -> Result<Posted, PostError> {
    let accounts: Vec<LedgerAccount> =
        journal.postings().iter().map(|posting| posting.account.clone()).collect();
    let held = lock(tx, &accounts).await?;
    post_held(tx, ids, now, &Entry { journal, gives_back: None }, &held).await
}

/// A journal to be posted on accounts that are already locked.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The journal.
    pub journal: &'a Journal,
    /// The journal whose money it returns.
    pub gives_back: Option<&'a str>,
}

/// [`post`], for callers that hold the locks because they decided the amounts by the balances.
///
/// # Panics
/// When an account has another currency than the journal.
pub async fn post_held(
    tx: &mut Tx,
    ids: &mut dyn IdSource,
    now: Instant,
    entry: &Entry<'_>,
    held: &[Held],
) -> Result<Posted, PostError> {
    let journal = entry.journal;
    let cause = journal.cause().to_string();
    let changes = match decide(journal, held) {
        Ok(changes) => changes,
        // What was posted once needs no money to be posted again.
        Err(refusal) => return posted_before(tx, &cause).await?.ok_or(refusal),
    };
    let id = JournalId::generate(ids);
    if !store::insert_journal(tx, id.as_str(), journal, entry.gives_back, now).await? {
        return posted_before(tx, &cause).await?.ok_or_else(|| {
            PostError::Db(DbError::Retryable(format!("the journal {cause} was taken back meanwhile")))
        });
    }
    store::insert_postings(tx, id.as_str(), &changes).await?;
    for change in &changes {
        if let Some((seq, balance)) = change.after {
            store::update_balance(tx, &change.account, balance, seq).await?;
        }
    }
    for (seq, posting) in (1_i64..).zip(journal.postings()) {
        store::totals::count(tx, &posting.account, posting.amount, id.as_str(), seq).await?;
    }
    Ok(Posted { journal: id.into(), is_new: true })
}

async fn posted_before(tx: &mut Tx, cause: &str) -> Result<Option<Posted>, DbError> {
    let journal = store::find_journal(tx, cause).await?;
    Ok(journal.map(|journal| Posted { journal, is_new: false }))
}

/// What a journal does to the accounts that are held.
fn decide(journal: &Journal, held: &[Held]) -> Result<Vec<NewPosting>, PostError> {
    let mut changes = Vec::with_capacity(journal.postings().len());
    for posting in journal.postings() {
        let account = posting.account.id();
        if posting.account.is_house() {
            changes.push(NewPosting { account, amount: posting.amount, after: None });
            continue;
        }
        let Some(held) = held.iter().find(|held| held.account == posting.account) else {
            return Err(DbError::Other(format!("the ledger has no account {account}")).into());
        };
        assert_eq!(held.currency, journal.currency(), "{account} and the journal differ in currency");
        let Some(balance) = held.balance.checked_add(posting.amount) else {
            return Err(
                DbError::Other(format!("the balance of {account} exceeds what an amount holds")).into()
            );
        };
        // A floor stops who takes, never who gives: money may come in below it.
        if posting.amount.is_negative() && check_floor(balance, held.floor).is_err() {
            return Err(PostError::Insufficient(posting.account.clone()));
        }
        changes.push(NewPosting {
            account,
            amount: posting.amount,
            after: Some((held.last_seq + 1, balance)),
        });
    }
    Ok(changes)
}

/// The id of an account as the ledger names owners; only ids that this program made are stored.
pub fn owner_id(text: &str) -> Result<DomainId, DbError> {
    DomainId::parse(text).map_err(|error| DbError::Other(format!("domain id {text:?} {error}")))
}

/// Locks customers' accounts for this transaction, in the one order in which everybody does: by
/// [`AccountKind::lock_rank`], then by id. Those that do not exist and those of the house are left out.
pub async fn lock(tx: &mut Tx, accounts: &[LedgerAccount]) -> Result<Vec<Held>, DbError> {
    let mut accounts: Vec<(u8, String, &LedgerAccount)> = accounts
        .iter()
        .filter(|account| !account.is_house())
        .map(|account| (account.kind().lock_rank(), account.id(), account))
        .collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut held = Vec::with_capacity(accounts.len());
    for (_, _, account) in accounts {
        held.extend(store::lock_account(tx, account).await?);
    }
    Ok(held)
}

/// The balance of an account, locked for this transaction; `None`: there is no such account.
pub async fn balance_for_update(tx: &mut Tx, account: &LedgerAccount) -> Result<Option<Charge>, DbError> {
    Ok(store::lock_account(tx, account).await?.map(|held| held.balance))
}

/// The balances of the accounts of a kind of an owner, by id of the account; not for coupons and cards, of which an
/// owner may have more than are read.
pub async fn balances(
    tx: &mut Tx,
    owner: &str,
    kind: AccountKind,
) -> Result<Vec<(LedgerAccount, Charge)>, DbError> {
    store::list_balances(tx, owner, kind).await
}

/// Ids and balances of accounts by id, at most [`CAUSES_AT_ONCE`] of them; those that do not exist are left out. For
/// checks of the features whose rows stand for accounts.
///
/// # Panics
/// With more ids.
pub async fn balances_among(tx: &mut Tx, ids: &[String]) -> Result<Vec<(String, Charge)>, DbError> {
    store::balances_among(tx, ids).await
}

/// Ids and balances of the accounts of a kind after the account `id`, whoever owns them. For checks.
pub async fn of_kind_after(
    tx: &mut Tx,
    kind: AccountKind,
    id: &str,
    limit: i64,
) -> Result<Vec<(String, Charge)>, DbError> {
    store::list_of_kind(tx, kind, id, limit).await
}

/// A page of what changed an account, or all accounts of a kind as if they were one, the latest first; and how many
/// changes there are in all.
pub async fn changes(
    tx: &mut Tx,
    of: &ChangesOf,
    filter: &ChangeFilter,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<Change>), DbError> {
    store::changes::list(tx, of, filter, offset, limit).await
}

/// What a customer's account held after a journal; `None`: the journal did not move it.
pub async fn balance_after(
    tx: &mut Tx,
    journal: &str,
    account: &LedgerAccount,
) -> Result<Option<Charge>, DbError> {
    store::balance_after(tx, journal, &account.id()).await
}

/// The journal of a cause, if it was posted.
pub async fn find_journal(tx: &mut Tx, cause: &Cause) -> Result<Option<String>, DbError> {
    store::find_journal(tx, &cause.to_string()).await
}

/// The accounts that a payment took money from, the last one first, then those that only got some of it back. They, and those of `also` that exist, are locked
/// before what was given back is read, so that two refunds of one payment see each other.
pub async fn lock_funds(
    tx: &mut Tx,
    payment: &str,
    also: &[LedgerAccount],
) -> Result<(Vec<Held>, Vec<Fund>), DbError> {
    let taken = store::list_funds(tx, payment).await?;
    let accounts: Vec<LedgerAccount> =
        taken.iter().map(|(account, _)| account).chain(also).cloned().collect();
    let held = lock(tx, &accounts).await?;
    let given_back = store::list_given_back(tx, payment).await?;
    let mut funds = Vec::with_capacity(taken.len());
    for (account, amount) in taken {
        let Some(taken) = amount.checked_neg().filter(|taken| taken.is_positive()) else {
            return Err(DbError::Other(format!("journal {payment} took nothing from {account}")));
        };
        let back = given_back.iter().find(|(known, _)| *known == account);
        funds.push(Fund { account, taken, given_back: back.map_or(Charge::ZERO, |(_, amount)| *amount) });
    }
    for (account, given_back) in given_back {
        if !funds.iter().any(|fund| fund.account == account) {
            funds.push(Fund { account, taken: Charge::ZERO, given_back });
        }
    }
    Ok((held, funds))
}

/// Locks the accounts that several payments took money from, and those of `also` that exist, before
/// [`lock_funds`] looks at each: in the one order, whatever the order of the payments.
pub async fn lock_all_funds(tx: &mut Tx, payments: &[String], also: &[LedgerAccount]) -> Result<(), DbError> {
    let mut accounts = also.to_vec();
    for payment in payments {
        accounts.extend(store::list_funds(tx, payment).await?.into_iter().map(|(account, _)| account));
    }
    lock(tx, &accounts).await.map(drop)
}

/// What the journals of these causes moved on customers' accounts, at most [`CAUSES_AT_ONCE`] of them; a cause
/// that was never posted is left out. For checks of the features that post them.
///
/// # Panics
/// With more causes.
pub async fn moved(tx: &mut Tx, causes: &[Cause]) -> Result<Vec<Moved>, DbError> {
    let causes: Vec<String> = causes.iter().map(Cause::to_string).collect();
    store::list_moved(tx, &causes).await
}

/// Journals of a kind after the journal `id`, each with the text of its cause. For checks of the features that post
/// them.
pub async fn causes_after(
    tx: &mut Tx,
    kind: JournalKind,
    id: &str,
    limit: i64,
) -> Result<Vec<(String, String)>, DbError> {
    store::list_causes(tx, kind.code(), id, limit).await
}

/// How many journals of a kind there are, and what they moved on customers' accounts. For checks.
pub async fn totals(tx: &mut Tx, kind: JournalKind) -> Result<(i64, Charge), DbError> {
    store::totals(tx, kind.code()).await
}
