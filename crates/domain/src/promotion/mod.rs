//! What reduces an order: discounts, coupons and stored-value cards, and how they go together.
//!
//! ```text
//! list price ─ one discount ─ discount coupon ─ cash coupon ─ flexi-purchase coupons ─ stored-value cards ─▶ payable
//!              200 605-607 700        300            301                302                     303         cash, credit
//! ```
//!
//! A [`plan`] decides, from values only, what each line of an order costs with what was chosen, or why that cannot
//! be chosen (004 8.3.3, table 8-5; rules 4.2 to 4.6). [`choose`] is the choice that automatic payment makes.
//!
//! Invariants: for every line the list price is the sum of its modifiers and of what is payable; no amount is below
//! zero; a coupon or card gives no more than it has, and only for lines that it fits; the order in which coupons
//! are named does not matter.

mod choose;
mod coupon;
mod discount;
mod limits;
mod plan;

use crate::calendar::PeriodType;

pub use choose::choose;
pub use coupon::{Card, Coupon, CouponType, Limit, LimitKey, Misfit, SubscribeType, Unusable};
pub use discount::{Discount, DiscountMode, DiscountType, Reducible, Scope, best_offer};
pub use plan::{
    Choice, Inapplicable, LinePlan, Modifier, ModifierType, OrderFacts, Plan, PlanError, PricedLine, plan,
    sum_modifiers,
};

/// What a line of an order, or of an inquiry, is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Item<'a> {
    /// Service code.
    pub service_type: &'a str,
    /// Resource type code.
    pub resource_type: &'a str,
    /// Product id.
    pub product_id: &'a str,
    /// Region.
    pub region: &'a str,
    /// Unit of the term; None for pay-per-use.
    pub period: Option<PeriodType>,
    /// Unit in which the catalogue prices that term: months for the year of a product that only months are priced
    /// of (rule 3.4), and otherwise the unit of the term.
    pub priced_in: Option<PeriodType>,
    /// How many units; 1 for pay-per-use.
    pub period_num: i64,
    /// How many of the thing.
    pub subscription_num: i64,
    /// Size of a linear product.
    pub size: Option<i64>,
    /// It is a KooGallery product.
    pub is_marketplace: bool,
}
