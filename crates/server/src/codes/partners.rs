//! Codes of partners and their customers: association, budgets, freezing, coupon quotas.

use platform::op::Code;

/// 004 11.9; answered by 8.1.2.
pub const RESELLER_BUDGET_QUOTA_INSUFFICIENT: Code = Code::new(
    "CBC.50000030",
    400,
    "The budget quota of the reseller does not cover this budget. Ask the distributor to raise the quota, or set a smaller budget.",
    "经销商的预算额度不足以设置该预算。请联系总经销商提高额度，或减小预算。",
);

/// 004 11.9; answered by 8.1.2.
pub const RESELLER_BUDGET_RIGHT_REVOKED: Code = Code::new(
    "CBC.50000033",
    400,
    "The distributor has taken back this reseller's right to set budgets. Ask the distributor to set it.",
    "总经销商已收回该经销商设置预算的权限。请联系总经销商设置。",
);

/// 004 11.9.
pub const COUPON_QUOTA_BUSY: Code = Code::new(
    "CBC.50000045",
    200,
    "The same coupon quota was used a moment ago. Wait a little, then try again.",
    "同一优惠券额度刚刚被操作过。请稍候重试。",
);

/// 004 11.9; answered by 5.2.3.
pub const UNFREEZE_SCOPE_MISMATCH: Code = Code::new(
    "CBC.50000053",
    200,
    "What is to be unfrozen is not what was frozen. Unfreeze with the scope with which it was frozen.",
    "解冻对象与已冻结对象不一致。请按冻结时的范围解冻。",
);

/// 004 11.9; answered by 5.1.3.
pub const DISTRIBUTOR_WITHOUT_DIRECT_CUSTOMERS: Code = Code::new(
    "CBC.50010059",
    400,
    "This distributor may not have customers of its own. Let one of its resellers create the customer.",
    "该总经销商不能直接关联客户。请由其下级经销商创建客户。",
);

/// 004 11.9; answered by 5.1.3.
pub const PARTNER_RESTRICTED: Code = Code::new(
    "CBC.50010085",
    400,
    "The account of this partner is restricted and cannot take on customers. Have the restriction removed first.",
    "该伙伴账号受限，不能关联客户。请先解除限制。",
);

/// 004 11.9; answered by 5.1.3.
pub const DISTRIBUTOR_RESTRICTED: Code = Code::new(
    "CBC.50010086",
    400,
    "The account of this reseller's distributor is restricted, so the reseller cannot take on customers.",
    "该经销商所属总经销商的账号受限，不能关联客户。",
);

/// 004 11.9; answered by 5.1.3.
pub const PARTNER_WITHOUT_CREDIT: Code = Code::new(
    "CBC.50010120",
    400,
    "No credit has been granted to this partner, so it cannot develop customers. Have a credit line granted first.",
    "该伙伴尚未获得信用额度，不能发展客户。请先申请信用额度。",
);

/// 004 11.9.
pub const ALREADY_FROZEN_IN_OTHER_SCOPE: Code = Code::new(
    "CBC.70300007",
    200,
    "The account is already frozen in another scope. Unfreeze it before you freeze it anew.",
    "账号已按其他范围冻结。请先解冻，再变更冻结范围。",
);

/// 004 11.9; answered by 5.2.2, 5.2.3, 8.6.1.
pub const NO_RIGHT_TO_CUSTOMER: Code = Code::new(
    "CBC.99000000",
    400,
    "The caller has no right to act on this customer. Check the customer ID.",
    "调用者无权操作该客户。请检查客户ID。",
);

/// 004 11.9; answered by 5.1.3.
pub const CUSTOMER_AUTHORIZATION_FAILED: Code = Code::new(
    "CBC.99000004",
    400,
    "The customer's authorisation of the partner could not be recorded. Try again later.",
    "客户向伙伴授权失败。请稍后重试。",
);

/// 004 11.9; answered by 5.1.2, 5.2.2, 5.2.3.
pub const NOT_YOUR_CUSTOMER: Code = Code::new(
    "CBC.99000035",
    400,
    "The customer is not associated with this partner. Check the customer ID.",
    "该客户未与此伙伴关联。请检查客户ID。",
);

/// 004 11.9; answered by 5.1.3, 5.2.1, 5.2.2, 5.2.3, 8.1.1, 8.1.2, 8.3.1, 8.3.2, 8.6.1.
pub const NO_RIGHT_TO_RESELLER: Code = Code::new(
    "CBC.99000037",
    400,
    "The caller has no right to act on this reseller. Check the reseller's ID.",
    "调用者无权操作该经销商。请检查经销商ID。",
);

/// 004 11.9.
pub const NOT_FOR_RESELLER_CUSTOMERS: Code = Code::new(
    "CBC.99000049",
    400,
    "A customer of the reseller model cannot do this; its partner does it for the customer.",
    "经销商模式的客户不能执行此操作，请由其伙伴处理。",
);

/// 004 11.9; answered by 5.1.3.
pub const ASSOCIATION_TIMED_OUT: Code = Code::new(
    "CBC.99000050",
    500,
    "The result of the association is not known yet. Query the customers of the partner to see it.",
    "尚未获得关联结果。请通过查询客户接口确认。",
);

/// 004 11.9.
pub const REFERRAL_MODEL_NOT_ALLOWED: Code = Code::new(
    "CBC.99000055",
    400,
    "The referral model is not possible here. Choose another association type.",
    "此处不支持推荐模式。请选择其他关联类型。",
);

/// 004 11.9; answered by 5.2.2, 5.2.3, 8.1.1, 8.1.2. The table of 5.2.2 and 5.2.3 gives the status 200.
pub const ASSOCIATION_TYPE_MISMATCH: Code = Code::new(
    "CBC.99005024",
    400,
    "The association type of the customer does not admit this operation.",
    "该客户的关联类型不支持此操作。",
);
