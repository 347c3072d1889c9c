//! All SQL of `stored_value_cards`.

use domain::calendar::Instant;
use domain::money::{Charge, Currency, Scaled};
use domain::promotion::Card;
use platform::db::{Composed, DbError, Row, Tx, Value};
use platform::params;

/// The most cards that automatic payment looks at.
const USABLE_MAX: i64 = 1_000;

macro_rules! card_columns {
    () => {
        "account_id, id, name, face_value, balance, currency, is_withdrawn, valid_from, expires_at, created_at"
    };
}

platform::statements! {
    /// One card of an account, locked.
    const LOCK = concat!("select ", card_columns!(), " from stored_value_cards \
        where account_id = $1 and id = $2 {for_update}");
    /// Whose a card is.
    const FIND_OWNER = "select account_id from stored_value_cards where id = $1";
    /// Cards that could be spent now, the earliest to expire first.
    const LIST_USABLE = concat!("select ", card_columns!(), " from stored_value_cards where account_id = $1 \
        and is_withdrawn = 0 and balance > 0 and valid_from <= $2 and expires_at > $2 \
        order by expires_at, id limit $3");
    /// A new card.
    const INSERT = concat!("insert into stored_value_cards (", card_columns!(), ") \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    /// What changes of a card.
    const UPDATE = "update stored_value_cards set balance = $3, is_withdrawn = $4 where account_id = $1 and id = $2";
}

/// A card as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCard {
    /// Who owns it.
    pub account: String,
    /// What the rules of payment look at.
    pub card: Card,
    /// What it was worth.
    pub face_value: Charge,
    /// Currency of both.
    pub currency: Currency,
    /// When it was issued.
    pub created_at: Instant,
}

impl StoredCard {
    fn from_row(mut row: Row) -> Self {
        Self {
            account: row.take_text(0),
            card: Card {
                id: row.take_text(1),
                name: row.take_text(2),
                balance: Charge::cents(row.int(4)),
                valid_from: Instant::from_ms(row.int(7)),
                expires_at: Instant::from_ms(row.int(8)),
                is_withdrawn: row.bool(6),
            },
            face_value: Charge::cents(row.int(3)),
            currency: Currency::from_code(row.text(5)).expect("stored from the same table of codes"),
            created_at: Instant::from_ms(row.int(9)),
        }
    }
}

/// One card of an account, locked.
pub async fn lock(tx: &mut Tx, account: &str, id: &str) -> Result<Option<StoredCard>, DbError> {
    Ok(tx.opt(LOCK, params![account, id]).await?.map(StoredCard::from_row))
}

/// Whose a card is.
pub async fn find_owner(tx: &mut Tx, id: &str) -> Result<Option<String>, DbError> {
    Ok(tx.opt(FIND_OWNER, params![id]).await?.map(|mut row| row.take_text(0)))
}

/// Cards that could be spent now, the earliest to expire first; at most [`USABLE_MAX`].
pub async fn list_usable(tx: &mut Tx, account: &str, now: Instant) -> Result<Vec<StoredCard>, DbError> {
    let rows = tx.all(LIST_USABLE, params![account, now.ms(), USABLE_MAX]).await?;
    Ok(rows.into_iter().map(StoredCard::from_row).collect())
}

/// Writes a new card down.
pub async fn insert(tx: &mut Tx, new: &StoredCard) -> Result<(), DbError> {
    let StoredCard { card, .. } = new;
    let row = params![
        &new.account,
        &card.id,
        &card.name,
        new.face_value.units(),
        card.balance.units(),
        new.currency.code(),
        i64::from(card.is_withdrawn),
        card.valid_from.ms(),
        card.expires_at.ms(),
        new.created_at.ms(),
    ];
    tx.exec(INSERT, row).await?;
    Ok(())
}

/// Writes down what changed of a card.
pub async fn update(tx: &mut Tx, changed: &StoredCard) -> Result<(), DbError> {
    let StoredCard { card, account, .. } = changed;
    let row = params![account, &card.id, card.balance.units(), i64::from(card.is_withdrawn)];
    tx.exec(UPDATE, row).await?;
    Ok(())
}

/// Filters of the list of cards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardFilter {
    /// The card.
    pub id: Option<String>,
    /// Something of it can still be spent, or nothing can.
    pub is_usable: Option<bool>,
}

const USABLE: &str = " and (is_withdrawn = 0 and balance > 0 and expires_at > ?)";
const NOT_USABLE: &str = " and not (is_withdrawn = 0 and balance > 0 and expires_at > ?)";

fn conditions<'a>(statement: &mut Composed<'a>, account: &'a str, filter: &'a CardFilter, now: Instant) {
    statement.push(" from stored_value_cards where account_id = ?", [Value::from(account)]);
    if let Some(id) = &filter.id {
        statement.push(" and id = ?", [Value::from(id)]);
    }
    match filter.is_usable {
        Some(true) => statement.push(USABLE, [Value::from(now.ms())]),
        Some(false) => statement.push(NOT_USABLE, [Value::from(now.ms())]),
        None => statement,
    };
}

fn total_statement<'a>(account: &'a str, filter: &'a CardFilter, now: Instant) -> Composed<'a> {
    let mut statement = Composed::default();
    statement.push("select count(*)", []);
    conditions(&mut statement, account, filter, now);
    statement
}

fn page_statement<'a>(
    account: &'a str,
    filter: &'a CardFilter,
    now: Instant,
    (offset, limit): (i64, i64),
) -> Composed<'a> {
    let mut statement = Composed::default();
    statement.push(concat!("select ", card_columns!()), []);
    conditions(&mut statement, account, filter, now);
    let page = [Value::from(limit), Value::from(offset)];
    statement.push(" order by expires_at, id limit ? offset ?", page);
    statement
}

/// A page of an account's cards, the earliest to expire first, and how many there are in all.
pub async fn list(
    tx: &mut Tx,
    account: &str,
    filter: &CardFilter,
    now: Instant,
    page: (i64, i64),
) -> Result<(i64, Vec<StoredCard>), DbError> {
    let total = total_statement(account, filter, now);
    let total = tx.one(total.sql(), total.params()).await?.int(0);
    if page.0 >= total {
        return Ok((total, Vec::new()));
    }
    let statement = page_statement(account, filter, now, page);
    let rows = tx.all(statement.sql(), statement.params()).await?;
    Ok((total, rows.into_iter().map(StoredCard::from_row).collect()))
}

/// The composed statements, with every filter.
pub fn composed() -> Vec<String> {
    let mut all = Vec::new();
    let id = || Some("x".to_owned());
    for is_usable in [None, Some(true), Some(false)] {
        for id in [None, id()] {
            let filter = CardFilter { id, is_usable };
            all.push(total_statement("x", &filter, Instant::from_ms(0)).sql().to_owned());
            all.push(page_statement("x", &filter, Instant::from_ms(0), (0, 1)).sql().to_owned());
        }
    }
    all
}
