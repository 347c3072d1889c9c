//! Four-digit codes of accounts, partners, verification codes and real-name authentication: the older forms
//! that 004 11.9 still lists. Operations of today answer with the long codes; these remain for interfaces
//! that name them.

use platform::op::Code;

/// 004 11.9.
pub const TEMPLATE_NOT_FOUND: Code =
    Code::new("CBC.4001", 500, "There is no message template of this kind.", "不存在该消息模板。");

/// 004 11.9.
pub const CODE_NOT_GENERATED: Code = Code::new(
    "CBC.4002",
    500,
    "The verification code could not be made. Try again later.",
    "验证码生成失败。请稍后重试。",
);

/// 004 11.9.
pub const CODE_NOT_SENT: Code = Code::new(
    "CBC.4003",
    500,
    "The verification code was made but could not be sent. Check the address and ask again.",
    "验证码已生成但发送失败。请检查接收地址后重新获取。",
);

/// 004 11.9.
pub const EMAIL_EMPTY: Code =
    Code::new("CBC.4004", 500, "The email address is empty. Provide one.", "邮箱地址为空。请填写。");

/// 004 11.9.
pub const MOBILE_EMPTY_OR_INVALID: Code = Code::new(
    "CBC.4005",
    500,
    "The mobile number is empty or malformed. Correct it and try again.",
    "手机号为空或格式错误。请修正后重试。",
);

/// 004 11.9.
pub const MOBILE_NOT_VERIFIED: Code = Code::new(
    "CBC.4006",
    500,
    "The mobile number could not be verified. Check it and try again.",
    "手机号验证失败。请核对后重试。",
);

/// 004 11.9.
pub const EMAIL_NOT_VERIFIED: Code = Code::new(
    "CBC.4007",
    500,
    "The email address could not be verified. Check it and try again.",
    "邮箱验证失败。请核对后重试。",
);

/// 004 11.9.
pub const VERIFICATION_CODE_INVALID: Code = Code::new(
    "CBC.4008",
    500,
    "The verification code does not have the right form. Check it and try again.",
    "验证码格式无效。请核对后重试。",
);

/// 004 11.9.
pub const VERIFICATION_CODE_LOCKED: Code = Code::new(
    "CBC.4009",
    500,
    "The verification code was entered wrongly more than three times. Ask for a new one.",
    "验证码错误次数已超过3次。请重新获取验证码。",
);

/// 004 11.9.
pub const CODE_SENDING_LIMIT: Code = Code::new(
    "CBC.4015",
    500,
    "No more verification codes may be sent to this address for now. Wait, then ask again.",
    "该接收地址的验证码发送次数已达上限。请稍后再获取。",
);

/// 004 11.9.
pub const NOT_A_PARTNER: Code = Code::new(
    "CBC.5001",
    400,
    "The caller is not a partner. Only partners may call this operation.",
    "调用者不是伙伴。该接口仅供伙伴调用。",
);

/// 004 11.9.
pub const CUSTOMER_NOT_FOUND: Code = Code::new(
    "CBC.5002",
    400,
    "There is no such customer. Check the customer ID.",
    "客户不存在。请检查客户ID。",
);

/// 004 11.9.
pub const INSUFFICIENT_BALANCE: Code = Code::new(
    "CBC.5003",
    400,
    "The balance of the account does not cover the amount. Top up the account and try again.",
    "账户余额不足。请充值后重试。",
);

/// 004 11.9.
pub const NO_RIGHT_TO_CUSTOMER: Code = Code::new(
    "CBC.5004",
    400,
    "The caller has no right to act on this customer. Check the customer ID.",
    "调用者无权操作该客户。请检查客户ID。",
);

/// 004 11.9.
pub const CUSTOMER_UNDER_REVIEW: Code = Code::new(
    "CBC.5005",
    200,
    "The authentication of this customer is under review. Wait for its result.",
    "该客户的实名认证正在审核。请等待审核结果。",
);

/// 004 11.9.
pub const CUSTOMER_TYPE_DIFFERS: Code = Code::new(
    "CBC.5006",
    200,
    "The customer is recorded with the other type (individual or enterprise). Send the recorded one.",
    "客户类型（个人或企业）与已登记的不一致。请使用已登记的类型。",
);

/// 004 11.9.
pub const ACCOUNT_NAME_TAKEN: Code = Code::new(
    "CBC.5012",
    500,
    "The account name is already in use. Choose another one.",
    "该账号名已被使用。请更换账号名。",
);

/// 004 11.9.
pub const EMAIL_TAKEN: Code = Code::new(
    "CBC.5013",
    500,
    "The email address is already in use. Choose another one.",
    "该邮箱已被使用。请更换邮箱。",
);

/// 004 11.9.
pub const MOBILE_TAKEN: Code = Code::new(
    "CBC.5014",
    500,
    "The mobile number is already in use. Choose another one.",
    "该手机号已被使用。请更换手机号。",
);

/// 004 11.9.
pub const ACCOUNT_NAME_INVALID: Code = Code::new(
    "CBC.5015",
    500,
    "The account name does not follow the rules for names. Choose another one.",
    "账号名不符合命名规则。请更换账号名。",
);

/// 004 11.9; answered by 5.1.3. The table of 5.1.3 gives the status 400.
pub const EMAIL_INVALID: Code = Code::new(
    "CBC.5016",
    500,
    "The email address is not valid. Check it and try again.",
    "邮箱地址无效。请核对后重试。",
);

/// 004 11.9.
pub const MOBILE_INVALID: Code = Code::new(
    "CBC.5017",
    400,
    "The mobile number is not valid. Check it and try again.",
    "手机号无效。请核对后重试。",
);

/// 004 11.9.
pub const EXTERNAL_ACCOUNT_TAKEN: Code = Code::new(
    "CBC.5018",
    500,
    "This account of the partner's platform (xAccountId) is already bound to a customer. Use another one.",
    "该伙伴平台账号（xAccountId）已绑定客户。请更换。",
);

/// 004 11.9.
pub const CUSTOMER_LIMIT_REACHED: Code = Code::new(
    "CBC.5019",
    500,
    "The partner already has as many customers as its licence allows. Ask the operator to raise the limit.",
    "伙伴的客户数量已达许可上限。请联系运营方提高上限。",
);

/// 004 11.9.
pub const PARTIAL_FAILURE: Code = Code::new(
    "CBC.5020",
    200,
    "Some of the items failed. Read the result of each item, and repeat only the failed ones.",
    "部分条目处理失败。请查看各条目的结果，仅重试失败的条目。",
);

/// 004 11.9.
pub const ACCOUNT_TYPE_MISMATCH: Code = Code::new(
    "CBC.5023",
    200,
    "The type of the account does not go with the association type. Change one of the two.",
    "账号类型与关联类型不匹配。请修改其中之一。",
);

/// 004 11.9.
pub const ASSOCIATION_TYPE_MISMATCH: Code = Code::new(
    "CBC.5024",
    200,
    "The association type of the customer does not admit this operation.",
    "该客户的关联类型不支持此操作。",
);

/// 004 11.9.
pub const CUSTOMER_AUTHORIZATION_FAILED: Code = Code::new(
    "CBC.5025",
    500,
    "The customer's authorisation of the partner could not be recorded. Try again later.",
    "客户向伙伴授权失败。请稍后重试。",
);

/// 004 11.9.
pub const MEMBER_NOT_ASSOCIATED: Code = Code::new(
    "CBC.7001",
    500,
    "Money cannot be allocated: the member account is not associated with this master account.",
    "无法拨款：该成员账号未与此企业主账号关联。",
);

/// 004 11.9.
pub const SERVICE_CHECK_NOT_MET: Code = Code::new(
    "CBC.7004",
    500,
    "The operation does not meet a check of the service. Read what the account lacks and try again.",
    "操作不满足业务检查项。请补齐账号所缺条件后重试。",
);

/// 004 11.9.
pub const VERIFICATION_CODE_EXPIRED: Code = Code::new(
    "CBC.7151",
    400,
    "The verification code has expired. Ask for a new one.",
    "验证码已过期。请重新获取。",
);

/// 004 11.9.
pub const VERIFICATION_CODE_WRONG: Code = Code::new(
    "CBC.7152",
    400,
    "The verification code is not right. Check it and try again.",
    "验证码不正确。请核对后重试。",
);

/// 004 11.9.
pub const CREDIT_EXPIRED: Code = Code::new(
    "CBC.7181",
    500,
    "The credit line to be allocated or recovered has expired.",
    "待划拨或回收的信用额度已过期。",
);

/// 004 11.9.
pub const ALREADY_VERIFIED: Code = Code::new(
    "CBC.7188",
    400,
    "The customer is already authenticated, or its authentication is under review.",
    "客户已完成实名认证或正在审核中。",
);

/// 004 11.9.
pub const CERTIFICATE_USED_TOO_OFTEN: Code = Code::new(
    "CBC.7189",
    500,
    "This certificate number is used by as many accounts as allowed. Use another one.",
    "该证件号码的认证账号数已达上限。请更换证件。",
);

/// 004 11.9.
pub const VERIFICATION_ATTEMPTS_EXCEEDED: Code = Code::new(
    "CBC.7191",
    400,
    "The customer has tried real-name authentication as often as allowed. Try again later.",
    "客户实名认证次数已达上限。请稍后再试。",
);

/// 004 11.9.
pub const CERTIFICATE_INVALID: Code = Code::new(
    "CBC.7193",
    500,
    "The certificate is not valid any more and cannot serve for authentication. Use another one.",
    "证件已失效，不能用于实名认证。请更换证件。",
);

/// 004 11.9.
pub const VERIFICATION_FAILED: Code = Code::new(
    "CBC.7202",
    400,
    "The real-name authentication failed. Check the details and try again.",
    "实名认证失败。请核对信息后重试。",
);

/// 004 11.9.
pub const FACE_MISMATCH: Code = Code::new(
    "CBC.7219",
    400,
    "The facial image does not match the details given. Check them and try again.",
    "人脸图像与所填信息不一致。请核对后重试。",
);

/// 004 11.9.
pub const PASSWORD_INVALID: Code = Code::new(
    "CBC.7228",
    500,
    "The password does not follow the rules for passwords. Choose another one.",
    "密码不符合密码规则。请更换密码。",
);

/// 004 11.9.
pub const CERTIFICATE_PICTURE_UNREADABLE: Code = Code::new(
    "CBC.7253",
    400,
    "The picture of the certificate is invalid or cannot be read. Send a clear one.",
    "证件图片无效或无法识别。请上传清晰图片。",
);

/// 004 11.9.
pub const COUNTRY_NOT_SERVED: Code = Code::new(
    "CBC.7254",
    400,
    "Registration is not open to users of this country or region.",
    "暂不支持该国家或地区的用户注册。",
);

/// 004 11.9.
pub const CERTIFICATE_OR_MOBILE_WRONG: Code = Code::new(
    "CBC.7255",
    400,
    "The certificate details or the mobile number do not match. Check them and try again.",
    "证件信息或手机号不一致。请核对后重试。",
);

/// 004 11.9.
pub const LEGAL_PERSON_WRONG: Code = Code::new(
    "CBC.7256",
    400,
    "The details of the legal representative do not match. Check them and try again.",
    "法定代表人信息不一致。请核对后重试。",
);

/// 004 11.9.
pub const ENTERPRISE_WRONG: Code = Code::new(
    "CBC.7257",
    400,
    "The details of the enterprise do not match. Check them and try again.",
    "企业信息不一致。请核对后重试。",
);

/// 004 11.9.
pub const PARTNER_NOT_AN_INDIVIDUAL: Code = Code::new(
    "CBC.7265",
    400,
    "A partner cannot be authenticated as an individual. Authenticate as an enterprise.",
    "伙伴不能进行个人实名认证。请进行企业实名认证。",
);

/// 004 11.9.
pub const VERIFICATION_BY_MEMBER_NOT_ALLOWED: Code = Code::new(
    "CBC.7267",
    400,
    "The member is being associated with a master account and cannot be authenticated again meanwhile.",
    "该成员账号正在关联企业主账号，期间不能再次实名认证。",
);
