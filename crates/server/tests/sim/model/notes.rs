//! The ids that the application gives to what the model has made.

use serde_json::Value;

use super::Customer;
use super::deeds::{INSTANTLY, Made};

impl Customer {
    /// Notes the ids that an answer tells.
    pub fn note(&mut self, made: &Made, body: &Value) {
        let id = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        match made {
            Made::Nothing | Made::Setting | Made::Refund(None) => {}
            Made::Purse(number) => {
                let name = if self.purses[*number].is_card { "card_id" } else { "coupon_id" };
                self.purses[*number].id = id(name);
            }
            Made::Refund(Some(number)) => self.orders[*number].id = id("refund_order_id"),
            Made::Coupon(number) => self.coupons[*number].id = id("coupon_id"),
            Made::Discount(number) => self.discounts[*number].id = id("discount_id"),
            Made::Order(number) => {
                let told = body["order_id"].as_str().or(body[INSTANTLY][0]["order_id"].as_str());
                self.orders[*number].id = told.unwrap_or_default().to_owned();
            }
            Made::OnDemand(number) => {
                let one = &mut self.on_demand[*number];
                (one.id, one.own_id) = (id("resource_id"), id("id"));
            }
            Made::Credit(number) => self.credit[*number].id = id("credit_id"),
            Made::Listed(orders) => {
                let ids: Vec<String> =
                    body["order_ids"].as_array().into_iter().flatten().map(text_of).collect();
                match self.orders[orders[0]].group {
                    Some(group) if orders.len() > 1 && ids.len() == 1 => {
                        self.groups[group].id = ids[0].clone()
                    }
                    _ => {
                        for (order, id) in orders.iter().zip(ids) {
                            self.orders[*order].id = id;
                        }
                    }
                }
            }
            Made::Orders(orders) => {
                let ids = body["sub_order_ids"].as_array().into_iter().flatten();
                for (order, id) in orders.iter().zip(ids) {
                    self.orders[*order].id = id.as_str().unwrap_or_default().to_owned();
                }
                if let Some(group) = self.orders[orders[0]].group {
                    self.groups[group].id = id("order_id");
                }
            }
        }
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
