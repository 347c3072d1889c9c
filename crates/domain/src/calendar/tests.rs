use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(text).unwrap()
}

#[test]
fn the_range_is_the_years_1_to_9999_of_gmt8() {
    assert_eq!(Date::of(Instant::MIN).to_string(), "0001-01-01");
    assert_eq!(Date::of(Instant::MIN).start_of_day(), Instant::MIN);
    assert_eq!(Date::of(Instant::MAX).to_string(), "9999-12-31");
    assert_eq!(Date::of(Instant::MAX).end_of_day().plus_ms(999), Instant::MAX);
    assert_eq!(Instant::MAX.plus_ms(1), Instant::MAX);
    assert_eq!(Instant::MIN.plus_days(i64::MIN), Instant::MIN);
    assert_eq!(Instant::try_from_ms(Instant::MAX.ms() + 1), None);
    assert_eq!(Instant::try_from_ms(i64::MIN), None);
}

#[test]
fn the_wire_form_is_read_strictly() {
    assert_eq!(Instant::parse_utc("1970-01-01T00:00:01Z"), Ok(Instant::from_ms(1000)));
    assert_eq!(Instant::parse_utc("2024-02-29T23:59:59Z").unwrap().to_wire(), "2024-02-29T23:59:59Z");
    for text in [
        "",
        "2026-01-15",
        "2026-01-15 08:00:00Z",
        "2026-01-15T08:00:00",
        "2026-01-15T08:00:00z",
        "2026-01-15T08:00:00.000Z",
        "2026-01-15T08:00:00+08:00",
        "2026-1-15T08:00:000Z",
        "2026-01-15T08:00:0dZ",
        "+026-01-15T08:00:00Z",
        "2026-01-15T08:00:0０Z",
    ] {
        assert_eq!(Instant::parse_utc(text), Err(CalendarError::Malformed), "{text}");
    }
    for text in [
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-01-15T24:00:00Z",
        "2026-01-15T23:60:00Z",
        "2026-01-15T23:59:60Z",
    ] {
        assert_eq!(Instant::parse_utc(text), Err(CalendarError::Impossible), "{text}");
    }
    assert_eq!(Instant::parse_utc("9999-12-31T23:59:59Z"), Ok(Instant::MAX));
    assert_eq!(Instant::parse_utc("0000-01-01T00:00:00Z"), Err(CalendarError::OutOfRange));
}

#[test]
fn other_forms_name_the_same_instants() {
    let instant = at("2023-08-04T11:09:26.087+08:00");
    assert_eq!(instant.to_wire_micros(), "2023-08-04T03:09:26.087000Z");
    assert_eq!(instant.to_wire(), "2023-08-04T03:09:26Z");
    assert_eq!(instant.to_compact_gmt8(), "2308041109");
    assert_eq!(instant.floor_hour().to_wire(), "2023-08-04T03:00:00Z");
    assert_eq!(Instant::parse_sdk_date("20191115T033655Z").unwrap().to_wire(), "2019-11-15T03:36:55Z");
    assert_eq!(Instant::parse_sdk_date("20191115T033655"), Err(CalendarError::Malformed));
    assert_eq!(Instant::from_ms(-1).to_wire_micros(), "1969-12-31T23:59:59.999000Z");
    assert_eq!(Instant::from_ms(-1).floor_hour().to_wire(), "1969-12-31T23:00:00Z");
    for text in ["2026-01-15 08:00:00Z", "2026-01-15T08:00:00Z[UTC]", "2026-01-15T08:00:00", "now", ""] {
        assert!(Instant::parse_rfc3339(text).is_err(), "{text}");
    }
}

#[test]
fn days_begin_and_end_in_gmt8() {
    let date = Date::of(at("2026-01-15T16:00:00Z"));
    assert_eq!(date.to_string(), "2026-01-16");
    assert_eq!(Date::of(at("2026-01-15T15:59:59.999Z")).to_string(), "2026-01-15");
    assert_eq!(date.start_of_day().to_wire(), "2026-01-15T16:00:00Z");
    assert_eq!(date.at_0300().to_wire(), "2026-01-15T19:00:00Z");
    assert_eq!(date.end_of_day().to_wire(), "2026-01-16T15:59:59Z");
    assert_eq!(date.days_until(Date::parse("2026-02-16").unwrap()), 31);
    assert_eq!(Date::parse("2026-02-29"), Err(CalendarError::Impossible));
    assert_eq!(Date::parse("2026-2-1"), Err(CalendarError::Malformed));
    assert_eq!(Date::parse("0000-01-01"), Err(CalendarError::Impossible));
    assert_eq!(date.plus_days(i64::MAX), Err(CalendarError::OutOfRange));
    assert_eq!(date.plus_months_sticky(i64::MIN), Err(CalendarError::OutOfRange));
}

#[test]
fn a_cycle_is_a_month() {
    let cycle = BillCycle::parse("2024-02").unwrap();
    assert_eq!((cycle.to_string().as_str(), cycle.to_compact().as_str()), ("2024-02", "202402"));
    assert_eq!(cycle.first_day().to_string(), "2024-02-01");
    assert_eq!(cycle.last_day().to_string(), "2024-02-29");
    assert_eq!(BillCycle::of(Date::of(at("2024-02-29T16:00:00Z"))).to_string(), "2024-03");
    assert_eq!(BillCycle::parse("2024-13"), Err(CalendarError::Impossible));
    assert_eq!(BillCycle::parse("202402"), Err(CalendarError::Malformed));
}

#[test]
fn an_unpaid_order_waits_seven_days_to_the_end_of_the_day() {
    // 16:30Z is already the next day in GMT+8.
    assert_eq!(pending_payment_end(at("2026-01-15T08:00:00Z")).to_wire(), "2026-01-22T15:59:59Z");
    assert_eq!(pending_payment_end(at("2026-01-15T16:30:00Z")).to_wire(), "2026-01-23T15:59:59Z");
    assert_eq!(pending_payment_end(Instant::MAX), Instant::MAX);
}

#[test]
fn period_types_have_their_codes() {
    for period in PeriodType::ALL {
        assert_eq!(PeriodType::from_code(period.code()), Some(period));
    }
    assert_eq!(PeriodType::from_code(5), None);
}

#[test]
fn a_term_that_leaves_the_calendar_is_refused() {
    for period in PeriodType::ALL {
        // The largest period number of the wire (004 4.2.2).
        let term = Term { period, count: 2_147_483_647 };
        let end = first_expiry(at("2026-01-15T08:00:00Z"), term);
        assert_eq!(end, Err(CalendarError::OutOfRange), "{period:?}");
    }
}

proptest! {
    #[test]
    fn an_instant_survives_its_wire_form(ms in -62_135_596_800_000_i64..=253_402_271_999_999) {
        let instant = Instant::from_ms(ms);
        let read = Instant::parse_utc(&instant.to_wire()).unwrap();
        prop_assert_eq!(read.ms(), ms - ms.rem_euclid(1000));
        prop_assert_eq!(Instant::parse_rfc3339(&instant.to_wire_micros()), Ok(instant));
        prop_assert_eq!(Date::parse(&Date::of(instant).to_string()), Ok(Date::of(instant)));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "[-+0-9TZPYMDHSW:.]{0,70}|.{0,30}") {
        let _ = Instant::parse_utc(&text);
        let _ = Instant::parse_rfc3339(&text);
        let _ = Instant::parse_sdk_date(&text);
        let _ = Date::parse(&text);
        let _ = BillCycle::parse(&text);
        let _ = add_iso_duration(Instant::from_ms(0), &text);
    }

    #[test]
    fn no_term_makes_the_calendar_panic(ms in Instant::MIN.ms()..=Instant::MAX.ms(), code in 0_i64..5, count: u32) {
        let term = Term { period: PeriodType::from_code(code).unwrap(), count };
        if let Ok(end) = first_expiry(Instant::from_ms(ms), term) {
            prop_assert!(end.ms() >= ms - 999);
        }
    }
}

/// Month lengths by an independent table, so that the test does not repeat the code.
fn length_of(year: i16, month: i8) -> i8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 => 29,
        2 => 28,
        _ => 31,
    }
}

#[test]
fn every_day_of_four_years_has_a_month_that_ends_on_the_right_day() {
    let month = Term { period: PeriodType::Month, count: 1 };
    let first = Date::parse("2023-01-01").unwrap();
    for offset in 0..(4 * 365 + 1) {
        let date = first.plus_days(offset).unwrap();
        let next = if date.month() == 12 { (date.year() + 1, 1) } else { (date.year(), date.month() + 1) };
        let target_length = length_of(next.0, next.1);
        let is_month_end = date.day() == length_of(date.year(), date.month());
        let day = if is_month_end { target_length } else { date.day().min(target_length) };
        for start in [date.start_of_day(), date.at_0300(), date.end_of_day()] {
            let end = first_expiry(start, month).unwrap();
            assert!(end > start, "{date}");
            assert_eq!(end.to_wire(), format!("{:04}-{:02}-{day:02}T15:59:59Z", next.0, next.1), "{date}");
        }
    }
}
