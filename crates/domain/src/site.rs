//! Sites: every rule that differs between China, International and Europe, in one table.
//!
//! A rule that differs by site is a field of [`SiteProfile`], never an `if` in a feature. Defaults that no
//! document states are named as such.

use crate::money::{Charge, Currency, Rounding};

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
    /// Every tier, the lowest first.
    pub const ALL: [Self; 6] = [Self::V0, Self::V1, Self::V2, Self::V3, Self::V4, Self::V5];

    /// Its number, from 0.
    pub fn number(self) -> i64 {
        match self {
            Self::V0 => 0,
            Self::V1 => 1,
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
            Self::V5 => 5,
        }
    }

    /// The tier of a number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.number() == number)
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
    /// An unsubscription above this refund needs approval (rule 2.5).
    pub large_refund_above: Charge,
    /// The language of names and messages when a request names none (`X-Language`).
    pub default_language: &'static str,
    /// After a yearly or monthly term, by tier from V0 to V5 (rule 1.3).
    period_keep: [KeepDays; 6],
}

impl SiteProfile {
    /// How long an expired yearly or monthly resource of a customer of this tier is kept (rule 1.3).
    pub fn period_keep(&self, tier: Tier) -> KeepDays {
        match tier {
            Tier::V0 => self.period_keep[0],
            Tier::V1 => self.period_keep[1],
            Tier::V2 => self.period_keep[2],
            Tier::V3 => self.period_keep[3],
            Tier::V4 => self.period_keep[4],
            Tier::V5 => self.period_keep[5],
        }
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
    large_refund_above: Charge::cents(5_000_000),
    default_language: "zh_CN",
    period_keep: [keep(1, 1), keep(1, 7), keep(1, 7), keep(7, 7), keep(7, 15), keep(7, 15)],
};

const INTL: SiteProfile = SiteProfile {
    site: Site::Intl,
    currency: Currency::Usd,
    order_rounding: Rounding::HalfUp,
    record_rounding: RecordRounding::MonthHalfUp,
    has_five_day_return: false,
    large_refund_above: Charge::cents(700_000),
    default_language: "zh_CN",
    period_keep: [keep(15, 15); 6],
};

/// No document states the grace days and the refund threshold of Europe: those of International are the
/// default (rule 1.3). Its amounts are US dollars: 004, which describes this site, names no other currency.
const EU: SiteProfile = SiteProfile {
    site: Site::Eu,
    currency: Currency::Usd,
    order_rounding: Rounding::HalfUp,
    record_rounding: RecordRounding::MonthHalfUp,
    has_five_day_return: false,
    large_refund_above: Charge::cents(700_000),
    default_language: "zh_CN",
    period_keep: [keep(15, 15); 6],
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
        let days = |site: Site, tier| {
            (site.profile().period_keep(tier).grace, site.profile().period_keep(tier).retention)
        };
        assert_eq!(days(Site::Cn, Tier::V0), (1, 1));
        assert_eq!(days(Site::Cn, Tier::V2), (1, 7));
        assert_eq!(days(Site::Cn, Tier::V3), (7, 7));
        assert_eq!(days(Site::Cn, Tier::V5), (7, 15));
        assert_eq!(days(Site::Intl, Tier::V0), (15, 15));
    }

    #[test]
    fn each_site_has_its_currency_and_threshold() {
        let rule =
            |site: Site| (site.profile().currency.code(), site.profile().large_refund_above.to_string());
        assert_eq!(rule(Site::Cn), ("CNY", "50000".to_owned()));
        assert_eq!(rule(Site::Intl), ("USD", "7000".to_owned()));
        assert_eq!(rule(Site::Eu).0, "USD");
    }
}
