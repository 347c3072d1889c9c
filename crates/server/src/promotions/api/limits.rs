//! The limits that a coupon is issued with: which keys its kind knows, and which values they take (004 table 8-5).

use domain::money::Charge;
use domain::promotion::{CouponType, Limit, LimitKey};
use domain::quantity::Quantity;
use platform::op::Refusal;

/// The most periods that a limit can name; no term is longer.
const CYCLES_MAX: i64 = 1_000;

platform::input! {
    /// One limit.
    pub struct CouponLimitInput: strict {
        /// What it is about: baseValue, serviceType, serviceTypeBlackList, regionCode, productId, subscribeType,
        /// cycleType, cycleNum, firstOrderInService, usageTimes, isForAnnualContracts, isOnlyForStrictSelected,
        /// isRebate, minConsumeDiscount, simultaneousUseWithEmpowerDiscount (0: not with discounts of type 605, 606 and
        /// 607), simultaneousUseWithContractDiscount (605, 606), simultaneousUseWithPromotionDiscount (700),
        /// simultaneousUseWithPromotionProduct (200) or simultaneousUseWithDiscountCoupon. Of the first eight several
        /// may be given.
        pub limit_key: String = body("limit_key"),
        /// The least amount after the discount (baseValue); a code; product ids separated by commas; new, renew or
        /// change; 0 any term, 1 year, 2 month, 3 day, 4 hour, 5 pay-per-use, 6 anything (cycleType); a number of
        /// periods; 1 once or 0 without limit (usageTimes); a share above 0 and below 1 (minConsumeDiscount); of the
        /// others 0 or 1.
        pub value1: String = body("value1").length(1000),
        /// Value 2: the upper bound of baseValue, the name of a region; nothing else has one.
        pub value2: Option<String> = body("value2").length(1000).quotes(Unset),
    }
}

/// What is wrong with a value, in English and Chinese.
type Wrong = (String, String);

fn wrong<T>(en: impl Into<String>, zh: impl Into<String>) -> Result<T, Wrong> {
    Err((en.into(), zh.into()))
}

/// The limits of a coupon, each fit for its kind. The refusal names the limit by its index.
pub(super) fn limits_in(kind: CouponType, given: Vec<CouponLimitInput>) -> Result<Vec<Limit>, Refusal> {
    let mut limits: Vec<Limit> = Vec::with_capacity(given.len());
    for (index, given) in given.into_iter().enumerate() {
        let refuse = |member: &str| {
            let field = format!("limits[{index}].{member}");
            move |(en, zh): Wrong| Refusal::because(field, en, zh)
        };
        let key = key_in(kind, &given.limit_key).map_err(refuse("limit_key"))?;
        if !may_repeat(key) && limits.iter().any(|limit| limit.key == key) {
            let (en, zh) =
                (format!("{} may be given once", key.name()), format!("{} 只能出现一次", key.name()));
            return Err(refuse("limit_key")((en, zh)));
        }
        let value1 = value_in(kind, key, &given.value1).map_err(refuse("value1"))?;
        let value2 = second_in(key, &value1, given.value2).map_err(refuse("value2"))?;
        limits.push(Limit { key, value1, value2 });
    }
    Ok(limits)
}

fn key_in(kind: CouponType, name: &str) -> Result<LimitKey, Wrong> {
    let names = |fits: &dyn Fn(LimitKey) -> bool| {
        let fitting = LimitKey::NAMES.iter().filter(|(_, key)| fits(*key));
        fitting.map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    };
    match LimitKey::parse(name) {
        Some(key) if key.applies_to(kind) => Ok(key),
        Some(_) => {
            let allowed = names(&|key| key.applies_to(kind));
            let code = kind.code();
            wrong(
                format!("{name} is no limit of a coupon of coupon_type {code}; allowed are {allowed}"),
                format!("{name} 不适用于 coupon_type 为 {code} 的优惠券，可用的限制为 {allowed}"),
            )
        }
        None => {
            let allowed = names(&|_| true);
            wrong(format!("must be one of {allowed}"), format!("取值只能为 {allowed}"))
        }
    }
}

/// Several limits of such a key are alternatives, or each forbids something; of the others one could only contradict
/// another.
fn may_repeat(key: LimitKey) -> bool {
    match key {
        LimitKey::BaseValue
        | LimitKey::ServiceType
        | LimitKey::ServiceTypeBlackList
        | LimitKey::RegionCode
        | LimitKey::ProductId
        | LimitKey::SubscribeType
        | LimitKey::CycleType
        | LimitKey::CycleNum => true,
        LimitKey::FirstOrderInService
        | LimitKey::UsageTimes
        | LimitKey::IsForAnnualContracts
        | LimitKey::IsOnlyForStrictSelected
        | LimitKey::IsRebate
        | LimitKey::MinConsumeDiscount
        | LimitKey::SimultaneousUseWithEmpowerDiscount
        | LimitKey::SimultaneousUseWithContractDiscount
        | LimitKey::SimultaneousUseWithPromotionDiscount
        | LimitKey::SimultaneousUseWithPromotionProduct
        | LimitKey::SimultaneousUseWithDiscountCoupon => false,
    }
}

/// Value 1 as it is kept.
fn value_in(kind: CouponType, key: LimitKey, text: &str) -> Result<String, Wrong> {
    let text = text.trim();
    match key {
        LimitKey::BaseValue => amount_in(text).map(|amount| amount.to_string()),
        LimitKey::ServiceType | LimitKey::ServiceTypeBlackList | LimitKey::RegionCode => match text {
            "" => wrong("must not be blank", "不能为空"),
            code => Ok(code.to_owned()),
        },
        LimitKey::ProductId => {
            let ids: Vec<&str> = text.split(',').map(str::trim).collect();
            if ids.contains(&"") {
                return wrong("must be product IDs, separated by commas", "必须为以逗号分隔的产品 ID");
            }
            Ok(ids.join(","))
        }
        LimitKey::SubscribeType => one_of(text, &["new", "renew", "change"]),
        // Discount coupons support only the yearly/monthly mode.
        LimitKey::CycleType if kind == CouponType::Discount => one_of(text, &["0", "1", "2", "3", "4"]),
        LimitKey::CycleType => one_of(text, &["0", "1", "2", "3", "4", "5", "6", "7", "8", "11"]),
        LimitKey::CycleNum => number_in(text, 1).map(|number| number.to_string()),
        LimitKey::UsageTimes => {
            let times = number_in(text, 0)?;
            // What table 8-5 makes of any other number: once of a discount coupon, without limit of the others.
            Ok(if kind == CouponType::Discount || times == 1 { "1" } else { "0" }.to_owned())
        }
        LimitKey::MinConsumeDiscount => share_in(text).map(|share| share.to_string()),
        LimitKey::SimultaneousUseWithEmpowerDiscount if kind == CouponType::Discount => one_of(text, &["0"]),
        LimitKey::FirstOrderInService
        | LimitKey::IsForAnnualContracts
        | LimitKey::IsOnlyForStrictSelected
        | LimitKey::IsRebate
        | LimitKey::SimultaneousUseWithEmpowerDiscount
        | LimitKey::SimultaneousUseWithContractDiscount
        | LimitKey::SimultaneousUseWithPromotionDiscount
        | LimitKey::SimultaneousUseWithPromotionProduct
        | LimitKey::SimultaneousUseWithDiscountCoupon => one_of(text, &["0", "1"]),
    }
}

/// Value 2 as it is kept: the upper bound of an amount, the name of a region.
fn second_in(key: LimitKey, value1: &str, given: Option<String>) -> Result<Option<String>, Wrong> {
    let Some(text) = given else { return Ok(None) };
    match key {
        LimitKey::BaseValue => {
            let most = amount_in(text.trim())?;
            match Charge::parse(value1) {
                Ok(least) if least <= most => Ok(Some(most.to_string())),
                _ => wrong("must be at least value1", "不能小于 value1"),
            }
        }
        LimitKey::RegionCode => Ok(Some(text)),
        _ => wrong(
            format!("means nothing with {}; leave it out", key.name()),
            format!("对 {} 无意义，请省略", key.name()),
        ),
    }
}

fn one_of(text: &str, allowed: &[&str]) -> Result<String, Wrong> {
    if allowed.contains(&text) {
        return Ok(text.to_owned());
    }
    let list = allowed.join(", ");
    wrong(format!("must be one of {list}"), format!("取值只能为 {list}"))
}

fn number_in(text: &str, min: i64) -> Result<i64, Wrong> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<i64>() {
        Ok(number) if is_number && (min..=CYCLES_MAX).contains(&number) => Ok(number),
        _ => wrong(
            format!("must be an integer from {min} to {CYCLES_MAX}"),
            format!("必须为 {min} 到 {CYCLES_MAX} 的整数"),
        ),
    }
}

fn amount_in(text: &str) -> Result<Charge, Wrong> {
    match Charge::parse(text) {
        Ok(amount) if !amount.is_negative() => Ok(amount),
        _ => wrong(
            "must be an amount of at least 0 with at most two decimals",
            "必须为不小于 0 且最多两位小数的金额",
        ),
    }
}

/// A share above 0 and below 1.
pub(super) fn share_in(text: &str) -> Result<Quantity, Wrong> {
    let whole = Quantity::from_int(1).expect("one is a quantity");
    match Quantity::parse(text) {
        Ok(share) if !share.is_zero() && share < whole => Ok(share),
        _ => wrong(
            "must be above 0 and below 1, with at most 10 decimals",
            "必须大于 0 且小于 1，最多 10 位小数",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Coupon type, key, value 1, value 2 (`-`: none), and what is kept, or `!` and the member that is refused.
    const CASES: &str = "
        1 baseValue 100 - 100
        1 baseValue 0.10 20.50 0.1..20.5
        1 baseValue 20 20 20..20
        1 baseValue 20 19.99 !value2
        1 baseValue -1 - !value1
        1 baseValue 1.001 - !value1
        1 baseValue x - !value1
        1 serviceType hws.service.type.ec2 - hws.service.type.ec2
        1 serviceType hws.service.type.ec2 ECS !value2
        1 regionCode cn-north-1 Beijing cn-north-1..Beijing
        1 productId a,b - a,b
        1 productId a,,b - !value1
        1 productId , - !value1
        1 subscribeType renew - renew
        1 subscribeType old - !value1
        1 cycleType 11 - 11
        1 cycleType 9 - !value1
        2 cycleType 4 - 4
        2 cycleType 5 - !value1
        1 cycleNum 03 - 3
        1 cycleNum 0 - !value1
        1 cycleNum 1.5 - !value1
        1 usageTimes 1 - 1
        1 usageTimes 7 - 0
        2 usageTimes 7 - 1
        1 usageTimes -1 - !value1
        1 firstOrderInService 1 - 1
        1 firstOrderInService 2 - !value1
        1 minConsumeDiscount 0.50 - 0.5
        1 minConsumeDiscount 0 - !value1
        1 minConsumeDiscount 1 - !value1
        4 minConsumeDiscount 0.99 - 0.99
        2 minConsumeDiscount 0.5 - !limit_key
        1 isForAnnualContracts 1 - 1
        4 isForAnnualContracts 1 - !limit_key
        4 isOnlyForStrictSelected 1 - 1
        1 isOnlyForStrictSelected 1 - !limit_key
        4 isRebate 0 - 0
        4 isRebate yes - !value1
        1 isRebate 0 - !limit_key
        4 serviceTypeBlackList a - a
        2 serviceTypeBlackList a - !limit_key
        1 simultaneousUseWithEmpowerDiscount 1 - 1
        2 simultaneousUseWithEmpowerDiscount 0 - 0
        2 simultaneousUseWithEmpowerDiscount 1 - !value1
        4 simultaneousUseWithContractDiscount 0 - 0
        1 simultaneousUseWithPromotionDiscount 0 - 0
        4 simultaneousUseWithPromotionDiscount 0 - !limit_key
        2 simultaneousUseWithPromotionProduct 0 - 0
        4 simultaneousUseWithPromotionProduct 0 - !limit_key
        1 simultaneousUseWithDiscountCoupon 0 - 0
        2 simultaneousUseWithDiscountCoupon 0 - !limit_key
        1 noSuchKey 0 - !limit_key
    ";

    #[test]
    fn every_key_takes_the_values_of_table_8_5() {
        for line in CASES.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split(' ').collect();
            let kind = CouponType::from_code(words[0].parse().unwrap()).unwrap();
            let given = CouponLimitInput {
                limit_key: words[1].to_owned(),
                value1: words[2].to_owned(),
                value2: (words[3] != "-").then(|| words[3].to_owned()),
            };
            let found = match limits_in(kind, vec![given]) {
                Ok(limits) => match &limits[0].value2 {
                    Some(value2) => format!("{}..{value2}", limits[0].value1),
                    None => limits[0].value1.clone(),
                },
                Err(refusal) => refusal.field.replace("limits[0].", "!"),
            };
            assert_eq!(found, words[4], "{line}");
        }
    }

    #[test]
    fn only_keys_whose_values_are_alternatives_come_several_times() {
        let twice = |key: &str, value: &str| {
            let one = CouponLimitInput { limit_key: key.to_owned(), value1: value.to_owned(), value2: None };
            limits_in(CouponType::Cash, vec![one.clone(), one]).map(|limits| limits.len())
        };
        assert_eq!(twice("serviceType", "a"), Ok(2));
        assert_eq!(twice("usageTimes", "1").unwrap_err().field, "limits[1].limit_key");
    }
}
