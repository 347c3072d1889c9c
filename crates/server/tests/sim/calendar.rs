//! The reference model's own calendar: seconds since 1970 and civil days by plain arithmetic, all rules in GMT+8.

/// Seconds since 1970-01-01T00:00:00Z.
pub type Secs = i64;

/// Seconds of a day.
pub const DAY: Secs = 86_400;
/// Seconds of an hour.
pub const HOUR: Secs = 3_600;
/// How far Beijing is ahead of UTC.
const BEIJING: Secs = 8 * HOUR;

/// A civil date: year, month from 1, day from 1.
pub type Date = (i64, i64, i64);

/// A length of time that is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    Months(i64),
    Years(i64),
}

impl Term {
    pub fn months(self) -> i64 {
        match self {
            Self::Months(count) => count,
            Self::Years(count) => 12 * count,
        }
    }

    /// `period_type` and `period_num` on the wire.
    pub fn wire(self) -> (i64, i64) {
        match self {
            Self::Months(count) => (2, count),
            Self::Years(count) => (3, count),
        }
    }
}

/// Days since 1970-01-01 of a civil date.
pub fn days_of((year, month, day): Date) -> i64 {
    // Years begin with March, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The civil date of days since 1970-01-01.
pub fn date_of_days(days: i64) -> Date {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// How many days a month has.
pub fn month_days(year: i64, month: i64) -> i64 {
    let next = if month == 12 { (year + 1, 1, 1) } else { (year, month + 1, 1) };
    days_of(next) - days_of((year, month, 1))
}

/// The date in Beijing.
pub fn date(at: Secs) -> Date {
    date_of_days((at + BEIJING).div_euclid(DAY))
}

/// A time of a day in Beijing.
pub fn at(date: Date, seconds: Secs) -> Secs {
    days_of(date) * DAY + seconds - BEIJING
}

/// 23:59:59 of a day in Beijing.
pub fn end_of_day(date: Date) -> Secs {
    at(date, DAY - 1)
}

/// 23:59:59 of the day that is so many days after the day of an instant.
pub fn end_of_day_after(from: Secs, days: i64) -> Secs {
    end_of_day(date_of_days(days_of(date(from)) + days))
}

/// The next 03:00 in Beijing after an instant.
pub fn next_three(now: Secs) -> Secs {
    let today = at(date(now), 3 * HOUR);
    if today > now { today } else { today + DAY }
}

/// The end of a term that begins at an instant: the same day of the month or its last, the last day of a month leads
/// to the last day of a month (rule 1.1.3), until the last second of it.
pub fn expiry(from: Secs, term: Term) -> Secs {
    let (year, month, day) = date(from);
    let ahead = year * 12 + month - 1 + term.months();
    let (to_year, to_month) = (ahead.div_euclid(12), ahead.rem_euclid(12) + 1);
    let last = month_days(to_year, to_month);
    let to_day = if day == month_days(year, month) { last } else { day.min(last) };
    end_of_day((to_year, to_month, to_day))
}

/// As it stands on the wire: `2026-01-15T08:00:00Z`.
pub fn text(at: Secs) -> String {
    let (year, month, day) = date_of_days(at.div_euclid(DAY));
    let of_day = at.rem_euclid(DAY);
    let (hour, minute, second) = (of_day / HOUR, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Reads what [`text`] writes.
pub fn parse(text: &str) -> Secs {
    let part = |from: usize, to: usize| -> i64 { text[from..to].parse().unwrap() };
    let days = days_of((part(0, 4), part(5, 7), part(8, 10)));
    days * DAY + part(11, 13) * HOUR + part(14, 16) * 60 + part(17, 19)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_lead_to_each_other() {
        assert_eq!(days_of((1970, 1, 1)), 0);
        assert_eq!(days_of((2000, 3, 1)), 11_017);
        for day in days_of((2023, 12, 1))..days_of((2029, 2, 1)) {
            assert_eq!(days_of(date_of_days(day)), day);
        }
    }

    #[test]
    fn the_documented_terms_end_when_the_documents_say() {
        for (from, term, wanted) in [
            ("2023-03-08T07:50:04Z", Term::Months(1), "2023-04-08T15:59:59Z"),
            ("2018-12-21T19:21:03Z", Term::Years(1), "2019-12-22T15:59:59Z"),
            ("2021-04-30T03:30:56Z", Term::Months(1), "2021-05-31T15:59:59Z"),
            ("2024-03-31T03:00:00Z", Term::Months(1), "2024-04-30T15:59:59Z"),
            ("2024-04-30T15:59:59Z", Term::Months(1), "2024-05-31T15:59:59Z"),
            ("2024-02-29T03:00:00Z", Term::Years(1), "2025-02-28T15:59:59Z"),
        ] {
            assert_eq!(text(expiry(parse(from), term)), wanted, "{from} {term:?}");
        }
    }

    #[test]
    fn the_next_three_in_the_morning_is_later() {
        assert_eq!(text(next_three(parse("2026-01-15T18:59:59Z"))), "2026-01-15T19:00:00Z");
        assert_eq!(text(next_three(parse("2026-01-15T19:00:00Z"))), "2026-01-16T19:00:00Z");
    }
}
