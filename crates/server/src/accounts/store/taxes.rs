//! All SQL of `tax_rates`.

use domain::calendar::Instant;
use domain::quantity::Quantity;
use platform::db::{DbError, Row, Tx};
use platform::params;

use crate::accounts::taxes::TaxRate;

/// Fewer than this many rates has every country, so that a list of them is bounded.
pub const RATES_MAX: i64 = 200;

platform::statements! {
    /// The rate of a country that holds at an instant.
    const IN_FORCE = "select rate from tax_rates where country = $1 and valid_from <= $2 \
        and (valid_to is null or valid_to > $2) order by valid_from desc limit 1";
    /// A rate in the place of the one that begins at the same instant.
    const PUT = "insert into tax_rates (country, valid_from, valid_to, rate, updated_at) \
        values ($1, $2, $3, $4, $5) on conflict (country, valid_from) do update \
        set valid_to = excluded.valid_to, rate = excluded.rate, updated_at = excluded.updated_at";
    /// The rates of a country, the earliest first.
    const OF_COUNTRY = "select country, rate, valid_from, valid_to from tax_rates \
        where country = $1 order by valid_from limit $2";
    /// A page of them.
    const PAGE_OF_COUNTRY = "select country, rate, valid_from, valid_to from tax_rates \
        where country = $1 order by valid_from limit $2 offset $3";
    /// How many a country has.
    const COUNT_OF_COUNTRY = "select count(*) from tax_rates where country = $1";
    /// A page of the rates of all countries.
    const PAGE = "select country, rate, valid_from, valid_to from tax_rates \
        order by country, valid_from limit $1 offset $2";
    /// How many there are.
    const COUNT = "select count(*) from tax_rates";
}

/// Every statement text.
pub fn statements() -> Vec<String> {
    STATEMENTS.iter().map(|(_, text)| (*text).to_owned()).collect()
}

fn rate(text: &str) -> Result<Quantity, DbError> {
    Quantity::parse(text).map_err(|error| DbError::Other(format!("the tax rate {text:?} {error}")))
}

fn from_row(mut row: Row) -> Result<TaxRate, DbError> {
    Ok(TaxRate {
        rate: rate(row.text(1))?,
        country: row.take_text(0),
        valid_from: Instant::from_ms(row.int(2)),
        valid_to: row.opt_int(3).map(Instant::from_ms),
    })
}

/// The rate of a country that holds at `now`.
pub async fn in_force(tx: &mut Tx, country: &str, now: Instant) -> Result<Option<Quantity>, DbError> {
    let row = tx.opt(IN_FORCE, params![country, now.ms()]).await?;
    row.map(|row| rate(row.text(0))).transpose()
}

/// Writes a rate in the place of the one that begins at the same instant, if there is one.
pub async fn put(tx: &mut Tx, rate: &TaxRate, now: Instant) -> Result<(), DbError> {
    let end = rate.valid_to.map(Instant::ms);
    tx.exec(PUT, params![&rate.country, rate.valid_from.ms(), end, rate.rate.to_string(), now.ms()]).await?;
    Ok(())
}

/// The rates of a country, the earliest first.
pub async fn of_country(tx: &mut Tx, country: &str) -> Result<Vec<TaxRate>, DbError> {
    tx.all(OF_COUNTRY, params![country, RATES_MAX]).await?.into_iter().map(from_row).collect()
}

/// A page of rates, of one country or all, and how many there are.
pub async fn page(
    tx: &mut Tx,
    country: Option<&str>,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<TaxRate>), DbError> {
    let (total, rows) = match country {
        Some(country) => (
            tx.one(COUNT_OF_COUNTRY, params![country]).await?.int(0),
            tx.all(PAGE_OF_COUNTRY, params![country, limit, offset]).await?,
        ),
        None => (tx.one(COUNT, &[]).await?.int(0), tx.all(PAGE, params![limit, offset]).await?),
    };
    Ok((total, rows.into_iter().map(from_row).collect::<Result<_, _>>()?))
}
