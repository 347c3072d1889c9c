//! What a customer can see, as short texts: once as the model has it, once as the application shows it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cloud::{NEVER_THERE, WAITING};
use super::life::{CLOSED, FROZEN, IN_USE};
use super::on_demand::OnDemand;
use super::{Customer, Fund, Order, Resource};
use crate::calendar::{DAY, Secs, text};
use crate::goods::GOODS;

/// What a fact is about, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    Balances,
    Coupon(usize),
    Order(usize),
    Resource(usize),
    OnDemand(usize),
    /// What waits for the cloud.
    Tasks,
    /// A flexi-purchase coupon or a card.
    Purse(usize),
}

/// How long an expired coupon is certainly shown: some days less than the year after which it is not.
const SHOWN_FOR: Secs = 350 * DAY;

/// What is shown of what is not shown.
pub const NOTHING: &str = "nothing";

/// Facts by what they are about.
pub type Facts = BTreeMap<About, String>;

/// Cents as a number: `182.07`, `30`.
pub fn money(cents: i64) -> String {
    let (sign, whole) = (if cents < 0 { "-" } else { "" }, cents.abs());
    let digits = format!("{sign}{}.{:02}", whole / 100, whole % 100);
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads cents out of a number, or text with one.
pub fn cents(value: &Value) -> i64 {
    let digits = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (sign, digits) = digits.strip_prefix('-').map_or((1, digits.as_str()), |rest| (-1, rest));
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(rest.len() <= 2, "{digits} is not in cents");
    let rest: i64 = if rest.is_empty() { 0 } else { format!("{rest:0<2}").parse().unwrap() };
    sign * (whole.parse::<i64>().unwrap_or_else(|_| panic!("{digits} is no amount")) * 100 + rest)
}

fn time(at: Option<Secs>) -> String {
    at.map_or_else(|| "-".to_owned(), text)
}

fn shown_time(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

impl Customer {
    /// All facts, as they stand at an instant.
    pub fn facts(&self, now: Secs) -> Facts {
        let mut facts = Facts::from([(About::Balances, self.balances(now))]);
        let coupons = self.coupons.iter().enumerate().filter(|(_, coupon)| now < coupon.expires + SHOWN_FOR);
        facts.extend(coupons.map(|(number, _)| (About::Coupon(number), self.coupon(number, now))));
        let purses = self.purses.iter().enumerate().filter(|(_, purse)| now < purse.expires + SHOWN_FOR);
        facts.extend(purses.map(|(number, purse)| (About::Purse(number), purse.fact(now))));
        let orders = self.orders.iter().enumerate();
        facts.extend(orders.map(|(number, order)| (About::Order(number), order.fact())));
        let used = self.on_demand.iter().enumerate();
        facts.extend(used.map(|(number, one)| (About::OnDemand(number), self.on_demand(one))));
        let resources = self.resources.iter().enumerate();
        facts.extend(resources.map(|(number, one)| (About::Resource(number), self.resource(one))));
        if self.is_external {
            facts.insert(About::Tasks, self.waits());
        }
        facts
    }

    fn balances(&self, now: Secs) -> String {
        let mut rows = vec![format!("1 {}", money(self.cash))];
        let usable: Vec<_> = self.credit.iter().filter(|line| line.is_usable(now)).collect();
        if !usable.is_empty() {
            let (left, granted) = usable
                .iter()
                .fold((0, 0), |(left, granted), line| (left + line.left, granted + line.granted));
            rows.push(format!("2 {} of {}", money(left), money(granted)));
        }
        rows.extend(self.bonus.map(|bonus| format!("5 {}", money(bonus))));
        let debt = self.debts.iter().map(|debt| debt.left).sum();
        format!("{}; debt {}", rows.join(", "), money(debt))
    }

    fn coupon(&self, number: usize, now: Secs) -> String {
        let coupon = &self.coupons[number];
        let status = match () {
            () if coupon.is_withdrawn => 5,
            () if coupon.is_spent() => 3,
            () if now >= coupon.expires => 4,
            () => 2,
        };
        let held = coupon.held.map_or("-", |held| match self.orders[held].group {
            Some(group) => &self.groups[group].id,
            None => &self.orders[held].id,
        });
        format!("{status} {} frozen {} held {held}", money(coupon.left), u8::from(coupon.is_frozen))
    }

    fn resource(&self, resource: &Resource) -> String {
        // Customers see neither what is closed nor what is not there yet (004 8.4.1).
        if [CLOSED, WAITING, NEVER_THERE].contains(&resource.status) {
            return NOTHING.to_owned();
        }
        // What is held is shown as frozen.
        let status = if resource.is_secured || resource.held_at.is_some() { FROZEN } else { resource.status };
        let parent = resource.parent.map_or(&resource.id, |parent| &self.resources[parent].id);
        // What is attached to a resource may be delivered before it.
        let parent = if parent.is_empty() { "-" } else { parent };
        format!(
            "{} policy {} from {} to {} of {parent}, {} {}",
            status,
            resource.policy,
            text(resource.effective),
            text(resource.expires),
            GOODS[resource.good].spec,
            GOODS[resource.good].measure.map_or_else(|| "null".to_owned(), |_| resource.size.to_string())
        )
    }
}

impl Customer {
    fn on_demand(&self, one: &OnDemand) -> String {
        if one.is_ended {
            return NOTHING.to_owned();
        }
        let good = &GOODS[one.good];
        let size = good.measure.map_or_else(|| "null".to_owned(), |_| one.size.to_string());
        let parent = one.parent.map_or("-", |parent| &self.on_demand[parent].own_id);
        let held = one.lock.map_or("-", |order| &self.orders[order].id);
        let (since, spec) = (text(one.since), good.spec);
        let status = if one.held_at.is_some() { FROZEN } else { IN_USE };
        format!("{} {status} since {since} {spec} {size} of {parent} held {held}", one.id)
    }
}

/// A pay-per-use resource as it is shown.
pub fn shown_on_demand(one: &Value) -> String {
    let text = |name: &str| one[name].as_str().unwrap_or("-");
    let (id, since, spec) = (text("resource_id"), text("begin_time"), text("resource_spec"));
    let (size, parent, held) = (&one["resource_size"], text("parent_id"), text("open_order_id"));
    let status = &one["status"];
    format!("{id} {status} since {since} {spec} {size} of {parent} held {held}")
}

impl Order {
    /// What its details show.
    pub fn fact(&self) -> String {
        let sum = |part: fn(&super::Line) -> i64| money(self.lines.iter().map(part).sum());
        let mut fact = format!(
            "type {} status {} list {} pay {} off {} coupon {} more {} fee {} used {} until {} paid {}",
            self.kind,
            self.status,
            money(self.list()),
            money(self.payable()),
            sum(|line| line.adjusted + line.discount),
            sum(|line| line.coupon),
            sum(|line| super::purses::sum(&line.purses)),
            sum(|line| line.fee),
            sum(|line| line.consumed),
            time(self.until),
            time(self.paid)
        );
        let line = |line: &super::Line| {
            let (list, pay) = (money(line.list), money(line.payable()));
            format!(" | {list} {pay} from {} to {}", time(line.effective), time(line.expires))
        };
        let mut lines: Vec<String> = self.lines.iter().map(line).collect();
        lines.sort();
        fact += &lines.concat();
        fact
    }
}

impl Customer {
    /// Which balances paid an order.
    pub fn funds(&self, order: usize) -> String {
        let fund = |taken: &super::Taken| match taken.fund {
            Fund::Cash => format!("cash {}", money(taken.amount)),
            Fund::Bonus => format!("bonus {}", money(taken.amount)),
            Fund::Credit(line) => format!("credit {} {}", self.credit[line].id, money(taken.amount)),
        };
        let mut funds: Vec<String> = self.orders[order].funds.iter().map(fund).collect();
        funds.sort();
        funds.join(", ")
    }
}

/// Which balances paid an order, as it is explained.
pub fn shown_funds(explained: &Value) -> String {
    fn collect(value: &Value, funds: &mut Vec<String>) {
        for fund in value["funds"].as_array().into_iter().flatten() {
            let amount = money(cents(&fund["amount"]));
            match fund["kind"].as_str().unwrap_or_default() {
                "credit" => funds.push(format!("credit {} {amount}", fund["id"].as_str().unwrap_or("?"))),
                kind @ ("cash" | "bonus") => funds.push(format!("{kind} {amount}")),
                _ => {}
            }
        }
        for order in value["orders"].as_array().into_iter().flatten() {
            collect(order, funds);
        }
    }
    let mut funds = Vec::new();
    collect(explained, &mut funds);
    funds.sort();
    funds.join(", ")
}

/// The balances as they are shown.
pub fn shown_balances(body: &Value) -> String {
    let row = |row: &Value| match &row["credit_amount"] {
        Value::Null => format!("{} {}", row["account_type"], money(cents(&row["amount"]))),
        line => format!("{} {} of {}", row["account_type"], money(cents(&row["amount"])), money(cents(line))),
    };
    let rows: Vec<String> = body["account_balances"].as_array().unwrap().iter().map(row).collect();
    format!("{}; debt {}", rows.join(", "), money(cents(&body["debt_amount"])))
}

/// A coupon as it is shown.
pub fn shown_coupon(coupon: &Value) -> String {
    let held = coupon["lock_order_id"].as_str().filter(|held| !held.is_empty()).unwrap_or("-");
    let frozen = coupon["is_frozen"].as_str().unwrap_or("?");
    format!("{} {} frozen {frozen} held {held}", coupon["status"], money(cents(&coupon["balance"])))
}

/// A resource as it is shown.
pub fn shown_resource(resource: &Value) -> String {
    format!(
        "{} policy {} from {} to {} of {}, {} {}",
        resource["status"],
        resource["expire_policy"],
        shown_time(&resource["effective_time"]),
        shown_time(&resource["expire_time"]),
        resource["parent_resource_id"].as_str().unwrap_or("-"),
        resource["resource_spec_code"].as_str().unwrap_or("-"),
        resource["spec_size"]
    )
}

/// What discounts took off, coupons left out.
fn off(info: &Value) -> i64 {
    let coupons = ["300", "301", "302", "303"];
    let items = info["discounts"].as_array().unwrap().iter();
    let discounts = items.filter(|item| !coupons.contains(&item["discount_type"].as_str().unwrap_or("")));
    discounts.map(|item| cents(&item["discount_amount"])).sum()
}

fn or_zero(value: &Value) -> i64 {
    if value.is_null() { 0 } else { cents(value) }
}

/// An order as its details show it.
pub fn shown_order(body: &Value) -> String {
    let info = &body["order_info"];
    let mut fact = format!(
        "type {} status {} list {} pay {} off {} coupon {} more {} fee {} used {} until {} paid {}",
        info["order_type"],
        info["status"],
        money(cents(&info["official_amount"])),
        money(cents(&info["amount_after_discount"])),
        money(off(&info["amount_info"])),
        money(or_zero(&info["amount_info"]["coupon_amount"])),
        money(
            or_zero(&info["amount_info"]["flexipurchase_coupon_amount"])
                + or_zero(&info["amount_info"]["stored_card_amount"]),
        ),
        money(or_zero(&info["amount_info"]["commission_amount"])),
        money(or_zero(&info["amount_info"]["consumed_amount"])),
        shown_time(&info["pending_payment_end_time"]),
        shown_time(&info["payment_time"])
    );
    let line = |line: &Value| {
        let (list, pay) =
            (money(cents(&line["official_amount"])), money(cents(&line["amount_after_discount"])));
        // What a refund says of its periods is not foreseen.
        let (from, to) = match info["order_type"].as_i64() {
            Some(4 | 10) => ("-", "-"),
            _ => (shown_time(&line["effective_time"]), shown_time(&line["expire_time"])),
        };
        format!(" | {list} {pay} from {from} to {to}")
    };
    let mut lines: Vec<String> = body["order_line_items"].as_array().unwrap().iter().map(line).collect();
    lines.sort();
    fact += &lines.concat();
    fact
}
