//! All SQL of benefits, by table.

pub(super) mod coupons;
pub(super) mod discounts;
pub(super) mod offered;

/// Every statement of this store.
pub(super) fn statements() -> Vec<String> {
    let lists = [coupons::STATEMENTS, discounts::STATEMENTS, offered::STATEMENTS];
    lists.into_iter().flatten().map(|(_, text)| (*text).to_owned()).collect()
}
