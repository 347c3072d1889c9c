//! Tax rates by country, and the tax that an amount contains.
//!
//! Prices contain tax: what a customer pays does not depend on its country, and of an amount paid at the rate r the
//! part r / (1 + r) is tax. The documents leave open which of the two a price is; this way an order costs what every
//! inquiry said. The part is rounded half up to cents, once for each payment.
//!
//! An account without a country pays no tax. An account with one cannot pay while no rate of its country is in force
//! (CBC.99006093): a rate of nothing is a rate, 0.

use domain::calendar::Instant;
use domain::money::{Charge, Exact, Overflow, Rounding};
use domain::quantity::Quantity;
use platform::db::DbError;
use platform::op::Refusal;

use super::errors::AccountsError;
use super::service::{Paid, PayError};
use super::store::taxes::{self as store, RATES_MAX};
use crate::Cx;
use crate::identity::service::check_country;

/// The rate of a payer's country; `None` where it has none, and pays no tax.
///
/// # Errors
/// [`PayError::TaxRate`] where no rate of the country holds now.
pub(super) async fn in_force(cx: &mut Cx, country: Option<&str>) -> Result<Option<Quantity>, PayError> {
    let Some(country) = country else { return Ok(None) };
    let rate = store::in_force(&mut cx.tx, country, cx.now).await?;
    rate.map(Some).ok_or_else(|| PayError::TaxRate(country.to_owned()))
}

/// The tax contained in a payment at a rate.
///
/// # Errors
/// [`DbError::Other`] where the amount is too large.
pub(super) fn contained(money: Charge, rate: Option<Quantity>) -> Result<Paid, DbError> {
    let Some(rate) = rate else { return Ok(Paid { tax: Charge::ZERO, tax_rate: None }) };
    let tax = part_of(money, rate).map_err(|error| DbError::Other(format!("the tax of {money}: {error}")))?;
    Ok(Paid { tax, tax_rate: Some(rate) })
}

/// The tax that `money` contains at `rate`: money x r / (1 + r), half up to cents.
///
/// # Errors
/// [`Overflow`].
pub(super) fn part_of(money: Charge, rate: Quantity) -> Result<Charge, Overflow> {
    let one = 10_i64.pow(Quantity::SCALE);
    let with_rate = i64::try_from(i128::from(one) + rate.units()).map_err(|_| Overflow)?;
    Exact::from_charge(money)
        .times_quantity(rate)?
        .times_int(one)?
        .div_int(with_rate)?
        .settle(Rounding::HalfUp)
}

/// A tax rate with the time it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRate {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The rate: 0.19 is 19 %.
    pub rate: Quantity,
    /// First instant.
    pub valid_from: Instant,
    /// First instant it no longer holds; `None`: until another is set.
    pub valid_to: Option<Instant>,
}

/// Sets rates: each takes the place of the one of its country that begins at the same instant, or is added. Where two
/// of a country would hold at one instant afterwards nothing is changed.
///
/// # Errors
/// A refusal that names the rate.
pub async fn set_rates(cx: &mut Cx, rates: &[TaxRate]) -> Result<(), AccountsError> {
    for (index, rate) in rates.iter().enumerate() {
        check(rates, index, rate)?;
        store::put(&mut cx.tx, rate, cx.now).await?;
    }
    for (index, rate) in rates.iter().enumerate() {
        let known = store::of_country(&mut cx.tx, &rate.country).await?;
        if i64::try_from(known.len()).is_ok_and(|number| number >= RATES_MAX) {
            return Err(Refusal::because(
                format!("rates[{index}].country"),
                format!("would have {RATES_MAX} rates or more; set fewer"),
                format!("的税率不能达到 {RATES_MAX} 条"),
            )
            .into());
        }
        check_overlap(&known, index)?;
    }
    Ok(())
}

fn check(rates: &[TaxRate], index: usize, rate: &TaxRate) -> Result<(), Refusal> {
    check_country(&format!("rates[{index}].country"), &rate.country)?;
    if rate.valid_to.is_some_and(|end| end <= rate.valid_from) {
        return Err(Refusal::because(
            format!("rates[{index}].valid_to"),
            "must be later than valid_from",
            "必须晚于 valid_from",
        ));
    }
    let is_same = |other: &TaxRate| other.country == rate.country && other.valid_from == rate.valid_from;
    if rates[..index].iter().any(is_same) {
        return Err(Refusal::because(
            format!("rates[{index}].valid_from"),
            "is that of another rate of the same country in this list",
            "与列表中同一国家的另一条税率相同",
        ));
    }
    Ok(())
}

/// The rates of one country, the earliest first, must follow one another.
fn check_overlap(known: &[TaxRate], index: usize) -> Result<(), Refusal> {
    for pair in known.windows(2) {
        let (first, next) = (&pair[0], &pair[1]);
        if first.valid_to.is_some_and(|end| end <= next.valid_from) {
            continue;
        }
        let end = first.valid_to.map_or_else(|| "no end".to_owned(), Instant::to_wire);
        let (from, next) = (first.valid_from.to_wire(), next.valid_from.to_wire());
        return Err(Refusal::because(
            format!("rates[{index}].country"),
            format!(
                "would have two rates at once: the one from {from} (to {end}) and the one from {next}; set valid_to \
                 of the earlier one too"
            ),
            format!("同一时间将有两条税率：自 {from} 起与自 {next} 起，请同时设置前一条的 valid_to"),
        ));
    }
    Ok(())
}

/// A page of rates by country and begin, and how many there are.
///
/// # Errors
/// The database's.
pub async fn list_rates(
    cx: &mut Cx,
    country: Option<&str>,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<TaxRate>), DbError> {
    store::page(&mut cx.tx, country, offset, limit).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_is_a_part_of_what_is_paid_and_rounded_half_up() {
        for (money, rate, wanted) in [
            ("119", "0.19", "19"),
            ("100", "0.19", "15.97"),
            ("182.07", "0.2", "30.35"),
            ("0.01", "1", "0.01"),
            ("0.03", "0.2", "0.01"),
            ("0.02", "0.2", "0"),
            ("100", "0", "0"),
            ("0", "0.19", "0"),
            ("100", "0.0000000001", "0"),
            ("1000000000", "0.075", "69767441.86"),
        ] {
            let tax = part_of(Charge::parse(money).unwrap(), Quantity::parse(rate).unwrap()).unwrap();
            assert_eq!(tax.to_string(), wanted, "{money} at {rate}");
        }
    }

    #[test]
    fn rates_of_a_country_follow_one_another() {
        let rate = |from: i64, to: Option<i64>| TaxRate {
            country: "DE".to_owned(),
            rate: Quantity::ZERO,
            valid_from: Instant::from_ms(from),
            valid_to: to.map(Instant::from_ms),
        };
        assert!(check_overlap(&[rate(0, Some(5)), rate(5, Some(9)), rate(12, None)], 0).is_ok());
        assert!(check_overlap(&[rate(0, Some(6)), rate(5, None)], 0).is_err());
        assert!(check_overlap(&[rate(0, None), rate(5, Some(6))], 0).is_err());
        assert!(check_overlap(&[rate(0, None)], 0).is_ok());
        assert!(check(&[rate(5, Some(5))], 0, &rate(5, Some(5))).is_err());
        assert!(check(&[rate(5, None), rate(5, None)], 1, &rate(5, None)).is_err());
    }
}
