//! What stands in the way of a renewal, with the codes of the operations that ask.

use domain::calendar::{PeriodType, Term};
use platform::op::{ApiError, Code};

use crate::codes;
use crate::subscriptions::store::Resource;

/// A resource that cannot be renewed now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::subscriptions) struct Blocked {
    /// As the cloud names it, or as we do where the cloud has not said.
    pub(in crate::subscriptions) resource_id: String,
    /// Why.
    pub(in crate::subscriptions) why: Why,
}

/// Why a resource cannot be renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::subscriptions) enum Why {
    /// The account, or who pays for it, is frozen.
    Frozen,
    /// It was deleted or unsubscribed from, or never was.
    Gone,
    /// It is attached to another resource.
    Attached,
    /// An order about it waits for payment.
    Unpaid(String),
    /// An order about it waits for the cloud.
    InProgress(String),
    /// An order that gives it back waits for approval: what is said of that, in English and Chinese.
    ToApprove((String, String)),
    /// The cloud still makes something that is attached to it.
    Growing,
    /// It turns pay-per-use at its expiry.
    BecomesOnDemand,
    /// It is bandwidth added for a time.
    AddOn,
    /// It is a trial.
    Trial,
    /// It is a spot instance.
    Spot,
    /// Its product has no yearly/monthly price any more.
    NoPrice,
    /// Its product is not in the catalogue any more.
    ProductGone,
    /// Its product is not sold for this period type.
    PeriodNotSold(PeriodType),
    /// Its product is not sold for this number of periods.
    NumberNotSold(Term),
    /// It would end more than so many years from now.
    TooLong(u32),
    /// Its product is sold by size in another unit than the resource has.
    WrongUnit,
    /// It costs more than can be shown.
    TooMuch,
}

impl Blocked {
    pub(in crate::subscriptions) fn of(resource: &Resource, why: Why) -> Self {
        let resource_id = resource.resource_id.as_ref().unwrap_or(&resource.id).clone();
        Self { resource_id, why }
    }

    /// As a renewal is refused (004 8.4.2).
    pub(in crate::subscriptions) fn on_renewal(&self) -> ApiError {
        let code = self.renewal_code();
        match self.why {
            Why::Frozen => code.error(),
            _ => self.told(code),
        }
    }

    fn renewal_code(&self) -> &'static Code {
        match self.why {
            Why::Frozen => &codes::ACCOUNT_FROZEN,
            Why::Gone => &codes::RESOURCE_GONE,
            Why::Attached => &codes::RENEWAL_OF_ATTACHED_RESOURCE,
            Why::Unpaid(_) => &codes::RESOURCE_IN_UNPAID_ORDER,
            Why::InProgress(_) | Why::ToApprove(_) | Why::Growing | Why::BecomesOnDemand => {
                &codes::ORDER_IN_PROGRESS
            }
            Why::AddOn => &codes::ADD_ON_NOT_RENEWABLE,
            Why::Trial
            | Why::Spot
            | Why::NoPrice
            | Why::ProductGone
            | Why::PeriodNotSold(_)
            | Why::WrongUnit => &codes::RENEWAL_PERIOD_INVALID,
            Why::NumberNotSold(_) => &codes::SUBSCRIPTION_PERIOD_INVALID,
            Why::TooLong(_) => &codes::RENEWAL_TOO_LONG,
            Why::TooMuch => &codes::AMOUNT_OVER_LIMIT,
        }
    }

    /// As an inquiry of renewal prices says it (004 4.2.3): a code with status 200 is about this resource alone, any
    /// other refuses the whole inquiry.
    pub(in crate::subscriptions) fn on_price(&self) -> ApiError {
        let code = match self.why {
            // Prices are told to frozen accounts too; nobody asks.
            Why::Frozen => &codes::ACCOUNT_FROZEN,
            Why::Gone => &codes::RENEWAL_PRICE_RESOURCE_GONE,
            Why::Attached => &codes::RENEWAL_PRICE_OF_ATTACHED_RESOURCE,
            Why::Unpaid(_) => &codes::RENEWAL_PRICE_UNPAID_ORDER,
            Why::InProgress(_) | Why::ToApprove(_) | Why::Growing => &codes::RENEWAL_PRICE_RESOURCE_CHANGING,
            Why::BecomesOnDemand | Why::AddOn | Why::Trial | Why::Spot | Why::NoPrice => {
                &codes::PRODUCT_NOT_RENEWABLE
            }
            Why::PeriodNotSold(_) | Why::NumberNotSold(_) | Why::TooLong(_) => {
                &codes::RENEWAL_PRICE_PERIOD_INVALID
            }
            Why::ProductGone => &codes::PRODUCT_NOT_FOUND,
            Why::WrongUnit => &codes::WRONG_USAGE_UNIT,
            Why::TooMuch => &codes::AMOUNT_OVER_LIMIT,
        };
        self.told(code)
    }

    /// The resource, and what is the matter with it where that is more than the code says.
    fn told(&self, code: &'static Code) -> ApiError {
        let id = &self.resource_id;
        let (en, zh) = self.why.said().unwrap_or_else(|| (code.en.to_owned(), code.zh.to_owned()));
        code.because(format!("Resource {id}: {en}"), format!("资源 {id}：{zh}"))
    }
}

impl Why {
    /// What is the matter, in English and Chinese; `None`: what the code says of itself.
    fn said(&self) -> Option<(String, String)> {
        let said = |en: &str, zh: &str| Some((en.to_owned(), zh.to_owned()));
        match self {
            Self::Frozen | Self::Gone | Self::Attached | Self::AddOn | Self::TooMuch => None,
            Self::Unpaid(order) => Some((
                format!("order {order}, which waits for payment, holds it. Pay or cancel that order first."),
                format!("包含在待支付订单 {order} 中。请先支付或取消该订单。"),
            )),
            Self::InProgress(order) => Some((
                format!("order {order} about it is being carried out. Try again when that is finished."),
                format!("订单 {order} 正在处理。请在完成后重试。"),
            )),
            Self::ToApprove(said) => Some(said.clone()),
            Self::Growing => said(
                "a resource attached to it is still being provided. Try again when that is finished.",
                "其附属资源正在开通。请在完成后重试。",
            ),
            Self::BecomesOnDemand => said(
                "it is set to become pay-per-use when it expires. Cancel that first.",
                "已设置到期转按需。请先取消该设置。",
            ),
            Self::Trial => said(
                "it is a trial and cannot be renewed; turn it into a commercial one instead.",
                "试用资源不支持续订，请转为商用。",
            ),
            Self::Spot => said("a spot instance cannot be renewed.", "竞价实例不支持续订。"),
            Self::NoPrice => said(
                "its product has no yearly/monthly price any more, so it cannot be renewed.",
                "其产品已没有包年/包月价格，不支持续订。",
            ),
            Self::ProductGone => said(
                "its product is no longer in the catalogue, so it cannot be renewed.",
                "其产品已不在产品目录中，不支持续订。",
            ),
            Self::PeriodNotSold(period) => Some((
                format!("its product is not offered for period_type {}. Choose another.", period.code()),
                format!("其产品不支持 period_type {}。请选择其他周期类型。", period.code()),
            )),
            Self::NumberNotSold(Term { period, count }) => Some((
                format!(
                    "its product is not offered for period_num {count} of period_type {}. Choose another number.",
                    period.code()
                ),
                format!(
                    "其产品不支持 period_type {} 的 period_num {count}。请选择其他周期数。",
                    period.code()
                ),
            )),
            Self::TooLong(years) => Some((
                format!("its new term would end more than {years} years from now. Choose a shorter renewal."),
                format!("续订后到期时间将超过当前时间 {years} 年。请选择更短的续订时长。"),
            )),
            Self::WrongUnit => said(
                "its size is not in the unit in which its product is sold now, so the renewal has no price.",
                "其大小的单位与产品当前的计价单位不同，无法询价续订。",
            ),
        }
    }
}
