//! What several operations show of an order (004 tables 8-7 to 8-10 and 8-14 to 8-18).

use domain::calendar::Instant;
use domain::money::Charge;
use domain::promotion::{Modifier, ModifierType};
use platform::op::{Language, Num};
use schemars::JsonSchema;
use serde::Serialize;

use crate::catalog::model::Catalog;
use crate::orders::model::{Line, Order, enterprise_project_name};

/// Orders are shown in the unit of their currency (004 table 8-7).
pub(super) const MEASURE_UNIT: i64 = 1;

/// A fee item (004 table 8-9).
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct DiscountItem {
    /// What reduced the amount.
    pub discount_type: String,
    /// By how much.
    pub discount_amount: Num,
}

/// What an amount is made of (004 table 8-8).
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct AmountInfo {
    /// What reduced it.
    pub discounts: Vec<DiscountItem>,
    /// Paid from flexi-purchase coupons.
    pub flexipurchase_coupon_amount: Option<Num>,
    /// Paid from cash coupons.
    pub coupon_amount: Option<Num>,
    /// Paid from stored-value cards.
    pub stored_card_amount: Option<Num>,
    /// Handling fee, of unsubscription orders.
    pub commission_amount: Option<Num>,
    /// What had been used, of unsubscription orders.
    pub consumed_amount: Option<Num>,
}

impl AmountInfo {
    /// Of an order.
    pub fn of_order(order: &Order) -> Self {
        match order.gives_back {
            true => Self::of_refund(order.fee, order.consumed),
            false => Self::of(&order.modifiers),
        }
    }

    /// Of a line of an order.
    pub fn of_line(order: &Order, line: &Line) -> Self {
        match order.gives_back {
            true => Self::of_refund(line.fee, line.consumed),
            false => Self::of(&line.modifiers),
        }
    }

    /// What coupons got back is no part of a refund's amount (004 8.3.2, example).
    fn of_refund(fee: Charge, consumed: Charge) -> Self {
        Self {
            discounts: Vec::new(),
            flexipurchase_coupon_amount: None,
            coupon_amount: None,
            stored_card_amount: None,
            commission_amount: Some(Num::of(fee)),
            consumed_amount: Some(Num::of(consumed)),
        }
    }

    fn of(modifiers: &[Modifier]) -> Self {
        let sum = |kind: ModifierType| {
            let amounts = modifiers.iter().filter(|modifier| modifier.kind == kind);
            Charge::sum(amounts.map(|modifier| modifier.amount)).expect("parts of an amount that fits")
        };
        let mut kinds: Vec<ModifierType> = modifiers.iter().map(|modifier| modifier.kind).collect();
        // In the order of application: the discount, then coupons by kind.
        let is_coupon = |kind: ModifierType| kind.is_benefit() || kind == ModifierType::DiscountCoupon;
        kinds.sort_by_key(|kind| (is_coupon(*kind), kind.code()));
        kinds.dedup();
        // A card is a means of payment and has an amount of its own; it is no discount (004 table 8-9).
        kinds.retain(|kind| *kind != ModifierType::StoredValueCard);
        let item = |kind: ModifierType| DiscountItem {
            discount_type: kind.code().to_string(),
            discount_amount: Num::of(sum(kind)),
        };
        Self {
            discounts: kinds.into_iter().map(item).collect(),
            flexipurchase_coupon_amount: Some(Num::of(sum(ModifierType::FlexiCoupon))),
            coupon_amount: Some(Num::of(sum(ModifierType::CashCoupon))),
            stored_card_amount: Some(Num::of(sum(ModifierType::StoredValueCard))),
            commission_amount: None,
            consumed_amount: None,
        }
    }
}

/// An enterprise project (004 table 8-10).
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct EnterpriseProject {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// The enterprise projects of an order.
pub(super) fn enterprise_projects(order: &Order) -> Vec<EnterpriseProject> {
    let shown =
        |id: &String| EnterpriseProject { id: id.clone(), name: enterprise_project_name(id).to_owned() };
    order.enterprise_projects.iter().map(shown).collect()
}

/// The name of a service; one that the catalogue no longer knows is named by its code.
pub(super) fn service_name(catalog: &Catalog, code: &str, language: Language) -> String {
    catalog.find_service(code).map_or(code, |service| service.name.get(language)).to_owned()
}

/// An optional instant as it stands on the wire.
pub(super) fn wire_time(at: Option<Instant>) -> Option<String> {
    at.map(Instant::to_wire)
}
