//! What a limit of spending, or a lack of money, is refused with (004 8.3.3): the limit, what was used of it, and what
//! the order needs.

use platform::op::{ApiError, Code};

use super::about;
use crate::accounts::service::{Late, LimitPeriod, PayError, ProjectShort, Shortfall};
use crate::codes;
use crate::orders::model::enterprise_project_name;

/// The refusal of a payment.
pub(super) fn refused(order: &str, error: PayError) -> ApiError {
    match error {
        PayError::ProjectFunds(short) => project_funds(order, &short),
        PayError::Organization(short) => {
            let code = &codes::ORGANIZATION_BUDGET_INSUFFICIENT;
            let advice =
                ("Ask the administrator of the organisation to raise it.", "请联系组织管理员提高预算。");
            used_up(code, order, &short, ("the budget of the organisation", "组织预算"), advice)
        }
        PayError::Budget(short) => {
            let advice = ("Ask the partner to raise it.", "请联系伙伴提高预算。");
            let budget = ("the customer's budget, which counts list prices,", "客户预算（按官网价计算）");
            used_up(&codes::BUDGET_INSUFFICIENT, order, &short, budget, advice)
        }
        PayError::ExpenditureQuota(short) => {
            let advice = ("Have the quota raised, or pay next month.", "请提高消费额度，或下月再支付。");
            let quota = ("the expenditure quota of the account that pays", "支付账户的消费额度");
            used_up(&codes::BUDGET_INSUFFICIENT, order, &short, quota, advice)
        }
        PayError::TooManyAttempts(short) => {
            a_day(&codes::TOO_MANY_ATTEMPTS, order, &short, ("refused payments", "支付失败次数"))
        }
        PayError::DailyTransactions(short) => {
            a_day(&codes::DAILY_TRANSACTIONS_EXCEEDED, order, &short, ("payments", "支付次数"))
        }
        PayError::TaxRate(country) => codes::TAX_RATE_UNAVAILABLE.because(
            format!(
                "Order {order}: no tax rate is in force for the country {country}. {}",
                codes::TAX_RATE_UNAVAILABLE.en
            ),
            format!("订单 {order}：国家 {country} 没有生效的税率。{}", codes::TAX_RATE_UNAVAILABLE.zh),
        ),
        PayError::MasterInsufficient(_) | PayError::MonthlyLimit(_) | PayError::Arrears(_) => {
            insufficient(order, &error)
        }
        PayError::Insufficient => about(&codes::INSUFFICIENT_BALANCE, order),
        PayError::Late(Late::Combined) => about(&codes::COMBINED_ORDER_ONLY, order),
        PayError::Frozen => codes::ACCOUNT_FROZEN.error(),
        PayError::Db(error) => error.into(),
    }
}

/// A limit by amount.
fn used_up(
    code: &'static Code,
    order: &str,
    short: &Shortfall,
    what: (&str, &str),
    advice: (&str, &str),
) -> ApiError {
    let (en, zh) = amounts(short, what);
    code.because(format!("Order {order}: {en}. {}", advice.0), format!("订单 {order}：{zh}。{}", advice.1))
}

fn amounts(short: &Shortfall, what: (&str, &str)) -> (String, String) {
    let Shortfall { limit, used, needed, period } = short;
    let (a_period, each) = match period {
        LimitPeriod::Month => (" a month", "每月 "),
        LimitPeriod::Day => (" a day", "每天 "),
        LimitPeriod::Once => ("", ""),
    };
    (
        format!("{} is {limit}{a_period}; {used} of it is used, and the order needs {needed}", what.0),
        format!("{}为{each}{limit}，已使用 {used}，该订单需要 {needed}", what.1),
    )
}

/// A limit by number.
fn a_day(code: &'static Code, order: &str, short: &Shortfall, what: (&str, &str)) -> ApiError {
    let Shortfall { limit, used, .. } = short;
    code.because(
        format!(
            "Order {order}: the account may have {limit} {} a day, and had {used} today. \
             Pay tomorrow: days begin at 00:00 GMT+8.",
            what.0
        ),
        format!(
            "订单 {order}：账号每天的{}上限为 {limit}，今日已有 {used} 次。请次日（GMT+8）再支付。",
            what.1
        ),
    )
}

fn project_funds(order: &str, short: &[ProjectShort]) -> ApiError {
    let shown = |short: &ProjectShort| {
        serde_json::json!({
            "enterprise_project_id": short.project,
            "enterprise_project_name": enterprise_project_name(&short.project),
            "auth_status": short.status,
        })
    };
    let projects: Vec<serde_json::Value> = short.iter().map(shown).collect();
    let told = |own: &ProjectShort| {
        let what = (
            format!("the fund quota of enterprise project {}", own.project),
            format!("企业项目 {} 的资金配额", own.project),
        );
        own.short.as_ref().map(|short| amounts(short, (&what.0, &what.1)))
    };
    let (en, zh): (Vec<String>, Vec<String>) = short.iter().filter_map(told).unzip();
    codes::ENTERPRISE_PROJECT_QUOTA_INSUFFICIENT
        .because(
            format!("Order {order}: {}. Raise the quota or choose another project.", en.join("; ")),
            format!("订单 {order}：{}。请提高配额或更换企业项目。", zh.join("；")),
        )
        .with("enterprise_project_auth_result", projects.into())
}

/// Money that does not suffice, where there is more to say than that.
fn insufficient(order: &str, error: &PayError) -> ApiError {
    let (en, zh) = match error {
        PayError::MasterInsufficient(master) => (
            format!(
                "the enterprise master {master} pays for this member, and its balance does not cover the amount. \
                 Top up the account of the master and pay again."
            ),
            format!("该成员的订单由企业主账号 {master} 支付，其余额不足。请为企业主账号充值后重新支付。"),
        ),
        PayError::MonthlyLimit(Shortfall { limit, used, needed, .. }) => (
            format!(
                "the limit of monthly settlement is {limit}; {used} is owed already, and the order needs {needed}. \
                 Pay what is owed by a top-up, or have the limit raised."
            ),
            format!("月结额度为 {limit}，已欠 {used}，该订单需要 {needed}。请充值还清欠款，或提高月结额度。"),
        ),
        PayError::Arrears(overdue) => (
            format!(
                "{overdue} is owed past its due date, and nothing can be bought before it is paid. \
                 Top up the account and pay again."
            ),
            format!("账户有逾期欠款 {overdue}，还清前不能购买。请充值后重新支付。"),
        ),
        _ => return about(&codes::INSUFFICIENT_BALANCE, order),
    };
    codes::INSUFFICIENT_BALANCE.because(format!("Order {order}: {en}"), format!("订单 {order}：{zh}"))
}
