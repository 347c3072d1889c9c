//! Orders and what reduces them, read from the words of a table.

use domain::calendar::{Instant, PeriodType};
use domain::money::{Charge, Exact, Price, Rounding};
use domain::promotion::{
    Card, Choice, Coupon, CouponType, Discount, DiscountMode, DiscountType, Item, Limit, LimitKey,
    OrderFacts, PricedLine, Reducible, Scope, SubscribeType,
};
use domain::quantity::Quantity;

/// When every order of the table is paid.
pub fn now() -> Instant {
    until("2026-03-01")
}

/// Midnight GMT+8 of a date.
pub fn until(date: &str) -> Instant {
    Instant::parse_rfc3339(&format!("{date}T00:00:00+08:00")).unwrap()
}

/// A line of an order, with what an [`Item`] borrows.
#[derive(Debug)]
pub struct Line {
    service: String,
    region: String,
    product: String,
    period: Option<PeriodType>,
    period_num: i64,
    subscription_num: i64,
    size: Option<i64>,
    is_marketplace: bool,
    /// List price before it is rounded to cents.
    pub list: Exact,
    /// Pricing units.
    pub units: Exact,
    /// What the old specification would cost, of a change.
    pub credit: Exact,
}

impl Line {
    /// `PRICE[@name=value]…`
    fn read(word: &str) -> Self {
        let (price, attributes) = attributes_of(word);
        let list = Exact::from_price(Price::parse(price).unwrap());
        let (service, region, product) = ("ecs".to_owned(), "eu".to_owned(), "p1".to_owned());
        let mut line = Self {
            service,
            region,
            product,
            period: Some(PeriodType::Month),
            period_num: 1,
            subscription_num: 1,
            size: None,
            is_marketplace: false,
            list,
            units: Exact::zero(),
            credit: Exact::zero(),
        };
        let mut units = None;
        for (name, value) in attributes {
            match name {
                "s" => value.clone_into(&mut line.service),
                "r" => value.clone_into(&mut line.region),
                "p" => value.clone_into(&mut line.product),
                "t" => (line.period_num, line.period) = term_of(value),
                "n" => line.subscription_num = value.parse().unwrap(),
                "z" => line.size = Some(value.parse().unwrap()),
                "u" => units = Some(value),
                "c" => line.credit = Exact::from_price(Price::parse(value).unwrap()),
                "mkt" => line.is_marketplace = true,
                _ => panic!("a line has no {name}"),
            }
        }
        let whole = line.period_num * line.subscription_num * line.size.unwrap_or(1);
        let units = units.map_or(Quantity::from_int(whole), Quantity::parse).unwrap();
        line.units = Exact::from_quantity(units);
        line
    }

    /// The line before its price is rounded.
    pub fn reducible(&self) -> Reducible<'_> {
        Reducible { item: self.item(), list: self.list, units: self.units, credit: self.credit }
    }

    /// What the line is for.
    pub fn item(&self) -> Item<'_> {
        Item {
            service_type: &self.service,
            resource_type: "vm",
            product_id: &self.product,
            region: &self.region,
            period: self.period,
            priced_in: self.period,
            period_num: self.period_num,
            subscription_num: self.subscription_num,
            size: self.size,
            is_marketplace: self.is_marketplace,
        }
    }
}

/// An order: its lines, and what the rules look at besides.
#[derive(Debug)]
pub struct Order {
    /// Its lines.
    pub lines: Vec<Line>,
    subscribe: SubscribeType,
    id: String,
    first_services: Vec<String>,
}

impl Order {
    /// Words: lines, and `renew`, `change`, `id=…`, `first=…`.
    pub fn read(words: &[&str]) -> Self {
        let (lines, first_services) = (Vec::new(), Vec::new());
        let mut order = Self { lines, subscribe: SubscribeType::New, id: String::new(), first_services };
        for word in words {
            match word.split_once('=') {
                Some(("id", id)) => id.clone_into(&mut order.id),
                Some(("first", service)) => order.first_services.push(service.to_owned()),
                _ if *word == "renew" => order.subscribe = SubscribeType::Renew,
                _ if *word == "change" => order.subscribe = SubscribeType::Change,
                _ => order.lines.push(Line::read(word)),
            }
        }
        order
    }

    /// The order as the rules take it.
    pub fn with<T>(&self, decide: impl FnOnce(&OrderFacts<'_>) -> T) -> T {
        let line = |line: &Line| line.list.settle(Rounding::HalfUp).unwrap();
        let lines: Vec<PricedLine<'_>> = self
            .lines
            .iter()
            .map(|own| PricedLine {
                item: own.item(),
                official: line(own),
                units: own.units,
                credit: own.credit,
            })
            .collect();
        decide(&OrderFacts {
            order_id: &self.id,
            now: now(),
            subscribe: self.subscribe,
            lines: &lines,
            first_services: &self.first_services,
        })
    }
}

/// Discounts, coupons and cards.
#[derive(Debug)]
pub struct Wares {
    pub discounts: Vec<Discount>,
    pub coupons: Vec<Coupon>,
    pub cards: Vec<Card>,
}

impl Wares {
    /// Words by their first letter: `d605:0.9` discounts, `c` cash, `p` discount and `f` flexi coupons, `k` cards.
    pub fn read(words: &[&str]) -> Self {
        let mut wares = Self { discounts: Vec::new(), coupons: Vec::new(), cards: Vec::new() };
        for word in words {
            let (head, attributes) = attributes_of(word);
            let (id, value) = head.split_once(':').unwrap();
            match &id[..1] {
                "d" => wares.discounts.push(discount_of(id, value, &attributes)),
                "k" => wares.cards.push(card_of(id, value, &attributes)),
                _ => wares.coupons.push(coupon_of(id, value, &attributes)),
            }
        }
        wares
    }

    /// All of them for one order.
    pub fn into_choice(self) -> Choice {
        assert!(self.discounts.len() < 2, "an order has one discount");
        let discount = self.discounts.into_iter().next();
        Choice { discount, coupons: self.coupons, cards: self.cards }
    }
}

fn attributes_of(word: &str) -> (&str, Vec<(&str, &str)>) {
    let mut parts = word.split('@');
    let head = parts.next().unwrap();
    (head, parts.map(|part| part.split_once('=').unwrap_or((part, ""))).collect())
}

fn term_of(text: &str) -> (i64, Option<PeriodType>) {
    if text == "ppu" {
        return (1, None);
    }
    let (count, letter) = text.split_at(text.len() - 1);
    (count.parse().unwrap(), Some(period_of(letter)))
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

/// The mode is a share `0.9`, a fixed price `=5` or an amount off `-10`.
fn discount_of(id: &str, value: &str, attributes: &[(&str, &str)]) -> Discount {
    let mode = match value.split_at(1) {
        ("=", price) => DiscountMode::FixedPrice(price.parse().unwrap()),
        ("-", amount) => DiscountMode::AmountOff(amount.parse().unwrap()),
        _ => DiscountMode::Ratio(value.parse().unwrap()),
    };
    let attribute = |name: &str| attributes.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
    let text = |name: &str| attribute(name).map(str::to_owned);
    Discount {
        id: id.to_owned(),
        name: format!("name of {id}"),
        kind: DiscountType::from_code(id[1..4].parse().unwrap()).unwrap(),
        mode,
        scope: Scope {
            service_type: text("s"),
            resource_type: text("vm"),
            product_id: text("p"),
            region: text("r"),
            period_type: attribute("t").map(period_of),
        },
        valid_from: until(attribute("from").unwrap_or("2026-01-01")),
        expires_at: attribute("until").map(until),
    }
}

fn coupon_of(id: &str, value: &str, attributes: &[(&str, &str)]) -> Coupon {
    let kind = match &id[..1] {
        "c" => CouponType::Cash,
        "p" => CouponType::Discount,
        "f" => CouponType::Flexi,
        _ => panic!("{id} is no coupon"),
    };
    let is_share = kind == CouponType::Discount;
    let mut coupon = Coupon {
        id: id.to_owned(),
        name: format!("name of {id}"),
        kind,
        balance: if is_share { Charge::ZERO } else { value.parse().unwrap() },
        ratio: is_share.then(|| value.parse().unwrap()),
        uses: 0,
        limits: Vec::new(),
        valid_from: until("2026-01-01"),
        expires_at: until("2027-01-01"),
        is_withdrawn: false,
        is_frozen: false,
        lock_order: None,
    };
    for (name, value) in attributes {
        match *name {
            "from" => coupon.valid_from = until(value),
            "until" => coupon.expires_at = until(value),
            "uses" => coupon.uses = value.parse().unwrap(),
            "withdrawn" => coupon.is_withdrawn = true,
            "frozen" => coupon.is_frozen = true,
            "locked" => coupon.lock_order = Some((*value).to_owned()),
            _ => coupon.limits.push(limit_of(name, value)),
        }
    }
    coupon
}

/// `key=value1[~value2]`
fn limit_of(name: &str, value: &str) -> Limit {
    let key = LimitKey::parse(name).unwrap_or_else(|| panic!("{name} is no limit"));
    let (value1, value2) = value.split_once('~').map_or((value, None), |(one, two)| (one, Some(two)));
    Limit { key, value1: value1.to_owned(), value2: value2.map(str::to_owned) }
}

fn card_of(id: &str, value: &str, attributes: &[(&str, &str)]) -> Card {
    let attribute = |name: &str| attributes.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
    Card {
        id: id.to_owned(),
        name: format!("name of {id}"),
        balance: value.parse().unwrap(),
        valid_from: until(attribute("from").unwrap_or("2026-01-01")),
        expires_at: until(attribute("until").unwrap_or("2027-01-01")),
        is_withdrawn: attribute("withdrawn").is_some(),
    }
}
