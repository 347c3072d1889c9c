//! Rules with many cases, as plain text tables: a line is a case with its expected result.
#![expect(clippy::unwrap_used, reason = "a case that cannot be read fails its test")]

use domain::calendar::{Instant, PeriodType, Term, add_iso_duration, first_expiry, next_expiry};
use domain::money::{Exact, Price, Rounding};
use domain::quantity::Quantity;
use domain::rating::{
    Conversion, PeriodPrices, PriceError, RatingError, Tier, TierMode, UsagePrice, rate_period, rate_usage,
};

/// The cases of a table: the words of each line, with the line itself for a message.
fn cases(table: &'static str) -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| (line, line.split_whitespace().collect()))
}

fn period_of(letter: &str) -> PeriodType {
    match letter {
        "h" => PeriodType::Hour,
        "d" => PeriodType::Day,
        "w" => PeriodType::Week,
        "m" => PeriodType::Month,
        "y" => PeriodType::Year,
        _ => panic!("{letter} is no period type"),
    }
}

fn term_of(text: &str) -> Term {
    let (count, letter) = text.split_at(text.len() - 1);
    Term { period: period_of(letter), count: count.parse().unwrap() }
}

fn instant_of(text: &str) -> Instant {
    Instant::parse_rfc3339(text).unwrap()
}

#[test]
fn calendar_table() {
    let mut count = 0;
    for (line, words) in cases(include_str!("tables/calendar.txt")) {
        let [kind, from, step, wanted] = words[..] else { panic!("not a case: {line}") };
        let result = match kind {
            "first" => first_expiry(instant_of(from), term_of(step)),
            "next" => next_expiry(instant_of(from), term_of(step)),
            "move" => add_iso_duration(instant_of(from), step),
            _ => panic!("not a case: {line}"),
        };
        let result = match result {
            Ok(instant) => instant.to_wire(),
            Err(error) => format!("refused:{error:?}"),
        };
        let wanted =
            if wanted.starts_with("refused") { wanted.to_owned() } else { instant_of(wanted).to_wire() };
        assert_eq!(result, wanted, "{line}");
        count += 1;
    }
    assert!(count > 50, "the table has been lost");
}

fn price_of(text: &str) -> Price {
    text.parse().unwrap()
}

fn tier_of(text: &str) -> Tier {
    let (bound, price) = text.split_once('@').unwrap();
    let up_to = if bound == "*" { None } else { Some(Quantity::parse(bound).unwrap()) };
    Tier { up_to, price: price_of(price) }
}

fn usage_price_of(text: &str) -> Result<UsagePrice, PriceError> {
    match text.split_once(',') {
        Some(("V", tiers)) => UsagePrice::tiered(TierMode::Volume, tiers.split(',').map(tier_of).collect()),
        Some(("G", tiers)) => {
            UsagePrice::tiered(TierMode::Graduated, tiers.split(',').map(tier_of).collect())
        }
        _ => UsagePrice::flat(price_of(text)),
    }
}

fn conversion_of(text: &str) -> Conversion {
    let (mul, div) = text.split_once('/').unwrap();
    Conversion::new(mul.parse().unwrap(), div.parse().unwrap()).unwrap()
}

fn size_of(text: &str) -> Option<i64> {
    if text == "-" { None } else { Some(text.parse().unwrap()) }
}

fn period_prices_of(text: &str) -> PeriodPrices {
    let entry = |entry: &str| {
        let (letter, price) = entry.split_once('@').unwrap();
        (period_of(letter), price_of(price))
    };
    PeriodPrices::new(&text.split(',').map(entry).collect::<Vec<_>>()).unwrap()
}

fn rate(line: &str, words: &[&str]) -> Result<Exact, RatingError> {
    match *words {
        ["usage", price, usage, conversion, size, num] => {
            let price = usage_price_of(price).unwrap();
            let usage = Quantity::parse(usage).unwrap();
            let num = num.parse().unwrap();
            Ok(rate_usage(&price, usage, conversion_of(conversion), size_of(size), num)?)
        }
        ["period", prices, term, size, num] => {
            rate_period(&period_prices_of(prices), term_of(term), size_of(size), num.parse().unwrap())
        }
        _ => panic!("not a case: {line}"),
    }
}

#[test]
fn rating_table() {
    let mut count = 0;
    for (line, words) in cases(include_str!("tables/rating.txt")) {
        let equals = words.iter().position(|word| *word == "=").unwrap();
        let shown = |amount: Exact| {
            let cents = amount.settle(Rounding::HalfUp)?;
            Ok(vec![amount.show(6)?.to_string(), amount.show(10)?.to_string(), cents.to_string()])
        };
        let result = match rate(line, &words[..equals]).and_then(shown) {
            Ok(numbers) => numbers,
            Err(RatingError::NotSold) => vec!["not_sold".to_owned()],
            Err(RatingError::Overflow(_)) => vec!["refused".to_owned()],
        };
        assert_eq!(result, words[equals + 1..], "{line}");
        count += 1;
    }
    assert!(count > 50, "the table has been lost");
}

#[test]
fn the_documented_inquiries_have_the_documented_totals() {
    let usage = [("2.74", "2", None), ("0.0014", "2", Some(10)), ("0.02", "3", None), ("0.64", "4", None)];
    let rated = usage.map(|(price, usage, size)| {
        let price = UsagePrice::flat(price_of(price)).unwrap();
        rate_usage(&price, Quantity::parse(usage).unwrap(), Conversion::ONE, size, 1).unwrap()
    });
    assert_eq!(Exact::sum(rated).unwrap().show(10).unwrap().to_string(), "8.128");

    let period = [("m@182.07", None), ("m@0", None), ("m@0.14", Some(40)), ("m@8.55", Some(40))];
    let rated =
        period.map(|(prices, size)| rate_period(&period_prices_of(prices), term_of("1m"), size, 1).unwrap());
    assert_eq!(Exact::sum(rated).unwrap().show(6).unwrap().to_string(), "529.67");
}

#[test]
fn a_price_that_makes_no_sense_is_refused_by_its_reason() {
    for (text, error) in [
        ("-1", PriceError::Negative),
        ("V,100@1", PriceError::NotOpen),
        ("V,*@1,*@2", PriceError::NotOpen),
        ("V,100@1,100@2,*@3", PriceError::NotAscending),
        ("G,100@1,99@2,*@3", PriceError::NotAscending),
        ("G,0@1,*@3", PriceError::NotAscending),
        ("G,5@1,*@-3", PriceError::Negative),
    ] {
        assert_eq!(usage_price_of(text), Err(error), "{text}");
    }
    assert_eq!(UsagePrice::tiered(TierMode::Volume, Vec::new()), Err(PriceError::Empty));
    let month = (PeriodType::Month, price_of("1"));
    assert_eq!(PeriodPrices::new(&[]), Err(PriceError::Empty));
    assert_eq!(PeriodPrices::new(&[month, month]), Err(PriceError::DuplicatePeriod));
    assert_eq!(PeriodPrices::new(&[(PeriodType::Day, price_of("-1"))]), Err(PriceError::Negative));
    assert!(Conversion::new(0, 1).is_none() && Conversion::new(1, -1).is_none());
}
