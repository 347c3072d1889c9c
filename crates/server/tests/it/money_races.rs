//! Payments with discounts and coupons, cancellations and top-ups of ten accounts, all at once: whatever came first,
//! every answer is a documented one, no money is lost or made, each order and coupon ends in one state, and nobody owes
//! while there is cash. Some accounts have credit, some pay for a member, and all have a combined order.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::money::Charge;
use serde_json::{Value, json};

use crate::accounts::{EXTERNAL, disk, fail, waiting};
use crate::harness::{Key, Reply, TestApp};
use crate::on_both;
use crate::orders::{CANCEL, LIST, ORDERS, PAY, cash, payment, place};
use crate::paying::{COUPONS, pay_with};

const ACCOUNTS: usize = 10;
const REQUESTS: usize = 80;
/// What an account begins with, in cents: not enough for all that it wants.
const START: i64 = 25_000;
const TOP_UP: i64 = 3_000;
/// The credit of each third account, in cents.
const CREDIT: i64 = 9_000;
const LATER: &str = "2026-12-31T16:00:00Z";

/// A customer, its orders and its benefits.
struct Buyer {
    domain: String,
    key: Key,
    /// Pending orders of 100.00, 90.00, 80.00 and 70.00; the last holds `held`.
    orders: Vec<String>,
    discount: String,
    /// 60.00, for any number of orders.
    shared: String,
    /// 25.00, for one order.
    once: String,
    /// 10.00, held by the last order.
    held: String,
    /// A pending combined order of 40.00 and 30.00, with its sub-orders.
    combined: (String, Vec<String>),
    /// What it may owe, in cents.
    credit: i64,
    /// A unified member, which buys what this account pays for.
    member: Option<Key>,
}

/// What is asked for, and of which order.
#[derive(Debug, Clone, Copy)]
enum Act {
    Pay(usize),
    PayDiscounted(usize),
    PayShared(usize),
    PayOnce(usize),
    PayAll(usize),
    Cancel(usize),
    PayCombined,
    CancelCombined,
    TopUp,
    Buy,
}

/// Every kind of request, about orders that others are about too.
const ACTS: [Act; 20] = [
    Act::Pay(0),
    Act::PayShared(0),
    Act::TopUp,
    Act::PayAll(1),
    Act::PayOnce(2),
    Act::Cancel(1),
    Act::Buy,
    Act::PayShared(3),
    Act::PayDiscounted(2),
    Act::Cancel(3),
    Act::PayOnce(0),
    Act::Pay(3),
    Act::TopUp,
    Act::PayAll(2),
    Act::Cancel(0),
    Act::PayShared(1),
    Act::PayCombined,
    Act::Buy,
    Act::CancelCombined,
    Act::PayCombined,
];

async fn post(app: &TestApp, key: &Key, path: &str, body: Value) -> Reply {
    app.signed(key, "POST", path, &body.to_string(), &[]).await
}

async fn get(app: &TestApp, key: &Key, path: &str) -> Value {
    app.signed(key, "GET", path, "", &[]).await.ok(200)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

fn cents(value: &Value) -> i64 {
    use domain::money::Scaled;
    let digits = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Charge::parse(&digits).expect("an amount").units()
}

async fn own_coupon(app: &TestApp, domain: &str, face: &str, uses: &str) -> String {
    let limits = json!([{"limit_key": "usageTimes", "value1": uses}]);
    let body = json!({"customer_id": domain, "face_value": face, "expire_time": LATER, "limits": limits});
    text(&app.post("operator", "/openbss/v1/coupons", body).await.ok(201), "coupon_id")
}

/// A new account with a key of its first user.
async fn account(app: &TestApp, body: Value) -> (String, Key) {
    let account = app.post("operator", "/openbss/v1/accounts", body).await.ok(201);
    let domain = text(&account, "domain_id");
    let path = format!("/openbss/v1/accounts/{domain}");
    let user = json!({"user_id": account["users"][0]["user_id"]});
    let made = app.post("operator", &format!("{path}/access-keys"), user).await.ok(201);
    (domain, Key { access_key: text(&made, "access_key"), secret_key: text(&made, "secret_key") })
}

async fn buyer(app: &TestApp, number: usize) -> Buyer {
    let name = format!("racer-{number}");
    let (domain, key) = account(app, json!({"name": name, "kind": "customer"})).await;
    let path = format!("/openbss/v1/accounts/{domain}");
    let credit = if number % 3 == 1 { CREDIT } else { 0 };
    if credit > 0 {
        let line = json!({"amount": Charge::cents(credit).to_string(), "expire_time": LATER});
        app.post("operator", &format!("{path}/credit"), line).await.ok(201);
    }
    let mut member = None;
    if number % 5 == 1 {
        let name = format!("{name}-member");
        let body = json!({"name": name, "kind": "customer", "master_id": domain, "accounting": "unified"});
        member = Some(account(app, body).await.1);
    }
    let start = json!({"amount": Charge::cents(START).to_string(), "trans_id": "start"});
    app.post("operator", &format!("{path}/top-ups"), start).await.ok(201);
    let body = json!({"discount_type": 605, "customer_id": domain, "mode": "ratio", "value": "0.9"});
    let discount = text(&app.post("operator", "/openbss/v1/discounts", body).await.ok(201), "discount_id");
    let shared = own_coupon(app, &domain, "60", "0").await;
    let once = own_coupon(app, &domain, "25", "1").await;
    let held = own_coupon(app, &domain, "10", "0").await;
    let mut orders = Vec::new();
    for price in [10_000, 9_000, 8_000, 7_000] {
        let mut body = json!({"lines": [disk(price)]});
        if price == 7_000 {
            body["coupon_id"] = json!(held);
        }
        orders.push(text(&post(app, &key, ORDERS, body).await.ok(201), "order_id"));
    }
    let body = json!({"lines": [disk(4_000), disk(3_000)], "combined": true});
    let placed = post(app, &key, ORDERS, body).await.ok(201);
    let subs = placed["sub_order_ids"].as_array().expect("a list").iter();
    let subs = subs.map(|id| id.as_str().expect("an id").to_owned()).collect();
    let combined = (text(&placed, "order_id"), subs);
    Buyer { domain, key, orders, discount, shared, once, held, combined, credit, member }
}

async fn act(app: &TestApp, buyer: &Buyer, act: Act, number: usize) -> Reply {
    let pay = |order: &str, discount: bool, coupon: Option<&String>| {
        let named: Vec<(&str, i64)> = coupon.iter().map(|id| (id.as_str(), 301)).collect();
        let discount = discount.then_some((buyer.discount.as_str(), 2));
        post(app, &buyer.key, PAY, pay_with(order, discount, &named))
    };
    let cancel = async |order: &str| {
        let body = json!({"order_id": order}).to_string();
        app.signed(&buyer.key, "PUT", CANCEL, &body, &[]).await
    };
    let own = |order: usize| buyer.orders[order].as_str();
    match act {
        Act::Pay(order) => pay(own(order), false, None).await,
        Act::PayDiscounted(order) => pay(own(order), true, None).await,
        Act::PayShared(order) => pay(own(order), false, Some(&buyer.shared)).await,
        Act::PayOnce(order) => pay(own(order), false, Some(&buyer.once)).await,
        Act::PayAll(order) => pay(own(order), true, Some(&buyer.shared)).await,
        Act::Cancel(order) => cancel(own(order)).await,
        Act::PayCombined => pay(&buyer.combined.0, false, Some(&buyer.shared)).await,
        Act::CancelCombined => cancel(&buyer.combined.0).await,
        Act::TopUp => {
            let path = format!("/openbss/v1/accounts/{}/top-ups", buyer.domain);
            let amount = Charge::cents(TOP_UP).to_string();
            let body = json!({"amount": amount, "trans_id": format!("race-{number}")});
            app.post("operator", &path, body).await
        }
        Act::Buy => {
            let body = json!({"lines": [disk(2_000)], "auto_pay": true});
            post(app, buyer.member.as_ref().unwrap_or(&buyer.key), ORDERS, body).await
        }
    }
}

/// The refusals that a race can end in.
fn is_documented(act: Act, reply: &Reply) -> bool {
    let allowed: &[&str] = match act {
        Act::Cancel(_) | Act::CancelCombined if reply.status == 204 => return true,
        Act::TopUp | Act::Buy if reply.status == 201 => return true,
        Act::TopUp | Act::Buy => &[],
        Act::Cancel(_) | Act::CancelCombined => &["CBC.99005010"],
        _ if reply.status == 204 => return true,
        Act::Pay(_) | Act::PayDiscounted(_) => &["CBC.99003106", "CBC.99005003"],
        Act::PayShared(_) | Act::PayOnce(_) | Act::PayAll(_) | Act::PayCombined => {
            &["CBC.99003106", "CBC.99005003", "CBC.99003112"]
        }
    };
    reply.status == 400 && allowed.iter().any(|code| reply.json()["error_code"] == *code)
}

/// The requests in an order that a seed decides.
fn shuffled(mut requests: Vec<(usize, Act)>, seed: Option<u64>) -> Vec<(usize, Act)> {
    let Some(mut state) = seed else { return requests };
    for at in (1..requests.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).expect("31 bits") % (at + 1);
        requests.swap(at, other);
    }
    requests
}

/// What was asked for and answered, by account.
type Answers = BTreeMap<usize, Vec<(Act, Reply)>>;

async fn race(app: TestApp, seed: Option<u64>) {
    let mut buyers = Vec::new();
    for number in 0..ACCOUNTS {
        buyers.push(buyer(&app, number).await);
    }
    // Each account meets a different stretch of the acts.
    let requests: Vec<_> = (0..REQUESTS)
        .map(|number| (number % ACCOUNTS, ACTS[(number / ACCOUNTS + 7 * number) % ACTS.len()]))
        .collect();
    let (app, buyers) = (Arc::new(app), Arc::new(buyers));
    let tasks: Vec<_> = shuffled(requests, seed)
        .into_iter()
        .enumerate()
        .map(|(number, (whose, what))| {
            let (app, buyers) = (app.clone(), buyers.clone());
            tokio::spawn(async move { (whose, what, act(&app, &buyers[whose], what, number).await) })
        })
        .collect();
    let mut answers = Answers::new();
    for task in tasks {
        let (whose, what, reply) = task.await.expect("no task panics");
        assert!(is_documented(what, &reply), "{what:?}: {} {}", reply.status, reply.text());
        answers.entry(whose).or_default().push((what, reply));
    }
    assert_eq!(answers.len(), ACCOUNTS);
    for (whose, answers) in &answers {
        reckon(&app, &buyers[*whose], answers).await;
    }
    Arc::into_inner(app).expect("every task has ended").finish().await;
}

/// The books of one account against what it was answered.
async fn reckon(app: &TestApp, buyer: &Buyer, answers: &[(Act, Reply)]) {
    let count = |is: &dyn Fn(&Act) -> bool| {
        answers.iter().filter(|(what, reply)| is(what) && reply.status < 300).count()
    };
    let mut listed = Vec::new();
    for key in [Some(&buyer.key), buyer.member.as_ref()].into_iter().flatten() {
        let page = get(app, key, &format!("{LIST}?limit=100")).await;
        listed.extend(page["order_infos"].as_array().expect("a list").clone());
    }
    let bought = count(&|what| matches!(what, Act::Buy));
    assert_eq!(listed.len(), buyer.orders.len() + buyer.combined.1.len() + bought);
    let (mut paid, mut by_coupons) = (0, 0);
    for order in &listed {
        let info = &order["amount_info"];
        let reduced: i64 = info["discounts"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|item| cents(&item["discount_amount"]))
            .sum();
        let payable = cents(&order["amount_after_discount"]);
        assert_eq!(payable + reduced, cents(&order["official_amount"]), "{order}");
        if order["status"] == 5 {
            paid += payable;
            by_coupons += cents(&info["coupon_amount"]);
        }
        let is = |id: &String| order["order_id"] == id.as_str();
        let number = buyer.orders.iter().position(is);
        if number.is_none() && !buyer.combined.1.iter().any(is) {
            continue;
        }
        let paid = count(&|what| match what {
            Act::Pay(of)
            | Act::PayDiscounted(of)
            | Act::PayShared(of)
            | Act::PayOnce(of)
            | Act::PayAll(of) => number == Some(*of),
            Act::PayCombined => number.is_none(),
            Act::Cancel(_) | Act::CancelCombined | Act::TopUp | Act::Buy => false,
        });
        let cancelled = count(&|what| match what {
            Act::Cancel(of) => number == Some(*of),
            Act::CancelCombined => number.is_none(),
            _ => false,
        });
        let expected = match (paid, cancelled) {
            (1, 0) => 5,
            (0, 1) => 4,
            (0, 0) => 6,
            both => panic!("order {number:?} was paid and cancelled {both:?} times"),
        };
        assert_eq!(order["status"], expected, "order {number:?}");
    }
    let top_ups = i64::try_from(count(&|what| matches!(what, Act::TopUp))).expect("few");
    let balances = get(app, &buyer.key, "/v2/accounts/customer-accounts/balances").await;
    let (cash, debt) = (cents(&balances["account_balances"][0]["amount"]), cents(&balances["debt_amount"]));
    assert_eq!(cash - debt, START + top_ups * TOP_UP - paid);
    assert!(cash == 0 || debt == 0, "{debt} is owed beside {cash} of cash");
    assert!(debt <= buyer.credit, "{debt} is owed of {}", buyer.credit);
    if buyer.credit > 0 {
        assert_eq!(cents(&balances["account_balances"][1]["amount"]), buyer.credit - debt);
    }
    reckon_coupons(app, buyer, &listed, by_coupons).await;
}

/// Each coupon is held and used as its orders say, and all of them hold what no order took.
async fn reckon_coupons(app: &TestApp, buyer: &Buyer, listed: &[Value], by_coupons: i64) {
    let mut left = 0;
    let coupons = get(app, &buyer.key, COUPONS).await;
    for coupon in coupons["user_coupons"].as_array().expect("a list") {
        left += cents(&coupon["balance"]);
        let id = text(coupon, "coupon_id");
        let uses =
            coupon["order_id"].as_str().unwrap_or_default().split(';').filter(|id| !id.is_empty()).count();
        assert!(id != buyer.once || uses <= 1, "{coupon}");
        // Only the order that was placed with a coupon holds it, while it waits.
        let holder = coupon["lock_order_id"].as_str().filter(|holder| !holder.is_empty());
        let last = listed.iter().find(|order| order["order_id"] == buyer.orders[3].as_str());
        let last = last.expect("it is listed");
        let is_held = id == buyer.held && last["status"] == 6;
        assert_eq!(holder, is_held.then_some(buyer.orders[3].as_str()), "{coupon}");
    }
    assert_eq!(left + by_coupons, 6_000 + 2_500 + 1_000);
}

on_both! {
    async fn requests_in_their_own_order(app) {
        race(app, None).await;
    }

    async fn requests_in_an_order_of_the_first_seed(app) {
        race(app, Some(20_260_115)).await;
    }

    async fn requests_in_an_order_of_the_second_seed(app) {
        race(app, Some(7_919)).await;
    }

    async fn requests_in_an_order_of_the_third_seed(app) {
        race(app, Some(104_729)).await;
    }

    /// There is no balance yet that both could lock.
    async fn the_first_money_of_all_pays_what_is_bought_on_credit_meanwhile(app) {
        let mut buyers = Vec::new();
        for number in 0..12 {
            let name = format!("debtor-{number}");
            let (domain, key) = account(&app, json!({"name": name, "kind": "customer"})).await;
            let line = json!({"amount": "50", "expire_time": LATER});
            app.post("operator", &format!("/openbss/v1/accounts/{domain}/credit"), line).await.ok(201);
            let order = text(&post(&app, &key, ORDERS, json!({"lines": [disk(3_000)]})).await.ok(201), "order_id");
            buyers.push((domain, key, order));
        }
        let app = Arc::new(app);
        let tasks: Vec<_> = buyers
            .into_iter()
            .map(|(domain, key, order)| {
                let app = app.clone();
                tokio::spawn(async move {
                    let path = format!("/openbss/v1/accounts/{domain}/top-ups");
                    let (paid, topped) = tokio::join!(
                        post(&app, &key, PAY, payment(&order)),
                        app.post("operator", &path, json!({"amount": "40", "trans_id": "first"})),
                    );
                    paid.ok(204);
                    topped.ok(201);
                    let balances = get(&app, &key, "/v2/accounts/customer-accounts/balances").await;
                    assert_eq!(cents(&balances["debt_amount"]), 0, "{balances}");
                    let all = balances["account_balances"].as_array().expect("a list");
                    let cash: Vec<i64> = all.iter().filter(|one| one["account_type"] == 1).map(|one| cents(&one["amount"])).collect();
                    assert_eq!(cash, [1_000], "{balances}");
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no task panics");
        }
        Arc::into_inner(app).expect("every task has ended").finish().await;
    }

    /// They lock the same rows: those of the orders' and resources' numbers, and the balance.
    async fn payments_and_purchases_of_one_account_do_not_stand_in_each_others_way(app) {
        let mut orders = Vec::new();
        for _ in 0..24 {
            orders.push(place(&app, "acme", json!([disk(1_000)])).await);
        }
        let app = Arc::new(app);
        let tasks: Vec<_> = orders
            .into_iter()
            .map(|order| {
                let app = app.clone();
                tokio::spawn(async move {
                    let buying = json!({"lines": [disk(1_000)], "auto_pay": true});
                    let (paid, bought) =
                        tokio::join!(app.post("acme", PAY, payment(&order)), app.post("acme", ORDERS, buying));
                    paid.ok(204);
                    assert_eq!(bought.ok(201)["status"], 5);
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no task panics");
        }
        assert_eq!(cash(&app, "acme").await, "9520");
        Arc::into_inner(app).expect("every task has ended").finish().await;
    }

    /// Money goes back to a coupon while orders take it and hold it.
    async fn refunds_and_orders_with_one_coupon_do_not_stand_in_each_others_way(app: EXTERNAL) {
        let paper = own_coupon(&app, &app.domain("acme"), "100", "0").await;
        for _ in 0..12 {
            let order = place(&app, "acme", json!([disk(500)])).await;
            app.post("acme", PAY, pay_with(&order, None, &[(&paper, 301)])).await.ok(204);
        }
        let waiting = waiting(&app).await;
        assert_eq!((waiting.len(), cash(&app, "acme").await), (12, "10000".to_owned()));
        let app = Arc::new(app);
        let tasks: Vec<_> = waiting
            .into_iter()
            .map(|(_, id)| {
                let (app, paper) = (app.clone(), paper.clone());
                tokio::spawn(async move {
                    let holding = json!({"lines": [disk(500)], "coupon_id": paper});
                    let buying = json!({"lines": [disk(500)], "auto_pay": true});
                    let (_, held, bought) = tokio::join!(
                        fail(&app, &id),
                        app.post("acme", ORDERS, holding),
                        app.post("acme", ORDERS, buying),
                    );
                    assert_eq!(bought.ok(201)["status"], 3);
                    if held.status == 201 {
                        return 1;
                    }
                    held.refused(400, "CBC.99003112");
                    0
                })
            })
            .collect();
        let mut holders = 0;
        for task in tasks {
            holders += task.await.expect("no task panics");
        }
        assert!(holders <= 1, "{holders} orders hold one coupon");
        // All 60.00 that went back, and what the purchases took.
        let listed = app.get("acme", &format!("{LIST}?limit=100")).await.ok(200);
        let mut taken = 0;
        for order in listed["order_infos"].as_array().expect("a list") {
            let is_purchase = order["status"] == 3;
            taken += if is_purchase { cents(&order["amount_info"]["coupon_amount"]) } else { 0 };
        }
        let coupons = app.get("acme", COUPONS).await.ok(200);
        assert_eq!(cents(&coupons["user_coupons"][0]["balance"]), 10_000 - taken);
        Arc::into_inner(app).expect("every task has ended").finish().await;
    }
}
