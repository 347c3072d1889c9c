//! Sites: every rule that differs between China, International and Europe, in one table.
//!
//! A rule that differs by site is a field of [`SiteProfile`], never an `if` in a feature. Defaults that no
//! document states are named as such.

use crate::calendar::{PeriodType, Term};
use crate::money::{Charge, Currency, Rounding};

const MONTHS_PER_YEAR: u32 = 12;

/// Which site a server plays.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Site {
    /// China.
    Cn,
    /// International.
    Intl,
    /// Europe.
    Eu,
}

impl Site {
    /// Every site.
    pub const ALL: [Self; 3] = [Self::Cn, Self::Intl, Self::Eu];

    /// The name in configuration and on the command line.
    pub fn text(self) -> &'static str {
        match self {
            Self::Cn => "cn",
            Self::Intl => "intl",
            Self::Eu => "eu",
        }
    }

    /// The site of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|site| site.text() == text)
    }

    /// The rules of the site.
    pub fn profile(self) -> &'static SiteProfile {
        match self {
            Self::Cn => &CN,
            Self::Intl => &INTL,
            Self::Eu => &EU,
        }
    }
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.text())
    }
}

/// A customer's tier, on which the China site's grace periods depend (rule 1.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tier {
    /// The lowest.
    V0,
    /// The second.
    V1,
    /// The third.
    V2,
    /// The fourth.
    V3,
    /// The fifth.
    V4,
    /// The highest.
    V5,
}

impl Tier {
    /// Every tier, from the lowest.
    pub const ALL: [Self; 6] = [Self::V0, Self::V1, Self::V2, Self::V3, Self::V4, Self::V5];

    /// The name on the wire.
    pub fn text(self) -> &'static str {
        match self {
            Self::V0 => "V0",
            Self::V1 => "V1",
            Self::V2 => "V2",
            Self::V3 => "V3",
            Self::V4 => "V4",
            Self::V5 => "V5",
        }
    }

    /// The tier of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.text() == text)
    }

    /// Its row in the tables.
    fn index(self) -> usize {
        match self {
            Self::V0 => 0,
            Self::V1 => 1,
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
            Self::V5 => 5,
        }
    }
}

/// How long a resource is kept after its term, in calendar days (rule 1.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct KeepDays {
    /// Days in which the expired resource still works.
    pub grace: u16,
    /// Days after them in which it is frozen and its data kept.
    pub retention: u16,
}

/// What happens to the decimals beyond cents of a settled usage record (rule 6.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RecordRounding {
    /// Each record loses them; they are shown as truncated and not collected.
    EachTruncated,
    /// Each record keeps eight decimals and the month's total is rounded half up.
    MonthHalfUp,
}

/// The unit in which the used part of a period is counted when it is given up (rule 2.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RefundUnit {
    /// Hours: the one in which the period begins counts whole, the one in which it is given up is not used.
    Hour,
    /// Days of GMT+8, likewise: the older form of the rule.
    Day,
}

/// The handling fees of unsubscriptions, in percent of what was paid (rule 2.3).
///
/// Each list has one entry for each year of use: the first for what is given up within a year, and so on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FeeTable {
    /// Of months, and of terms of less than two years.
    pub one_year: [u8; 1],
    /// Of terms of two years.
    pub two_years: [u8; 2],
    /// Of terms of three years and more.
    pub three_years: [u8; 3],
}

impl FeeTable {
    /// The table of the documents.
    pub const DOCUMENTED: Self = Self { one_year: [10], two_years: [15, 10], three_years: [15, 10, 5] };
    /// No fee at all, as a framework contract may have it.
    pub const FREE: Self = Self { one_year: [0], two_years: [0; 2], three_years: [0; 3] };

    /// The fee in percent of a term that is given up in this year of its use, counted from 1. Beyond the last year of
    /// the table its last fee holds.
    pub fn percent(&self, term: Term, year_of_use: usize) -> u8 {
        let years = match term.period {
            PeriodType::Year => term.count,
            PeriodType::Month => term.count / MONTHS_PER_YEAR,
            PeriodType::Week | PeriodType::Day | PeriodType::Hour => 0,
        };
        let fees: &[u8] = match years {
            0 | 1 => &self.one_year,
            2 => &self.two_years,
            _ => &self.three_years,
        };
        let index = year_of_use.saturating_sub(1).min(fees.len() - 1);
        fees[index]
    }
}

/// The rules of a site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SiteProfile {
    /// The site.
    pub site: Site,
    /// The currency of its accounts.
    pub currency: Currency,
    /// How an order line's payable amount becomes cents; the same everywhere.
    pub order_rounding: Rounding,
    /// How usage records become cents (rule 6.3).
    pub record_rounding: RecordRounding,
    /// A new purchase may be returned within five days for nothing (rule 2.2).
    pub has_five_day_return: bool,
    /// How many such returns an account has in a calendar year (rule 2.2).
    pub five_day_returns_a_year: u32,
    /// What an unsubscription costs (rule 2.3).
    pub handling_fees: FeeTable,
    /// In what the used part of a period is counted (rule 2.3).
    pub refund_unit: RefundUnit,
    /// Days after which the resources of a frozen account are deleted (rule 1.3, the row of Europe; no other site's
    /// documents state any, so it holds for all).
    pub hold_days: u16,
    /// An unsubscription above this refund needs approval (rule 2.5).
    pub large_refund_above: Charge,
    /// The language of names and messages when a request names none (`X-Language`).
    pub default_language: &'static str,
    /// After a yearly or monthly term, by tier from V0 to V5 (rule 1.3).
    period_keep: [KeepDays; 6],
    /// After the arrears of pay-per-use began, likewise.
    on_demand_keep: [KeepDays; 6],
}

impl SiteProfile {
    /// How long an expired yearly or monthly resource of a customer of this tier is kept (rule 1.3).
    pub fn period_keep(&self, tier: Tier) -> KeepDays {
        self.period_keep[tier.index()]
    }

    /// How long the pay-per-use resources of a customer of this tier are kept in arrears (rule 1.3).
    pub fn on_demand_keep(&self, tier: Tier) -> KeepDays {
        self.on_demand_keep[tier.index()]
    }
}

const fn keep(grace: u16, retention: u16) -> KeepDays {
    KeepDays { grace, retention }
}

const CN: SiteProfile = SiteProfile {
    site: Site::Cn,
    currency: Currency::Cny,
    order_rounding: Rounding::HalfUp,
    record_rounding: RecordRounding::EachTruncated,
    has_five_day_return: true,
    five_day_returns_a_year: 10,
    // The fee exists; its table was not seen and is taken to be that of International (rule 2.3).
    handling_fees: FeeTable::DOCUMENTED,
    refund_unit: RefundUnit::Hour,
    hold_days: 15,
    large_refund_above: Charge::cents(5_000_000),
    default_language: "zh_CN",
    period_keep: [keep(1, 1), keep(1, 7), keep(1, 7), keep(7, 7), keep(7, 15), keep(7, 15)],
    on_demand_keep: [keep(0, 1), keep(0, 7), keep(0, 7), keep(1, 7), keep(7, 15), keep(7, 15)],
};

const INTL: SiteProfile = SiteProfile {
    site: Site::Intl,
    currency: Currency::Usd,
    order_rounding: Rounding::HalfUp,
    record_rounding: RecordRounding::MonthHalfUp,
    has_five_day_return: false,
    five_day_returns_a_year: 0,
    handling_fees: FeeTable::DOCUMENTED,
    refund_unit: RefundUnit::Hour,
    hold_days: 15,
    large_refund_above: Charge::cents(700_000),
    default_language: "zh_CN",
    period_keep: [keep(15, 15); 6],
    on_demand_keep: [keep(15, 15); 6],
};

/// No document states the grace days and the refund threshold of Europe: those of International are the
/// default (rule 1.3). Its amounts are US dollars: 004, which describes this site, names no other currency.
const EU: SiteProfile = SiteProfile {
    site: Site::Eu,
    currency: Currency::Usd,
    order_rounding: Rounding::HalfUp,
    record_rounding: RecordRounding::MonthHalfUp,
    has_five_day_return: false,
    five_day_returns_a_year: 0,
    handling_fees: FeeTable::DOCUMENTED,
    refund_unit: RefundUnit::Hour,
    hold_days: 15,
    large_refund_above: Charge::cents(700_000),
    default_language: "zh_CN",
    period_keep: [keep(15, 15); 6],
    on_demand_keep: [keep(15, 15); 6],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_read_back_and_know_themselves() {
        for site in Site::ALL {
            assert_eq!(Site::parse(site.text()), Some(site));
            assert_eq!(site.profile().site, site);
            assert_eq!(site.profile().default_language, "zh_CN");
        }
        assert_eq!(Site::parse("CN"), None);
    }

    #[test]
    fn grace_depends_on_the_tier_in_china_only() {
        let days = |site: Site, of: fn(&SiteProfile, Tier) -> KeepDays| {
            Tier::ALL.map(|tier| of(site.profile(), tier)).map(|days| (days.grace, days.retention))
        };
        let period = days(Site::Cn, SiteProfile::period_keep);
        assert_eq!(period, [(1, 1), (1, 7), (1, 7), (7, 7), (7, 15), (7, 15)]);
        let on_demand = days(Site::Cn, SiteProfile::on_demand_keep);
        assert_eq!(on_demand, [(0, 1), (0, 7), (0, 7), (1, 7), (7, 15), (7, 15)]);
        for site in [Site::Intl, Site::Eu] {
            assert_eq!(days(site, SiteProfile::period_keep), [(15, 15); 6]);
            assert_eq!(days(site, SiteProfile::on_demand_keep), [(15, 15); 6]);
        }
    }

    #[test]
    fn tiers_are_read_back() {
        for tier in Tier::ALL {
            assert_eq!(Tier::parse(tier.text()), Some(tier));
        }
        assert!(Tier::parse("v0").is_none() && Tier::parse("V6").is_none());
    }

    #[test]
    fn the_fee_follows_the_term_and_the_year_of_its_use() {
        let cases = [
            (PeriodType::Year, 4, [15, 10, 5, 5]),
            (PeriodType::Year, 3, [15, 10, 5, 5]),
            (PeriodType::Year, 2, [15, 10, 10, 10]),
            (PeriodType::Year, 1, [10, 10, 10, 10]),
            (PeriodType::Month, 36, [15, 10, 5, 5]),
            (PeriodType::Month, 24, [15, 10, 10, 10]),
            (PeriodType::Month, 23, [10, 10, 10, 10]),
            (PeriodType::Month, 1, [10, 10, 10, 10]),
            (PeriodType::Day, 1000, [10, 10, 10, 10]),
        ];
        for (period, count, wanted) in cases {
            let term = Term { period, count };
            assert_eq!([1, 2, 3, 4].map(|year| FeeTable::DOCUMENTED.percent(term, year)), wanted, "{term:?}");
            assert_eq!([1, 2, 3, 4].map(|year| FeeTable::FREE.percent(term, year)), [0; 4], "{term:?}");
        }
    }

    #[test]
    fn each_site_has_its_currency_and_threshold() {
        let rule =
            |site: Site| (site.profile().currency.code(), site.profile().large_refund_above.to_string());
        assert_eq!(rule(Site::Cn), ("CNY", "50000".to_owned()));
        assert_eq!(rule(Site::Intl), ("USD", "7000".to_owned()));
        assert_eq!(rule(Site::Eu).0, "USD");
        let returns =
            |site: Site| (site.profile().has_five_day_return, site.profile().five_day_returns_a_year);
        assert_eq!(returns(Site::Cn), (true, 10));
        assert_eq!(returns(Site::Intl), (false, 0));
        assert_eq!(returns(Site::Eu), (false, 0));
    }
}
