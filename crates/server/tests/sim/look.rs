//! Looks at the application as the customer does.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::Customer;
use crate::model::facts::{About, Facts, shown_balances, shown_coupon, shown_order, shown_resource};
use crate::world::World;

const RESOURCES: &str = "/v2/orders/suscriptions/resources/query";
/// The most resources that a query names.
const RESOURCES_AT_ONCE: usize = 50;

async fn get(world: &World, process: usize, customer: &Customer, path: &str) -> Result<Value, String> {
    let reply = world.call(process, &customer.key, ("GET", path), &Value::Null, None).await;
    if reply.status == 200 { Ok(reply.body) } else { Err(format!("{path}: {} {}", reply.status, reply.body)) }
}

async fn resources(world: &World, process: usize, customer: &Customer, filter: Value) -> Result<Vec<Value>, String> {
    let reply = world.call(process, &customer.key, ("POST", RESOURCES), &filter, None).await;
    if reply.status != 200 {
        return Err(format!("{filter}: {} {}", reply.status, reply.body));
    }
    Ok(reply.body["data"].as_array().cloned().unwrap_or_default())
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

/// Finds the ids of resources that the model has made and the application has named.
pub async fn name_resources(world: &World, process: usize, customer: &mut Customer) -> Result<(), String> {
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
                return Err(format!("resource {} of order {} is not shown", one.name, customer.orders[order].id));
            };
            customer.resources[number].id = shown.remove(at)["resource_id"].as_str().unwrap_or_default().to_owned();
        }
        if let Some(more) = shown.first() {
            return Err(format!("order {} has a resource too many: {more}", customer.orders[order].id));
        }
    }
    Ok(())
}
