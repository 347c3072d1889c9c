//! What a customer, or the operator for it, asks for: the request, and what the model says comes of it.

use serde_json::{Value, json};

use super::buying::{Placing, Wanted};
use super::facts::money;
use super::further::Further;
use super::reductions::Code;
use super::turns::Turn;
use super::{Coupon, CouponLimits, CreditLine, Customer, Discount, Mode, status};
use crate::calendar::{Secs, Term, text};
use crate::goods::GOODS;

/// What is asked for. Things are named by their number among those of the customer, so that a step stays meaningful
/// where others are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Money comes in; `serial` makes it different from others.
    TopUp { cents: i64, is_bonus: bool, serial: usize },
    /// A credit line is granted.
    Credit { cents: i64, expires: Option<Secs> },
    /// A discount is granted.
    Grant { kind: i64, mode: Mode },
    /// A discount is withdrawn.
    Withdraw { discount: usize },
    /// A cash coupon is issued.
    Issue { cents: i64, expires: Secs, limits: CouponLimits },
    /// A coupon is frozen, or unfrozen.
    FreezeCoupon { coupon: usize, is_to_be: bool },
    /// The account is frozen.
    Freeze { with_resources: bool },
    /// The account is unfrozen.
    Unfreeze,
    /// Something is bought.
    Place(Placing),
    /// An order is paid; `is_part`: by its own id although it is part of a combined order.
    Pay { order: usize, is_part: bool, discount: Option<usize>, coupon: Option<usize> },
    /// An order is cancelled.
    Cancel { order: usize, is_part: bool },
    /// Primary resources are renewed.
    Renew { resources: Vec<usize>, term: Term, auto_pay: bool },
    /// Resources are given up, or only their periods that have not begun.
    Unsubscribe { resources: Vec<usize>, only_renewals: bool },
    /// The system is to renew a resource, so many times or without end.
    AutoRenew { resource: usize, times: Option<i64> },
    /// The system is to renew a resource no more.
    NoAutoRenew { resource: usize },
    /// A resource is to become pay-per-use at its expiry, or not.
    ToOnDemand { resource: usize, is_to_be: bool },
    /// The customer is of another tier.
    Tier { tier: usize },
    /// A large refund is allowed, or not.
    Decide { order: usize, is_approved: bool },
    /// A resource becomes another, or is paid otherwise.
    Turn(Turn),
    /// Something else.
    Further(Further),
}

/// A request as it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The operator sends it, not the customer.
    pub is_operators: bool,
    pub method: &'static str,
    pub path: String,
    pub body: Value,
}

/// What the application's ids are read for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    Nothing,
    /// Something that is set.
    Setting,
    /// A flexi-purchase coupon or a card.
    Purse(usize),
    /// What gives back, if anything does.
    Refund(Option<usize>),
    Orders(Vec<usize>),
    /// A pay-per-use resource.
    OnDemand(usize),
    /// One order, told as `order_id`, or for the only resource of a request.
    Order(usize),
    /// The same, told as `order_ids`: each, or the id of the combined order alone.
    Listed(Vec<usize>),
    Coupon(usize),
    Discount(usize),
    Credit(usize),
}

/// How a request must be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub code: Option<Code>,
    pub made: Made,
    /// Why an order was not paid although that was asked for.
    pub unpaid: Option<Code>,
}

impl Answer {
    /// Whether it was carried out: a refusal changes nothing, except that an order may be left to be paid.
    pub fn is_done(&self) -> bool {
        self.code.is_none() || self.made != Made::Nothing
    }

    pub fn done(status: u16) -> Self {
        Self { status, code: None, made: Made::Nothing, unpaid: None }
    }

    pub fn made(made: Made) -> Self {
        Self { made, ..Self::done(201) }
    }

    pub fn of(done: Result<(), Code>, status: u16) -> Self {
        match done {
            Ok(()) => Self::done(status),
            Err(code) => Self { status: 400, code: Some(code), made: Made::Nothing, unpaid: None },
        }
    }
}

impl Deed {
    /// Whether it is about things that this customer has.
    pub fn is_possible(&self, customer: &Customer) -> bool {
        let has = |number: &Option<usize>, count: usize| number.is_none_or(|number| number < count);
        let (coupons, discounts) = (customer.coupons.len(), customer.discounts.len());
        match self {
            Self::Withdraw { discount } => *discount < discounts,
            Self::FreezeCoupon { coupon, .. } => *coupon < coupons,
            Self::Place(placing) => has(&placing.discount, discounts) && has(&placing.coupon, coupons),
            Self::Pay { order, discount, coupon, .. } => {
                *order < customer.orders.len() && has(discount, discounts) && has(coupon, coupons)
            }
            Self::Cancel { order, .. } => *order < customer.orders.len(),
            Self::Renew { resources, .. } => resources.iter().all(|one| customer.is_named(*one)),
            Self::Unsubscribe { resources, .. } => resources.iter().all(|one| {
                customer.is_named(*one) && {
                    let set = customer.set_of(*one);
                    set.iter().all(|one| !customer.resources[*one].is_uneven)
                }
            }),
            Self::AutoRenew { resource, .. }
            | Self::NoAutoRenew { resource }
            | Self::ToOnDemand { resource, .. } => customer.is_named(*resource),
            Self::Turn(turn) => turn.is_possible(customer),
            Self::Decide { order, .. } => {
                customer.orders.get(*order).is_some_and(|order| order.status == status::APPROVAL)
            }
            Self::Further(further) => further.is_possible(customer),
            Self::TopUp { .. }
            | Self::Credit { .. }
            | Self::Grant { .. }
            | Self::Issue { .. }
            | Self::Freeze { .. }
            | Self::Tier { .. }
            | Self::Unfreeze => true,
        }
    }

    /// The request.
    pub fn request(&self, customer: &Customer) -> Request {
        let account = |rest: &str| format!("/openbss/v1/accounts/{}/{rest}", customer.domain);
        let by_operator = |method, path: String, body| Request { is_operators: true, method, path, body };
        let own =
            |method, path: &str, body| Request { is_operators: false, method, path: path.to_owned(), body };
        match self {
            Self::TopUp { cents, is_bonus, serial } => {
                by_operator("POST", account("top-ups"), topped_up(*cents, *is_bonus, *serial))
            }
            Self::Credit { cents, expires } => {
                let body = json!({"amount": money(*cents), "expire_time": expires.map(text)});
                by_operator("POST", account("credit"), body)
            }
            Self::Grant { kind, mode } => {
                let body = granted(customer, *kind, *mode);
                by_operator("POST", "/openbss/v1/discounts".to_owned(), body)
            }
            Self::Withdraw { discount } => {
                let path = format!("/openbss/v1/discounts/{}", customer.discounts[*discount].id);
                by_operator("DELETE", path, Value::Null)
            }
            Self::Issue { cents, expires, limits } => {
                let body = issued(customer, *cents, *expires, *limits);
                by_operator("POST", "/openbss/v1/coupons".to_owned(), body)
            }
            Self::FreezeCoupon { coupon, is_to_be } => {
                by_operator("POST", freezing(&customer.coupons[*coupon].id, *is_to_be), json!({}))
            }
            Self::Freeze { with_resources } => {
                by_operator("POST", account("freeze"), frozen(*with_resources))
            }
            Self::Unfreeze => by_operator("POST", account("unfreeze"), json!({})),
            Self::Place(placing) => own("POST", "/openbss/v1/orders", placed(placing, customer)),
            Self::Pay { order, is_part, discount, coupon } => {
                let body = paid(customer, (*order, *is_part), *discount, *coupon);
                own("POST", "/v3/orders/customer-orders/pay", body)
            }
            Self::Cancel { order, is_part } => {
                let body = json!({"order_id": customer.payable_id(*order, *is_part)});
                own("PUT", "/v2/orders/customer-orders/cancel", body)
            }
            Self::Renew { resources, term, auto_pay } => {
                let body = renewed(customer, resources, *term, *auto_pay);
                own("POST", &format!("{RESOURCES}/renew"), body)
            }
            Self::Unsubscribe { resources, only_renewals } => {
                let kind = if *only_renewals { 2 } else { 1 };
                let body = json!({"resource_ids": ids(customer, resources), "unsubscribe_type": kind});
                own("POST", &format!("{RESOURCES}/unsubscribe"), body)
            }
            Self::AutoRenew { resource, times } => {
                let body = times.map_or(Value::Null, |times| json!({"auto_renew_times": times}));
                own("POST", &by_itself(customer, *resource), body)
            }
            Self::NoAutoRenew { resource } => own("DELETE", &by_itself(customer, *resource), Value::Null),
            Self::ToOnDemand { resource, is_to_be } => {
                let operation = if *is_to_be { "SET_UP" } else { "CANCEL" };
                let body = json!({"operation": operation, "resource_ids": ids(customer, &[*resource])});
                own("POST", &format!("{RESOURCES}/to-on-demand"), body)
            }
            Self::Turn(turn) => turn.request(customer),
            Self::Further(further) => further.request(customer),
            Self::Tier { tier } => by_operator("PUT", account("tier"), json!({"tier": format!("V{tier}")})),
            Self::Decide { order, is_approved } => {
                let what = if *is_approved { "approve" } else { "reject" };
                let path = format!("/openbss/v1/orders/{}/{what}", customer.orders[*order].id);
                by_operator("POST", path, json!({}))
            }
        }
    }

    /// What comes of it. A refusal changes nothing.
    pub fn apply(&self, customer: &mut Customer, now: Secs) -> Answer {
        let before = customer.clone();
        let answer = self.change(customer, now);
        if !answer.is_done() {
            *customer = before;
        }
        answer
    }

    fn change(&self, customer: &mut Customer, now: Secs) -> Answer {
        match self {
            Self::TopUp { cents, is_bonus, .. } => {
                customer.top_up(*cents, *is_bonus, now);
                Answer::done(201)
            }
            Self::Credit { cents, expires } => {
                let line = CreditLine { id: String::new(), granted: *cents, left: *cents, expires: *expires };
                customer.credit.push(line);
                Answer::made(Made::Credit(customer.credit.len() - 1))
            }
            Self::Grant { kind, mode } => {
                let discount = Discount { id: String::new(), kind: *kind, mode: *mode, is_withdrawn: false };
                customer.discounts.push(discount);
                Answer::made(Made::Discount(customer.discounts.len() - 1))
            }
            Self::Withdraw { discount } => {
                let discount = &mut customer.discounts[*discount];
                let was_there = !std::mem::replace(&mut discount.is_withdrawn, true);
                Answer::of(was_there.then_some(()).ok_or("CBC.0100"), 204)
            }
            Self::Issue { cents, expires, limits } => {
                customer.coupons.push(Coupon::new(*cents, *expires, *limits));
                Answer::made(Made::Coupon(customer.coupons.len() - 1))
            }
            Self::FreezeCoupon { coupon, is_to_be } => {
                let coupon = &mut customer.coupons[*coupon];
                coupon.is_frozen = *is_to_be;
                Answer::of((!coupon.is_spent()).then_some(()).ok_or("CBC.0101"), 200)
            }
            Self::Freeze { with_resources } => Answer::of(customer.freeze(*with_resources, now), 200),
            Self::Unfreeze => Answer::of(customer.unfreeze(now), 200),
            Self::Place(placing) => match customer.place(placing, now) {
                Ok((orders, unpaid)) => Answer { unpaid, ..Answer::made(Made::Orders(orders)) },
                Err(code) => Answer::of(Err(code), 201),
            },
            Self::Pay { order, is_part, discount, coupon } => {
                Answer::of(customer.pay(*order, *is_part, (*discount, *coupon), &[], now), 204)
            }
            Self::Cancel { order, is_part } => Answer::of(customer.cancel_by_hand(*order, *is_part), 204),
            Self::Renew { resources, term, auto_pay } => {
                let renewed = customer.renew(resources, *term, *auto_pay, now);
                listed(renewed.map(|(orders, paid)| (orders, Answer::of(paid, 200))))
            }
            Self::Unsubscribe { resources, only_renewals } => {
                let given_up = customer.unsubscribe(resources, *only_renewals, now);
                listed(given_up.map(|orders| (orders, Answer::done(200))))
            }
            Self::AutoRenew { resource, times } => {
                Answer::of(customer.renew_by_itself(*resource, *times, now), 204)
            }
            Self::NoAutoRenew { resource } => Answer::of(customer.renew_no_more(*resource), 204),
            Self::ToOnDemand { resource, is_to_be } => {
                Answer::of(customer.set_on_demand(*resource, *is_to_be).map(drop), 200)
            }
            Self::Turn(turn) => turn.change(customer, now),
            Self::Further(further) => further.change(customer, now),
            Self::Tier { tier } => {
                customer.tier = *tier;
                Answer::done(200)
            }
            Self::Decide { order, is_approved: true } => Answer::of(customer.allow(*order, now), 200),
            Self::Decide { order, is_approved: false } => {
                customer.reject(*order);
                Answer::done(200)
            }
        }
    }
}

/// Where the answer about each resource stands that turns pay-per-use at once.
pub const INSTANTLY: &str = "to_ondemand_service_results";
const RESOURCES: &str = "/v2/orders/subscriptions/resources";

fn ids(customer: &Customer, resources: &[usize]) -> Value {
    json!(resources.iter().map(|one| &customer.resources[*one].id).collect::<Vec<_>>())
}

impl Customer {
    fn unfreeze(&mut self, now: Secs) -> Result<(), Code> {
        if self.frozen.take().ok_or("CBC.50000053")? {
            self.hold(false, now);
        }
        Ok(())
    }

    fn freeze(&mut self, with_resources: bool, now: Secs) -> Result<(), Code> {
        match self.frozen {
            Some(scope) if scope == with_resources => Err("CBC.30000052"),
            Some(_) => Err("CBC.70300007"),
            None => {
                self.frozen = Some(with_resources);
                if with_resources {
                    self.hold(true, now);
                }
                Ok(())
            }
        }
    }

    /// It is there, or was, and has a name.
    pub fn is_named(&self, resource: usize) -> bool {
        self.resources.get(resource).is_some_and(|one| !one.id.is_empty())
    }

    /// The id to pay and cancel an order by.
    fn payable_id(&self, order: usize, is_part: bool) -> &str {
        match self.orders[order].group {
            Some(group) if !is_part => &self.groups[group].id,
            _ => &self.orders[order].id,
        }
    }
}

fn listed(orders: Result<(Vec<usize>, Answer), Code>) -> Answer {
    match orders {
        Ok((orders, answer)) => Answer { made: Made::Listed(orders), ..answer },
        Err(code) => Answer::of(Err(code), 200),
    }
}

fn freezing(coupon: &str, is_to_be: bool) -> String {
    format!("/openbss/v1/coupons/{coupon}/{}", if is_to_be { "freeze" } else { "unfreeze" })
}

fn frozen(with_resources: bool) -> Value {
    let scope = if with_resources { "ACCOUNT_AND_RESOURCE" } else { "ACCOUNT" };
    json!({"reason": "simulation", "freeze_type": scope})
}

fn topped_up(cents: i64, is_bonus: bool, serial: usize) -> Value {
    let kind = if is_bonus { 5 } else { 1 };
    json!({"amount": money(cents), "trans_id": format!("t-{serial}"), "account_type": kind})
}

/// Where automatic renewal of a resource is switched.
fn by_itself(customer: &Customer, resource: usize) -> String {
    format!("{RESOURCES}/autorenew/{}", customer.resources[resource].id)
}

fn granted(customer: &Customer, kind: i64, mode: Mode) -> Value {
    let (name, value) = match mode {
        Mode::Ratio(percent) => ("ratio", format!("0.{percent:02}")),
        Mode::Off(cents) => ("amount_off", money(cents)),
    };
    json!({"discount_type": kind, "customer_id": customer.domain, "mode": name, "value": value})
}

fn issued(customer: &Customer, cents: i64, expires: Secs, limits: CouponLimits) -> Value {
    json!({
        "customer_id": customer.domain, "face_value": money(cents), "expire_time": text(expires),
        "limits": limits_on_wire(limits),
    })
}

fn paid(
    customer: &Customer,
    (order, is_part): (usize, bool),
    discount: Option<usize>,
    coupon: Option<usize>,
) -> Value {
    let order = customer.payable_id(order, is_part);
    let mut body = json!({"order_id": order, "use_coupon": "NO", "use_discount": "NO"});
    if let Some(discount) = discount {
        let discount = &customer.discounts[discount];
        let kind = match discount.kind {
            607 => 3,
            700 => 0,
            _ => 2,
        };
        body["use_discount"] = json!("YES");
        body["discount_infos"] = json!([{"id": discount.id, "type": kind}]);
    }
    if let Some(coupon) = coupon {
        body["use_coupon"] = json!("YES");
        body["coupon_infos"] = json!([{"id": customer.coupons[coupon].id, "type": 301}]);
    }
    body
}

fn renewed(customer: &Customer, resources: &[usize], term: Term, auto_pay: bool) -> Value {
    let (period_type, period_num) = term.wire();
    json!({
        "resource_ids": ids(customer, resources), "period_type": period_type, "period_num": period_num,
        "is_auto_pay": i64::from(auto_pay),
    })
}

fn limits_on_wire(limits: CouponLimits) -> Value {
    let mut named = Vec::new();
    if limits.is_once {
        named.push(json!({"limit_key": "usageTimes", "value1": "1"}));
    }
    if limits.excludes_offers {
        named.push(json!({"limit_key": "simultaneousUseWithEmpowerDiscount", "value1": "0"}));
    }
    if let Some(least) = limits.least {
        named.push(json!({"limit_key": "baseValue", "value1": money(least)}));
    }
    json!(named)
}

fn placed(placing: &Placing, customer: &Customer) -> Value {
    let line = |wanted: &Wanted| {
        let mut line = GOODS[wanted.good].named(wanted.size);
        let (period_type, period_num) = wanted.term.wire();
        line["period_type"] = json!(period_type);
        line["period_num"] = json!(period_num);
        line["subscription_num"] = json!(wanted.count);
        line["resource_name"] = json!(format!("{}-{}-{}", placing.name, wanted.good, wanted.size));
        if wanted.is_attached {
            line["attached_to_line"] = json!(0);
        }
        line
    };
    let lines: Vec<Value> = placing.lines.iter().map(line).collect();
    let mut body = json!({
        "lines": lines, "auto_pay": placing.auto_pay, "auto_renew": placing.auto_renew,
        "combined": placing.is_combined,
    });
    if let Some(discount) = placing.discount {
        body["discount_id"] = json!(customer.discounts[discount].id);
    }
    if let Some(coupon) = placing.coupon {
        body["coupon_id"] = json!(customer.coupons[coupon].id);
    }
    body
}
