//! Looks at the application as the customer does.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::Customer;
use crate::model::cloud::{State, listed};
use crate::model::facts::{
    About, Facts, cents, shown_balances, shown_coupon, shown_funds, shown_on_demand, shown_order,
    shown_resource,
};
use crate::model::purses::shown_purse;
use crate::world::World;

const RESOURCES: &str = "/v2/orders/suscriptions/resources/query";
/// The most resources that a query names.
const RESOURCES_AT_ONCE: usize = 50;

async fn get(world: &World, process: usize, customer: &Customer, path: &str) -> Result<Value, String> {
    let reply = world.call(process, &customer.key, ("GET", path), &Value::Null, None).await;
    if reply.status == 200 { Ok(reply.body) } else { Err(format!("{path}: {} {}", reply.status, reply.body)) }
}

async fn resources(
    world: &World,
    process: usize,
    customer: &Customer,
    filter: Value,
) -> Result<Vec<Value>, String> {
    let reply = world.call(process, &customer.key, ("POST", RESOURCES), &filter, None).await;
    if reply.status != 200 {
        return Err(format!("{filter}: {} {}", reply.status, reply.body));
    }
    Ok(reply.body["data"].as_array().cloned().unwrap_or_default())
}

/// What the cloud has yet to do for a customer.
async fn tasks(world: &World, process: usize, customer: &Customer) -> Result<Vec<Value>, String> {
    let operator = World::demo_key("operator");
    let mut own = Vec::new();
    let mut offset = 0;
    loop {
        let path = format!("/openbss/v1/provisioning?limit=500&offset={offset}");
        let reply = world.call(process, &operator, ("GET", &path), &Value::Null, None).await;
        if reply.status != 200 {
            return Err(format!("{path}: {} {}", reply.status, reply.body));
        }
        let items = reply.body["items"].as_array().cloned().unwrap_or_default();
        offset += items.len();
        let is_last = items.len() < 500;
        own.extend(items.into_iter().filter(|item| item["customer_id"].as_str() == Some(&customer.domain)));
        if is_last {
            return Ok(own);
        }
    }
}

/// What the application shows of some things.
pub async fn look(
    world: &World,
    process: usize,
    customer: &Customer,
    abouts: &[About],
) -> Result<Facts, String> {
    let mut facts = Facts::new();
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for about in abouts {
        match about {
            About::Balances => {
                let body = get(world, process, customer, "/v2/accounts/customer-accounts/balances").await?;
                facts.insert(*about, shown_balances(&body));
            }
            About::Coupon(number) => {
                let id = &customer.coupons[*number].id;
                let path = format!("/v2/promotions/benefits/coupons?coupon_id={id}");
                let body = get(world, process, customer, &path).await?;
                facts.insert(*about, shown_coupon(&body["user_coupons"][0]));
            }
            About::Order(number) => {
                let id = &customer.orders[*number].id;
                let path = format!("/v2/orders/customer-orders/details/{id}?limit=100");
                let body = get(world, process, customer, &path).await?;
                facts.insert(*about, shown_order(&body));
            }
            About::OnDemand(number) => {
                let shown = on_demand(world, process, customer).await?;
                let own_id = &customer.on_demand[*number].own_id;
                let found = shown.iter().find(|found| found["id"].as_str() == Some(own_id));
                facts.extend(found.map(|found| (*about, shown_on_demand(found))));
            }
            About::Purse(number) => {
                let purse = &customer.purses[*number];
                let (path, list) = match purse.is_card {
                    true => ("stored-value-cards?card_id", "stored_value_cards"),
                    false => ("coupons?coupon_id", "user_coupons"),
                };
                let path = format!("/v2/promotions/benefits/{path}={}", purse.id);
                let body = get(world, process, customer, &path).await?;
                facts.insert(*about, shown_purse(&body[list][0]));
            }
            About::Tasks => {
                let mut told: Vec<String> =
                    tasks(world, process, customer).await?.iter().map(listed).collect();
                told.sort();
                facts.insert(*about, told.join(", "));
            }
            About::Resource(number) => {
                named.insert(&customer.resources[*number].id, *number);
            }
        }
    }
    let ids: Vec<&str> = named.keys().copied().collect();
    for ids in ids.chunks(RESOURCES_AT_ONCE) {
        let filter = json!({"resource_ids": ids, "limit": 500});
        for one in resources(world, process, customer, filter).await? {
            let id = one["resource_id"].as_str().unwrap_or_default();
            if let Some(number) = named.get(id) {
                facts.insert(About::Resource(*number), shown_resource(&one));
            }
        }
    }
    Ok(facts)
}

/// Which balances paid an order.
pub async fn funds(
    world: &World,
    process: usize,
    customer: &Customer,
    order: usize,
) -> Result<String, String> {
    let path = format!("/openbss/v1/explain?order_id={}", customer.orders[order].id);
    Ok(shown_funds(&get(world, process, customer, &path).await?))
}

/// Finds the ids of resources that the model has made and the application has named.
pub async fn name_resources(world: &World, process: usize, customer: &mut Customer) -> Result<(), String> {
    if customer.is_external {
        if customer.tasks.iter().any(|task| task.id.is_empty() && task.state == State::Waiting) {
            let items = tasks(world, process, customer).await?;
            customer.name_tasks(&items)?;
        }
        return Ok(());
    }
    let nameless = customer.resources.iter().filter(|one| one.id.is_empty()).map(|one| one.order);
    let mut orders: Vec<usize> = nameless.collect();
    orders.dedup();
    for order in orders {
        let filter = json!({"order_id": customer.orders[order].id, "limit": 500});
        let mut shown = resources(world, process, customer, filter).await?;
        for number in 0..customer.resources.len() {
            let one = &customer.resources[number];
            if one.order != order || !one.id.is_empty() {
                continue;
            }
            let parent = one.parent.map(|parent| customer.resources[parent].id.clone());
            let is_it = |found: &Value| {
                let attached = found["is_main_resource"] == 0;
                let its_parent = found["parent_resource_id"].as_str().filter(|_| attached);
                found["resource_name"].as_str() == Some(&one.name) && its_parent == parent.as_deref()
            };
            let Some(at) = shown.iter().position(is_it) else {
                return Err(format!(
                    "resource {} of order {} is not shown",
                    one.name, customer.orders[order].id
                ));
            };
            let found = shown.remove(at);
            let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
            customer.resources[number].id = text("resource_id");
            customer.resources[number].own_id = text("id");
        }
        if let Some(more) = shown.first() {
            return Err(format!("order {} has a resource too many: {more}", customer.orders[order].id));
        }
    }
    Ok(())
}

/// The pay-per-use resources of a customer.
async fn on_demand(world: &World, process: usize, customer: &Customer) -> Result<Vec<Value>, String> {
    let body = get(world, process, customer, "/openbss/v1/on-demand-resources?limit=500").await?;
    Ok(body["resources"].as_array().cloned().unwrap_or_default())
}

/// Finds the ids of what turned pay-per-use.
pub async fn name_on_demand(world: &World, process: usize, customer: &mut Customer) -> Result<(), String> {
    if customer.on_demand.iter().all(|one| !one.own_id.is_empty()) {
        return Ok(());
    }
    let shown = on_demand(world, process, customer).await?;
    for one in customer.on_demand.iter_mut().filter(|one| one.own_id.is_empty()) {
        let found = shown.iter().find(|found| found["resource_id"].as_str() == Some(&one.id));
        let Some(found) = found else {
            return Err(format!("{} is not billed by use", one.id));
        };
        one.own_id = found["id"].as_str().unwrap_or_default().to_owned();
    }
    Ok(())
}

/// Finds the ids of orders that the application told only by the id of their combined order.
pub async fn name_orders(world: &World, process: usize, customer: &mut Customer) -> Result<(), String> {
    for number in 0..customer.groups.len() {
        let orders = customer.groups[number].orders.clone();
        if orders.iter().all(|order| !customer.orders[*order].id.is_empty()) {
            continue;
        }
        let path = format!("/v2/orders/customer-orders/details/{}?limit=100", customer.groups[number].id);
        let body = get(world, process, customer, &path).await?;
        let ids = body["order_info"]["sub_order_infos"].as_array().cloned().unwrap_or_default();
        if ids.len() != orders.len() {
            return Err(format!("{path} has {} parts, not {}", ids.len(), orders.len()));
        }
        for (order, shown) in orders.into_iter().zip(ids) {
            customer.orders[order].id = shown["order_id"].as_str().unwrap_or_default().to_owned();
        }
    }
    Ok(())
}

/// Finds the ids of the orders that the system placed by itself.
pub async fn name_own_orders(world: &World, process: usize, customer: &mut Customer) -> Result<(), String> {
    let nameless: Vec<usize> =
        (0..customer.orders.len()).filter(|at| customer.orders[*at].id.is_empty()).collect();
    if nameless.is_empty() {
        return Ok(());
    }
    let path = "/v2/orders/customer-orders?limit=100&order_type=2";
    let body = get(world, process, customer, path).await?;
    let mut unknown: Vec<Value> = body["order_infos"].as_array().cloned().unwrap_or_default();
    unknown.retain(|shown| customer.orders.iter().all(|order| shown["order_id"].as_str() != Some(&order.id)));
    for number in nameless {
        let order = &customer.orders[number];
        let created = crate::calendar::text(order.created);
        let is_like = |shown: &Value| {
            let amounts = ["official_amount", "amount_after_discount"].map(|name| cents(&shown[name]));
            shown["create_time"].as_str() == Some(&created) && amounts == [order.list(), order.payable()]
        };
        let mut alike: Vec<usize> = (0..unknown.len()).filter(|at| is_like(&unknown[*at])).collect();
        // Orders of one instant and one amount are told apart by their terms.
        if alike.len() > 1 {
            let wanted = order.fact();
            let mut same = Vec::new();
            for at in alike {
                let id = unknown[at]["order_id"].as_str().unwrap_or_default();
                let path = format!("/v2/orders/customer-orders/details/{id}?limit=100");
                let details = get(world, process, customer, &path).await?;
                same.extend((shown_order(&details) == wanted).then_some(at));
            }
            alike = same;
        }
        let Some(at) = alike.first() else {
            return Err(format!("the order of the system of {created} is not shown"));
        };
        customer.orders[number].id = unknown.remove(*at)["order_id"].as_str().unwrap_or_default().to_owned();
    }
    Ok(())
}
