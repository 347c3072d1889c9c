//! Codes of registering customers, of verification codes and of real-name authentication.

use platform::op::Code;

/// 004 11.9.
pub const VERIFICATION_NOT_REVIEWABLE: Code = Code::new(
    "CBC.70600026",
    400,
    "The information sent for real-name authentication cannot be reviewed here. Contact the account manager.",
    "提交的实名认证信息无法审核。请联系客户经理。",
);

/// 004 11.9.
pub const VERIFICATION_CODE_WRONG: Code = Code::new(
    "CBC.99000026",
    400,
    "The verification code is not right. Check it and try again.",
    "验证码不正确。请核对后重试。",
);

/// 004 11.9.
pub const VERIFICATION_CODE_EXPIRED: Code = Code::new(
    "CBC.99000027",
    400,
    "The verification code has expired. Ask for a new one.",
    "验证码已过期。请重新获取。",
);

/// 004 11.9; answered by 5.1.3.
pub const EMAIL_TAKEN: Code = Code::new(
    "CBC.99000028",
    400,
    "The email address is already in use. Choose another one.",
    "该邮箱已被使用。请更换邮箱。",
);

/// 004 11.9; answered by 5.1.3.
pub const ACCOUNT_NAME_INVALID: Code = Code::new(
    "CBC.99000031",
    400,
    "The account name does not follow the rules for names. Choose another one.",
    "账号名不符合命名规则。请更换账号名。",
);

/// 004 11.9.
pub const EMAIL_INVALID: Code = Code::new(
    "CBC.99000032",
    400,
    "The email address is not valid. Check it and try again.",
    "邮箱地址无效。请核对后重试。",
);

/// 004 11.9; answered by 5.1.3.
pub const COUNTRY_NOT_SERVED: Code = Code::new(
    "CBC.99000034",
    400,
    "Registration is not open to users of this country or region.",
    "暂不支持该国家或地区的用户注册。",
);

/// 004 11.9; answered by 5.1.3.
pub const PASSWORD_INVALID: Code = Code::new(
    "CBC.99000036",
    400,
    "The password does not follow the rules for passwords. Choose another one.",
    "密码不符合密码规则。请更换密码。",
);

/// 004 11.9; answered by 5.1.3.
pub const ACCOUNT_NAME_TAKEN: Code = Code::new(
    "CBC.99000038",
    400,
    "The account name is already in use. Choose another one.",
    "该账号名已被使用。请更换账号名。",
);

/// 004 11.9; answered by 5.1.3.
pub const EXTERNAL_ACCOUNT_TAKEN: Code = Code::new(
    "CBC.99000039",
    400,
    "This account of the partner's platform (xAccountId) is already bound to a customer. Use another one.",
    "该伙伴平台账号（xAccountId）已绑定客户。请更换。",
);

/// 004 11.9; answered by 5.1.3.
pub const CONTACT_PREREGISTERED: Code = Code::new(
    "CBC.99000051",
    400,
    "The mobile number or email address is reserved by the operator. Use another one.",
    "该手机号或邮箱已被运营方预留。请更换后重试。",
);

/// 004 11.9.
pub const TOO_MANY_CODE_REQUESTS: Code = Code::new(
    "CBC.99000082",
    400,
    "Too many verification codes have been asked for. Wait a while, then try again.",
    "获取验证码次数过多。请稍后重试。",
);

/// 004 11.9.
pub const ATTACHMENT_TOO_LARGE: Code = Code::new(
    "CBC.99000099",
    400,
    "The certificate attachment is larger than allowed. Send a smaller file.",
    "证件附件超过允许的大小。请上传更小的文件。",
);

/// 004 11.9.
pub const ATTACHMENT_FORMAT_INVALID: Code = Code::new(
    "CBC.99000100",
    400,
    "The format of the certificate attachment is not supported. Send it in one of the allowed formats.",
    "证件附件格式不受支持。请使用允许的格式上传。",
);

/// 004 11.9.
pub const TEMPLATE_NOT_FOUND: Code =
    Code::new("CBC.99004001", 400, "There is no message template of this kind.", "不存在该消息模板。");

/// 004 11.9; answered by 5.1.2.
pub const CODE_NOT_GENERATED: Code = Code::new(
    "CBC.99004002",
    400,
    "The verification code could not be made. Try again later.",
    "验证码生成失败。请稍后重试。",
);

/// 004 11.9; answered by 5.1.2.
pub const CODE_NOT_SENT: Code = Code::new(
    "CBC.99004003",
    400,
    "The verification code was made but could not be sent. Check the address and ask again.",
    "验证码已生成但发送失败。请检查接收地址后重新获取。",
);

/// 004 11.9; answered by 5.1.2, 5.1.3.
pub const EMAIL_EMPTY_OR_INVALID: Code = Code::new(
    "CBC.99004004",
    400,
    "The email address is empty or malformed. Correct it and try again.",
    "邮箱为空或格式错误。请修正后重试。",
);

/// 004 11.9.
pub const MOBILE_EMPTY_OR_INVALID: Code = Code::new(
    "CBC.99004005",
    400,
    "The mobile number is empty or malformed. Correct it and try again.",
    "手机号为空或格式错误。请修正后重试。",
);

/// 004 11.9; answered by 5.1.3.
pub const VERIFICATION_CODE_INVALID: Code = Code::new(
    "CBC.99004008",
    400,
    "The verification code does not have the right form. Check it and try again.",
    "验证码格式无效。请核对后重试。",
);

/// 004 11.9; answered by 5.1.3.
pub const VERIFICATION_CODE_LOCKED: Code = Code::new(
    "CBC.99004009",
    400,
    "The verification code was entered wrongly more than three times. Ask for a new one.",
    "验证码错误次数已超过3次。请重新获取验证码。",
);

/// 004 11.9; answered by 5.1.3.
pub const VERIFICATION_CODE_MISMATCH: Code = Code::new(
    "CBC.99004010",
    400,
    "The verification code is not the one that was sent. Check it and try again.",
    "输入的验证码与发送的不一致。请核对后重试。",
);

/// 004 11.9; answered by 5.1.2.
pub const CODE_SENDING_LIMIT: Code = Code::new(
    "CBC.99004015",
    400,
    "This address may receive 15 verification codes an hour and 60 a day. Wait, then ask again.",
    "该接收地址每小时最多接收15次、每天最多60次验证码。请稍后再获取。",
);

/// 004 11.9.
pub const ALREADY_VERIFIED: Code = Code::new(
    "CBC.99007188",
    400,
    "The customer is already authenticated, or its authentication is under review.",
    "客户已完成实名认证或正在审核中。",
);

/// 004 11.9.
pub const CERTIFICATE_USED_TOO_OFTEN: Code = Code::new(
    "CBC.99007189",
    400,
    "This certificate number is used by as many accounts as allowed. Use another one.",
    "该证件号码的认证账号数已达上限。请更换证件。",
);

/// 004 11.9.
pub const VERIFICATION_ATTEMPTS_EXCEEDED: Code = Code::new(
    "CBC.99007191",
    400,
    "The customer has tried real-name authentication as often as allowed. Try again later.",
    "客户实名认证次数已达上限。请稍后再试。",
);

/// 004 11.9.
pub const CERTIFICATE_INVALID: Code = Code::new(
    "CBC.99007193",
    400,
    "The certificate is not valid any more and cannot serve for authentication. Use another one.",
    "证件已失效，不能用于实名认证。请更换证件。",
);

/// 004 11.9.
pub const CERTIFICATE_PICTURE_UNREADABLE: Code = Code::new(
    "CBC.99007253",
    400,
    "The picture of the certificate is invalid or cannot be read. Send a clear one.",
    "证件图片无效或无法识别。请上传清晰图片。",
);

/// 004 11.9.
pub const LEGAL_PERSON_WRONG: Code = Code::new(
    "CBC.99007256",
    400,
    "The details of the legal representative do not match. Check them and try again.",
    "法定代表人信息不一致。请核对后重试。",
);

/// 004 11.9.
pub const ENTERPRISE_WRONG: Code = Code::new(
    "CBC.99007257",
    400,
    "The details of the enterprise do not match. Check them and try again.",
    "企业信息不一致。请核对后重试。",
);

/// 004 11.9.
pub const BANK_NOT_SUPPORTED: Code = Code::new(
    "CBC.99007261",
    400,
    "Cards of this bank are not accepted. Use a card of another bank.",
    "不支持该银行的银行卡。请更换其他银行的银行卡。",
);

/// 004 11.9.
pub const VERIFICATION_FAILED_OTHERWISE: Code = Code::new(
    "CBC.99007265",
    400,
    "The real-name authentication failed for another reason. Check the details or try again later.",
    "实名认证因其他原因失败。请核对信息或稍后重试。",
);

/// 004 11.9.
pub const VERIFICATION_BY_MEMBER_NOT_ALLOWED: Code = Code::new(
    "CBC.99007267",
    400,
    "The member is being associated with a master account and cannot be authenticated again meanwhile.",
    "该成员账号正在关联企业主账号，期间不能再次实名认证。",
);
