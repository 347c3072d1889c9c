//! Codes of subscriptions: renewal, unsubscription, change to pay-per-use.

use platform::op::Code;

/// 004 11.9.
pub const ALREADY_FROZEN: Code = Code::new(
    "CBC.30000052",
    400,
    "The resource or the account is already frozen; nothing was changed.",
    "资源或账号已处于冻结状态，未作任何变更。",
);

/// 004 11.9; answered by 8.4.3.
pub const SAVINGS_PLAN_NOT_UNSUBSCRIBABLE: Code = Code::new(
    "CBC.30000053",
    400,
    "A savings plan cannot be unsubscribed from; it ends when its term is over.",
    "节省计划不支持退订，期满后自动结束。",
);

/// 004 11.9; answered by 8.4.3.
pub const UNSUBSCRIPTION_RESOURCE_GONE: Code = Code::new(
    "CBC.30000067",
    400,
    "The resource is already deleted, or its subscription is not yet known here. Check the resource ID or try again later.",
    "资源已被删除，或其订购关系尚未同步。请检查资源ID或稍后重试。",
);

/// 004 11.9.
pub const RESOURCE_DELETED: Code = Code::new(
    "CBC.30010035",
    400,
    "The resource has been deleted and admits no further operation.",
    "资源已被删除，不能再执行操作。",
);

/// 004 11.9; answered by 8.4.2.
pub const RENEWAL_OF_ATTACHED_RESOURCE: Code = Code::new(
    "CBC.30010036",
    400,
    "Only a primary resource can be renewed; what is attached to it follows. Name the primary resource.",
    "只能续订主资源，附属资源随之续订。请指定主资源。",
);

/// 004 11.9; answered by 8.4.2.
pub const RENEWAL_PERIOD_INVALID: Code = Code::new(
    "CBC.30010069",
    400,
    "The product is not offered for this renewal period. Choose another period.",
    "该产品不提供此续订周期。请选择其他周期。",
);

/// 004 11.9; answered by 8.4.2.
pub const AUTO_PAYMENT_FAILED: Code = Code::new(
    "CBC.30050006",
    400,
    "The order was placed but could not be paid automatically. Pay it by its order ID, or cancel it.",
    "订单已创建，但自动支付失败。请按订单号支付或取消该订单。",
);

/// 004 11.9; answered by 8.4.2.
pub const SUBSCRIPTION_PERIOD_INVALID: Code = Code::new(
    "CBC.99000092",
    400,
    "The subscription period is not one of those offered. Choose another period.",
    "订购周期不在可选范围内。请选择其他周期。",
);

/// 004 11.9.
pub const RESOURCE_HAS_DEPENDENTS: Code = Code::new(
    "CBC.99003004",
    400,
    "Other resources depend on this one. Release them first.",
    "有其他资源依赖于该资源。请先释放这些资源。",
);

/// 004 11.9; answered by 8.4.3, 8.4.4, 8.4.5, 8.4.6.
pub const RESOURCE_ID_NOT_FOUND: Code = Code::new(
    "CBC.99003012",
    400,
    "There is no resource with this ID in the account. Check the resource ID.",
    "该账号下没有此资源ID。请检查资源ID。",
);

/// 004 11.9; answered by 8.4.2.
pub const RESOURCE_GONE: Code = Code::new(
    "CBC.99003016",
    400,
    "The resource has expired and been deleted, or never existed. Check the resource ID.",
    "资源已到期删除或不存在。请检查资源ID。",
);

/// 004 11.9; answered by 8.4.2, 8.4.3.
pub const RESOURCE_IN_UNPAID_ORDER: Code = Code::new(
    "CBC.99003100",
    400,
    "An order that waits for payment holds this resource. Pay or cancel that order first.",
    "该资源包含在待支付订单中。请先支付或取消该订单。",
);

/// 004 11.9.
pub const RESOURCE_ALREADY_UNSUBSCRIBED: Code =
    Code::new("CBC.99003124", 400, "The resource has already been unsubscribed from.", "该资源已退订。");

/// 004 11.9; answered by 8.4.3.
pub const NO_RENEWAL_TO_UNSUBSCRIBE: Code = Code::new(
    "CBC.99003128",
    400,
    "The resource has no renewed period that is still to come, so there is none to unsubscribe from.",
    "该资源没有尚未生效的续订周期，无法退订续订周期。",
);

/// 004 11.9; answered by 8.4.2.
pub const ORDER_IN_PROGRESS: Code = Code::new(
    "CBC.99003144",
    400,
    "Another order for this resource is being carried out. Try again when it is finished.",
    "该资源有其他订单正在处理。请在完成后重试。",
);

/// 004 11.9; answered by 8.4.2.
pub const RENEWAL_TOO_LONG: Code = Code::new(
    "CBC.99003154",
    400,
    "The remaining time and the renewal together exceed the longest term. Choose a shorter renewal.",
    "剩余时长与续订时长之和超过上限。请选择更短的续订时长。",
);

/// 004 11.9; answered by 8.4.3.
pub const UNSUBSCRIPTION_AS_WHOLE_ONLY: Code = Code::new(
    "CBC.99003185",
    400,
    "The resource belongs to a cloud service that is handled as a whole. Name all of its resources.",
    "该资源所属云服务须整体操作。请同时指定其全部资源。",
);

/// 004 11.9; answered by 8.4.4.
pub const AUTO_RENEWAL_OF_EXPIRED_OR_FROZEN: Code = Code::new(
    "CBC.99003602",
    400,
    "Auto-renewal cannot be set on a resource that has expired or is frozen. Renew or unfreeze it first.",
    "已到期或已冻结的资源不能设置自动续订。请先续订或解冻。",
);

/// 004 11.9; answered by 8.4.5.
pub const AUTO_RENEWAL_ALREADY_CANCELED: Code = Code::new(
    "CBC.99003605",
    400,
    "Auto-renewal is already off for this resource; nothing was changed.",
    "该资源的自动续订已关闭，未作任何变更。",
);

/// 004 11.9; answered by 8.4.6.
pub const PRODUCT_NOT_CONVERTIBLE: Code = Code::new(
    "CBC.99003609",
    400,
    "This kind of product cannot be changed to pay-per-use.",
    "此类产品不支持转为按需计费。",
);

/// 004 11.9; answered by 8.4.6.
pub const GRACE_OR_RETENTION_NOT_CONVERTIBLE: Code = Code::new(
    "CBC.99003610",
    200,
    "A resource in its grace or retention period cannot be changed to pay-per-use. Renew it first.",
    "处于宽限期或保留期的资源不能转为按需计费。请先续订。",
);

/// 004 11.9; answered by 8.4.6.
pub const PACKAGE_NOT_CONVERTIBLE: Code = Code::new(
    "CBC.99003611",
    400,
    "A resource package cannot be changed to pay-per-use.",
    "资源包不支持转为按需计费。",
);

/// 004 11.9; answered by 8.4.6.
pub const SOLUTION_NOT_CONVERTIBLE: Code = Code::new(
    "CBC.99003622",
    400,
    "A solution (bundle) cannot be changed to pay-per-use.",
    "解决方案（组合产品）不支持转为按需计费。",
);

/// 004 11.9; answered by 8.4.6.
pub const CONVERSION_BLOCKED_BY_ORDER: Code = Code::new(
    "CBC.99003623",
    400,
    "A transaction on this resource is not finished, so it cannot be changed to pay-per-use. Try again when it is.",
    "该资源有未完成的交易，不能转为按需计费。请在完成后重试。",
);

/// 004 11.9; answered by 8.4.6.
pub const CONVERSION_BLOCKED_BY_SECURITY_FREEZE: Code = Code::new(
    "CBC.99003624",
    400,
    "The resource is frozen for security reasons and cannot be changed to pay-per-use. Clear the freeze first.",
    "资源因安全原因被冻结，不能转为按需计费。请先解除冻结。",
);

/// 004 11.9; answered by 8.4.6.
pub const CONVERSION_BLOCKED_BY_FROZEN_ACCOUNT: Code = Code::new(
    "CBC.99003626",
    400,
    "The account is frozen, so its resources cannot be changed to pay-per-use. Clear the freeze first.",
    "账号已被冻结，其资源不能转为按需计费。请先解除冻结。",
);

/// 004 11.9.
pub const RELEASED_NOT_RENEWABLE: Code = Code::new(
    "CBC.99003631",
    400,
    "A resource that was unsubscribed from, deleted or released cannot be renewed.",
    "已退订、已删除或已释放的资源不能续订。",
);

/// 004 11.9; answered by 8.4.2.
pub const BUNDLE_RENEWAL_AS_WHOLE_ONLY: Code = Code::new(
    "CBC.99003634",
    400,
    "The resources of a discount bundle are renewed together and apart from all others. Send them alone, and all of them.",
    "优惠套餐内的资源须整体续订，且不能与其他资源一起续订。请单独提交该套餐的全部资源。",
);

/// 004 11.9.
pub const ADD_ON_NOT_RENEWABLE: Code = Code::new(
    "CBC.99003638",
    400,
    "A bandwidth add-on package cannot be renewed; buy a new one for another time.",
    "带宽加油包不支持续订。如需其他时段，请重新购买。",
);

/// 004 11.9; answered by 8.4.3.
pub const INVOICED_NOT_UNSUBSCRIBABLE: Code = Code::new(
    "CBC.99003643",
    400,
    "An invoice has been issued for this cloud service, so it cannot be unsubscribed from. Return the invoice first.",
    "该云服务已开具发票，不支持退订。请先退回发票。",
);

/// 004 11.9.
pub const SERVICE_NOT_UNSUBSCRIBABLE: Code = Code::new(
    "CBC.99003645",
    400,
    "Resources of this service type cannot be unsubscribed from.",
    "该云服务类型的资源不支持退订。",
);

/// 004 11.9; answered by 8.4.3.
pub const PACKAGE_NOT_UNSUBSCRIBABLE: Code = Code::new(
    "CBC.99003647",
    400,
    "This resource package cannot be unsubscribed from.",
    "该资源包不支持退订。",
);

/// 004 11.9; answered by 8.4.3.
pub const TRIAL_NOT_UNSUBSCRIBABLE: Code = Code::new(
    "CBC.99003649",
    400,
    "A trial cannot be unsubscribed from; it ends by itself.",
    "试用中的云服务不支持退订，试用期满自动结束。",
);

/// 004 11.9; answered by 8.4.3.
pub const MARKETPLACE_NOT_UNSUBSCRIBABLE: Code = Code::new(
    "CBC.99003650",
    400,
    "This marketplace product cannot be unsubscribed from here.",
    "该云市场商品不支持在此退订。",
);

/// 004 11.9; answered by 8.4.3.
pub const UNSUBSCRIPTION_WHILE_BUSY: Code = Code::new(
    "CBC.99003651",
    400,
    "Another operation on this instance is running. Try again when it is finished.",
    "该实例有操作正在进行。请在完成后重试。",
);

/// 004 11.9; answered by 8.4.3.
pub const DEV_CLOUD_PACKAGE_NOT_UNSUBSCRIBABLE: Code = Code::new(
    "CBC.99003652",
    400,
    "A DevCloud package cannot be unsubscribed from.",
    "软件开发云套餐不支持退订。",
);

/// 004 11.9; answered by 8.4.3.
pub const RENEWAL_HAS_ADD_ON: Code = Code::new(
    "CBC.99003654",
    400,
    "The renewed period holds a bandwidth add-on package and cannot be unsubscribed from.",
    "该续订周期内含有带宽加油包，不支持退订续订周期。",
);

/// 004 11.9; answered by 8.4.3.
pub const UNSUBSCRIPTION_WHILE_FROZEN: Code = Code::new(
    "CBC.99003656",
    400,
    "The account or the resource is frozen; unsubscribing is blocked until it is unfrozen.",
    "账号或资源已被冻结，解冻前不能退订。",
);

/// 004 11.9.
pub const RESOURCE_NOT_UNSUBSCRIBABLE: Code = Code::new(
    "CBC.99005042",
    400,
    "The resource does not exist, or is not open to unsubscription. Check the resource ID.",
    "资源不存在或不可退订。请检查资源ID。",
);
