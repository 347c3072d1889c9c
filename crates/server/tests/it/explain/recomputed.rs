//! Explanations recomputed from their texts, exactly and apart from the code that wrote them.

use std::cmp::Ordering;

use serde_json::{Value, json};

/// An exact number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    pub(super) num: i128,
    pub(super) den: i128,
}

impl Number {
    pub(super) const ZERO: Self = Self { num: 0, den: 1 };

    /// Reads a decimal or a fraction.
    #[track_caller]
    pub(super) fn of(value: &Value) -> Self {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            other => panic!("no number: {other}"),
        };
        if let Some((num, den)) = text.split_once('/') {
            return Self { num: num.parse().unwrap(), den: den.parse().unwrap() };
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        assert!(!fraction.ends_with('0'), "{text} has a zero too many");
        let den = 10_i128.pow(u32::try_from(fraction.len()).unwrap());
        Self { num: format!("{whole}{fraction}").parse().unwrap(), den }.reduced()
    }

    fn reduced(self) -> Self {
        let (mut a, mut b) = (self.num.abs(), self.den);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self { num: self.num / a.max(1), den: self.den / a.max(1) }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { num: self.num * other.den + other.num * self.den, den: self.den * other.den }.reduced()
    }

    pub(super) fn minus(self, other: Self) -> Self {
        self.plus(Self { num: -other.num, den: other.den })
    }

    pub(super) fn times(self, other: Self) -> Self {
        Self { num: self.num * other.num, den: self.den * other.den }.reduced()
    }

    pub(super) fn over(self, other: Self) -> Self {
        self.times(Self { num: other.den, den: other.num })
    }

    /// The field of each member of a list, summed.
    #[track_caller]
    pub(super) fn sum<'a>(list: impl IntoIterator<Item = &'a Value>, field: &str) -> Self {
        list.into_iter().fold(Self::ZERO, |sum, one| sum.plus(Self::of(&one[field])))
    }

    pub(super) fn abs(self) -> Self {
        Self { num: self.num.abs(), den: self.den }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.num * other.den == other.num * self.den
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some((self.num * other.den).cmp(&(other.num * self.den)))
    }
}

#[track_caller]
pub(super) fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

/// Recomputes the list price of a line or an inquiry, from its parts to its rounding.
#[track_caller]
fn check_price(item: &Value) {
    let price = &item["price"];
    for part in list(&price["parts"]) {
        let amount = Number::of(&part["units"]).times(Number::of(&part["unit_price"]));
        assert_eq!(amount, Number::of(&part["amount"]), "{part}");
    }
    assert_eq!(Number::sum(list(&price["parts"]), "amount"), Number::of(&price["unit_amount"]), "{price}");
    if !price["usage"].is_null() {
        let usage = &price["usage"];
        let units = Number::of(&usage["usage_value"]).times(Number::of(&usage["multiplier"]));
        assert_eq!(units.over(Number::of(&usage["divisor"])), Number::of(&usage["units"]), "{usage}");
        let units = list(&price["parts"]).iter().map(|part| Number::of(&part["units"]));
        assert_eq!(units.fold(Number::ZERO, Number::plus), Number::of(&usage["units"]), "{price}");
    }
    let size = if price["resource_size"].is_null() { json!(1) } else { price["resource_size"].clone() };
    let exact = Number::of(&price["unit_amount"]).times(Number::of(&size));
    let exact = exact.times(Number::of(&price["subscription_num"]));
    assert_eq!(exact, Number::of(&price["exact_amount"]), "{price}");
    let rounding = &price["rounding"];
    let official = exact.plus(Number::of(&rounding["amount"]));
    assert_eq!(official, Number::of(&item["official_amount"]), "{item}");
    let decimals = u32::try_from(rounding["decimals"].as_u64().unwrap()).unwrap();
    let last = Number { num: 1, den: 10_i128.pow(decimals) };
    match rounding["mode"].as_str().unwrap() {
        "half_up" => {
            assert!(Number::of(&rounding["amount"]).abs().times(Number { num: 2, den: 1 }) <= last, "{price}")
        }
        "cut" => {
            let cut = Number::ZERO.minus(Number::of(&rounding["amount"]));
            assert!(cut >= Number::ZERO && cut < last, "{price}");
        }
        other => panic!("rounding {other}"),
    }
}

#[track_caller]
pub(super) fn check_item(item: &Value, is_refund: bool) {
    let (official, payable) = (Number::of(&item["official_amount"]), Number::of(&item["payable_amount"]));
    if is_refund {
        assert_eq!(item["price"], Value::Null);
        assert_eq!(official, payable);
    } else {
        check_price(item);
        assert_eq!(official.minus(Number::sum(list(&item["modifiers"]), "amount")), payable, "{item}");
        assert!(payable >= Number::ZERO, "{item}");
    }
    assert_eq!(item["adds_up"], true, "{item}");
}

/// Recomputes an order from the texts of its explanation.
#[track_caller]
pub(super) fn check_order(order: &Value) {
    let is_refund = order["order_type"] == 4;
    let items = list(&order["line_items"]);
    items.iter().for_each(|item| check_item(item, is_refund));
    for field in ["official_amount", "payable_amount"] {
        assert_eq!(Number::sum(items, field), Number::of(&order[field]), "{order}");
    }
    let of_items: Vec<&Value> = items.iter().flat_map(|item| list(&item["modifiers"])).collect();
    for modifier in list(&order["modifiers"]) {
        let same = of_items
            .iter()
            .copied()
            .filter(|one| one["id"] == modifier["id"] && one["type"] == modifier["type"]);
        assert_eq!(Number::sum(same, "amount"), Number::of(&modifier["amount"]), "{order}");
    }
    let modifiers = list(&order["modifiers"]);
    assert_eq!(Number::sum(of_items, "amount"), Number::sum(modifiers, "amount"), "{order}");
    let payable = Number::of(&order["payable_amount"]);
    if !is_refund {
        assert_eq!(Number::of(&order["official_amount"]).minus(Number::sum(modifiers, "amount")), payable);
    }
    let is_benefit = |fund: &&Value| ["coupon", "flexi", "card"].contains(&fund["kind"].as_str().unwrap());
    let funds = list(&order["funds"]);
    if order["payment_time"].is_null() {
        assert_eq!(funds.len(), 0, "{order}");
    } else {
        let money = Number::sum(funds.iter().filter(|fund| !is_benefit(fund)), "amount");
        assert_eq!(money, payable, "{order}");
        let spent = modifiers.iter().filter(|one| [301, 302, 303].contains(&one["type"].as_i64().unwrap()));
        assert_eq!(
            Number::sum(funds.iter().filter(is_benefit), "amount"),
            Number::sum(spent, "amount"),
            "{order}"
        );
    }
    for refund in list(&order["refunds"]) {
        assert_eq!(Number::sum(list(&refund["funds"]), "amount"), Number::of(&refund["amount"]), "{refund}");
    }
    let returned = Number::sum(list(&order["refunds"]), "amount");
    assert!(is_refund || returned <= Number::sum(funds, "amount"), "{order}");
    assert_eq!(order["adds_up"], true, "{order}");
}
