//! All SQL of `coupons`, `coupon_changes` and `stored_value_cards`.

platform::statements! {}
