//! What a limit is: its kind, its period, and how its use grows, ends with a cycle, and shrinks.

use domain::calendar::{BillCycle, Instant};
use domain::money::Charge;

use crate::accounts::service::Shortfall;

/// What a limit limits, in the order in which a payment is checked against limits (rule 4.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The fund quota of one enterprise project of a customer.
    Project,
    /// What the organisation of an enterprise lets a member spend.
    Organization,
    /// What a partner lets a customer of the reseller model spend, at list price (rule 10.7).
    Budget,
    /// What a customer may spend in a month; it never pays (rule 5).
    ExpenditureQuota,
    /// Refused payments of a day.
    Attempts,
    /// Payments of a day.
    Transactions,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Project,
        Self::Organization,
        Self::Budget,
        Self::ExpenditureQuota,
        Self::Attempts,
        Self::Transactions,
    ];

    /// The names of all kinds, as the wire takes them.
    pub const NAMES: &'static [&'static str] =
        &["project", "organization", "budget", "expenditure_quota", "attempts", "transactions"];

    /// The name under which it is set and stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Organization => "organization",
            Self::Budget => "budget",
            Self::ExpenditureQuota => "expenditure_quota",
            Self::Attempts => "attempts",
            Self::Transactions => "transactions",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The periods that it may have; the first is meant where none is named.
    pub fn periods(self) -> &'static [Period] {
        match self {
            Self::Project => &[Period::Once, Period::Month],
            Self::Organization | Self::Budget => &[Period::Month, Period::Once],
            Self::ExpenditureQuota => &[Period::Month],
            Self::Attempts | Self::Transactions => &[Period::Day],
        }
    }

    /// Whether it limits a number and not an amount of money.
    pub fn is_number(self) -> bool {
        match self {
            Self::Attempts | Self::Transactions => true,
            Self::Project | Self::Organization | Self::Budget | Self::ExpenditureQuota => false,
        }
    }
}

/// How long what was used counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// A calendar month, in GMT+8: it begins anew at 00:00:00 on the 1st (rule 10.7).
    Month,
    /// For good.
    Once,
    /// A calendar day, in GMT+8.
    Day,
}

impl Period {
    const ALL: [Self; 3] = [Self::Month, Self::Once, Self::Day];

    /// The names of all periods, as the wire takes them.
    pub const NAMES: &'static [&'static str] = &["month", "once", "day"];

    /// The name under which it is set and stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Once => "once",
            Self::Day => "day",
        }
    }

    /// The period of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.name() == name)
    }

    /// The cycle of an instant. What counts for good is kept by month too: who makes a budget monthly counts from
    /// the month's beginning (rule 10.7).
    pub fn cycle(self, now: Instant) -> String {
        match self {
            Self::Month | Self::Once => BillCycle::of(now.date()).to_string(),
            Self::Day => now.date().to_string(),
        }
    }
}

/// A limit. Its amounts are cents, or a number where the kind is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Whose.
    pub account: String,
    /// What it limits.
    pub kind: Kind,
    /// The enterprise project of kind project; else empty.
    pub subject: String,
    /// Its id; another limit of the same kind that follows it has another.
    pub id: String,
    /// The most that may be used.
    pub amount: i64,
    /// How long what was used counts.
    pub period: Period,
    /// The day or month that `used` was used in.
    pub cycle: String,
    /// What was used in that cycle.
    pub used: i64,
    /// What was used in earlier ones, where it counts for good.
    pub used_before: i64,
    /// The first month that counts, where it counts for good; else empty.
    pub counts_from: String,
    /// When it was set or used last.
    pub updated_at: Instant,
}

impl Limit {
    /// The limit at `now`: a cycle that is over no longer counts, or only for good.
    pub fn at(mut self, now: Instant) -> Self {
        let cycle = self.period.cycle(now);
        if cycle != self.cycle {
            if self.period == Period::Once {
                self.used_before = self.used_before.saturating_add(self.used);
            }
            self.used = 0;
            self.cycle = cycle;
        }
        self
    }

    /// Sets how much and how long. What was used stays; where the period changes, only what was used in the present
    /// cycle does: to monthly, what was used in the month so far, and to once, accumulation begins in the month of
    /// the change (rule 10.7).
    pub fn set(&mut self, amount: i64, period: Period) {
        self.amount = amount;
        if period != self.period {
            self.period = period;
            self.used_before = 0;
            self.counts_from = if period == Period::Once { self.cycle.clone() } else { String::new() };
        }
    }

    /// What has been used of it.
    pub fn total_used(&self) -> i64 {
        self.used.saturating_add(self.used_before)
    }

    /// Whether it suffices for so much more. Nothing always fits, even where a limit was set below its use.
    pub fn admits(&self, more: i64) -> bool {
        more == 0 || self.total_used().checked_add(more).is_some_and(|used| used <= self.amount)
    }

    /// So much more was used.
    pub fn add(&mut self, more: i64, now: Instant) {
        self.used = self.used.saturating_add(more);
        self.updated_at = now;
    }

    /// So much of what was used in `cycle` is given back. What no longer counts is not given back, and no use falls
    /// below zero: a limit that was set anew may have forgotten some of it.
    pub fn give_back(&mut self, cycle: &str, amount: i64, now: Instant) {
        if cycle == self.cycle {
            self.used = self.used.saturating_sub(amount).max(0);
        } else if self.period == Period::Once && cycle >= self.counts_from.as_str() {
            self.used_before = self.used_before.saturating_sub(amount).max(0);
        }
        self.updated_at = now;
    }

    /// What is told of it where it does not suffice for `more`.
    pub fn shortfall(&self, more: i64) -> Shortfall {
        let shown = |amount| self.shown(amount);
        let (limit, used, needed) = (shown(self.amount), shown(self.total_used()), shown(more));
        Shortfall { limit, used, needed, period: self.period }
    }

    /// An amount of this limit as the wire shows it: money in units of the currency, or a number.
    pub fn shown(&self, amount: i64) -> String {
        if self.kind.is_number() { amount.to_string() } else { Charge::cents(amount).to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse_utc(text).unwrap()
    }

    fn limit(period: Period, now: &str) -> Limit {
        let cycle = period.cycle(at(now));
        Limit {
            account: "a".to_owned(),
            kind: Kind::Budget,
            subject: String::new(),
            id: "1".to_owned(),
            amount: 100,
            period,
            counts_from: if period == Period::Once { cycle.clone() } else { String::new() },
            cycle,
            used: 0,
            used_before: 0,
            updated_at: at(now),
        }
    }

    /// Steps on one limit of 100 cents: `use`, `back CYCLE`, `set PERIOD`, each with what is used afterwards.
    #[test]
    fn use_grows_ends_with_its_cycle_and_shrinks() {
        for (period, steps) in [
            // The month begins at midnight in GMT+8.
            (Period::Month, "01-15T08:00:00 +60=60; 01-31T15:59:59 +40=100; 01-31T16:00:00 +0=0"),
            (
                Period::Month,
                "01-15T08:00:00 +60=60; 01-20T08:00:00 2026-01-20=40; 01-20T08:00:00 2026-01-50=0",
            ),
            (Period::Month, "01-15T08:00:00 +60=60; 02-15T08:00:00 +30=30; 02-16T08:00:00 2026-01-20=30"),
            (Period::Once, "01-15T08:00:00 +60=60; 02-15T08:00:00 +30=90; 02-16T08:00:00 2026-01-20=70"),
            (
                Period::Once,
                "01-15T08:00:00 +60=60; 02-15T08:00:00 +30=90; 02-15T08:00:00 month=30; \
              03-01T08:00:00 +5=5; 03-01T08:00:00 once=5; 04-01T08:00:00 +1=6; 04-01T08:00:00 2026-02-9=6; \
              04-01T08:00:00 2026-03-2=4",
            ),
            (Period::Month, "01-15T08:00:00 +60=60; 01-16T08:00:00 once=60; 02-16T08:00:00 +7=67"),
            (Period::Day, "01-15T08:00:00 +1=1; 01-15T15:59:59 +1=2; 01-15T16:00:00 +0=0"),
        ] {
            let mut limit = limit(period, "2026-01-15T08:00:00Z");
            for step in steps.split("; ") {
                let (now, rest) = step.trim().split_once(' ').unwrap();
                let (what, wanted) = rest.split_once('=').unwrap();
                let now = at(&format!("2026-{now}Z"));
                limit = limit.at(now);
                if let Some(more) = what.strip_prefix('+') {
                    limit.add(more.parse().unwrap(), now);
                } else if let Some(period) = Period::from_name(what) {
                    limit.set(100, period);
                } else {
                    let (cycle, amount) = what.rsplit_once('-').unwrap();
                    limit.give_back(cycle, amount.parse().unwrap(), now);
                }
                assert_eq!(limit.total_used().to_string(), wanted, "{steps}: {step}");
            }
        }
    }

    #[test]
    fn a_limit_admits_what_fills_it_and_no_more() {
        let mut limit = limit(Period::Month, "2026-01-15T08:00:00Z");
        limit.used = 60;
        assert!(limit.admits(40) && !limit.admits(41) && !limit.admits(i64::MAX));
        limit.set(50, Period::Month);
        assert!(limit.admits(0) && !limit.admits(1));
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        assert_eq!(Kind::ALL.map(Kind::name).as_slice(), Kind::NAMES);
        assert_eq!(Period::ALL.map(Period::name).as_slice(), Period::NAMES);
        assert!(
            Kind::NAMES.iter().all(|name| Kind::from_name(name).is_some_and(|kind| kind.name() == *name))
        );
        assert!(Period::NAMES.iter().all(|name| Period::from_name(name).is_some()));
    }
}
