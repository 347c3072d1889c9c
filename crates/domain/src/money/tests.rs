use proptest::prelude::*;

use super::*;
use crate::quantity::Quantity;

fn exact(num: i64, den: i64) -> Exact {
    let one = Exact::from_charge(Charge::cents(100));
    one.times_int(num).unwrap().div_int(den).unwrap()
}

#[test]
fn amounts_are_written_trimmed() {
    assert_eq!(Price::parse("8.1280").unwrap().to_string(), "8.128");
    assert_eq!(Charge::ZERO.to_string(), "0");
    assert_eq!(Charge::cents(-27792).to_string(), "-277.92");
    assert_eq!(Charge::cents(-5).to_string(), "-0.05");
    assert_eq!(Charge::cents(i64::MIN).to_string(), "-92233720368547758.08");
}

#[test]
fn amounts_are_read_exactly() {
    for (text, cents) in [
        ("0", 0),
        ("-0", 0),
        ("+5", 500),
        ("1e2", 10_000),
        ("1.2E-0", 120),
        ("12340e-3", 1234),
        ("1.10000000000000000000000000000000000000000000000000000000000", 110),
        ("92233720368547758.07", i64::MAX),
        ("-92233720368547758.08", i64::MIN),
        ("0.10e1", 100),
        ("0e40", 0),
        ("00012.50", 1250),
    ] {
        assert_eq!(Charge::parse(text), Ok(Charge::cents(cents)), "{text}");
    }
}

#[test]
fn what_is_no_amount_is_refused_by_its_reason() {
    use AmountError::{NotANumber, TooLarge, TooPrecise};
    for text in [
        "", "-", "+", ".", ".5", "5.", "1..2", "1e", "e1", "1e+", "1,5", " 1", "1 ", "NaN", "inf", "0x1",
        "１",
    ] {
        assert_eq!(Charge::parse(text), Err(NotANumber), "{text}");
    }
    for text in ["0.001", "1e-3", "12345e-3", "1.005", "1e-99999999999999999999", "0.1e-39"] {
        assert_eq!(Charge::parse(text), Err(TooPrecise), "{text}");
    }
    let long = "0".repeat(65);
    for text in ["1e41", "1e17", "92233720368547758.08", "1e999999999999999999999", long.as_str()] {
        assert_eq!(Charge::parse(text), Err(TooLarge), "{text}");
    }
    assert_eq!(Charge::parse(&"9".repeat(60)), Err(TooLarge));
}

#[test]
fn sums_are_checked() {
    assert_eq!(Charge::sum([Charge::cents(1), Charge::cents(2)]), Some(Charge::cents(3)));
    assert_eq!(Charge::sum([]), Some(Charge::ZERO));
    assert_eq!(Charge::sum([Charge::cents(i64::MAX), Charge::cents(1)]), None);
    assert_eq!(Charge::cents(i64::MIN).checked_neg(), None);
}

#[test]
fn a_half_goes_away_from_zero_and_truncation_toward_it() {
    for (num, den, half_up, truncated) in [
        (5, 1000, 1, 0),
        (-5, 1000, -1, 0),
        (4, 1000, 0, 0),
        (15, 1000, 2, 1),
        (-15, 1000, -2, -1),
        (2, 3, 67, 66),
        (-2, 3, -67, -66),
        (1, 1, 100, 100),
    ] {
        assert_eq!(exact(num, den).settle(Rounding::HalfUp), Ok(Charge::cents(half_up)), "{num}/{den}");
        assert_eq!(exact(num, den).settle(Rounding::Truncate), Ok(Charge::cents(truncated)), "{num}/{den}");
    }
}

#[test]
fn an_inquiry_is_cut_and_never_rounded() {
    assert_eq!(exact(2, 3).show(6).unwrap().to_string(), "0.666666");
    assert_eq!(exact(2, 3).show(10).unwrap().to_string(), "0.6666666666");
    assert_eq!(exact(-2, 3).show(6).unwrap().to_string(), "-0.666666");
    assert_eq!(exact(8128, 1000).show(6).unwrap().to_string(), "8.128");
    assert_eq!(exact(-1, 10_000_000).show(6).unwrap().to_string(), "0");
}

#[test]
fn thirds_add_up_to_the_whole() {
    let third = exact(1, 3);
    assert_eq!(Exact::sum([third, third, third]).unwrap(), exact(1, 1));
    assert_eq!(exact(1, 3).checked_add(exact(1, 6)).unwrap(), exact(1, 2));
    assert_eq!(exact(1, 3).checked_sub(exact(1, 3)).unwrap(), Exact::zero());
    assert_eq!(exact(1, 3).compare(exact(1, 4)), Ok(std::cmp::Ordering::Greater));
}

#[test]
fn a_product_that_fits_after_reduction_is_exact() {
    let large = Quantity::from_int(Quantity::WHOLE_MAX).unwrap();
    let mut amount = Exact::from_price(Price::parse("0.0000000001").unwrap());
    amount = amount.times_quantity(large).unwrap();
    amount = amount.times_int(2_147_483_647).unwrap().div_int(2_147_483_647).unwrap();
    amount = amount.times_int(1 << 40).unwrap().div_int(1 << 40).unwrap();
    assert_eq!(amount.settle(Rounding::HalfUp), Ok(Charge::cents(90_000_000_000)));
}

#[test]
fn what_does_not_fit_is_an_overflow_and_not_a_panic() {
    let large = Quantity::from_int(Quantity::WHOLE_MAX).unwrap();
    let amount = Exact::from_price(Price::from_units(i64::MAX)).times_quantity(large).unwrap();
    assert_eq!(amount.settle(Rounding::HalfUp), Err(Overflow));
    assert_eq!(amount.times_quantity(large).and_then(|more| more.times_quantity(large)), Err(Overflow));
    assert_eq!(Exact::zero().div_int(0), Err(Overflow));
    assert_eq!(Exact::zero().div_int(-1), Err(Overflow));
}

#[test]
fn leftover_cents_go_to_the_largest_remainder_and_then_to_the_lower_index() {
    let split_cents = |cents, weights: &[i64]| -> Vec<i64> {
        split(Charge::cents(cents), weights).into_iter().map(Charge::units).collect()
    };
    assert_eq!(split_cents(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(split_cents(-100, &[1, 1, 1]), [-34, -33, -33]);
    assert_eq!(split_cents(10, &[1, 2]), [3, 7]);
    assert_eq!(split_cents(5, &[0, 0]), [3, 2]);
    assert_eq!(split_cents(i64::MIN, &[i64::MAX, i64::MAX]), [i64::MIN / 2, i64::MIN / 2]);
}

#[test]
fn currencies_have_their_codes() {
    for currency in Currency::ALL {
        assert_eq!(Currency::from_code(currency.code()), Some(currency));
    }
    assert_eq!(Currency::from_code("usd"), None);
}

#[test]
fn an_exact_number_is_written_to_the_last_digit_or_as_a_fraction() {
    let cases = [
        (0, 7, "0"),
        (10, 5, "2"),
        (-1, 20, "-0.05"),
        (274, 3600, "137/1800"),
        (-1, 3, "-1/3"),
        (1, 1024, "0.0009765625"),
        (1_234_567, 1_000_000_000_000, "0.000001234567"),
    ];
    for (num, den, wanted) in cases {
        assert_eq!(exact(num, den).to_string(), wanted);
    }
}

proptest! {
    #[test]
    fn an_amount_survives_its_text(units: i64) {
        prop_assert_eq!(Charge::parse(&Charge::from_units(units).to_string()), Ok(Charge::from_units(units)));
        prop_assert_eq!(Price::parse(&Price::from_units(units).to_string()), Ok(Price::from_units(units)));
        let consumption = Consumption::from_units(units);
        prop_assert_eq!(consumption.to_string().parse(), Ok(consumption));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[-+0-9.eE]{0,70}|.{0,70}") {
        let _ = Charge::parse(&text);
        let _ = Quantity::parse(&text);
    }

    #[test]
    fn parts_sum_to_the_whole(cents: i64, weights in prop::collection::vec(0..i64::MAX, 1..20)) {
        let parts = split(Charge::cents(cents), &weights);
        prop_assert_eq!(Charge::sum(parts), Some(Charge::cents(cents)));
    }

    #[test]
    fn rounding_is_symmetrical_and_never_off_by_a_cent(num in -1_000_000_000_000_i64..1_000_000_000_000, den in 1_i64..1_000_000) {
        for rounding in [Rounding::HalfUp, Rounding::Truncate] {
            let up = exact(num, den).settle(rounding).unwrap();
            let down = exact(-num, den).settle(rounding).unwrap();
            prop_assert_eq!(up.checked_neg(), Some(down));
            let off = i128::from(up.units()) * i128::from(den) - i128::from(num) * 100;
            let bound = if rounding == Rounding::HalfUp { i128::from(den) } else { 2 * i128::from(den) - 1 };
            prop_assert!(off.abs() * 2 <= bound);
        }
    }

    #[test]
    fn addition_agrees_with_integers(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000, den in 1_i64..10_000) {
        prop_assert_eq!(exact(a, den).checked_add(exact(b, den)).unwrap(), exact(a + b, den));
        let other = exact(b, den + 7);
        prop_assert_eq!(exact(a, den).checked_add(other).unwrap().checked_sub(other).unwrap(), exact(a, den));
    }
}
