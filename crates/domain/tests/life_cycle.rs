//! The rules of subscriptions: the worked examples as a table of cases, calendars day by day against a computation that
//! knows nothing of the code, and laws that hold for all.
#![expect(clippy::unwrap_used, reason = "a case that cannot be read fails its test")]

#[path = "life_cycle/calendars.rs"]
mod calendars;
#[path = "life_cycle/laws.rs"]
mod laws;
#[path = "life_cycle/naive.rs"]
mod naive;
#[path = "life_cycle/spans.rs"]
mod spans;

use domain::calendar::{Date, Instant, PeriodType, Term, first_expiry, next_expiry, pending_payment_end};
use domain::money::{Charge, Exact, Price, Rounding};
use domain::site::{KeepDays, RefundUnit, Site, SiteProfile, Tier};
use domain::subscription::change::{Remaining, bought, difference, remaining};
use domain::subscription::refund::{HandlingFee, Period, is_within_five_days};
use domain::subscription::renewal::{
    Attempt, DeductionDays, ExpireDay, exceeds, extra_months, first_attempt, next_attempt, unified_expiry,
};
use domain::subscription::{KeepEnds, MonthParts, hold_ends, status_by_time, status_held};

/// The sources that a worked example may stand in.
const KEYS: [&str; 24] = [
    "004",
    "api-22",
    "api-31",
    "cn-5day",
    "cn-grace",
    "cn-grace-table",
    "cn-large",
    "cn-order-ttl",
    "cn-spec",
    "cn-spec-old",
    "cn-tier",
    "cn-unsub",
    "default",
    "eu-autorenew-when",
    "eu-freeze",
    "intl-dsc",
    "intl-expire",
    "intl-grace",
    "intl-renew",
    "intl-retention",
    "intl-search2",
    "intl-spec",
    "intl-unsub",
    "intl-unsub-overview",
];

fn at(text: &str) -> Instant {
    let zone = if text.ends_with('Z') { "" } else { "+08:00" };
    Instant::parse_rfc3339(&format!("{text}{zone}")).unwrap()
}

fn unit_of(letter: &str) -> PeriodType {
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
    Term { period: unit_of(letter), count: count.parse().unwrap() }
}

fn site_of(text: &str) -> &'static SiteProfile {
    Site::parse(text).unwrap().profile()
}

fn ends_of(expiry: &str, site: &str, tier: &str) -> KeepEnds {
    KeepEnds::of(at(expiry), site_of(site).period_keep(Tier::parse(tier).unwrap())).unwrap()
}

fn period_of(term: &str, begun: &str, expiry: &str) -> Period {
    Period { term: term_of(term), effective_at: at(begun), expires_at: at(expiry) }
}

fn exact(text: &str) -> Exact {
    Exact::from_price(Price::parse(text).unwrap())
}

fn yes(is_so: bool) -> String {
    if is_so { "yes".to_owned() } else { "no".to_owned() }
}

fn days(keep: KeepDays) -> String {
    format!("{}/{}", keep.grace, keep.retention)
}

/// The parts as the sum that the table writes, when they are that sum.
fn as_sum(parts: MonthParts, wanted: &str) -> String {
    let (mut num, mut den) = (0_i128, 1_i128);
    for summand in wanted.split('+') {
        let (n, d) = summand.split_once('/').unwrap();
        let (n, d): (i128, i128) = (n.parse().unwrap(), d.parse().unwrap());
        (num, den) = (num * d + n * den, den * d);
    }
    let (found_num, found_den) = parts.fraction();
    let is_equal = i128::from(found_num) * den == num * i128::from(found_den);
    if is_equal { wanted.to_owned() } else { parts.to_string() }
}

/// The result of a case about the life of a resource. Instants are told in UTC.
fn lived(words: &[&str], wanted: &[&str]) -> Option<String> {
    Some(match *words {
        ["first", start, term] => first_expiry(at(start), term_of(term)).unwrap().to_wire(),
        ["next", expiry, term] => next_expiry(at(expiry), term_of(term)).unwrap().to_wire(),
        ["unpaid", created] => pending_payment_end(at(created)).to_wire(),
        ["left", today, expiry] => Date::of(at(today)).days_until(Date::of(at(expiry))).to_string(),
        ["keep", site, tier] => {
            let (site, tier) = (site_of(site), Tier::parse(tier).unwrap());
            format!("{} {}", days(site.period_keep(tier)), days(site.on_demand_keep(tier)))
        }
        ["ends", expiry, site, tier] => {
            let ends = ends_of(expiry, site, tier);
            format!("{} {}", ends.grace_ends_at, ends.retention_ends_at)
        }
        ["hold", held, site] => hold_ends(at(held), site_of(site).hold_days).unwrap().to_wire(),
        ["status", expiry, site, tier, now] => {
            let status = status_by_time(at(now), ends_of(expiry, site, tier));
            format!("{} {}", status.code(), status_held(status).code())
        }
        ["beyond", now, expiry, years] => yes(exceeds(at(now), at(expiry), years.parse().unwrap())),
        ["days", text] => {
            DeductionDays::parse(text).map_or_else(|| "refused".to_owned(), |days| days.to_string())
        }
        ["day", text] => ExpireDay::parse(text).map_or_else(|| "refused".to_owned(), |day| day.to_string()),
        ["attempt", now, expiry, days] => {
            match first_attempt(at(now), at(expiry), DeductionDays::parse(days).unwrap()) {
                Attempt::Now => "at-once".to_owned(),
                Attempt::At(instant) => instant.to_wire(),
            }
        }
        ["retry", now] => next_attempt(at(now)).to_wire(),
        ["unify", expiry, day] => {
            let unified = unified_expiry(at(expiry), ExpireDay::parse(day).unwrap()).unwrap();
            format!("{unified} {}", as_sum(extra_months(at(expiry), unified), wanted[1]))
        }
        ["extra", expiry, day, price] => {
            let unified = unified_expiry(at(expiry), ExpireDay::parse(day).unwrap()).unwrap();
            let amount = extra_months(at(expiry), unified).at_price(exact(price)).unwrap();
            amount.settle(Rounding::HalfUp).unwrap().to_string()
        }
        _ => return None,
    })
}

/// The result of a case about what a resource gives back, or costs to change.
fn settled(words: &[&str], wanted: &[&str]) -> Option<String> {
    let intl = Site::Intl.profile();
    let settle = |paid: &str, period: Period, now: &str, fee| {
        let settled = period.settle(Charge::parse(paid).unwrap(), at(now), intl, fee).unwrap();
        format!("{} {} {}", settled.consumed, settled.fee, settled.refund)
    };
    let used = |begun, expiry, now, unit| {
        let used = period_of("1m", begun, expiry).used(at(now), unit);
        format!("{}/{}", used.used, used.total)
    };
    Some(match *words {
        ["five", begun, now] => yes(is_within_five_days(at(begun), at(now))),
        ["returns", site] => site_of(site).five_day_returns_a_year.to_string(),
        ["large", site] => site_of(site).large_refund_above.to_string(),
        ["hours", begun, expiry, now] => used(begun, expiry, now, RefundUnit::Hour),
        ["whole-days", begun, expiry, now] => used(begun, expiry, now, RefundUnit::Day),
        ["fee", term, begun, now] => {
            // So long a period that nothing of it is used up before the fee.
            let period = Period { expires_at: at("2999-12-31T23:59:59"), ..period_of(term, begun, now) };
            let paid = Charge::cents(10_000);
            period.settle(paid, at(now), intl, HandlingFee::Due).unwrap().fee.to_string()
        }
        ["settle", paid, term, begun, expiry, now] => {
            settle(paid, period_of(term, begun, expiry), now, HandlingFee::Due)
        }
        ["waived", paid, term, begun, expiry, now] => {
            settle(paid, period_of(term, begun, expiry), now, HandlingFee::Waived)
        }
        ["benefit", amount, begun, expiry, now] => {
            let period = period_of("1m", begun, expiry);
            period.left_of(Charge::parse(amount).unwrap(), at(now), intl).unwrap().to_string()
        }
        ["after", amount, begun, expiry, from] => {
            let period = period_of("1m", begun, expiry);
            period.part_after(Charge::parse(amount).unwrap(), at(from)).unwrap().to_string()
        }
        ["rest", now, expiry, unit] => match remaining(at(now), at(expiry), unit_of(unit)) {
            Remaining::Months(parts) => as_sum(parts, wanted[0]),
            Remaining::YearDays(days) => days.to_string(),
            Remaining::Hours { left, per_unit } => format!("{left}/{per_unit}"),
        },
        ["bought", now, ref terms @ ..] => {
            let term = |words: &[&str]| period_of(words[0], words[1], words[2]);
            let terms: Vec<Period> = terms.chunks(3).map(term).collect();
            let until = terms.iter().map(|term| term.expires_at).max().unwrap();
            // Prices are those of a month, or of the first term where it is of days or weeks.
            let unit = match terms[0].term.period {
                PeriodType::Year => PeriodType::Month,
                unit => unit,
            };
            match remaining(at(now), until, unit).at_most(bought(&terms, at(now), unit)) {
                Remaining::Months(parts) => as_sum(parts, wanted[0]),
                Remaining::Hours { left, per_unit } => format!("{left}/{per_unit}"),
                Remaining::YearDays(days) => panic!("{days} days of a year"),
            }
        }
        ["change", old, new, now, expiry, unit] => {
            let rest = remaining(at(now), at(expiry), unit_of(unit));
            difference(exact(old), exact(new), rest).unwrap().to_string()
        }
        _ => return None,
    })
}

/// An instant as the answers tell it; anything else as it stands.
fn in_utc(word: &str) -> String {
    if word.contains('T') { at(word).to_wire() } else { word.to_owned() }
}

#[test]
fn every_worked_example_comes_out_as_its_source_says() {
    let table = include_str!("tables/life_cycle.txt");
    let mut keys = Vec::new();
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let equals = words.iter().position(|word| *word == "=").unwrap();
        let (case, wanted) = (&words[1..equals], &words[equals + 1..]);
        let found = lived(case, wanted).or_else(|| settled(case, wanted));
        let found = found.unwrap_or_else(|| panic!("not a case: {line}"));
        let wanted: Vec<String> = wanted.iter().map(|word| in_utc(word)).collect();
        assert_eq!(found, wanted.join(" "), "{line}");
        keys.push(words[0]);
    }
    assert!(keys.len() > 150, "the table has been lost: {}", keys.len());
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys, KEYS);
}
