//! All SQL of benefits, by table.

pub(super) mod cards;
pub(super) mod changes;
pub(super) mod checks;
pub(super) mod coupons;
pub(super) mod discounts;
pub(super) mod list;
pub(super) mod offered;

/// Every statement of this store.
pub(super) fn statements() -> Vec<String> {
    let lists = [
        cards::STATEMENTS,
        changes::STATEMENTS,
        checks::STATEMENTS,
        coupons::STATEMENTS,
        discounts::STATEMENTS,
        offered::STATEMENTS,
    ];
    let fixed = lists.into_iter().flatten().map(|(_, text)| (*text).to_owned());
    fixed.chain(cards::composed()).chain(changes::composed()).chain(list::composed()).collect()
}
