//! What the limits of a coupon name, held against the catalogue.

use domain::promotion::{Limit, LimitKey};
use platform::op::Refusal;

use crate::catalog::model::Catalog;

/// Limits of which each service, region and product is in the catalogue: a coupon that can never be spent is a mistake
/// that nobody would notice. A region is kept in the catalogue's spelling, which is that of orders.
///
/// # Errors
/// A refusal that names the limit by its index.
pub(super) fn catalogued(catalog: &Catalog, mut limits: Vec<Limit>) -> Result<Vec<Limit>, Refusal> {
    for (index, limit) in limits.iter_mut().enumerate() {
        // The value itself is not repeated: it may be as long as a request.
        let unknown = |what: &str, what_zh: &str| {
            Refusal::because(
                format!("limits[{index}].value1"),
                format!("names a {what} that is not in the catalogue"),
                format!("中的{what_zh}在产品目录中不存在"),
            )
        };
        match limit.key {
            LimitKey::ServiceType | LimitKey::ServiceTypeBlackList => {
                if catalog.find_service(&limit.value1).is_none() {
                    return Err(unknown("service", "云服务类型"));
                }
            }
            LimitKey::RegionCode => {
                let region = catalog.find_region(&limit.value1).ok_or_else(|| unknown("region", "区域"))?;
                limit.value1.clone_from(&region.code);
            }
            LimitKey::ProductId => {
                if limit.value1.split(',').any(|id| catalog.find_product_by_id(id).is_none()) {
                    return Err(unknown("product", "产品"));
                }
            }
            // What the catalogue says nothing about.
            LimitKey::BaseValue
            | LimitKey::SubscribeType
            | LimitKey::CycleType
            | LimitKey::CycleNum
            | LimitKey::FirstOrderInService
            | LimitKey::UsageTimes
            | LimitKey::IsForAnnualContracts
            | LimitKey::IsOnlyForStrictSelected
            | LimitKey::IsRebate
            | LimitKey::MinConsumeDiscount
            | LimitKey::SimultaneousUseWithEmpowerDiscount
            | LimitKey::SimultaneousUseWithContractDiscount
            | LimitKey::SimultaneousUseWithPromotionDiscount
            | LimitKey::SimultaneousUseWithPromotionProduct
            | LimitKey::SimultaneousUseWithDiscountCoupon => {}
        }
    }
    Ok(limits)
}
